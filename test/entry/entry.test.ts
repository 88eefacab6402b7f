/** Members, entries and withholding: bytes there and back, and an entry that stays the same when members go. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  type Entry,
  encodeEntry,
  entryLeafHash,
  entryLeafHashes,
  type Member,
  memberDigest,
  memberDigests,
  type ShownMember,
} from "../../src/entry/entry.ts";
import { checkEvent, type Event } from "../../src/entry/event.ts";
import { memberText, readMemberText } from "../../src/entry/member.ts";
import { unpackMembers } from "../../src/entry/packed.ts";
import { ownMembers, type PreparedEntry, prepareEntry, readMembers } from "../../src/entry/prepare.ts";
import { withholdMembers } from "../../src/entry/redact.ts";
import { concat, encodeUint64, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256, leafHash, sha256 } from "../../src/merkle/hash.ts";
import { decodeEntry } from "./decode-entry.ts";

const RUNS = { seed: 20_260_203, numRuns: 200 };
const event: Event = checkEvent({
  time: "2026-11-20T09:30:00Z",
  action: "user.login",
  actor: { id: "u1", type: "user" },
  Zone: 1,
  zü: [true, null],
});

/** Salts that differ: 1, 2, 3 … in each. */
function salts(n: number): Uint8Array {
  return concat(...Array.from({ length: n }, (_, i) => new Uint8Array(16).fill(i + 1)));
}

const service = { hash: keccak256, salts };

function shown({ members }: PreparedEntry): ShownMember[] {
  return unpackMembers(members) as ShownMember[];
}

function digestsOf({ digests }: PreparedEntry): Uint8Array[] {
  return Array.from({ length: digests.length / 32 }, (_, i) => digests.slice(32 * i, 32 * (i + 1)));
}

test("members stand in the order of their names by UTF-16 code units, each with its own salt", () => {
  const prepared = prepareEntry(event, { ...service, own: ownMembers({ _source: { key: "k1" }, _raw: "x" }) });
  assert.deepEqual(
    shown(prepared).map(({ text }) => text),
    [
      '"Zone":1',
      '"_raw":"x"',
      '"_source":{"key":"k1"}',
      '"action":"user.login"',
      '"actor":{"id":"u1","type":"user"}',
      '"time":"2026-11-20T09:30:00Z"',
      '"zü":[true,null]',
    ],
  );
  assert.deepEqual(
    shown(prepared).map(({ salt }) => salt[0]),
    [1, 2, 3, 4, 5, 6, 7],
  );
});

test("what the service adds stands in its place among all names, the text that came too", () => {
  const named: Event = { ...event, "": 0, _: 1, A: 2, "a b": 3 };
  for (const own of [{}, { _a: 1 }, { _source: 1 }, { _Z: 1, _a: 2, _raz: 3, _s: 4 }]) {
    const prepared = prepareEntry(named, { ...service, own: ownMembers(own), raw: '"x"' });
    const names = shown(prepared).map(({ text }) => readMemberText(text).name);
    assert.deepEqual(names, ["_raw", ...Object.keys(own), ...Object.keys(named)].sort());
    assert.deepEqual(
      shown(prepared).map((member) => memberDigest(keccak256, member)),
      digestsOf(prepared),
    );
  }
});

test("salts stay what they were when their source fills its memory again", () => {
  for (const pool of [new Uint8Array(1024), Buffer.alloc(1024)]) {
    const prepared = prepareEntry(event, { ...service, salts: (n) => pool.subarray(0, 16 * n) });
    pool.fill(7);
    assert.deepEqual(
      shown(prepared).map((member) => memberDigest(keccak256, member)),
      digestsOf(prepared),
    );
  }
});

test("digests and leaf hashes of many are those that each has alone, those withheld among them in their places", () => {
  const salt = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const member: fc.Arbitrary<Member> = fc.oneof(
    fc.record({ salt, text: fc.string({ unit: "grapheme", maxLength: 9000 }) }),
    fc.record({ digest: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
  );
  const entries = fc.array(fc.array(member, { minLength: 1, maxLength: 64 }), { maxLength: 60 });
  fc.assert(
    fc.property(entries, (all) => {
      const alone = all.map((members) => members.map((each) => memberDigest(sha256, each)));
      const digests = all.map((members) => memberDigests(sha256, members));
      assert.deepEqual(
        digests,
        alone.map((each) => concat(...each)),
      );
      const leaves = alone.map((each) => leafHash(sha256, encodeEntry(77, each)));
      assert.deepEqual(entryLeafHashes(sha256, 77, digests), leaves);
      assert.deepEqual(
        all.map((members) => entryLeafHash(sha256, { recordedAt: 77, members })),
        leaves,
      );
    }),
    { seed: 20_261_127, numRuns: 40 },
  );
});

test("salts and digests of another length are refused, which would be hashed with what lay there before", () => {
  const salt = new Uint8Array(16);
  for (const length of [0, 15, 17]) {
    const members = [
      { salt: new Uint8Array(length), text: "" },
      { salt, text: "" },
    ];
    assert.throws(() => memberDigests(sha256, members), { name: "RangeError", message: /expected 16 bytes, got/ });
  }
  for (const length of [31, 33]) {
    const members = [{ digest: new Uint8Array(length) }, { salt, text: "" }];
    assert.throws(() => memberDigests(sha256, members), { name: "RangeError", message: /expected 32 bytes, got/ });
  }
});

test("a member digest is the hash of 0x02, the salt and the text", () => {
  const prepared = prepareEntry(event, service);
  const digests = digestsOf(prepared);
  for (const [i, { salt, text }] of shown(prepared).entries()) {
    assert.deepEqual(digests[i], keccak256(concat(Uint8Array.of(0x02), salt, utf8(text))));
    assert.deepEqual(memberDigest(sha256, { salt, text }), sha256(concat(Uint8Array.of(0x02), salt, utf8(text))));
  }
  assert.equal(memberDigest(keccak256, { digest: digests[0] as Uint8Array }), digests[0]);
});

test("the same event has the same content however it is spelled, whatever the service adds", () => {
  const again = checkEvent(JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(event).reverse()), null, 2)));
  const { content } = prepareEntry(event, service);
  assert.deepEqual(prepareEntry(again, { ...service, own: ownMembers({ _source: 1 }) }).content, content);
  assert.deepEqual(prepareEntry(event, { hash: keccak256, salts: (n) => new Uint8Array(16 * n) }).content, content);
  assert.notDeepEqual(prepareEntry({ ...event, Zone: 2 }, service).content, content);
  assert.deepEqual(
    content,
    keccak256(
      utf8(
        `{${shown(prepareEntry(event, service))
          .map((m) => m.text)
          .join(",")}}`,
      ),
    ),
  );
});

test("with a content key, a guess of the event does not give its content", () => {
  const keyed = (byte: number) =>
    prepareEntry(event, { ...service, contentKey: new Uint8Array(32).fill(byte) }).content;
  assert.deepEqual(keyed(1), keyed(1));
  assert.notDeepEqual(keyed(1), keyed(2));
  assert.notDeepEqual(keyed(1), prepareEntry(event, service).content);
});

test("without need of it, only an event with an id gets a content", () => {
  const onlyIds = { ...service, contentOf: "ids" } as const;
  const withId: Event = { ...event, id: "req-1" };
  assert.ok(!("content" in prepareEntry(event, onlyIds)));
  assert.deepEqual(prepareEntry(withId, onlyIds).content, prepareEntry(withId, service).content);
});

test("an entry goes where the caller has memory for it, and nothing else is written there", () => {
  const memory = new Uint8Array(10_000).fill(0xee);
  let used = 100;
  const take = (length: number) => {
    used += length;
    return memory.subarray(used - length, used);
  };
  const prepared = [
    prepareEntry(event, { ...service, memory: take }),
    prepareEntry(event, { ...service, memory: take }),
  ];
  for (const each of prepared) {
    assert.equal(each.members.buffer, memory.buffer);
    assert.deepEqual(each, prepareEntry(event, service));
  }
  assert.ok(memory.subarray(0, 100).every((byte) => byte === 0xee));
  assert.ok(memory.subarray(used).every((byte) => byte === 0xee));
});

test("an entry beyond what is kept at hand is prepared like any other", () => {
  const large = { ...event, message: "é\u0000".repeat(100_000) } as Event;
  for (const each of [large, event]) {
    const prepared = prepareEntry(each, service);
    assert.deepEqual(readMembers({ members: shown(prepared) }), each);
    assert.deepEqual(
      shown(prepared).map((member) => memberDigest(keccak256, member)),
      digestsOf(prepared),
    );
  }
});

test("the id of an event is handed on, and absent when there is none", () => {
  assert.equal(prepareEntry({ ...event, id: "req-1" }, service).id, "req-1");
  assert.ok(!("id" in prepareEntry(event, service)));
});

test("preparing refuses what would not be an entry", () => {
  const many = Object.fromEntries(Array.from({ length: 61 }, (_, i) => [`m${i}`, i]));
  const three = { action: event.action, time: event.time, actor: event.actor };
  assert.equal(prepareEntry({ ...three, ...many }, service).digests.length, 64 * 32);
  assert.throws(() => prepareEntry({ ...three, ...many }, { ...service, own: ownMembers({ _source: 1 }) }), {
    code: "event_too_many_members",
    message: "expected at most 64 members, the service's included, got 65",
  });
  assert.throws(() => ownMembers({ source: 1 }), {
    name: "TypeError",
    message: 'expected a name that begins with _, got "source"',
  });
  assert.throws(() => prepareEntry(event, { ...service, salts: () => new Uint8Array(16) }), RangeError);
  assert.throws(() => prepareEntry({ ...event, bad: undefined }, service), TypeError);
});

test("what was prepared reads back as the event", () => {
  const names = fc.string({ minLength: 1, maxLength: 6 }).filter((name) => !name.startsWith("_"));
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 20 }), (more) => {
      const plain = JSON.parse(JSON.stringify({ ...more, ...event })) as Event;
      const members = shown(prepareEntry(plain, { ...service, own: ownMembers({ _raw: "text" }) }));
      assert.deepEqual(readMembers({ members }), { ...plain, _raw: "text" });
    }),
    RUNS,
  );
});

test("entry bytes are a version, a time and the digests, and come back", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 64 }), (recordedAt, count) => {
      const digests = Array.from({ length: count }, (_, i) => keccak256(Uint8Array.of(i)));
      const bytes = encodeEntry(recordedAt, digests);
      assert.equal(toHex(bytes), toHex(concat(Uint8Array.of(0x01), encodeUint64(recordedAt), ...digests)));
      assert.deepEqual(decodeEntry(bytes), { recordedAt, digests });
    }),
    { ...RUNS, numRuns: 60 },
  );
});

test("bytes that are no entry are refused, on the way out and on the way in", () => {
  const digest = keccak256(utf8("x"));
  assert.throws(() => encodeEntry(0, []), { name: "RangeError", message: "expected 1..64 members, got 0" });
  assert.throws(() => encodeEntry(0, new Array(65).fill(digest)), /expected 1..64 members, got 65/);
  assert.throws(() => encodeEntry(0, [digest.subarray(1)]), /expected digests of 32 bytes, got 31/);
  for (const time of [-1, 0.5, 2 ** 53]) assert.throws(() => encodeEntry(time, [digest]), RangeError);
  const good = encodeEntry(1, [digest]);
  const wrong = [
    new Uint8Array(0),
    good.subarray(0, 9),
    good.subarray(0, 5),
    good.subarray(0, -1),
    concat(good, Uint8Array.of(0)),
    good.with(0, 2),
    good.with(1, 0xff),
    concat(good, ...new Array<Uint8Array>(64).fill(digest)),
  ];
  for (const bytes of wrong) assert.throws(() => decodeEntry(bytes), RangeError, toHex(bytes).slice(0, 30));
});

test("withholding members keeps the entry's bytes, and shows nothing of them", () => {
  const prepared = prepareEntry(event, service);
  const members = shown(prepared);
  const entry: Entry = { recordedAt: 5, members };
  const withheld = withholdMembers(keccak256, entry, ["actor", "zü"]);
  assert.deepEqual(
    withheld.members.map((member) => "digest" in member),
    [false, false, true, false, true],
  );
  assert.deepEqual(
    withheld.members.map((member) => memberDigest(keccak256, member)),
    digestsOf(prepared),
  );
  assert.deepEqual(Object.keys(readMembers(withheld)), ["Zone", "action", "time"]);
  assert.ok(!JSON.stringify(withheld).includes("u1"));
  assert.deepEqual(withholdMembers(keccak256, entry, []), entry);
  assert.equal(entry.members, members, "the entry that was given is as it was");
});

test("a name that no shown member has is refused, so that a typing error discloses nothing", () => {
  const entry: Entry = { recordedAt: 5, members: shown(prepareEntry(event, service)) };
  const refused = { code: "member_unknown", message: 'expected the name of a shown member, got "actr"' };
  assert.throws(() => withholdMembers(keccak256, entry, ["time", "actr"]), refused);
  const once = withholdMembers(keccak256, entry, ["actor"]);
  assert.throws(() => withholdMembers(keccak256, once, ["actor"]), { code: "member_unknown" });
});

test("a member's text is read only in its one spelling", () => {
  assert.deepEqual(readMemberText('"a":{"b":1,"c":[]}'), { name: "a", value: { b: 1, c: [] } });
  assert.deepEqual(readMemberText('"":null'), { name: "", value: null });
  const wrong = [
    "",
    '"a"',
    '"a":',
    '"a":1,"b":2',
    '"a":1,"a":1',
    '"a":1}, {"b":2',
    '"a": 1',
    ' "a":1',
    '"a":1 ',
    '"\\u0061":1',
    '"a":1.0',
    '"a":-0',
    '"a":1E3',
    '"a":12345678901234567890',
    '"a":{"c":1,"b":2}',
    '"a":{"b":1,"b":1}',
    '"a":"\\/"',
    '"a":"\\u00e9"',
    '"a":"\\ud800"',
    '"a":1e400',
    `"a":${"[".repeat(5000)}${"]".repeat(5000)}`,
  ];
  for (const text of wrong) assert.throws(() => readMemberText(text), TypeError, text.slice(0, 40));
});

test("a member's text comes back for any name and value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (name, value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(readMemberText(memberText(name, plain)), { name, value: plain });
    }),
    RUNS,
  );
});

test("an entry whose text is damaged is not read", () => {
  const members = [{ salt: new Uint8Array(16), text: '"a": 1' }];
  assert.throws(() => readMembers({ members }), /canonical spelling/);
});
