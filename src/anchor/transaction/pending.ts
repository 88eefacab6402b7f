/**
 * A pending transaction: everything that was ever sent under one nonce of an account. It is stored before its first byte is sent, and
 * after every step, so a crash between any two steps is answered by taking the next step again. What may happen to it, all
 * of it, and what is not in this table is refused:
 *
 *   from                | event       | to        | when
 *   --------------------|-------------|-----------|------------------------------------------------------------
 *   signed, broadcast   | sent        | broadcast | an endpoint took it
 *   signed, broadcast   | unanswered  | broadcast | nobody knows whether it arrived: it is sent again
 *   signed              | refused     | signed    | an endpoint wants it priced otherwise
 *   broadcast           | refused     | broadcast | an endpoint wants it priced otherwise
 *   signed              | waits       | signed    | a lower nonce is missing, or the account has too little
 *   broadcast           | waits       | broadcast | a lower nonce is missing, or the account has too little
 *   signed, broadcast   | replaced    | signed    | a new attempt under the same nonce pays more
 *   signed              | nonce_low   | signed    | an endpoint says that the nonce is used: receipts are looked for
 *   broadcast           | nonce_low   | broadcast | an endpoint says that the nonce is used: receipts are looked for
 *   signed              | nonce_used  | signed    | the chain says so, and knows a receipt of no attempt
 *   broadcast           | nonce_used  | broadcast | the chain says so, and knows a receipt of no attempt
 *   signed              | nonce_free  | signed    | the chain says that the nonce was not used after all
 *   broadcast           | nonce_free  | broadcast | the chain says that the nonce was not used after all
 *   signed, broadcast   | displaced   | displaced | the nonce is somebody else's, was told far too high, or its receipt never came
 *   signed, broadcast   | mined       | mined     | a receipt, its block, and what it did in the contract
 *   displaced           | mined       | mined     | the receipt was late
 *   mined, safe, final  | mined       | mined     | a reorganisation put it into another block
 *   mined, final        | safe        | safe      | its block is safe; a chain may take back what it called final
 *   safe, final         | not_safe    | mined     | its block is not safe any more
 *   mined, safe         | final       | final     | its block is final, and the contract holds what it anchored
 *   mined, safe, final  | reorganised | signed    | its block is gone: the same bytes are sent again
 *   displaced           | nonce_freed | signed    | the chain says that the nonce is free: its bytes are sent again
 *
 * - What is planned is not stored: whoever crashes there has promised nothing and plans again.
 * - signed: stored, perhaps sent. The next step sends it; to send twice is harmless. A reorganised one is signed and not
 *   broadcast, for nobody knows whether a pool still has it.
 * - broadcast: in the pool, as far as known. Every attempt of the nonce is watched, not only the last: an earlier one
 *   may be the one that is mined, and the others are then replaced for good.
 * - mined: in a block that the chain has now. `succeeded` false is a failed transaction: it cost gas, and its nonce.
 * - displaced: given up. A transaction of somebody else used the nonce, who has the key too; or an endpoint had told a
 *   nonce that is far too high (nonce-gap.ts); or no endpoint told its receipt (follow.ts). What the transaction wanted is
 *   planned again; its bytes are kept, should they be mined after all, and until then a budget counts them (give-up.ts).
 * - final transactions are kept for a while, because "final" is the chain's word and a test chain breaks it.
 * A halt is not a state: it is why an account does not take the next step now (no funds, price above the cap, another chain),
 * found anew at each step, and gone when its cause is.
 * Why: docs/decisions/0132, and 0121 for receipts that come late.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { Attempt } from "./attempt.ts";

export type Stage = "signed" | "broadcast" | "mined" | "safe" | "final" | "displaced";

/** Where a transaction came to be mined; in records of the store it is called `landing`. */
export type MinedPlace = {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly gasUsed: number;
  readonly feeWei: string;
  readonly succeeded: boolean;
};

export type PendingTransaction = {
  readonly nonce: number;
  readonly stage: Stage;
  /** Oldest first; never empty. */
  readonly attempts: readonly Attempt[];
  readonly landing?: MinedPlace;
  /** Looks in a row that found the nonce used and none of the attempts mined. */
  readonly missed: number;
  /** When the first of these looks was, milliseconds since 1970. */
  readonly missedAt?: number;
  /** What the budget of a day (UTC) was charged when it was given up. */
  readonly held?: { readonly day: string; readonly wei: string };
  /** When something was last sent, milliseconds since 1970; 0 before the first time. */
  readonly sentAt: number;
  /** Why an endpoint refused the last attempt. */
  readonly refused?: "fee_low" | "underpriced" | "rejected";
};

/** What happens to a transaction; times in milliseconds since 1970. */
export type PendingEvent =
  | { readonly type: "sent" | "unanswered" | "waits" | "nonce_low"; readonly at: number }
  | { readonly type: "refused"; readonly at: number; readonly reason: NonNullable<PendingTransaction["refused"]> }
  | { readonly type: "replaced"; readonly attempt: Attempt }
  | { readonly type: "mined"; readonly landing: MinedPlace }
  | { readonly type: "nonce_used"; readonly at: number }
  | { readonly type: "nonce_free" | "nonce_freed" }
  | { readonly type: "displaced"; readonly held: NonNullable<PendingTransaction["held"]> }
  | { readonly type: "safe" | "not_safe" | "final" | "reorganised" };

/** The table above, as it is obeyed: for each event what each state becomes; test/anchor/pending.test.ts compares the two. */
export const TRANSITIONS: Readonly<Record<PendingEvent["type"], Readonly<Partial<Record<Stage, Stage>>>>> = {
  sent: { signed: "broadcast", broadcast: "broadcast" },
  unanswered: { signed: "broadcast", broadcast: "broadcast" },
  refused: { signed: "signed", broadcast: "broadcast" },
  waits: { signed: "signed", broadcast: "broadcast" },
  replaced: { signed: "signed", broadcast: "signed" },
  nonce_low: { signed: "signed", broadcast: "broadcast" },
  nonce_used: { signed: "signed", broadcast: "broadcast" },
  nonce_free: { signed: "signed", broadcast: "broadcast" },
  displaced: { signed: "displaced", broadcast: "displaced" },
  mined: {
    signed: "mined",
    broadcast: "mined",
    displaced: "mined",
    mined: "mined",
    safe: "mined",
    final: "mined",
  },
  safe: { mined: "safe", final: "safe" },
  not_safe: { safe: "mined", final: "mined" },
  final: { mined: "final", safe: "final" },
  reorganised: { mined: "signed", safe: "signed", final: "signed" },
  nonce_freed: { displaced: "signed" },
};

/** A transaction that was signed, and that nobody was sent. */
export function beginPending(nonce: number, attempt: Attempt): PendingTransaction {
  return { nonce, stage: "signed", attempts: [attempt], missed: 0, sentAt: 0 };
}

/**
 * What becomes of a transaction by an event; nothing else writes its state.
 * @throws TypeError when the table does not have the event for that state
 */
export function transition(pending: PendingTransaction, event: PendingEvent): PendingTransaction {
  const stage = TRANSITIONS[event.type][pending.stage];
  if (stage === undefined) {
    const allowed = Object.entries(TRANSITIONS).flatMap(([type, from]) => (pending.stage in from ? [type] : []));
    throw new TypeError(
      `nonce ${pending.nonce}: expected an event that "${pending.stage}" allows (${allowed.join(", ")}), got "${event.type}"`,
    );
  }
  return { ...changed(pending, event), stage };
}

function changed(pending: PendingTransaction, event: PendingEvent): PendingTransaction {
  switch (event.type) {
    case "sent":
      return { ...withoutRefusal(pending), sentAt: event.at };
    case "unanswered":
    case "waits":
      return { ...pending, sentAt: event.at };
    case "nonce_low":
      return { ...pending, sentAt: event.at, missed: Math.max(1, pending.missed) };
    case "refused":
      return { ...pending, sentAt: event.at, refused: event.reason };
    case "replaced":
      return { ...withoutRefusal(pending), attempts: [...pending.attempts, event.attempt] };
    case "nonce_used":
      return { ...pending, missed: pending.missed + 1, missedAt: pending.missedAt ?? event.at };
    case "nonce_free":
      return { ...withoutMiss(pending), missed: 0 };
    case "displaced":
      return { ...pending, held: event.held };
    case "mined":
      return { ...withoutMiss(pending), landing: event.landing, missed: 0 };
    case "reorganised":
    case "nonce_freed": {
      const { nonce, stage, attempts } = pending;
      return { nonce, stage, attempts, missed: 0, sentAt: 0 };
    }
    default:
      return pending;
  }
}

function withoutRefusal({ refused: _, ...pending }: PendingTransaction): PendingTransaction {
  return pending;
}

function withoutMiss({ missedAt: _, held: __, ...pending }: PendingTransaction): PendingTransaction {
  return pending;
}

export function isUnmined({ stage }: PendingTransaction): boolean {
  return stage === "signed" || stage === "broadcast";
}

/** Mined, and might still be reorganised. */
export function isOpen({ stage }: PendingTransaction): boolean {
  return stage === "mined" || stage === "safe";
}

export function lastAttempt({ attempts, nonce }: PendingTransaction): Attempt {
  const attempt = attempts.at(-1);
  if (attempt === undefined) throw new TypeError(`expected an attempt under nonce ${nonce}, got none`);
  return attempt;
}

/** The attempt that was mined. */
export function minedAttempt(pending: PendingTransaction): Attempt | undefined {
  return pending.attempts.find(({ hash }) => hash === pending.landing?.hash);
}
