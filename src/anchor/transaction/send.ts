/**
 * Puts a transaction under way: price it, check cap, budget and balance, sign, store, and only then send. A replacement
 * takes the same road with a higher offer. Nothing here is repeated by itself: the next step of the account is the retry.
 */

import type { Draft } from "../../chain/account.ts";
import { readSigned } from "../../chain/ethers.ts";
import { firstOffer, type Offer, raisedOffer, worstCost } from "../../chain/fees.ts";
import { type CallNeeds, measureCall, signChecked } from "../../chain/transaction.ts";
import type { ChainView } from "../chain-watch.ts";
import { costUnder, heldBack } from "../spending/held-back.ts";
import { spentToday } from "../spending/spent.ts";
import { type Attempt, readOffer, storeOffer } from "./attempt.ts";
import { broadcast } from "./broadcast.ts";
import { beginPending, lastAttempt, type PendingTransaction, transition } from "./pending.ts";
import type { PlannedCall, SendingAccount } from "./sending-account.ts";

/** Begins a transaction under a nonce. @returns whether it was stored */
export async function send(
  sender: SendingAccount,
  nonce: number,
  wanted: PlannedCall,
  view: ChainView,
): Promise<boolean> {
  const { chain, policy } = sender.watch;
  const { gasMax, dataFee } = await measure(sender, wanted);
  const offer = firstOffer(await chain.fees(), gasMax, dataFee, policy.feeMaxWei);
  if (offer === undefined) {
    sender.obstacles.set(sender.scope, "fee_above_cap", aboveCap(sender));
    return false;
  }
  if (!(await isAffordable(sender, offer, nonce))) return false;
  const attempt = await sign(sender, nonce, wanted, offer, view);
  if (attempt === undefined) return false;
  const pending = beginPending(nonce, attempt);
  // If we crash before this is written, nothing was sent; after it, the next step sends it.
  await sender.pendingStore.save({
    account: { nonce: Math.max(nonce + 1, sender.pendingStore.account.nonce) },
    transactions: [pending],
  });
  await broadcast(sender, pending);
  return true;
}

/**
 * Replaces the last attempt of a transaction by one that pays more.
 * @param renewed what to carry instead of the same call
 * @returns whether it was; the account's obstacle says why not
 */
export async function replace(
  sender: SendingAccount,
  pending: PendingTransaction,
  renewed: PlannedCall | undefined,
  view: ChainView,
): Promise<boolean> {
  const { chain, policy } = sender.watch;
  const last = lastAttempt(pending);
  const same = readSigned(last.raw).draft;
  const wanted = renewed ?? { purpose: last.purpose, to: same.to, data: same.data };
  const previous = readOffer(last.offer);
  // The same call may revert by now, and is then as expensive as it was.
  const measured = renewed === undefined ? previous : await measure(sender, wanted);
  const limits = { capWei: policy.feeMaxWei, mempool: policy.mempool };
  const offer = raisedOffer(previous, await chain.fees(), measured, limits);
  if (offer === undefined) {
    sender.obstacles.set(sender.scope, "fee_above_cap", `${aboveCap(sender)}; the last offer stands and is sent again`);
    return false;
  }
  if (!(await isAffordable(sender, offer, pending.nonce))) return false;
  const attempt = await sign(sender, pending.nonce, wanted, offer, view);
  if (attempt === undefined) return false;
  const next = transition(pending, { type: "replaced", attempt });
  await sender.pendingStore.save({ account: { bumps: sender.pendingStore.account.bumps + 1 }, transactions: [next] });
  const fee = String(worstCost(offer));
  sender.log.info({ nonce: pending.nonce, hash: attempt.hash, fee }, `${sender.watch.name}: a higher fee is offered`);
  await broadcast(sender, next);
  return true;
}

function measure(sender: SendingAccount, { to, data, purpose }: PlannedCall): Promise<CallNeeds> {
  const items = purpose.kind === "anchor" ? purpose.items.length : 1;
  return measureCall(sender.watch.chain, { from: sender.account.address, to, data }, items);
}

function aboveCap(sender: SendingAccount): string {
  return `${sender.watch.name}: expected a fee of at most ${sender.watch.policy.feeMaxWei} wei, the chain asks for more`;
}

/** Whether budget and balance allow an offer under a nonce; it takes the place of the worst case of what is there. */
async function isAffordable(sender: SendingAccount, offer: Offer, nonce: number): Promise<boolean> {
  const { chain, policy, name } = sender.watch;
  const cost = costUnder(sender, nonce, worstCost(offer));
  const others = sender.pendingStore.unmined.filter((pending) => pending.nonce !== nonce);
  const reserved = others.reduce((sum, pending) => sum + worstCost(readOffer(lastAttempt(pending).offer)), 0n);
  const spent = spentToday(sender.pendingStore.account.spend, sender.now());
  const held = heldBack(sender, nonce);
  if (spent + reserved + held + cost > policy.budgetPerDayWei) {
    const message = `${name}: expected to spend at most ${policy.budgetPerDayWei} wei a day, ${spent} are spent`;
    const lost = held === 0n ? "" : `, ${held} are held back for transactions whose records are lost,`;
    sender.obstacles.set(sender.scope, "budget_used_up", `${message}${lost} and the next transaction may cost ${cost}`);
    return false;
  }
  const balance = await chain.balance(sender.account.address);
  if (balance < reserved + cost) {
    const message = `${name}: expected ${reserved + cost} wei on account ${sender.account.address}, got ${balance}`;
    sender.obstacles.set(sender.scope, "funds_insufficient", `${message}; fund it, and anchoring goes on by itself`);
    return false;
  }
  sender.obstacles.clear(sender.scope, "fee_above_cap", "budget_used_up", "funds_insufficient");
  return true;
}

async function sign(
  sender: SendingAccount,
  nonce: number,
  { purpose, to, data }: PlannedCall,
  offer: Offer,
  view: ChainView,
): Promise<Attempt | undefined> {
  const { gasMax, feeMax, tipMax, legacy } = offer;
  const draft: Draft = { chainId: sender.watch.chain.chainId, nonce, to, data, gasMax, feeMax, tipMax, legacy };
  try {
    const { raw, hash } = await signChecked(sender.account, draft);
    sender.obstacles.clear(sender.scope, "signing_failed");
    const signedAt = sender.now();
    return { hash, raw, purpose, offer: storeOffer(offer), signedAt, signedAtBlock: view.latest.number };
  } catch (error) {
    // A signer in another process may be away; nothing was stored, and the next step asks again.
    const reason = error instanceof Error ? error.message : String(error);
    sender.obstacles.set(sender.scope, "signing_failed", `account ${sender.account.address} did not sign: ${reason}`);
    return undefined;
  }
}
