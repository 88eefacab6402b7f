/** Sends the bytes of a transaction, for the first time or again, and reads what the endpoints say about them. */

import { ChainError } from "../../chain/chain.ts";
import { lastAttempt, type PendingEvent, type PendingTransaction, transition } from "./pending.ts";
import type { SendingAccount } from "./sending-account.ts";

/** Sends the last attempt. Whatever comes back, the transaction stays under way: only a receipt or its nonce ends it. */
export async function broadcast(sender: SendingAccount, pending: PendingTransaction): Promise<void> {
  const { nonce } = pending;
  const { hash, raw } = lastAttempt(pending);
  const at = sender.now();
  try {
    await sender.watch.chain.broadcast(raw);
    sender.obstacles.clear(sender.scope, "transaction_refused", "funds_insufficient");
    if (pending.stage !== "broadcast")
      sender.log.debug({ nonce, hash }, `${sender.watch.name}: the transaction was sent`);
    await sender.pendingStore.save({ transactions: [transition(pending, { type: "sent", at })] });
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    await sender.pendingStore.save({ transactions: [transition(pending, eventOf(sender, nonce, error, at))] });
  }
}

/** What a failed broadcast means for a transaction; somebody who can do something about it is told. */
function eventOf(sender: SendingAccount, nonce: number, error: ChainError, at: number): PendingEvent {
  const { name } = sender.watch;
  const what = `the transaction with nonce ${nonce}`;
  switch (error.kind) {
    case "nonce_low":
      // Perhaps one of its own attempts is mined: the receipts tell.
      return { type: "nonce_low", at };
    case "nonce_high":
      sender.obstacles.set(
        sender.scope,
        "waits_for_block",
        `${name}: ${what} waits until those with lower nonces are mined`,
      );
      return { type: "waits", at };
    case "fee_low":
    case "underpriced":
    case "rejected":
      sender.obstacles.set(sender.scope, "transaction_refused", `${name}: ${what} was refused: ${error.message}`);
      return { type: "refused", at, reason: error.kind };
    case "funds": {
      const message = `${name}: account ${sender.account.address} cannot pay nonce ${nonce}: ${error.message}`;
      sender.obstacles.set(sender.scope, "funds_insufficient", `${message}; fund it, and anchoring goes on by itself`);
      return { type: "waits", at };
    }
    default:
      // Nobody knows whether it arrived: it counts as sent, and is sent again.
      sender.obstacles.set(
        sender.scope,
        "transaction_refused",
        `${name}: whether ${what} arrived is not known, so it is sent again: ${error.message}`,
      );
      return { type: "unanswered", at };
  }
}
