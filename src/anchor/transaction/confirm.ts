/**
 * What becomes of transactions that were mined: they get surer, or a reorganisation takes their block away
 * (reorganised-transaction.ts).
 */

import { isRecent } from "../../clock.ts";
import type { ChainView } from "../chain-identity.ts";
import { LATE_MS } from "./follow.ts";
import { findMined, isShown, recordMined } from "./mined.ts";
import { type PendingEvent, type PendingTransaction, type Stage, transition } from "./pending.ts";
import { isGone, sendAgain } from "./reorganised-transaction.ts";
import type { SendingAccount } from "./sending-account.ts";

/** Final and displaced transactions that are kept, in case a chain takes back what it called final. */
const KEPT = 32;

/** Looks at every transaction that may still be reorganised, and at the newest that should not. */
export async function confirmMined(sender: SendingAccount, view: ChainView): Promise<void> {
  const finals = sender.pendingStore.transactions.filter(({ stage }) => stage === "final");
  const newest = finals.at(-1);
  const suspects = newest !== undefined && (await isGone(sender, newest, view)) ? finals : [];
  if (suspects.length > 0) {
    sender.log.error(
      {
        nonce: newest?.nonce,
      },
      `${sender.watch.name}: a block that was final is not in the chain any more`,
    );
  }
  for (const pending of [...suspects, ...sender.pendingStore.open]) await confirmOne(sender, pending, view);
  for (const pending of sender.pendingStore.transactions.filter(({ stage }) => stage === "displaced")) {
    // Receipts may be late; a transaction that was ours after all is counted, and what it cost.
    if (!isRecent(pending.missedAt ?? pending.sentAt, sender.now(), LATE_MS)) continue;
    const found = await findMined(sender, pending);
    if (found !== undefined) await recordMined(sender, pending, found);
    // So may be what the contract shows, behind an endpoint that lags.
    else if (await isShown(sender, pending)) sender.obstacles.clear(sender.scope, "nonce_displaced");
  }
  const kept = sender.pendingStore.transactions.filter(({ stage }) => stage === "final" || stage === "displaced");
  const forget = kept.slice(0, -KEPT).map(({ nonce }) => nonce);
  if (forget.length > 0) await sender.pendingStore.save({ forget });
}

async function confirmOne(sender: SendingAccount, pending: PendingTransaction, view: ChainView): Promise<void> {
  if (await isGone(sender, pending, view)) return sendAgain(sender, pending);
  const stage = stageIn(sender, pending, view);
  if (stage !== pending.stage) await sender.pendingStore.save({ transactions: [transition(pending, REACHED[stage])] });
}

const REACHED = {
  mined: { type: "not_safe" },
  safe: { type: "safe" },
  final: { type: "final" },
} as const satisfies Partial<Record<Stage, PendingEvent>>;

/** How sure a mined transaction is; what it anchored is final first, which asks for the contract's word (record/finalize.ts). */
function stageIn({ watch }: SendingAccount, { landing }: PendingTransaction, view: ChainView): keyof typeof REACHED {
  const number = landing?.blockNumber ?? Number.POSITIVE_INFINITY;
  const isHeld = !watch.openAnchors.all.some(({ anchor }) => anchor.transactionHash === landing?.hash);
  if (number <= view.final && isHeld) return "final";
  return number <= Math.max(view.safe, view.final) ? "safe" : "mined";
}
