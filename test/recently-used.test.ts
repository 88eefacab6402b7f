/** What is kept of what was used, and what goes. */

import assert from "node:assert/strict";
import test from "node:test";
import { RecentlyUsed } from "../src/recently-used.ts";
import { random } from "./query/random-events.ts";

test("what was used last is kept, and no more of it than was said", () => {
  for (const countMax of [1, 2, 7]) {
    const kept = new RecentlyUsed<object>(countMax);
    /** By rule: every key with its value, the last used in front. */
    let expected: (readonly [string, object])[] = [];
    for (let i = 0; i < 2000; i++) {
      const key = `k${random(12)}`;
      const before = expected.find(([name]) => name === key)?.[1];
      const rest = expected.filter(([name]) => name !== key);
      const what = random(5);
      if (what === 0) {
        kept.delete(key);
        expected = rest;
      } else if (what < 3) {
        const value = {};
        kept.set(key, value);
        expected = [[key, value] as const, ...rest].slice(0, countMax);
      } else {
        assert.equal(kept.get(key), before);
        if (before !== undefined) expected = [[key, before], ...rest];
      }
      assert.deepEqual([...kept.entries()].reverse(), expected);
    }
  }
});

test("a count that keeps nothing is refused", () => {
  for (const countMax of [0, -1, 1.5, Number.NaN]) assert.throws(() => new RecentlyUsed(countMax), /from 1 on/);
});
