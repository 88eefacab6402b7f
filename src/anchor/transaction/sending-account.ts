/**
 * One account that sends on one chain, whose nonces nothing else uses. This is what its steps share; how a step goes is in
 * ../account-loop.ts, the stages of what it sends in pending.ts.
 * Why these words: docs/decisions/0133.
 */

import type { Account } from "../../chain/account.ts";
import type { Log } from "../../log.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { ChainWatch } from "../chain-identity.ts";
import type { Obstacles } from "../obstacles.ts";
import type { Purpose } from "./attempt.ts";
import type { PendingTransaction } from "./pending.ts";
import type { PendingStore } from "./pending-store.ts";

/** A call to make, and what for. */
export type PlannedCall = { readonly purpose: Purpose; readonly to: Hex; readonly data: Hex };

/** What an account is for: it says what to send. */
export interface Job {
  /** What is due now, or undefined. Ledgers that cannot go on get obstacles. */
  next(sender: SendingAccount): Promise<PlannedCall | undefined>;
  /** What a transaction should carry when it is replaced, such as the newest checkpoint; undefined for the same call again. */
  renew(sender: SendingAccount, pending: PendingTransaction): Promise<PlannedCall | undefined>;
}

export type SendingAccount = {
  readonly watch: ChainWatch;
  readonly account: Account;
  readonly pendingStore: PendingStore;
  readonly jobs: readonly Job[];
  readonly obstacles: Obstacles;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Scope of the account's obstacles. */
  readonly scope: string;
  /** Looks in a row at which the chain's nonce was below what was used. */
  nonceGapLooks: number;
};

/** Scope of a ledger's obstacles on a chain. */
export function ledgerScope(watch: ChainWatch, ledgerId: Hex): string {
  return `${watch.name}/${ledgerId}`;
}

/** A transfer of nothing to itself, which only uses up its nonce. */
export function nothingFor(sender: SendingAccount): PlannedCall {
  return { purpose: { kind: "nothing" }, to: sender.account.address, data: "0x" };
}
