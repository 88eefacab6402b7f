/** What every adapter gets for free: a mapping that cannot fail the item, and the exact text beside it. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { adaptItem } from "../../src/ingest/adapt-item.ts";
import type { Item } from "../../src/ingest/format.ts";
import { RAW_BYTES_MAX, rawMember } from "../../src/ingest/raw-member.ts";
import { fromHex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";

const RECEIVED_AT = Date.UTC(2030, 0, 1);
const good = { id: "1", action: "a.b", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u" } };

function adapt(event: Item["event"], receivedAt = RECEIVED_AT) {
  return adaptItem({ format: "fake", source: "sender-1" }, { raw: JSON.stringify(event), event }, receivedAt);
}

test("a mapping that is an event is recorded as it is", () => {
  assert.deepEqual(adapt(good), { event: good, notes: [] });
});

test("where nobody is named who acted, it is the source that the key names", () => {
  const { actor: _, ...unnamed } = good;
  const actor = { type: "system", id: "sender-1" };
  assert.deepEqual(adapt(unnamed), { event: { ...unnamed, actor }, notes: [] });
  const { time: __, ...untimed } = unnamed;
  const { event, notes } = adapt(untimed);
  assert.deepEqual([event.actor, event.time, notes], [actor, "2030-01-01T00:00:00.000Z", ["time_of_receipt"]]);
});

test("of a mapping that is none, what is required is kept if it can be", () => {
  const reduced = { event: good, notes: ["mapping_reduced"] };
  assert.deepEqual(adapt({ ...good, outcome: "perhaps" }), reduced);
  assert.deepEqual(adapt({ ...good, _raw: "mine" }), reduced);
  const { id: _, ...anonymous } = good;
  assert.deepEqual(adapt({ ...anonymous, op: 1 }), { ...reduced, event: anonymous });
});

test("of a mapping without even that, the item is recorded as of its format", () => {
  const event = { action: "fake.item", time: "2030-01-01T00:00:00.000Z", actor: { type: "system", id: "sender-1" } };
  const failed = { event, notes: ["time_of_receipt", "mapping_failed"] };
  assert.deepEqual(adapt({}), failed);
  // The id stays if it can be one, so that the item is known when it is sent again.
  const known = { ...failed, event: { id: "1", ...event } };
  assert.deepEqual(adapt({ ...good, time: "yesterday" }), known);
  assert.deepEqual(adapt({ id: "x".repeat(300) }), failed);
});

test("where a mapping has no time the time of receipt stands in", () => {
  const { time: _, ...timeless } = good;
  const [first, later] = [0, 60_000].map((ms) => adapt(timeless, RECEIVED_AT + ms));
  assert.deepEqual(first, { event: { ...timeless, time: "2030-01-01T00:00:00.000Z" }, notes: ["time_of_receipt"] });
  assert.equal(later?.event.time, "2030-01-01T00:01:00.000Z");
});

test("a mapping that is too large loses what may be large before it loses who did what to what", () => {
  const large = { ...good, targets: [{ type: "a", id: "b" }], metadata: { x: "x".repeat(70_000) }, message: "m" };
  const { metadata: _, message: __, ...smaller } = large;
  assert.deepEqual(adapt(large), { event: smaller, notes: ["mapping_reduced"] });
});

test("the exact text is kept, byte for byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(rawMember(keccak256, utf8(text)), text);
    }),
    { seed: 20_260_302, numRuns: 50 },
  );
  assert.equal(rawMember(keccak256, fromHex("0xefbbbf7b7d")), "\ufeff{}");
});

test("bytes that are no UTF-8 are kept as hex", () => {
  for (const hex of ["0xc0a0", "0xff", "0xeda080", "0x7bf09f98"]) {
    assert.deepEqual(rawMember(keccak256, fromHex(hex)), { hex });
  }
});

test("of what is beyond the limit the length and the digest are kept, to the byte", () => {
  const received = utf8("x".repeat(100));
  assert.equal(rawMember(keccak256, received, 100), "x".repeat(100));
  assert.deepEqual(rawMember(keccak256, received, 99), { bytes: 100, digest: toHex(keccak256(received)) });
  assert.equal(RAW_BYTES_MAX, 16 * 1024 * 1024);
});

test("what would not fit into a bundle, for its escapes or as hex, is kept as its length and digest", () => {
  const mib = 1024 * 1024;
  for (const [unit, spelled] of [
    ["\u0000", 7],
    ['"', 4],
    ["\\", 4],
  ] as const) {
    const most = Math.floor((24 * mib) / spelled);
    const kept = rawMember(keccak256, utf8(unit.repeat(most)));
    assert.ok(typeof kept === "string");
    assert.ok(JSON.stringify(JSON.stringify(kept)).length <= 24 * mib + 8);
    const { bytes } = rawMember(keccak256, utf8(unit.repeat(most + 1))) as { bytes: number };
    assert.equal(bytes, most + 1);
  }
  const binary = new Uint8Array(12 * mib + 1).fill(0xff);
  const { hex } = rawMember(keccak256, binary.subarray(1)) as { hex: string };
  assert.deepEqual([hex.slice(0, 6), hex.length], ["0xffff", 2 + 24 * mib]);
  assert.equal((rawMember(keccak256, binary) as { bytes: number }).bytes, binary.length);
});
