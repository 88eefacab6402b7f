/** Searching logs in as many steps as an endpoint wants. */

import assert from "node:assert/strict";
import test from "node:test";
import { ChainError } from "../../src/chain/chain.ts";
import { searchForward } from "../../src/chain/log-search.ts";

type Range = readonly [from: number, to: number];

/** An endpoint with something in one block, that searches so many at once. */
function endpoint(at: number, blocksMax: number) {
  const answered: Range[] = [];
  let refused = 0;
  const ask = async (from: number, to: number): Promise<number[]> => {
    if (to - from + 1 > blocksMax) {
      refused += 1;
      throw new ChainError("unknown", `stub: at most ${blocksMax} blocks`);
    }
    answered.push([from, to]);
    return at >= from && at <= to ? [at] : [];
  };
  return { ask, answered, refused: () => refused };
}

test("every block is asked about once, in order, whatever an endpoint takes at once", async () => {
  for (const blocksMax of [1, 2, 3, 10, 100, 1000, 8192, 100_000]) {
    const to = 50 + Math.min(20_000, blocksMax * 20);
    const { ask, answered, refused } = endpoint(-1, blocksMax);
    assert.equal(await searchForward({ from: 50, to }, ask), undefined);
    assert.deepEqual([answered[0]?.[0], answered.at(-1)?.[1]], [50, to]);
    for (const [i, [from]] of answered.slice(1).entries()) assert.equal(from, (answered[i]?.[1] ?? 0) + 1);
    assert.ok(refused() <= 5, `${blocksMax} at once: refused ${refused()} times`);
  }
});

test("what is found ends the search, at either end of the range too", async () => {
  for (const at of [50, 51, 9000, 20_000]) {
    const { ask, answered } = endpoint(at, 500);
    assert.equal(await searchForward({ from: 50, to: 20_000 }, ask), at);
    assert.ok((answered.at(-1)?.[1] ?? 0) >= at && (answered.at(-1)?.[0] ?? 0) <= at);
  }
  const outside = endpoint(49, 500);
  assert.equal(await searchForward({ from: 50, to: 20_000 }, outside.ask), undefined);
  const nothing = endpoint(50, 500);
  assert.equal(await searchForward({ from: 50, to: 49 }, nothing.ask), undefined);
  assert.deepEqual(nothing.answered, []);
});

test("a search that would never end says how far it came", async () => {
  const { ask } = endpoint(1_000_000, 2);
  await assert.rejects(searchForward({ from: 0, to: 1_000_000 }, ask), {
    kind: "unavailable",
    message: /too few blocks at once: nothing found in blocks 0 to \d+ in 200 questions/,
  });
});

test("an endpoint that refuses a single block, or is of another chain, is not asked for ever", async () => {
  let asked = 0;
  const refuse = (kind: "unknown" | "wrong_chain") => async () => {
    asked += 1;
    throw new ChainError(kind, "stub: no");
  };
  await assert.rejects(searchForward({ from: 0, to: 100 }, refuse("unknown")), { kind: "unknown" });
  assert.ok(asked < 10, `asked ${asked} times`);
  asked = 0;
  await assert.rejects(searchForward({ from: 0, to: 100 }, refuse("wrong_chain")), { kind: "wrong_chain" });
  assert.equal(asked, 1);
  const broken = () => Promise.reject(new TypeError("not a ChainError"));
  await assert.rejects(searchForward({ from: 0, to: 100 }, broken), TypeError);
});
