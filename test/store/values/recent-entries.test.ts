/** Entries that are given to followers from memory. */

import assert from "node:assert/strict";
import test from "node:test";
import type { PackedEntry } from "../../../src/entry/packed.ts";
import { RecentEntries } from "../../../src/store/values/recent-entries.ts";
import { hex } from "../suite.ts";

const LEDGER = hex(1, 32);

function entriesOf(from: number, count: number, bytes = 10): PackedEntry[] {
  return Array.from({ length: count }, (_, i) => ({ recordedAt: from + i, members: new Uint8Array(bytes) }));
}

function take(recent: RecentEntries, from: number, to: number, ledger = LEDGER): number[] | undefined {
  return recent.take(ledger, from, to)?.map(({ recordedAt }) => recordedAt);
}

test("entries of commits are given in their order across commits, and those below what was asked are let go of", () => {
  const recent = new RecentEntries();
  for (const [from, count] of [
    [5, 3],
    [8, 1],
    [9, 4],
  ] as const)
    recent.add(LEDGER, from, entriesOf(from, count));
  assert.equal(take(recent, 4, 6), undefined);
  assert.deepEqual(take(recent, 5, 7), [5, 6]);
  assert.deepEqual(take(recent, 7, 11), [7, 8, 9, 10]);
  assert.equal(take(recent, 8, 9), undefined);
  assert.deepEqual(take(recent, 11, 100), [11, 12]);
  assert.equal(take(recent, 13, 100), undefined);
  recent.add(LEDGER, 13, entriesOf(13, 1));
  assert.deepEqual(take(recent, 13, 14), [13]);
});

test("ledgers are kept apart, and one that goes on somewhere else begins anew", () => {
  const recent = new RecentEntries();
  recent.add(LEDGER, 0, entriesOf(0, 2));
  recent.add(hex(2, 32), 0, entriesOf(100, 2));
  recent.add(LEDGER, 3, entriesOf(3, 2));
  assert.equal(take(recent, 0, 9), undefined);
  assert.deepEqual(take(recent, 3, 9), [3, 4]);
  assert.deepEqual(take(recent, 0, 9, hex(2, 32)), [100, 101]);
});

test("what is forgotten is not given", () => {
  const recent = new RecentEntries();
  recent.add(LEDGER, 0, entriesOf(0, 2));
  recent.forget(LEDGER);
  assert.equal(take(recent, 0, 2), undefined);
});

test("what nobody takes is let go of before it is too much, and what came since is given", () => {
  const recent = new RecentEntries(100_000);
  for (let from = 0; from < 300; from++) recent.add(LEDGER, from, entriesOf(from, 1, 500));
  assert.equal(take(recent, 0, 300), undefined);
  const [from = 0] = [...Array(300).keys()].filter((index) => take(recent, index, index) !== undefined);
  assert.ok(from > 150 && from < 300, `from ${from}`);
  recent.add(LEDGER, 300, entriesOf(300, 1, 200_000));
  assert.equal(take(recent, 300, 301), undefined);
  recent.add(LEDGER, 301, entriesOf(301, 1, 500));
  assert.deepEqual(take(recent, 301, 302), [301]);
});
