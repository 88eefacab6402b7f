/** Ranges of indexes: put together, bounded, told, and compared with others. */

import assert from "node:assert/strict";
import test from "node:test";
import { addIndex, type EntryRange, overlapOf, rangesOf, spellRanges } from "../../src/ledger/index-ranges.ts";

test("ranges of indexes are put together, in whatever order they come", () => {
  let ranges: readonly EntryRange[] = [];
  for (const index of [10, 12, 11, 3, 1, 2, 1, 4]) ranges = addIndex(ranges, index, 2) ?? ranges;
  assert.equal(spellRanges(ranges), "1-4,10-12");
  const all = Array.from({ length: 60 }, (_, i) => (i * 37) % 60);
  ranges = [];
  for (const index of all) ranges = addIndex(ranges, index, 64) ?? assert.fail("there is room");
  assert.equal(spellRanges(ranges), "0-59");
  assert.deepEqual(ranges, rangesOf(all.toSorted((a, b) => a - b)));
});

test("another range than there is room for is refused, and one that only grows is not", () => {
  const ranges: readonly EntryRange[] = [
    [2, 3],
    [6, 8],
  ];
  for (const index of [0, 4, 9]) assert.equal(addIndex(ranges, index, 2), undefined, `${index} stands alone`);
  for (const index of [1, 2, 3, 5, 7, 8]) assert.ok(addIndex(ranges, index, 2), `${index} is in one, or beside one`);
});

test("how much of a range is in others is what looking for each of its indexes finds", () => {
  const ranges: readonly EntryRange[] = [
    [1, 3],
    [5, 6],
    [8, 12],
  ];
  const isIn = (index: number) => ranges.some(([from, to]) => index >= from && index < to);
  for (let from = 0; from < 14; from++) {
    for (let to = from + 1; to <= 14; to++) {
      const found = Array.from({ length: to - from }, (_, i) => isIn(from + i));
      const expected = found.every(Boolean) ? "all" : found.some(Boolean) ? "some" : "none";
      assert.equal(overlapOf(ranges, from, to), expected, `${from} to ${to}`);
    }
  }
});
