import assert from "node:assert/strict";
import test from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import type { Entry, Member } from "../../../src/entry/entry.ts";
import { packEntry, packMembers } from "../../../src/entry/packed.ts";
import { DamagedStoreError } from "../../../src/store/store.ts";
import {
  decodeCheckpoint,
  decodeClaim,
  decodeEntry,
  decodeText,
  decodeTile,
  RecordEncoder,
} from "../../../src/store/values/value-layout.ts";
import { checkpointOf, entryOf, hex } from "../suite.ts";

const naming = () => "the record";
const digest = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const member: fc.Arbitrary<Member> = fc.oneof(
  fc.record({ salt: digest(16), text: fc.string({ unit: "binary", maxLength: 300 }) }, { noNullPrototype: true }),
  fc.record({ digest: digest(32) }, { noNullPrototype: true }),
);
const anyEntry: fc.Arbitrary<Entry> = fc.record(
  { recordedAt: fc.maxSafeNat(), members: fc.array(member, { minLength: 1, maxLength: 64 }) },
  { noNullPrototype: true },
);

/** The bytes with a sum that fits, so that only the form is wrong. */
function summed(body: readonly number[] | Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(body.length + 4);
  bytes.set(body);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, body.length)), body.length);
  return new Uint8Array(bytes);
}

test("any entry is read back as it was", () => {
  const encoder = new RecordEncoder();
  const check = (entry: Entry) => assert.deepEqual(decodeEntry(encoder.entry(packEntry(entry)).slice(), naming), entry);
  fc.assert(fc.property(anyEntry, check), { numRuns: 300 });
  check({ recordedAt: 0, members: [{ salt: new Uint8Array(16), text: "é".repeat(70_000) }] });
  for (const length of [63, 64, 127, 128, 8191, 8192, 16_383, 16_384]) {
    check({ recordedAt: 0, members: [{ salt: new Uint8Array(16), text: "a".repeat(length) }] });
    check({ recordedAt: 0, members: [{ salt: new Uint8Array(16), text: `${"a".repeat(length - 1)}é` }] });
  }
});

test("claims, checkpoints, tiles and texts are read back as they were", () => {
  const encoder = new RecordEncoder();
  const key = new Uint8Array(32).fill(3);
  const claim = fc.record({ content: digest(32), ranges: fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat())) });
  const checkClaim = ({ content, ranges }: { content: Uint8Array; ranges: [number, number][] }) => {
    const read = decodeClaim(encoder.claim({ key, content, ranges }).slice(), key, naming);
    assert.deepEqual(read, { key, content, ranges });
  };
  fc.assert(fc.property(claim, checkClaim), { numRuns: 100 });
  const checkpoint = checkpointOf(hex(5, 32), 12_345);
  const { ledgerId, size } = checkpoint;
  assert.deepEqual(decodeCheckpoint(encoder.checkpoint(checkpoint), { ledgerId, size }, naming), checkpoint);
  const hashes = Uint8Array.from({ length: 8192 }, (_, i) => i);
  assert.deepEqual(decodeTile(encoder.tile(hashes), naming), hashes);
  for (const text of ["", "\uFEFFé😀", "x".repeat(200_000)]) assert.equal(decodeText(encoder.text(text), naming), text);
});

test("a claim of very many ranges finds room", () => {
  const ranges = Array.from({ length: 10_000 }, (_, i) => [2 ** 52 + 2 * i, 1] as const);
  const claim = { key: new Uint8Array(32), content: new Uint8Array(32), ranges };
  assert.deepEqual(decodeClaim(new RecordEncoder().claim(claim), claim.key, naming), claim);
});

test("every flipped bit and every other length is found", () => {
  const encoder = new RecordEncoder();
  const bytes = encoder.entry(packEntry(entryOf(5))).slice();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => decodeEntry(changed, naming), DamagedStoreError);
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeEntry(bytes.subarray(0, length), naming), DamagedStoreError);
  }
  assert.throws(() => decodeEntry(Uint8Array.of(...bytes, 0), naming), DamagedStoreError);
});

test("a record has one spelling: with a fitting sum, each wrong form is still refused", () => {
  const time = [0, 0, 0, 0, 0, 0, 0, 1];
  const salt = Array.from({ length: 16 }, () => 0);
  const good = [1, ...time, 1, 4, ...salt, 0x61, 0x62];
  assert.deepEqual(decodeEntry(summed(good), naming).members, [{ salt: new Uint8Array(16), text: "ab" }]);
  const wrong: Record<string, number[]> = {
    "another version": [2, ...good.slice(1)],
    "no members": [1, ...time, 0],
    "65 members": [1, ...time, 65, ...Array.from({ length: 65 * 33 }, () => 1)],
    "a time beyond 2^53-1": [1, 255, ...good.slice(2)],
    "a member of a third form": [1, ...time, 1, 3, ...salt, 0x61],
    "a length in two bytes that fits in one": [1, ...time, 1, 0x84, 0x00, ...salt, 0x61, 0x62],
    "a length beyond the end": [1, ...time, 1, 6, ...salt, 0x61, 0x62],
    "an endless length": [1, ...time, 1, ...Array.from({ length: 12 }, () => 0xff)],
    "bytes left over": [...good, 0],
    "text that is no UTF-8": [1, ...time, 1, 4, ...salt, 0xc3, 0x28],
    "a digest cut short": [1, ...time, 1, 1, ...Array.from({ length: 31 }, () => 0)],
    "nothing but a version": [1],
  };
  for (const [what, body] of Object.entries(wrong)) {
    assert.throws(() => decodeEntry(summed(body), naming), DamagedStoreError, what);
  }
});

test("what cannot be read back is not written", () => {
  const encoder = new RecordEncoder();
  const shown = { salt: new Uint8Array(16), text: "" };
  const members = packMembers([shown]);
  for (const count of [0, 65]) {
    assert.throws(
      () => encoder.entry({ recordedAt: 1, members: Uint8Array.of(count, ...members.slice(1)) }),
      RangeError,
    );
  }
  assert.throws(() => encoder.entry({ recordedAt: 1, members: new Uint8Array(0) }), RangeError);
  assert.throws(() => encoder.entry({ recordedAt: -1, members }), RangeError);
  assert.throws(() => encoder.entry({ recordedAt: 1.5, members }), RangeError);
  assert.throws(() => encoder.tile(new Uint8Array(32)), RangeError);
  const claim = { key: new Uint8Array(32), content: new Uint8Array(32), ranges: [[-1, 1]] as const };
  assert.throws(() => encoder.claim(claim), RangeError);
  assert.deepEqual(decodeEntry(encoder.entry({ recordedAt: 1, members }), naming).members, [shown]);
});
