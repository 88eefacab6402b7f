/**
 * The next step of a transaction that is not mined, as far as we know: look for a receipt of any of its attempts; if there is
 * none, send the same bytes again, or offer more.
 */

import { ChainError } from "../../chain/chain.ts";
import { isRecent } from "../../clock.ts";
import type { ChainView } from "../chain-watch.ts";
import { broadcast } from "./broadcast.ts";
import { findMined, recordMined } from "./mined.ts";
import { lastAttempt, type PendingTransaction, transition } from "./pending.ts";
import { replace } from "./send.ts";
import type { PlannedCall, SendingAccount } from "./sending-account.ts";

export type Situation = {
  readonly view: ChainView;
  /** The account's nonce in the newest block. */
  readonly nonce: number;
  /** Whether no transaction before this one waits; only then may it be replaced. */
  readonly isLowest: boolean;
};

/** Looks that find a nonce used and nothing mined before the transaction is given up: receipts lag behind nonces. */
const MISSED_MAX = 3;

export async function follow(sender: SendingAccount, pending: PendingTransaction, situation: Situation): Promise<void> {
  if (situation.nonce > pending.nonce || pending.missed > 0) {
    const landing = await findMined(sender, pending);
    if (landing !== undefined) return recordMined(sender, pending, landing);
  }
  if (situation.nonce > pending.nonce) return missed(sender, pending);
  const current = pending.missed > 0 ? transition(pending, { type: "nonce_free" }) : pending;
  if (situation.isLowest && (await wantsReplacement(sender, current, situation.view))) {
    if (await replace(sender, current, await renew(sender, current), situation.view)) return;
  }
  if (isSendDue(sender, current)) await broadcast(sender, current);
}

/** The nonce is used, and by none of the attempts as far as this look can tell. */
async function missed(sender: SendingAccount, pending: PendingTransaction): Promise<void> {
  const counted = transition(pending, { type: "nonce_used" });
  const { name, policy } = sender.watch;
  if (counted.missed < MISSED_MAX || isRecent(pending.sentAt, sender.now(), policy.pollMs)) {
    await sender.pendingStore.save({ transactions: [counted] });
    return;
  }
  const message = `${name}: nonce ${pending.nonce} of ${sender.account.address} was used by a transaction that is not ours`;
  sender.obstacles.set(sender.scope, "nonce_displaced", `${message}; nothing else may use this key`);
  await sender.pendingStore.save({ transactions: [transition(counted, { type: "displaced" })] });
}

async function wantsReplacement(
  sender: SendingAccount,
  pending: PendingTransaction,
  view: ChainView,
): Promise<boolean> {
  const { attemptsMax, bumpMs } = sender.watch.policy;
  if (pending.attempts.length >= attemptsMax) return false;
  const { signedAt, signedAtBlock } = lastAttempt(pending);
  const isLate = !isRecent(signedAt, sender.now(), bumpMs);
  if (pending.refused !== undefined) return isLate || pending.refused !== "rejected";
  return isLate && view.latest.number > signedAtBlock;
}

/** What to carry now, or undefined for the same call: also when what is newer cannot be had at the moment. */
async function renew(sender: SendingAccount, pending: PendingTransaction): Promise<PlannedCall | undefined> {
  for (const job of sender.jobs) {
    try {
      const wanted = await job.renew(sender, pending);
      if (wanted !== undefined) return wanted;
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind !== "reverted") throw error;
    }
  }
  return undefined;
}

function isSendDue(sender: SendingAccount, pending: PendingTransaction): boolean {
  const wait = pending.stage === "signed" ? sender.watch.policy.pollMs : sender.watch.policy.resendMs;
  return !isRecent(pending.sentAt, sender.now(), wait);
}
