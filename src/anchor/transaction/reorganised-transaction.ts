/**
 * A mined transaction whose block is gone from the chain: it is in another block, or its bytes are sent again. Its anchors and
 * what it cost are taken back with it; anchors of others are moved by ../record/reorganised-anchor.ts.
 */

import type { ChainView } from "../chain-identity.ts";
import { addSpend } from "../spending/spent.ts";
import { withoutHeld } from "./give-up.ts";
import { findMined, recordMined } from "./mined.ts";
import { type MinedPlace, minedAttempt, type PendingTransaction, transition } from "./pending.ts";
import type { SendingAccount } from "./sending-account.ts";

/** Whether the chain has another block where this transaction was mined; a chain that is not so far yet says nothing. */
export async function isGone(
  sender: SendingAccount,
  { landing }: PendingTransaction,
  view: ChainView,
): Promise<boolean> {
  if (landing === undefined || view.latest.number < landing.blockNumber) {
    return landing !== undefined && view.latest.number < landing.blockNumber && !(await isKnown(sender, landing));
  }
  const block = await sender.watch.chain.block(landing.blockNumber);
  return block !== undefined && block.hash !== landing.blockHash;
}

/** A chain that got shorter: without a receipt for it, the transaction is not in it. */
export async function isKnown(sender: SendingAccount, landing: MinedPlace): Promise<boolean> {
  const receipt = await sender.watch.chain.receipt(landing.hash);
  return receipt !== undefined && receipt.blockHash === landing.blockHash;
}

/** The block is gone: the transaction is in another one, or is sent again. */
export async function sendAgain(sender: SendingAccount, pending: PendingTransaction): Promise<void> {
  const found = await findMined(sender, pending);
  if (found !== undefined) return recordMined(sender, pending, found);
  const { openAnchors, name } = sender.watch;
  const purpose = minedAttempt(pending)?.purpose;
  const items = purpose?.kind === "anchor" ? purpose.items : [];
  const records = await Promise.all(items.map(({ ledgerId, size }) => openAnchors.at(ledgerId, size)));
  const gone = records.filter((record) => record?.transactionHash === pending.landing?.hash);
  const also = openAnchors.remove(gone.filter((record) => record !== undefined));
  const { account: record } = sender.pendingStore;
  const before = withoutHeld(record.spend, pending, sender.now());
  const spend = addSpend(before, sender.now(), -BigInt(pending.landing?.feeWei ?? 0));
  const again = transition(pending, { type: pending.stage === "displaced" ? "nonce_freed" : "reorganised" });
  await sender.pendingStore.save({ account: { spend, reorgs: record.reorgs + 1 }, transactions: [again], also });
  await openAnchors.apply(also, { written: true });
  sender.log.warn({ nonce: pending.nonce }, `${name}: a reorganisation took a transaction back; it is sent again`);
}
