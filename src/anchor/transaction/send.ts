/**
 * Puts a transaction under way: price it, check cap, budget and balance, sign, store, and only then send. A replacement
 * takes the same road with a higher fee (replace.ts). Nothing here is repeated by itself: the next step of the account is
 * the retry.
 */

import type { Draft } from "../../chain/account.ts";
import { type FeeLimits, firstFeeLimits } from "../../chain/fees.ts";
import { type CallNeeds, measureCall, signChecked } from "../../chain/transaction.ts";
import type { ChainView } from "../chain-identity.ts";
import { isAffordable } from "../spending/affordable.ts";
import { type Attempt, storeFeeLimits } from "./attempt.ts";
import { broadcast } from "./broadcast.ts";
import { beginPending } from "./pending.ts";
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
  const feeLimits = firstFeeLimits(await chain.fees(), gasMax, dataFee, policy.feeMaxWei);
  if (feeLimits === undefined) {
    sender.obstacles.set(sender.scope, "fee_above_cap", aboveCap(sender));
    return false;
  }
  if (!(await isAffordable(sender, feeLimits, nonce))) return false;
  const attempt = await sign(sender, nonce, wanted, feeLimits, view);
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

/** What gas a call needs, and what its data costs besides. */
export function measure(sender: SendingAccount, { to, data, purpose }: PlannedCall): Promise<CallNeeds> {
  const items = purpose.kind === "anchor" ? purpose.items.length : 1;
  return measureCall(sender.watch.chain, { from: sender.account.address, to, data }, items);
}

export function aboveCap(sender: SendingAccount): string {
  return `${sender.watch.name}: expected a fee of at most ${sender.watch.policy.feeMaxWei} wei, the chain asks for more; raise feeMaxWei, or wait until it asks for less`;
}

/** Signs an attempt; undefined when the signer did not, as the account's obstacle says. */
export async function sign(
  sender: SendingAccount,
  nonce: number,
  { purpose, to, data }: PlannedCall,
  feeLimits: FeeLimits,
  view: ChainView,
): Promise<Attempt | undefined> {
  const { gasMax, feeMax, tipMax, legacy } = feeLimits;
  const draft: Draft = { chainId: sender.watch.chain.chainId, nonce, to, data, gasMax, feeMax, tipMax, legacy };
  try {
    const { raw, hash } = await signChecked(sender.account, draft);
    sender.obstacles.clear(sender.scope, "signing_failed");
    const signedAt = sender.now();
    return { hash, raw, purpose, offer: storeFeeLimits(feeLimits), signedAt, signedAtBlock: view.latest.number };
  } catch (error) {
    // A signer in another process may be away; nothing was stored, and the next step asks again.
    const reason = error instanceof Error ? error.message : String(error);
    sender.obstacles.set(sender.scope, "signing_failed", `account ${sender.account.address} did not sign: ${reason}`);
    return undefined;
  }
}
