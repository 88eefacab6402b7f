/** Bodies of foreign senders made into entries: some at a time, and known again by what no reader of a store can guess. */

import assert from "node:assert/strict";
import test from "node:test";
import { EVENT_LIMITS } from "../../../src/entry/event.ts";
import { unpackMembers } from "../../../src/entry/packed.ts";
import { type PreparedEntry, readMembers } from "../../../src/entry/prepare.ts";
import type { Format } from "../../../src/ingest/format.ts";
import { type ForeignForm, takeForeign } from "../../../src/ingest/intake/foreign.ts";
import { IntakePool } from "../../../src/ingest/intake/pool.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { FORMATS } from "../../../src/ingest/known-formats.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { utf8 } from "../../../src/merkle/bytes.ts";

const hash = await fastKeccak256();
const preparation = { hash, salts: createSalts(), contentKey: new Uint8Array(32).fill(5) };
const FORM: ForeignForm = {
  format: "logs",
  delivery: { headers: {}, query: {} },
  key: "k1",
  source: "hosts",
  receivedAt: 0,
  rawBytesMax: 1_000_000,
};
const AS_ITEMS = { headers: { "user-agent": "syslog-ng 4" }, query: {} };

function taken(text: string, form: Partial<ForeignForm> = {}, more: { readonly contentKey?: Uint8Array } = {}) {
  return [...takeForeign(utf8(text), { ...FORM, ...form }, EVENT_LIMITS, { ...preparation, ...more })];
}

function timed(n: number): string {
  return Array.from({ length: n }, (_, i) => `{"date":${1_795_763_652 + i},"message":"line ${i}"}`).join("\n");
}

function rawOf({ members }: PreparedEntry): unknown {
  return readMembers({ members: unpackMembers(members) })._raw;
}

test("no more entries are made at once than are asked for, whatever a body is full of", () => {
  for (const text of [
    "1\n".repeat(500_000),
    `[${"1,".repeat(500_000)}1]`,
    "1 ".repeat(500_000),
    "x\n".repeat(500_000),
  ]) {
    const taking = takeForeign(utf8(text), { ...FORM, itemsMax: 10 }, EVENT_LIMITS, preparation);
    const first = taking.next().value ?? assert.fail();
    assert.deepEqual([first.entries.length, first.foreign.isLast], [10, false]);
    assert.equal((taking.next().value ?? assert.fail()).entries.length, 10);
  }
});

test("the parts of a body are what it is as a whole, in its order, and the last of them says that it is", () => {
  const text = `${timed(25)}\nno JSON`;
  const parts = taken(text, { itemsMax: 10 });
  assert.deepEqual(
    parts.map(({ entries, foreign }) => [entries.length, foreign.isLast]),
    [
      [10, false],
      [10, false],
      [6, true],
    ],
  );
  const [whole] = taken(text);
  const raws = parts.flatMap(({ entries }) => entries.map(rawOf));
  assert.deepEqual(raws, whole?.entries.map(rawOf));
  assert.deepEqual(raws, text.split("\n"));
  const [even] = taken(timed(10), { itemsMax: 10 });
  assert.deepEqual([even?.entries.length, even?.foreign.isLast], [10, true]);
  assert.deepEqual(
    taken("").map(({ entries, foreign }) => [entries.length, foreign.isLast]),
    [[0, true]],
  );
});

test("a thread hands out a body in the same parts, and forgets it with the last of them", async (t) => {
  const pool = new IntakePool(1);
  t.after(() => pool.close());
  const remote = pool.open({ ...FORM, itemsMax: 10 }, { event: EVENT_LIMITS, batchMax: 10 }, {});
  const raws: unknown[] = [];
  let received = await remote.end(new Uint8Array(utf8(timed(25))));
  raws.push(...received.entries.map(rawOf));
  while (received.foreign?.isLast === false) {
    assert.equal(pool.load, 1);
    received = await remote.more();
    raws.push(...received.entries.map(rawOf));
  }
  assert.deepEqual(raws, timed(25).split("\n"));
  assert.equal(pool.load, 0);
  await assert.rejects(remote.more(), ({ cause }: Error) => /an open body/.test(String(cause)));
});

test("equal lines of one request stay apart across its parts", () => {
  const line = '{"date":1795770000,"message":"twice"}';
  const claims = taken(`${line}\n${line}\n${line}`, { delivery: AS_ITEMS, itemsMax: 2 }).flatMap(({ entries }) =>
    entries.map(({ claim }) => claim?.split(" ")[1]),
  );
  assert.deepEqual(claims, ["1", "2", "3"]);
});

test("entries of a request are known by where they stand in it, so that none is taken for another when commits are larger", () => {
  const keys = (itemsMax: number) => taken(timed(20), { itemsMax }).map(({ foreign }) => foreign.repeatKey);
  assert.deepEqual(keys(5), keys(5));
  assert.equal(new Set([...keys(5), ...keys(10), ...keys(20)]).size, 7);
});

test("what a request is known by cannot be made of the body alone: the secret is in it", () => {
  const keyOf = (contentKey: Uint8Array) => taken(timed(1), {}, { contentKey })[0]?.foreign.repeatKey;
  assert.equal(keyOf(new Uint8Array(32).fill(1)), keyOf(new Uint8Array(32).fill(1)));
  assert.notEqual(keyOf(new Uint8Array(32).fill(1)), keyOf(new Uint8Array(32).fill(2)));
});

test("only what has no id and says when it happened is said to be known by its content", () => {
  const body = [
    '{"date":1795770000,"message":"no id"}',
    '{"id":"5a0a31cd@0000000000000002","date":1795770000,"message":"with an id"}',
    '{"message":"no time"}',
    '{"message":"no id, again","date":1795770000}',
  ].join("\n");
  const knownBy = (delivery: ForeignForm["delivery"]) =>
    taken(body, { delivery }).flatMap(({ entries }) =>
      entries.map(({ members }) => {
        const { _source } = readMembers({ members: unpackMembers(members) });
        return (_source as { known_by?: string }).known_by;
      }),
    );
  assert.deepEqual(knownBy(AS_ITEMS), ["content", undefined, undefined, "content"]);
  assert.deepEqual(knownBy({ headers: {}, query: {} }), [undefined, undefined, undefined, undefined]);
});

test("equal items of which their requests say something else are two things", () => {
  const claimOf = (query: ForeignForm["delivery"]["query"]) => {
    const [part] = taken(timed(1), { delivery: { ...AS_ITEMS, query } });
    return part?.entries[0]?.claim;
  };
  assert.equal(claimOf({ host: "a" }), claimOf({ host: "a" }));
  assert.notEqual(claimOf({ host: "a" }), claimOf({ host: "b" }));
});

test("no format can have `_source` say what the service says, nor stop an item by what it says", (t) => {
  const more = { format: "native", key: "k9", source: "x", claim: "y", notes: [], quarantined: true, known_by: "z" };
  const event = { action: "a", actor: { type: "user", id: "u" } };
  const forged: Format = {
    name: "forged",
    headers: [],
    query: [],
    items: () => [
      { raw: "a", event, source: { ...more, signature: "verified", violates: {}, path: "own" } },
      { raw: "b", event, source: { path: "\ud800" }, claim: "\ud800" },
    ],
  };
  const formats = FORMATS as Record<string, Format>;
  formats.forged = forged;
  t.after(() => delete formats.forged);
  const [part = assert.fail()] = taken("", { format: "forged" });
  const sources = part.entries.map(({ members }) => readMembers({ members: unpackMembers(members) })._source);
  const own = { format: "forged", key: "k1", source: "hosts", notes: ["time_of_receipt"] };
  assert.deepEqual(sources, [
    { ...own, path: "own" },
    { ...own, path: "\ufffd", claim: "\ufffd" },
  ]);
  assert.equal(part.entries[1]?.claim, "\ufffd");
});

test("what tells items apart is what came and the kind that its headers name, and only who has the secret can compute it", () => {
  const headers = (kind: string | undefined) => ({
    "x-github-delivery": "d-1",
    ...(kind !== undefined && { "x-github-event": kind }),
  });
  const contentOf = (
    kind: string | undefined,
    body: string | Uint8Array,
    contentKey = preparation.contentKey,
  ): string => {
    const form = { ...FORM, format: "github", delivery: { headers: headers(kind), query: {} } };
    const bytes = typeof body === "string" ? utf8(body) : body;
    const [part] = [...takeForeign(bytes, form, EVENT_LIMITS, { ...preparation, contentKey })];
    return Buffer.from(part?.entries[0]?.content ?? assert.fail()).toString("hex");
  };
  const contents = [
    contentOf("ping", "x"),
    contentOf("ping", "x "),
    contentOf("meta", "x"),
    contentOf("ping", Uint8Array.of(0xff)),
    contentOf("ping", Uint8Array.of(0xfe)),
    contentOf("ping", "x", new Uint8Array(32).fill(6)),
  ];
  assert.equal(new Set(contents).size, contents.length);
  assert.equal(contentOf("ping", "x"), contents[0]);
});
