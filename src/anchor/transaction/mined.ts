/**
 * Finding that a transaction was mined, and writing it down: its state, money and anchors in one durable write.
 */

import type { Chain, TransactionReceipt } from "../../chain/chain.ts";
import { worstCost } from "../../chain/fees.ts";
import type { ObstacleCode } from "../obstacles.ts";
import { type AnchorTransaction, buildAnchor } from "../record/build-anchor.ts";
import { addSpend } from "../spending/spent.ts";
import { type AnchorItem, type Attempt, type Purpose, readFeeLimits } from "./attempt.ts";
import { withoutHeld } from "./give-up.ts";
import { type MinedPlace, minedAttempt, type PendingTransaction, transition } from "./pending.ts";
import type { AccountRecord } from "./pending-record.ts";
import type { SendingAccount } from "./sending-account.ts";

/** Obstacles that a receipt ends. */
const OVER: readonly ObstacleCode[] = [
  "transaction_refused",
  "waits_for_block",
  "waits_for_receipt",
  "fee_above_cap",
  "nonce_displaced",
];

export type FoundMined = { readonly receipt: TransactionReceipt; readonly landing: MinedPlace };

/** A transaction's place in the chain as it is now: a receipt, its block in the chain, and its effect in the state. */
export async function findMined(sender: SendingAccount, pending: PendingTransaction): Promise<FoundMined | undefined> {
  const { chain } = sender.watch;
  for (const attempt of pending.attempts.toReversed()) {
    const receipt = await chain.receipt(attempt.hash);
    if (receipt === undefined) continue;
    const block = await chain.block(receipt.blockNumber);
    if (block?.hash !== receipt.blockHash) continue;
    // An endpoint may be wrong about a receipt; what counts is what the contract holds.
    if (receipt.succeeded && !(await isDone(sender, attempt.purpose, receipt))) continue;
    const { blockNumber, blockHash, succeeded } = receipt;
    const { hash } = attempt;
    const { gasUsed, feeWei } = paidFor(sender, attempt, receipt);
    return {
      receipt,
      landing: { hash, blockNumber, blockHash, blockTime: block.time, gasUsed, feeWei: String(feeWei), succeeded },
    };
  }
  return undefined;
}

/** What a mined attempt cost, as far as an endpoint can be believed: never more than was signed, or allowed on a rollup. */
function paidFor(
  { watch, log }: SendingAccount,
  { hash, offer }: Attempt,
  receipt: TransactionReceipt,
): { readonly gasUsed: number; readonly feeWei: bigint } {
  const feeLimits = readFeeLimits(offer);
  const gasUsed = Math.min(receipt.gasUsed, feeLimits.gasMax);
  // Some nodes tell no price.
  const told = receipt.feeWei > 0n ? receipt.feeWei : worstCost({ ...feeLimits, gasMax: gasUsed });
  // What a rollup takes for data is in no signature; nothing is sent that is expected to cost more than the cap.
  const signed = worstCost(feeLimits);
  const { feeMaxWei } = watch.policy;
  const most = feeLimits.dataFee > 0n && feeMaxWei > signed ? feeMaxWei : signed;
  if (told <= most) return { gasUsed, feeWei: told };
  const message = `${watch.name}: an endpoint says that a transaction cost ${told} wei, which can cost ${most} at most`;
  log.warn({ hash }, `${message}; that is what is counted`);
  return { gasUsed, feeWei: most };
}

/**
 * Whether the contract holds what any attempt was for: then it was ours that was mined, or one that did the same.
 * @returns undefined when an attempt was for nothing that can be seen, and the others did not do it
 */
export async function isShown(
  { watch }: SendingAccount,
  { attempts }: PendingTransaction,
): Promise<boolean | undefined> {
  for (const { purpose } of attempts) if (await isInContract(watch.chain, purpose)) return true;
  return attempts.every(({ purpose }) => purpose.kind !== "nothing") ? false : undefined;
}

async function isInContract(chain: Chain, purpose: Purpose): Promise<boolean> {
  if (purpose.kind === "nothing") return false;
  if (purpose.kind !== "anchor") {
    const ledger = await chain.ledger(purpose.ledgerId);
    return purpose.kind === "open" ? ledger !== undefined : ledger?.signer === purpose.signer;
  }
  for (const { ledgerId, size, root } of purpose.items) {
    if ((await chain.rootAt(ledgerId, size)) === root) return true;
  }
  return false;
}

async function isDone(sender: SendingAccount, purpose: Purpose, receipt: TransactionReceipt): Promise<boolean> {
  const { chain } = sender.watch;
  if (purpose.kind === "nothing") return true;
  if (purpose.kind === "anchor") {
    for (const { ledgerId, size, root } of purpose.items) {
      const isTold = receipt.anchored.some((event) => event.ledgerId === ledgerId && event.size === size);
      if (isTold && (await chain.rootAt(ledgerId, size)) !== root) return false;
    }
    // Only a call for many succeeds when all of it was refused.
    return purpose.items.length > 1 || receipt.anchored.length > 0;
  }
  return isInContract(chain, purpose);
}

/** Writes that a transaction was mined, here or, after a reorganisation, there. */
export async function recordMined(
  sender: SendingAccount,
  pending: PendingTransaction,
  { receipt, landing }: FoundMined,
): Promise<void> {
  const { openAnchors, name } = sender.watch;
  const mined = transition(pending, { type: "mined", landing });
  const purpose = minedAttempt(mined)?.purpose;
  const items = purpose?.kind === "anchor" ? purpose.items : [];
  const taken = items.filter(({ ledgerId, size }) =>
    receipt.anchored.some((event) => event.ledgerId === ledgerId && event.size === size),
  );
  const known = await Promise.all(taken.map(({ ledgerId, size }) => openAnchors.at(ledgerId, size)));
  // An anchor that was adopted before its receipt was seen may be final already.
  const isFinal = (i: number) => known[i]?.stage === "final" && known[i]?.blockHash === landing.blockHash;
  const anchors = await Promise.all(
    taken.filter((_, i) => !isFinal(i)).map((item) => buildAnchor(sender.watch.chain, item, transactionOf(landing))),
  );
  const also = openAnchors.keep(anchors);
  const paid = BigInt(landing.feeWei) - BigInt(pending.landing?.feeWei ?? 0);
  const reverts = countReverts(sender, items, taken);
  const before = withoutHeld(sender.pendingStore.account.spend, pending, sender.now());
  const spend = addSpend(before, sender.now(), paid);
  await sender.pendingStore.save({ account: { spend, reverts }, transactions: [mined], also });
  await openAnchors.apply(also, { written: true });
  sender.obstacles.clear(sender.scope, ...OVER);
  const fields = { nonce: pending.nonce, hash: landing.hash, block: landing.blockNumber, fee: landing.feeWei };
  if (landing.succeeded) sender.log.info({ ...fields, what: purpose?.kind }, `${name}: the transaction was mined`);
  else
    sender.log.warn(
      { ...fields, what: purpose?.kind },
      `${name}: the transaction was mined and failed: it cost its fee and changed nothing`,
    );
}

function transactionOf({ hash, blockNumber, blockHash, blockTime, gasUsed, feeWei }: MinedPlace): AnchorTransaction {
  const block = { number: blockNumber, hash: blockHash, time: blockTime };
  return { transactionHash: hash, block, gasUsed, feeWei };
}

function countReverts(
  sender: SendingAccount,
  items: readonly AnchorItem[],
  taken: readonly AnchorItem[],
): AccountRecord["reverts"] {
  const reverts = { ...sender.pendingStore.account.reverts };
  for (const item of items) {
    if (taken.includes(item)) delete reverts[item.ledgerId];
    else reverts[item.ledgerId] = { count: (reverts[item.ledgerId]?.count ?? 0) + 1, at: sender.now() };
  }
  return reverts;
}
