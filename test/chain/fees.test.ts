/** Offers and what was spent: pure figures. */

import assert from "node:assert/strict";
import test from "node:test";
import { addSpend, NOTHING_SPENT, spentToday } from "../../src/anchor/spending/spent.ts";
import { type FeeLimits, firstFeeLimits, raisedFeeLimits, worstCost } from "../../src/chain/fees.ts";

const GWEI = 10n ** 9n;
const CAP = 10n ** 17n;
const GAS = 100_000;
const POOL = { capWei: CAP, mempool: true };

function fees(baseGwei: bigint, tipGwei = 1n) {
  const baseFee = baseGwei * GWEI;
  const tipMax = tipGwei * GWEI;
  return { baseFee, tipMax, feeMax: 2n * baseFee + tipMax, legacy: false };
}

function legacy(gwei: bigint) {
  return { baseFee: gwei * GWEI, tipMax: gwei * GWEI, feeMax: gwei * GWEI, legacy: true };
}

function present(feeLimits: FeeLimits | undefined): FeeLimits {
  assert.ok(feeLimits, "expected fee limits");
  return feeLimits;
}

test("the first fee limits are what the chain suggests, or as much of it as the cap allows while a block would take it", () => {
  assert.equal(present(firstFeeLimits(fees(10n), GAS, 0n, CAP)).feeMax, 21n * GWEI);
  const tight = present(firstFeeLimits(fees(10n), GAS, 0n, 12n * GWEI * BigInt(GAS)));
  assert.equal(tight.feeMax, 12n * GWEI);
  assert.equal(worstCost(tight), 12n * GWEI * BigInt(GAS));
  assert.equal(firstFeeLimits(fees(10n), GAS, 0n, 10n * GWEI * BigInt(GAS)), undefined);
});

test("what a rollup takes for its data counts against the cap", () => {
  assert.equal(worstCost(present(firstFeeLimits(fees(10n), GAS, 5n, CAP))), 21n * GWEI * BigInt(GAS) + 5n);
  assert.equal(firstFeeLimits(fees(10n), GAS, CAP, CAP), undefined);
});

test("raised fee limits are an eighth higher on both fields or do not exist, however often, and never above the cap", () => {
  let feeLimits = present(firstFeeLimits(fees(10n), GAS, 0n, CAP));
  let raises = 0;
  for (;;) {
    const next = raisedFeeLimits(feeLimits, fees(10n), { gasMax: GAS, dataFee: 0n }, POOL);
    if (next === undefined) break;
    assert.ok(next.feeMax * 8n >= feeLimits.feeMax * 9n && next.tipMax * 8n >= feeLimits.tipMax * 9n);
    assert.ok(next.tipMax <= next.feeMax);
    assert.ok(worstCost(next) <= CAP);
    feeLimits = next;
    raises += 1;
    assert.ok(raises < 100, "expected an end");
  }
  assert.ok(raises > 5, `expected some raises, got ${raises}`);
});

test("raised fee limits follow the base fee upward, and do not fall with it", () => {
  const feeLimits = present(firstFeeLimits(fees(10n), GAS, 0n, CAP));
  const now = { gasMax: GAS, dataFee: 0n };
  assert.ok(present(raisedFeeLimits(feeLimits, fees(100n), now, POOL)).feeMax >= 201n * GWEI);
  assert.ok(present(raisedFeeLimits(feeLimits, fees(1n), now, POOL)).feeMax >= (feeLimits.feeMax * 9n) / 8n);
});

test("a chain without a pool is priced anew, not bumped, and never lower", () => {
  const feeLimits = present(firstFeeLimits(fees(10n), GAS, 0n, CAP));
  const now = { gasMax: GAS, dataFee: 0n };
  const limits = { capWei: CAP, mempool: false };
  assert.equal(present(raisedFeeLimits(feeLimits, fees(10n), now, limits)).feeMax, feeLimits.feeMax);
  assert.equal(present(raisedFeeLimits(feeLimits, fees(20n), now, limits)).feeMax, 41n * GWEI);
});

test("a tip of zero can be raised, so that the rule of a tenth holds on it too", () => {
  const feeLimits = { ...present(firstFeeLimits(fees(10n, 0n), GAS, 0n, CAP)), tipMax: 0n };
  const next = present(raisedFeeLimits(feeLimits, fees(10n, 0n), { gasMax: GAS, dataFee: 0n }, POOL));
  assert.ok(next.tipMax * 10n >= feeLimits.tipMax * 11n);
});

test("on a chain without base fee both fields are the one price", () => {
  const feeLimits = present(firstFeeLimits(legacy(5n), GAS, 0n, CAP));
  assert.deepEqual([feeLimits.feeMax, feeLimits.tipMax, feeLimits.legacy], [5n * GWEI, 5n * GWEI, true]);
  const next = present(raisedFeeLimits(feeLimits, legacy(5n), { gasMax: GAS, dataFee: 0n }, POOL));
  assert.equal(next.feeMax, next.tipMax);
  assert.ok(next.feeMax * 8n >= feeLimits.feeMax * 9n);
});

test("gas of a replacement is never below the earlier attempt's", () => {
  const feeLimits = present(firstFeeLimits(fees(10n), GAS, 0n, CAP));
  assert.equal(present(raisedFeeLimits(feeLimits, fees(10n), { gasMax: 50_000, dataFee: 0n }, POOL)).gasMax, GAS);
});

test("what was spent is counted by the day in UTC and in all, and what a reorganisation gives back is taken off", () => {
  const day = Date.UTC(2026, 0, 31, 23, 59);
  const first = addSpend(NOTHING_SPENT, day, 7n);
  assert.deepEqual([spentToday(first, day), first.totalWei], [7n, "7"]);
  const next = addSpend(first, day + 60_000, 5n);
  assert.deepEqual([spentToday(next, day + 60_000), next.totalWei], [5n, "12"]);
  const back = addSpend(next, day + 60_000, -7n);
  assert.deepEqual([spentToday(back, day + 60_000), back.totalWei], [0n, "5"]);
  assert.equal(spentToday(back, day + 2 * 86_400_000), 0n);
});
