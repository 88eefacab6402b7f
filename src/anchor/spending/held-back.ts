/** What of the budget of a day is held back for transactions of which no record is left (lost-transactions.ts), until it is counted. */

import type { SendingAccount } from "../transaction/sending-account.ts";
import { addToDay, dayOf } from "./spent.ts";

/** Wei that are held back for what is forgotten; whatever else uses one of its nonces takes its place. */
export function heldBack({ pendingStore, watch, now }: SendingAccount, nonce: number): bigint {
  const { forgotten = [], unknownDay } = pendingStore.account;
  const count = forgotten.filter((each) => each !== nonce).length;
  const unknown = unknownDay === dayOf(now()) ? watch.policy.budgetPerDayWei : 0n;
  return BigInt(count) * watch.policy.feeMaxWei + unknown;
}

/** The highest cost of a transaction under a nonce: what is forgotten under it may be mined in its place. */
export function costUnder({ pendingStore, watch }: SendingAccount, nonce: number, cost: bigint): bigint {
  const isForgotten = pendingStore.account.forgotten?.includes(nonce) === true;
  return isForgotten && cost < watch.policy.feeMaxWei ? watch.policy.feeMaxWei : cost;
}

/**
 * Counts what was forgotten and is mined by now, as far as the chain tells.
 * @param nonce the account's in the newest block
 */
export async function countForgotten({ pendingStore, watch, now }: SendingAccount, nonce: number): Promise<void> {
  const { forgotten = [] } = pendingStore.account;
  const used = forgotten.filter((each) => each < nonce);
  // While it may be either of two that was mined, or a reorganisation may swap them, it is held back.
  const isOpen = (each: number) => !["final", "displaced", undefined].includes(pendingStore.at(each)?.stage);
  const over = used.filter((each) => !isOpen(each));
  if (over.length === 0) return;
  const own = over.filter((each) => pendingStore.at(each)?.stage === "final");
  const wei = BigInt(over.length - own.length) * watch.policy.feeMaxWei;
  const left = forgotten.filter((each) => !over.includes(each));
  await pendingStore.save({ account: { spend: addToDay(pendingStore.account.spend, now(), wei), forgotten: left } });
}
