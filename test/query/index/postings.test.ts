/** The parts of a segment's encoding, each against a plain model. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../../src/query/index/index-bytes.ts";
import {
  addPosition,
  countPositions,
  emptyMask,
  intersect,
  type Mask,
  positionFrom,
  positionUpTo,
  rangeMask,
  removePosition,
  SEGMENT_LENGTH,
} from "../../../src/query/index/positions.ts";
import { bucketOf, encodeBuckets, findPostings, PairList } from "../../../src/query/index/postings.ts";
import { coverage, decodeTimes, encodeTimes, spanOf, timeMask } from "../../../src/query/index/times.ts";

const LAST = SEGMENT_LENGTH - 1;
const position = fc.oneof(fc.integer({ min: 0, max: LAST }), fc.constantFrom(0, 1, 31, 32, 127, 128, 129, LAST));

function positionsOf(mask: Mask): number[] {
  const found: number[] = [];
  for (let at = positionFrom(mask, 0); at >= 0; at = positionFrom(mask, at + 1)) found.push(at);
  return found;
}

function maskOf(positions: Iterable<number>): Mask {
  const mask = emptyMask();
  for (const at of positions) addPosition(mask, at);
  return mask;
}

function ascending(positions: Iterable<number>): number[] {
  return [...new Set(positions)].sort((a, b) => a - b);
}

test("a mask is a set: adding, removing, counting, intersecting and walking both ways", () => {
  const property = fc.property(fc.array(position), fc.array(position), position, (some, others, at) => {
    const mask = maskOf(some);
    const expected = ascending(some);
    assert.deepEqual(positionsOf(mask), expected);
    assert.equal(countPositions(mask), expected.length);
    assert.equal(positionFrom(mask, at), expected.find((each) => each >= at) ?? -1);
    assert.equal(positionUpTo(mask, at), expected.findLast((each) => each <= at) ?? -1);
    removePosition(mask, at);
    intersect(mask, maskOf(others));
    assert.deepEqual(
      positionsOf(mask),
      expected.filter((each) => each !== at && others.includes(each)),
    );
  });
  fc.assert(property, { seed: 71, numRuns: 300 });
});

test("walking off either end of a mask finds nothing", () => {
  const full = rangeMask(0, SEGMENT_LENGTH);
  assert.equal(countPositions(full), SEGMENT_LENGTH);
  assert.equal(positionUpTo(full, -1), -1);
  assert.equal(positionFrom(full, SEGMENT_LENGTH), -1);
  assert.equal(positionUpTo(full, LAST), LAST);
});

test("a range is what it says, at every offset within a word", () => {
  for (let from = 0; from < 70; from++) {
    for (let to = from; to < 140; to += 3) {
      assert.deepEqual(
        positionsOf(rangeMask(from, to)),
        Array.from({ length: to - from }, (_, i) => from + i),
      );
    }
  }
});

test("buckets give back the positions of every term and of no other", () => {
  const hash = fc.record({ high: fc.integer({ min: 0, max: 2 ** 32 - 1 }), low: fc.integer({ min: 0, max: 0xffff }) });
  const few = fc.array(position, { minLength: 1, maxLength: 20 });
  const many = fc.integer({ min: 1, max: 40 }).map((step) => Array.from({ length: LAST / step }, (_, i) => i * step));
  const term = fc.record({ hash, positions: fc.oneof({ weight: 9, arbitrary: few }, { weight: 1, arbitrary: many }) });
  const terms = fc.uniqueArray(term, { selector: ({ hash }) => `${hash.high}/${hash.low}`, maxLength: 60 });
  const property = fc.property(terms, hash, (all, unknown) => {
    const pairs = new PairList();
    for (const { hash, positions } of all) for (const at of positions) pairs.add(hash, at);
    const buckets = encodeBuckets(pairs.sort());
    const bits = Math.log2(buckets.length);
    assert.ok(Number.isInteger(bits));
    for (const { hash, positions } of all) {
      const found = emptyMask();
      findPostings(buckets[bucketOf(hash.high, bits)] as Uint8Array, hash, found);
      assert.deepEqual(positionsOf(found), ascending(positions));
      const collected = emptyMask();
      pairs.collect(hash, collected);
      assert.deepEqual(collected, found);
    }
    const none = emptyMask();
    findPostings(buckets[bucketOf(unknown.high, bits)] as Uint8Array, unknown, none);
    const isThere = all.some(({ hash }) => hash.high === unknown.high && hash.low === unknown.low);
    assert.equal(countPositions(none) > 0, isThere);
  });
  fc.assert(property, { seed: 72, numRuns: 100 });
});

test("a term that every entry has takes a bit for each, and one that a single entry has takes 9 bytes", () => {
  const common = new PairList();
  for (let at = 0; at < SEGMENT_LENGTH; at++) common.add({ high: 5, low: 6 }, at);
  const [bucket] = encodeBuckets(common.sort());
  assert.equal(bucket?.length, 6 + 1 + SEGMENT_LENGTH / 8);
  const rare = new PairList();
  rare.add({ high: 5, low: 6 }, LAST);
  assert.deepEqual(encodeBuckets(rare.sort())[0]?.length, 9);
});

test("integers are read as they were written, and NaN too", () => {
  const integer = fc.oneof(
    fc.maxSafeInteger(),
    fc.constantFrom(0, 1, -1, 63, 64, -63, -64, 127, 128, 2 ** 53 - 1, 1 - 2 ** 53),
  );
  const property = fc.property(fc.array(fc.oneof(integer, fc.constant(Number.NaN))), (values) => {
    const writer = new ByteWriter(1);
    for (const value of values) {
      writer.signed(value);
      writer.varint(Math.abs(value || 0));
    }
    const reader = new ByteReader(writer.take());
    for (const value of values) {
      assert.equal(reader.signed(), value === 0 ? 0 : value);
      assert.equal(reader.varint(), Math.abs(value || 0));
    }
    assert.ok(reader.done);
    assert.throws(() => reader.byte(), RangeError);
  });
  fc.assert(property, { seed: 73 });
});

test("times are read as they were written, backwards steps and missing ones too", () => {
  const moment = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
  const both = fc.tuple(moment, fc.oneof(moment, fc.constant(Number.NaN)));
  const property = fc.property(fc.array(both), (pairs) => {
    const times = {
      recordedAt: Float64Array.from(pairs, ([recorded]) => recorded),
      occurredAt: Float64Array.from(pairs, ([, occurred]) => occurred),
    };
    assert.deepEqual(decodeTimes(encodeTimes(times), pairs.length), times);
  });
  fc.assert(property, { seed: 74 });
  assert.throws(() => decodeTimes(new Uint8Array(1), 2), RangeError);
});

test("what a span says of a range agrees with looking at every time", () => {
  const moment = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.NaN));
  const end = (none: number) => fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(none));
  const range = fc.record({ since: end(Number.NEGATIVE_INFINITY), until: end(Number.POSITIVE_INFINITY) });
  const property = fc.property(fc.array(moment, { minLength: 1, maxLength: 8 }), range, (values, range) => {
    const times = Float64Array.from(values);
    const inside = countPositions(timeMask(times, range));
    const verdict = coverage(spanOf(times), range);
    const unbounded = !Number.isFinite(range.since) && !Number.isFinite(range.until);
    if (unbounded) assert.equal(verdict, "all");
    else if (verdict === "all") assert.equal(inside, values.length);
    else if (verdict === "none") assert.equal(inside, 0);
  });
  fc.assert(property, { seed: 75, numRuns: 1000 });
});

test("so many pairs as a full segment has are sorted as their numbers are, in whichever order they came", () => {
  const expected: bigint[] = [];
  const ascending = new PairList();
  const mixed = new PairList();
  const pairs = Array.from({ length: 70_000 }, (_, i) => {
    const isCommon = i % 3 > 0;
    // Both ends of the numbers, and hashes that differ in one part of them alone.
    const high = isCommon ? [0, 0xffff_ffff, 0x0001_0000, 1][i % 4] : Math.imul(i, 0x9e3779b1) >>> 0;
    const low = isCommon ? [0, 0xffff][i % 2] : Math.imul(i, 0x85ebca6b) >>> 16;
    return { hash: { high: high as number, low: low as number }, position: Math.floor(i / 5) };
  });
  for (const { hash, position } of pairs) {
    ascending.add(hash, position);
    expected.push((BigInt(hash.high) << 32n) | (BigInt(hash.low) << 16n) | BigInt(position));
  }
  for (const { hash, position } of pairs.toReversed()) mixed.add(hash, position);
  expected.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const list of [ascending, mixed]) {
    const { halves, length } = list.sort();
    assert.equal(length, pairs.length);
    const wrong = new BigUint64Array(halves.buffer, 0, length).findIndex((pair, i) => pair !== expected[i]);
    assert.equal(wrong, -1);
  }
});
