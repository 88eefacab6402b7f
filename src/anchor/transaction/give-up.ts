/**
 * Giving a transaction up of which no receipt came. Whether its fee was paid nobody knows: so the budget of the day is charged
 * with the most that it can have cost, which is taken back when a receipt comes after all.
 */

import { worstCost } from "../../chain/fees.ts";
import { addToDay, dayOf, type Spend } from "../spending/spent.ts";
import { readFeeLimits } from "./attempt.ts";
import { type PendingTransaction, transition } from "./pending.ts";
import type { SendingAccount } from "./sending-account.ts";

/** @param nonce the account's next nonce, where it changes with it */
export async function giveUp(
  { pendingStore, now }: SendingAccount,
  all: readonly PendingTransaction[],
  nonce = pendingStore.account.nonce,
): Promise<void> {
  const day = dayOf(now());
  let { spend } = pendingStore.account;
  const transactions = all.map((pending) => {
    const wei = mostOf(pending);
    spend = addToDay(spend, now(), wei);
    return transition(pending, { type: "displaced", held: { day, wei: String(wei) } });
  });
  await pendingStore.save({ account: { nonce, spend }, transactions });
}

/** Takes back what the day was charged for a transaction that was given up, if it is still that day. */
export function withoutHeld(spend: Spend, { held }: PendingTransaction, nowMs: number): Spend {
  return held?.day === dayOf(nowMs) ? addToDay(spend, nowMs, -BigInt(held.wei)) : spend;
}

/** What the most expensive attempt costs at most, in wei. */
function mostOf({ attempts }: PendingTransaction): bigint {
  return attempts
    .map(({ offer }) => worstCost(readFeeLimits(offer)))
    .reduce((most, wei) => (wei > most ? wei : most), 0n);
}
