/**
 * Transactions that may still be mined, or were, and of which no record is left: damaged, or put aside with others. What they
 * cost is told by nobody, so the budget of a day counts each as the most expensive one that is ever sent (held-back.ts).
 */

import { isUnmined, type PendingTransaction } from "../transaction/pending.ts";
import type { AccountRecord } from "../transaction/pending-record.ts";
import { dayOf } from "./spent.ts";

/** More are not looked for: as many would use up the budget of any day. */
const LOOKED_FOR_MAX = 1000;

/** The nonce below which every transaction is counted, is not ours, or is known to be forgotten. */
export function settledBelow(transactions: Iterable<PendingTransaction>, nonce: number): number {
  return [...transactions].filter(isUnmined).reduce((lowest, pending) => Math.min(lowest, pending.nonce), nonce);
}

/**
 * Nonces of which the record is gone while its cost is in no sum.
 * @param account as it was read; undefined when it is lost, and with it what was counted
 * @param damaged nonces of transactions that could not be read
 */
export function findForgotten(
  account: AccountRecord | undefined,
  transactions: ReadonlyMap<number, PendingTransaction>,
  damaged: readonly number[],
): number[] {
  const nonces = [...transactions.keys(), ...damaged];
  // An account of an older version does not say what is counted: as far as a place in the chain is there, all below it is.
  const mined = [...transactions.values()].reduce((next, { nonce, landing }) => (landing ? nonce + 1 : next), 0);
  const from =
    account === undefined ? Math.min(...nonces) : (account.settledBelow ?? Math.max(mined, Math.min(...damaged)));
  const to = account?.nonce ?? Math.max(...nonces) + 1;
  const found = new Set(account?.forgotten ?? []);
  for (let nonce = from; nonce < to && found.size < LOOKED_FOR_MAX; nonce++)
    if (!transactions.has(nonce)) found.add(nonce);
  return [...found].sort((a, b) => a - b);
}

/**
 * Whether transactions of today may be missing among those that are left, which are the newest ones: then nobody knows what was
 * spent today.
 */
export function isDayUnknown(
  transactions: ReadonlyMap<number, PendingTransaction>,
  damaged: readonly number[],
  now: number,
): boolean {
  if (Math.min(...transactions.keys(), ...damaged) === 0) return false;
  return [...transactions.values()].every(({ landing }) => !landing || dayOf(landing.blockTime * 1000) === dayOf(now));
}
