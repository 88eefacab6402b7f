/**
 * One step of an account: look at what is, take the next step of each transaction, and start a new one when nothing waits.
 * So one transaction is on its way at a time; those that are mined and not final, or whose receipt is late, follow behind.
 */

import type { ChainView } from "./chain-identity.ts";
import { countForgotten } from "./spending/held-back.ts";
import { confirmMined } from "./transaction/confirm.ts";
import { follow } from "./transaction/follow.ts";
import { closeNonceGap } from "./transaction/nonce-gap.ts";
import { send } from "./transaction/send.ts";
import type { SendingAccount } from "./transaction/sending-account.ts";

export async function stepAccount(sender: SendingAccount, view: ChainView): Promise<void> {
  const nonce = await sender.watch.chain.nonce(sender.account.address);
  await confirmMined(sender, view);
  await countForgotten(sender, nonce);
  if (await closeNonceGap(sender, view, nonce)) return;
  let isLowest = true;
  for (const pending of sender.pendingStore.unmined) {
    const holdsUp = await follow(sender, pending, { view, nonce, isLowest });
    isLowest &&= !holdsUp;
  }
  if (isLowest) await startNext(sender, view, nonce);
}

async function startNext(sender: SendingAccount, view: ChainView, nonce: number): Promise<void> {
  const open = sender.pendingStore.open.length;
  if (open >= sender.watch.policy.openMax) {
    const message = `${sender.watch.name}: ${open} transactions are mined and not final; new ones wait`;
    sender.obstacles.set(sender.scope, "waits_for_finality", message);
    return;
  }
  for (const job of sender.jobs) {
    const wanted = await job.next(sender);
    if (wanted === undefined) continue;
    // Behind a lagging endpoint the chain's nonce is too low; ours is when a stranger has the key too.
    await send(sender, Math.max(nonce, sender.pendingStore.account.nonce), wanted, view);
    return;
  }
  sender.obstacles.clear(sender.scope, "waits_for_finality", "fee_above_cap", "budget_used_up", "funds_insufficient");
}
