/**
 * What an account paid: in all, and on the day (UTC) that the budget is about. Wei as decimal text, for the store.
 * Why: docs/decisions/0042.
 */

export type Spend = { readonly day: string; readonly dayWei: string; readonly totalWei: string };

export const NOTHING_SPENT: Spend = { day: "", dayWei: "0", totalWei: "0" };

/** @param nowMs milliseconds since 1970 */
export function spentToday(spend: Spend, nowMs: number): bigint {
  return spend.day === dayOf(nowMs) ? BigInt(spend.dayWei) : 0n;
}

/** Adds a fee; one that a reorganisation gave back is negative. */
export function addSpend(spend: Spend, nowMs: number, wei: bigint): Spend {
  const today = spentToday(spend, nowMs) + wei;
  const total = BigInt(spend.totalWei) + wei;
  // What comes back may have been paid yesterday.
  return { day: dayOf(nowMs), dayWei: String(today < 0n ? 0n : today), totalWei: String(total < 0n ? 0n : total) };
}

/** Adds to a day what may have been paid, and not to what was paid in all; what was not paid after all is negative. */
export function addToDay(spend: Spend, nowMs: number, wei: bigint): Spend {
  const today = spentToday(spend, nowMs) + wei;
  return { ...spend, day: dayOf(nowMs), dayWei: String(today < 0n ? 0n : today) };
}

/** Day of a time, UTC. */
export function dayOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10);
}
