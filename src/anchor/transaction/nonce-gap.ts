/** A gap: nonces that were used, and that the chain says are free again. What used them is sent once more. */

import type { ChainView } from "../chain-identity.ts";
import { giveUp } from "./give-up.ts";
import { isOpen, type PendingTransaction } from "./pending.ts";
import { isGone, isKnown, sendAgain } from "./reorganised-transaction.ts";
import { send } from "./send.ts";
import { nothingFor, type SendingAccount } from "./sending-account.ts";

/** Looks that must find the chain's nonce too low before the account believes it: endpoints lag. */
const GAP_LOOKS = 3;
/**
 * Free nonces that are used up by transactions of nothing. A wider gap was never there: an endpoint once told a nonce that
 * is too high, and to fill it would cost the budget of every day.
 */
const FILL_MAX = 4;

/**
 * Nonces below the lowest that waits must be used. When the chain says that they are free, what used them is sent again.
 * @returns whether the account must wait: the chain's word is not believed yet
 */
export async function closeNonceGap(sender: SendingAccount, view: ChainView, nonce: number): Promise<boolean> {
  const lowest = sender.pendingStore.unmined[0]?.nonce ?? sender.pendingStore.account.nonce;
  if (nonce >= lowest) {
    sender.nonceGapLooks = 0;
    sender.obstacles.clear(sender.scope, "endpoint_behind");
    return false;
  }
  const freed = sender.pendingStore.transactions.filter((pending) => pending.nonce >= nonce && pending.nonce < lowest);
  const isBelieved = sender.nonceGapLooks + 1 >= GAP_LOOKS;
  let isClosing = false;
  for (const pending of freed) {
    const seemsMined = isOpen(pending) || (pending.stage === "final" && !(await isGone(sender, pending, view)));
    if (seemsMined && !(isBelieved && (await wasNever(sender, pending)))) continue;
    await sendAgain(sender, pending);
    isClosing = true;
  }
  if (isClosing) return false;
  sender.watch.doubt();
  sender.nonceGapLooks += 1;
  const message = `${sender.watch.name}: expected nonce ${lowest} of ${sender.account.address} to be next, the chain says ${nonce}`;
  sender.obstacles.set(sender.scope, "endpoint_behind", `${message}; the endpoint may lag behind`);
  // A look at all transactions found no bytes for the free nonce: nothing of ours can still use it.
  if (sender.nonceGapLooks < GAP_LOOKS || freed.length > 0) return true;
  const { unmined } = sender.pendingStore;
  if (unmined.length > 0 && lowest - nonce <= FILL_MAX) {
    await send(sender, nonce, nothingFor(sender), view);
    return true;
  }
  // What waits beyond the gap is planned again below it. Its bytes are kept, should it have been there after all.
  await giveUp(sender, unmined, nonce);
  return true;
}

/** A receipt that was told once, of a block that the chain has, and that is told no more: it was not true. */
async function wasNever(sender: SendingAccount, { landing }: PendingTransaction): Promise<boolean> {
  return landing !== undefined && !(await isKnown(sender, landing));
}
