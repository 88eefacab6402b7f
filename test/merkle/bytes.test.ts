/** Bytes, hex and integers: there and back, and one spelling each. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  concat,
  encodeUint64,
  equal,
  fromHex,
  fromUtf8,
  readUint64,
  toHex,
  utf8,
  writeUint64,
  writeUtf8,
} from "../../src/merkle/bytes.ts";
import { type Hash, leafHash, nodeHash, textHash } from "../../src/merkle/hash.ts";

const RUNS = { seed: 20_260_102, numRuns: 300 };
const bytes = fc.uint8Array({ maxLength: 200 });
const integers = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 52 }).map((exponent) => 2 ** exponent),
);

test("bytes come back from hex, and hex from bytes", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const hex = toHex(value);
      assert.equal(hex, `0x${Buffer.from(value).toString("hex")}`);
      assert.deepEqual(fromHex(hex, value.length), value);
    }),
    RUNS,
  );
  for (const length of [4096, 4097, 100_000]) {
    const long = Uint8Array.from({ length }, (_, i) => (i * 7) % 256);
    assert.equal(toHex(long), `0x${Buffer.from(long).toString("hex")}`);
  }
});

test("hex in any other spelling is refused", () => {
  for (const text of ["", "00", "0x0", "0xAB", "0x0g", "0X00", " 0x00", "0x00\n", "0x00 ", "0x0x00", "x00"]) {
    assert.throws(() => fromHex(text), TypeError, JSON.stringify(text));
  }
  for (const value of [undefined, null, 7, [], {}, Symbol("x")])
    assert.throws(() => fromHex(value as never), TypeError);
  assert.throws(() => fromHex("0xAB"), { message: 'expected lower-case hex with 0x, got "0xAB"' });
  assert.throws(() => fromHex("0x0000", 1), { name: "RangeError", message: "expected 1 bytes of hex, got 2" });
  const long = `0x${"z".repeat(500)}`;
  assert.throws(() => fromHex(long), { message: `expected lower-case hex with 0x, got "0x${"z".repeat(74)}...` });
});

test("integers up to 2^53-1 come back from 8 bytes, big-endian", () => {
  fc.assert(
    fc.property(integers, (value) => {
      const encoded = encodeUint64(value);
      assert.equal(Buffer.from(encoded).readBigUInt64BE(), BigInt(value));
      assert.equal(readUint64(encoded), value);
      const target = new Uint8Array(12);
      writeUint64(target, 3, value);
      assert.equal(readUint64(target, 3), value);
      assert.deepEqual([target[0], target[2], target[11]], [0, 0, 0]);
    }),
    RUNS,
  );
});

test("integers that 8 bytes or JSON cannot carry exactly are refused", () => {
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n]) {
    assert.throws(() => encodeUint64(value as never), RangeError, String(value));
  }
  assert.throws(() => readUint64(fromHex("0x0020000000000000")), /2\^53-1, got a larger one/);
  assert.equal(readUint64(fromHex("0x001fffffffffffff")), 2 ** 53 - 1);
  assert.throws(() => readUint64(new Uint8Array(9), 2), { message: "expected 8 bytes at 2, got 7" });
});

test("text is written as UTF-8 whatever its length and script", () => {
  const texts = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 90 }));
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 20 }), (text, at) => {
      const expected = Uint8Array.from(Buffer.from(text, "utf8"));
      assert.deepEqual(utf8(text), expected);
      const target = new Uint8Array(at + 3 * text.length).fill(0xee);
      const written = writeUtf8(target, at, text);
      assert.equal(written, expected.length);
      assert.deepEqual(target.subarray(at, at + written), expected);
      assert.equal(fromUtf8(expected), text);
    }),
    RUNS,
  );
});

test("a byte order mark is kept, and what is no UTF-8 does not come back", () => {
  assert.equal(fromUtf8(fromHex("0xefbbbf41")), "\ufeffA");
  assert.notDeepEqual(utf8(fromUtf8(fromHex("0xc0a0"))), fromHex("0xc0a0"));
});

test("bytes are joined and compared", () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.deepEqual(concat(a, b), Uint8Array.from([...a, ...b]));
      assert.equal(equal(a, b), Buffer.compare(a, b) === 0);
      assert.ok(equal(a, a.slice()));
    }),
    RUNS,
  );
  assert.equal(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(equal(Uint8Array.of(1), Uint8Array.of(1, 0)), false);
});

test("the input of a hash is its parts in order, also when it is large and when hashes follow one another", () => {
  const copy: Hash = (data) => data.slice();
  for (const length of [0, 1, 64, 16_383, 16_384, 40_000]) {
    const entry = new Uint8Array(length).fill(7);
    assert.deepEqual(leafHash(copy, entry), concat(Uint8Array.of(0), entry));
    const text = "é".repeat(length);
    assert.deepEqual(textHash(copy, Uint8Array.of(2, 9), text), concat(Uint8Array.of(2, 9), utf8(text)));
    const left = new Uint8Array(32).fill(3);
    const right = new Uint8Array(32).fill(4);
    assert.deepEqual(nodeHash(copy, left, right), concat(Uint8Array.of(1), left, right));
  }
});
