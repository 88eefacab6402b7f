/**
 * The next step of a transaction that is not mined, as far as we know: look for a receipt of any of its attempts; if there is
 * none, send the same bytes again, or replace it (replace.ts). A nonce that is used while no receipt is told is somebody else's only if
 * the contract does not hold what the transaction was for: receipts come late (docs/decisions/0121).
 */

import { ChainError } from "../../chain/chain.ts";
import { isRecent } from "../../clock.ts";
import type { ChainView } from "../chain-identity.ts";
import { broadcast } from "./broadcast.ts";
import { giveUp } from "./give-up.ts";
import { findMined, isShown, recordMined } from "./mined.ts";
import { lastAttempt, type PendingTransaction, transition } from "./pending.ts";
import { replace } from "./replace.ts";
import type { PlannedCall, SendingAccount } from "./sending-account.ts";

export type Situation = {
  readonly view: ChainView;
  /** The account's nonce in the newest block. */
  readonly nonce: number;
  /** Whether no transaction before this one waits; only then may it be replaced. */
  readonly isLowest: boolean;
};

/** Looks that find a nonce used and nothing mined before the contract is asked: receipts lag behind nonces. */
const MISSED_MAX = 3;
/** How long receipts of a used nonce are asked for. */
export const LATE_MS = 3_600_000;

/** @returns whether it holds up the transactions after it */
export async function follow(
  sender: SendingAccount,
  pending: PendingTransaction,
  situation: Situation,
): Promise<boolean> {
  if (situation.nonce > pending.nonce || pending.missed > 0) {
    const landing = await findMined(sender, pending);
    if (landing !== undefined) {
      await recordMined(sender, pending, landing);
      return false;
    }
  }
  if (situation.nonce > pending.nonce) return missed(sender, pending);
  const current = pending.missed > 0 ? transition(pending, { type: "nonce_free" }) : pending;
  if (situation.isLowest && (await wantsReplacement(sender, current, situation.view))) {
    if (await replace(sender, current, await renew(sender, current), situation.view)) return true;
  }
  if (isSendDue(sender, current)) await broadcast(sender, current);
  return true;
}

/** The nonce is used, and by none of the attempts as far as this look can tell. */
async function missed(sender: SendingAccount, pending: PendingTransaction): Promise<boolean> {
  const { obstacles, scope, watch, account } = sender;
  const counted = transition(pending, { type: "nonce_used", at: sender.now() });
  if (counted.missed < MISSED_MAX || isRecent(pending.sentAt, sender.now(), watch.policy.pollMs)) {
    await sender.pendingStore.save({ transactions: [counted] });
    return true;
  }
  const what = `${watch.name}: nonce ${pending.nonce} of ${account.address}`;
  const shown = await isShown(sender, pending);
  const isLate = isRecent(counted.missedAt ?? 0, sender.now(), LATE_MS);
  if (shown !== false && isLate) {
    const message = `${what} is used, and no endpoint tells a receipt yet; what it costs at most counts in the budget`;
    obstacles.set(scope, "waits_for_receipt", message);
    if (pending.missed < MISSED_MAX) await sender.pendingStore.save({ transactions: [counted] });
    return false;
  }
  await giveUp(sender, [counted]);
  obstacles.clear(scope, "waits_for_receipt");
  if (shown === true) {
    const message = `${what}: no endpoint told a receipt for an hour; the contract holds what it was for`;
    sender.log.warn({ nonce: pending.nonce }, `${message}, and the budget of the day counts the most it can have cost`);
    return false;
  }
  const message = `${what} was used by a transaction that is not ours`;
  obstacles.set(scope, "nonce_displaced", `${message}; nothing else may use this key`);
  return false;
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
