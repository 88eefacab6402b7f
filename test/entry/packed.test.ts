/** Packed members: there and back, every other spelling refused, and digests without unpacking. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type Member, memberDigest } from "../../src/entry/entry.ts";
import { packEntry, packedDigests, packMembers, packShown, unpackMembers } from "../../src/entry/packed.ts";
import { readVarint, varintLength, writeVarint } from "../../src/entry/varint.ts";
import { concat, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";

const RUNS = { seed: 20_260_211, numRuns: 200 };
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const shown = fc.record(
  { salt: bytes(16), text: fc.string({ unit: "grapheme", maxLength: 200 }) },
  { noNullPrototype: true },
);
const withheld = fc.record({ digest: bytes(32) }, { noNullPrototype: true });
const members: fc.Arbitrary<Member[]> = fc.array(fc.oneof(shown, withheld), { minLength: 1, maxLength: 64 });

test("any members come back from their packed form", () => {
  fc.assert(
    fc.property(members, (some) => {
      const packed = packMembers(some);
      assert.deepEqual(unpackMembers(packed), some);
      assert.deepEqual(unpackMembers(Buffer.from(packed)), some);
      assert.equal(packed.length, packed.buffer.byteLength);
      assert.deepEqual(packEntry({ recordedAt: 5, members: some }), { recordedAt: 5, members: packed });
    }),
    RUNS,
  );
});

test("packed members are a count, and for each a form, a salt and a text, or a digest", () => {
  const salt = new Uint8Array(16).fill(7);
  const digest = new Uint8Array(32).fill(9);
  const text = `"a":"${"é".repeat(40)}"`;
  const packed = packMembers([{ salt, text }, { digest }]);
  const length = utf8(text).length;
  const form = Uint8Array.of(((2 * length) % 128) | 0x80, Math.floor((2 * length) / 128));
  assert.deepEqual(packed, concat(Uint8Array.of(2), form, salt, utf8(text), Uint8Array.of(1), digest));
});

test("digests of members are the same packed and unpacked, and taking them leaves the bytes as they were", () => {
  fc.assert(
    fc.property(fc.array(shown, { minLength: 1, maxLength: 5 }), fc.nat({ max: 9 }), (members, from) => {
      const packed = new Uint8Array(10_000);
      const bounds: number[] = [];
      let at = 3;
      for (const { salt, text } of members) {
        const bytes = utf8(text);
        at = packShown(packed, at, concat(new Uint8Array(from), salt), from, bytes);
        bounds.push(at - bytes.length - 17, at);
      }
      const before = packed.slice();
      const digests = new Uint8Array(32 * members.length);
      packedDigests(keccak256, packed, bounds, digests);
      assert.deepEqual(digests, concat(...members.map((member) => memberDigest(keccak256, member))));
      assert.deepEqual(packed, before);
    }),
    RUNS,
  );
});

test("members that are not as an entry has them are not packed", () => {
  const digest = new Uint8Array(32);
  for (const count of [0, 65]) assert.throws(() => packMembers(new Array(count).fill({ digest })), RangeError);
  for (const length of [0, 31, 33]) {
    assert.throws(() => packMembers([{ digest: new Uint8Array(length) }]), RangeError);
    assert.throws(() => packMembers([{ salt: new Uint8Array(length), text: "" }]), RangeError);
  }
});

test("bytes that no members are packed as are refused", () => {
  const good = packMembers([{ salt: new Uint8Array(16), text: '"a":1' }, { digest: new Uint8Array(32) }]);
  const wrong: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    "no members": Uint8Array.of(0),
    "one byte more": concat(good, new Uint8Array(1)),
    "a form that does not exist": good.with(1, 11),
    "a text that is no UTF-8": good.with(18, 0xff),
    "a length that is spelled too long": concat(good.subarray(0, 1), Uint8Array.of(0x8a, 0x00), good.subarray(2)),
    "a length that is cut off": Uint8Array.of(1, 0x80),
    "a length without end": concat(Uint8Array.of(1), new Uint8Array(12).fill(0xff)),
    "a text longer than everything": Uint8Array.of(1, 0xfe, 0x7f),
  };
  for (let length = 0; length < good.length; length++) wrong[`the first ${length} bytes`] = good.subarray(0, length);
  for (const [what, packed] of Object.entries(wrong)) assert.throws(() => unpackMembers(packed), RangeError, what);
});

test("an integer takes as few bytes as it can, and comes back", () => {
  const integers = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 2 ** 21 }));
  fc.assert(
    fc.property(integers, (value) => {
      const target = new Uint8Array(10);
      const end = writeVarint(target, 1, value);
      assert.equal(end, 1 + varintLength(value));
      assert.equal(varintLength(value), Math.max(1, Math.ceil(value.toString(2).length / 7)));
      assert.equal(readVarint(target, 1), value);
    }),
    RUNS,
  );
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) {
    assert.throws(() => varintLength(value), RangeError);
    assert.throws(() => writeVarint(new Uint8Array(10), 0, value), RangeError);
  }
});
