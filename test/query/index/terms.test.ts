/** What an entry can be found under, and the numbers that stand for it. */

import assert from "node:assert/strict";
import test from "node:test";
import { memberText } from "../../../src/entry/member.ts";
import { packMembers } from "../../../src/entry/packed.ts";
import { parseDateTime } from "../../../src/entry/time.ts";
import { SEED_LENGTH, TermHasher } from "../../../src/query/index/entry-terms/term-hash.ts";
import { readFacts, readPackedFacts } from "../../../src/query/index/searchable.ts";
import { eachTerm, FIELDS } from "../../../src/query/index/terms.ts";

function membersOf(event: Readonly<Record<string, unknown>>) {
  return Object.keys(event).map((name) => ({ salt: new Uint8Array(16), text: memberText(name, event[name]) }));
}

function termsOf(event: Readonly<Record<string, unknown>>): string[] {
  const terms = new Set<string>();
  const members = membersOf(event);
  const facts = readFacts({ members });
  // However they are read, packed or not.
  assert.deepEqual(readPackedFacts(packMembers(members)), facts);
  eachTerm(facts, (field, text) => terms.add(`${field}=${text}`));
  return [...terms].sort();
}

test("an entry has the terms of its members, and no others", () => {
  const event = {
    action: "k8s.apps/v1.get",
    actor: { type: "agent", id: "bot", on_behalf_of: { type: "user", id: "u1" } },
    targets: [{ type: "file", id: "f1", name: "n" }, { type: "file", id: "f2" }, "f3", null, {}, { id: 7 }],
    outcome: "denied",
    source: "crm",
    tenant: "t1",
    id: "e1",
    time: "2026-11-20T09:30:00Z",
    _source: { format: "native", key: "k1", source: "app" },
    message: "hello",
  };
  assert.deepEqual(termsOf(event), [
    "action=k8s.*",
    "action=k8s.apps/*",
    "action=k8s.apps/v1.*",
    "action=k8s.apps/v1.get",
    "actor=agent:*",
    "actor=agent:bot",
    "actor=bot",
    "format=native",
    "id=e1",
    "key=k1",
    "onBehalfOf=u1",
    "onBehalfOf=user:*",
    "onBehalfOf=user:u1",
    "outcome=denied",
    "source=app",
    "source=crm",
    "target=7",
    "target=f1",
    "target=f2",
    "target=f3",
    "target=file:*",
    "target=file:f1",
    "target=file:f2",
    "tenant=t1",
  ]);
});

test("only what is quarantined has a term that says so", () => {
  const isSaid = (quarantined: unknown): boolean =>
    termsOf({ _source: { source: "app", quarantined } }).includes("quarantined=true");
  assert.deepEqual([true, false, "true", 1, null].map(isSaid), [true, false, false, false, false]);
});

test("members of unexpected forms are not searchable and disturb nothing", () => {
  const odd = { action: 15, actor: [], targets: "x", outcome: null, source: {}, _source: "s", time: 5, id: "" };
  assert.deepEqual(termsOf(odd), ["action=15", "outcome=unknown"]);
  assert.deepEqual(termsOf({ actor: "root", tenant: true }), ["actor=root", "outcome=unknown"]);
});

test("a name that only looks like a known one is not taken for it", () => {
  assert.deepEqual(termsOf({ 'action":"x': 1, 'action"': "y", "action\\": "z", actio: "v", __proto__x: "w" }), [
    "outcome=unknown",
  ]);
});

test("what is not ASCII, is escaped or stands beside known names is read the same from packed members", () => {
  for (const text of ["é – ✓ 😀", 'a"b\\c\n', "", "\u0000", "x".repeat(300)]) {
    const party = { type: text, id: text };
    const event = { action: text, actor: party, actio: text, actions: text, targets: [party], tenant: text, [text]: 1 };
    termsOf({ ...event, _source: { format: text, key: "k", source: text }, time: text });
    termsOf({ ...event, _source: { format: "native", key: text, source: "s", quarantined: true } });
  }
});

test("members that end behind their bytes are refused, and not read beyond them", () => {
  const packed = packMembers(membersOf({ action: "user.login", tenant: "acme" }));
  for (let length = 1; length < packed.length; length++) {
    assert.throws(() => readPackedFacts(packed.slice(0, length)), RangeError, `${length} bytes`);
  }
});

test("an action has at most eight prefixes", () => {
  const action = "a.b.c.d.e.f.g.h.i.j";
  const prefixes = termsOf({ action }).filter((term) => term.endsWith("*"));
  assert.equal(prefixes.length, 8);
  assert.equal(prefixes.at(-1), "action=a.b.c.d.e.f.g.h.*");
});

test("the time of an event is read to the millisecond, from every spelling of RFC 3339", () => {
  const cases: [string, number | undefined][] = [
    ["2026-11-20T09:30:00Z", Date.UTC(2026, 10, 20, 9, 30)],
    ["2026-11-20t09:30:00.123999z", Date.UTC(2026, 10, 20, 9, 30, 0, 123)],
    ["2026-11-20T09:30:00.5+05:30", Date.UTC(2026, 10, 20, 4, 0, 0, 500)],
    ["1969-12-31T23:59:59.9999Z", -1],
    ["2016-12-31T23:59:60.25Z", Date.UTC(2017, 0, 1, 0, 0, 0, 250)],
    ["0000-01-01T00:00:00Z", -62_167_219_200_000],
    ["2026-02-30T00:00:00Z", undefined],
    ["2026-11-20", undefined],
    ["Nov 20 2026", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDateTime(text), expected, text);
});

test("terms that differ in a field, a letter, a NUL or a length have different numbers", () => {
  const hasher = new TermHasher(Uint8Array.from({ length: SEED_LENGTH }, (_, i) => i));
  const texts = ["", "\0", "\0\0", "a", "b", "ab", "ba", "a\0", "\0a", "é", "e\u0301", "\ud83d", "💥"];
  for (let n = 1; n <= 20_000; n++) texts.push(`u${n}`);
  texts.push("x".repeat(65_536), "x".repeat(65_537), `${"x".repeat(65_536)}y`);
  const seen = new Set<number>();
  for (const field of FIELDS) {
    for (const text of texts) {
      const { high, low } = hasher.hash(field, text);
      assert.ok(high >= 0 && high < 2 ** 32 && low >= 0 && low < 2 ** 16);
      seen.add(high * 2 ** 16 + low);
    }
  }
  assert.equal(seen.size, FIELDS.length * texts.length);
});

test("every bit of a term's number depends on the text, so that buckets fill evenly", () => {
  const hasher = new TermHasher(new Uint8Array(SEED_LENGTH));
  const counts = new Float64Array(256);
  for (let i = 0; i < 25_600; i++) {
    const bucket = hasher.hash("actor", `user:${i}`).high >>> 24;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  // 100 are expected in each; seven standard deviations to either side.
  assert.ok(
    counts.every((n) => n > 30 && n < 170),
    String(counts),
  );
});

test("numbers of terms are different under another seed", () => {
  const a = new TermHasher(new Uint8Array(8));
  const b = new TermHasher(new Uint8Array(8).fill(1));
  assert.notEqual(a.hash("actor", "u1").high, b.hash("actor", "u1").high);
  assert.throws(() => new TermHasher(new Uint8Array(4)), RangeError);
});
