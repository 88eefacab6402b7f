/**
 * The next step of a pending transaction that is not mined, as far as we know: look for a receipt of any of its attempts; if there is
 * none, send the same bytes again, or offer more.
 */

import { ChainError } from "../../chain/chain.ts";
import { isRecent } from "../../clock.ts";
import type { View } from "../chain-watch.ts";
import { transmit } from "./broadcast.ts";
import { findLanding, land } from "./mined.ts";
import { lastAttempt, type PendingTransaction, transition } from "./pending.ts";
import { replace } from "./send.ts";
import type { Lane, Wanted } from "./sending-account.ts";

export type Situation = {
  readonly view: View;
  /** The account's nonce in the newest block. */
  readonly nonce: number;
  /** Whether no pending transaction before this one waits; only then may it be replaced. */
  readonly isLowest: boolean;
};

/** Looks that find a nonce used and nothing mined before the pending transaction is given up: receipts lag behind nonces. */
const MISSED_MAX = 3;

export async function pursue(lane: Lane, pending: PendingTransaction, situation: Situation): Promise<void> {
  if (situation.nonce > pending.nonce || pending.missed > 0) {
    const landing = await findLanding(lane, pending);
    if (landing !== undefined) return land(lane, pending, landing);
  }
  if (situation.nonce > pending.nonce) return missed(lane, pending);
  const current = pending.missed > 0 ? transition(pending, { type: "nonce_free" }) : pending;
  if (situation.isLowest && (await wantsReplacement(lane, current, situation.view))) {
    if (await replace(lane, current, await renew(lane, current), situation.view)) return;
  }
  if (isSendDue(lane, current)) await transmit(lane, current);
}

/** The nonce is used, and by none of the attempts as far as this look can tell. */
async function missed(lane: Lane, pending: PendingTransaction): Promise<void> {
  const counted = transition(pending, { type: "nonce_used" });
  const { name, policy } = lane.site;
  if (counted.missed < MISSED_MAX || isRecent(pending.sentAt, lane.now(), policy.pollMs)) {
    await lane.journal.save({ transactions: [counted] });
    return;
  }
  const message = `${name}: nonce ${pending.nonce} of ${lane.account.address} was used by a transaction that is not ours`;
  lane.notes.set(lane.scope, "nonce_displaced", `${message}; nothing else may use this key`);
  await lane.journal.save({ transactions: [transition(counted, { type: "displaced" })] });
}

async function wantsReplacement(lane: Lane, pending: PendingTransaction, view: View): Promise<boolean> {
  const { attemptsMax, bumpMs } = lane.site.policy;
  if (pending.attempts.length >= attemptsMax) return false;
  const { signedAt, signedAtBlock } = lastAttempt(pending);
  const isLate = !isRecent(signedAt, lane.now(), bumpMs);
  if (pending.refused !== undefined) return isLate || pending.refused !== "rejected";
  return isLate && view.latest.number > signedAtBlock;
}

/** What to carry now, or undefined for the same call: also when what is newer cannot be had at the moment. */
async function renew(lane: Lane, pending: PendingTransaction): Promise<Wanted | undefined> {
  for (const errand of lane.errands) {
    try {
      const wanted = await errand.renew(lane, pending);
      if (wanted !== undefined) return wanted;
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind !== "reverted") throw error;
    }
  }
  return undefined;
}

function isSendDue(lane: Lane, pending: PendingTransaction): boolean {
  const wait = pending.stage === "signed" ? lane.site.policy.pollMs : lane.site.policy.resendMs;
  return !isRecent(pending.sentAt, lane.now(), wait);
}
