/**
 * What becomes of pending transactions that were mined: they get surer, or a reorganisation takes their block away and they are sent
 * again.
 */

import { isRecent } from "../../clock.ts";
import type { View } from "../chain-watch.ts";
import { addSpend } from "../spending/spent.ts";
import { findLanding, land } from "./mined.ts";
import {
  type Landing,
  landedAttempt,
  type PendingEvent,
  type PendingTransaction,
  type Stage,
  transition,
} from "./pending.ts";
import type { Lane } from "./sending-account.ts";

/** Final and displaced pending transactions that are kept, in case a chain takes back what it called final. */
const KEPT = 32;
/** How long receipts of a displaced pending transaction are still asked for. */
const LATE_MS = 3_600_000;
/** Looks at every pending transaction that may still be reorganised, and at the newest that should not. */
export async function settleFlights(lane: Lane, view: View): Promise<void> {
  const finals = lane.journal.transactions.filter(({ stage }) => stage === "final");
  const newest = finals.at(-1);
  const suspects = newest !== undefined && (await isGone(lane, newest, view)) ? finals : [];
  if (suspects.length > 0) {
    lane.log.error(
      {
        nonce: newest?.nonce,
      },
      `${lane.site.name}: a block that was final is not in the chain any more`,
    );
  }
  for (const pending of [...suspects, ...lane.journal.open]) await settleFlight(lane, pending, view);
  for (const pending of lane.journal.transactions.filter(({ stage }) => stage === "displaced")) {
    // Receipts may be late; a transaction that was ours after all is counted, and what it cost.
    const found = isRecent(pending.sentAt, lane.now(), LATE_MS) ? await findLanding(lane, pending) : undefined;
    if (found !== undefined) await land(lane, pending, found);
  }
  const kept = lane.journal.transactions.filter(({ stage }) => stage === "final" || stage === "displaced");
  const forget = kept.slice(0, -KEPT).map(({ nonce }) => nonce);
  if (forget.length > 0) await lane.journal.save({ forget });
}

async function settleFlight(lane: Lane, pending: PendingTransaction, view: View): Promise<void> {
  if (await isGone(lane, pending, view)) return recover(lane, pending);
  const stage = stageIn(lane, pending, view);
  if (stage !== pending.stage) await lane.journal.save({ transactions: [transition(pending, REACHED[stage])] });
}

const REACHED = {
  mined: { type: "not_safe" },
  safe: { type: "safe" },
  final: { type: "final" },
} as const satisfies Partial<Record<Stage, PendingEvent>>;

/** How sure a mined pending transaction is; what it anchored is final first, which asks for the contract's word (record/finalize.ts). */
function stageIn({ site }: Lane, { landing }: PendingTransaction, view: View): keyof typeof REACHED {
  const number = landing?.blockNumber ?? Number.POSITIVE_INFINITY;
  const isHeld = !site.book.openAnchors.some(({ anchor }) => anchor.transactionHash === landing?.hash);
  if (number <= view.final && isHeld) return "final";
  return number <= Math.max(view.safe, view.final) ? "safe" : "mined";
}

/** Whether the chain has another block where this pending transaction was mined; a chain that is not so far yet says nothing. */
export async function isGone(lane: Lane, { landing }: PendingTransaction, view: View): Promise<boolean> {
  if (landing === undefined || view.latest.number < landing.blockNumber) {
    return landing !== undefined && view.latest.number < landing.blockNumber && !(await isKnown(lane, landing));
  }
  const block = await lane.site.chain.block(landing.blockNumber);
  return block !== undefined && block.hash !== landing.blockHash;
}

/** A chain that got shorter: without a receipt for it, the transaction is not in it. */
async function isKnown(lane: Lane, landing: Landing): Promise<boolean> {
  const receipt = await lane.site.chain.receipt(landing.hash);
  return receipt !== undefined && receipt.blockHash === landing.blockHash;
}

/** The block is gone: the transaction is in another one, or is sent again. */
export async function recover(lane: Lane, pending: PendingTransaction): Promise<void> {
  const found = await findLanding(lane, pending);
  if (found !== undefined) return land(lane, pending, found);
  const { book, name } = lane.site;
  const purpose = landedAttempt(pending)?.purpose;
  const items = purpose?.kind === "anchor" ? purpose.items : [];
  const records = await Promise.all(items.map(({ ledgerId, size }) => book.at(ledgerId, size)));
  const gone = records.filter((record) => record?.transactionHash === pending.landing?.hash);
  const also = book.remove(gone.filter((record) => record !== undefined));
  const { lane: record } = lane.journal;
  const spend = addSpend(record.spend, lane.now(), -BigInt(pending.landing?.feeWei ?? 0));
  const again = transition(pending, { type: pending.stage === "displaced" ? "nonce_freed" : "reorganised" });
  await lane.journal.save({ lane: { spend, reorgs: record.reorgs + 1 }, transactions: [again], also });
  await book.apply(also, { written: true });
  lane.log.warn({ nonce: pending.nonce }, `${name}: a reorganisation took a transaction back; it is sent again`);
}
