/**
 * A flight: everything that was ever sent under one nonce of an account. It is stored before its first byte is sent, and
 * after every step, so a crash between any two steps is answered by taking the next step again.
 *
 *             sign, store            an endpoint took it            a receipt, its block, its state
 *   (planned) -----------> signed -----------------------> broadcast ------------------------------> mined
 *                             ^   refused: price again  |    ^  |  ^                                   |
 *                             |                         |    |  |  | time, blocks: a higher offer,     | block safe
 *                             +-------------------------+    |  +--+ a new attempt, same nonce         v
 *                                                            |  |                                    safe
 *                                 reorganised: the same bytes|  | nonce used, no                       |
 *                                 are sent again             |  | receipt, thrice                      | block final, and the
 *                                                            |  v                                      v contract holds the root
 *                                                            +--displaced <---- mined, safe, final     final
 *
 * - planned is not stored: whoever crashes there has promised nothing and plans again.
 * - signed: stored, perhaps sent. The next step sends it; to send twice is harmless.
 * - broadcast: in the pool, as far as known. Every attempt of the nonce is watched, not only the last: an earlier one
 *   may be the one that is mined, and the others are then replaced for good.
 * - mined: in a block that the chain has now. `succeeded` false is a failed transaction: it cost gas, and its nonce.
 * - displaced: a transaction of somebody else used the nonce, who has the key too; or an endpoint had told a nonce that
 *   is far too high (nonce-gap.ts). What the flight wanted is planned again; its bytes are kept, should they be mined
 *   after all.
 * - final flights are kept for a while, because "final" is the chain's word and a test chain breaks it.
 * A halt is not a stage: it is why a lane does not take the next step now (no funds, price above the cap, another chain),
 * found anew at each step, and gone when its cause is.
 */

import type { AnchoredEvent } from "../../chain/chain.ts";
import type { Offer } from "../../chain/fees.ts";
import type { Hex } from "../../merkle/bytes.ts";

export type Stage = "signed" | "broadcast" | "mined" | "safe" | "final" | "displaced";

/** A checkpoint on its way, and the size of the head that it extends. */
export type AnchorItem = AnchoredEvent & {
  readonly prevSize: number;
  /** Seconds since 1970. */
  readonly signedAt: number;
  readonly signature: Hex;
};

export type Purpose =
  | { readonly kind: "anchor"; readonly items: readonly AnchorItem[] }
  | { readonly kind: "open"; readonly ledgerId: Hex; readonly label: Hex; readonly signer: Hex }
  | { readonly kind: "rotate"; readonly ledgerId: Hex; readonly signer: Hex }
  /** Sends nothing to itself, to use up a nonce. */
  | { readonly kind: "nothing" };

/** One signed transaction; times in milliseconds since 1970. */
export type Attempt = {
  readonly hash: Hex;
  readonly raw: Hex;
  readonly purpose: Purpose;
  readonly offer: StoredOffer;
  readonly signedAt: number;
  /** Newest block when it was signed: no block since then means that a higher fee would buy nothing. */
  readonly signedAtBlock: number;
};

export type StoredOffer = {
  readonly gasMax: number;
  readonly feeMax: string;
  readonly tipMax: string;
  readonly legacy: boolean;
  readonly dataFee: string;
};

/** Where a flight came to be mined. */
export type Landing = {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly gasUsed: number;
  readonly feeWei: string;
  readonly succeeded: boolean;
};

export type Flight = {
  readonly nonce: number;
  readonly stage: Stage;
  /** Oldest first; never empty. */
  readonly attempts: readonly Attempt[];
  readonly landing?: Landing;
  /** Looks in a row that found the nonce used and none of the attempts mined. */
  readonly missed: number;
  /** When something was last sent, milliseconds since 1970; 0 before the first time. */
  readonly sentAt: number;
  /** Why an endpoint refused the last attempt. */
  readonly refused?: "fee_low" | "underpriced" | "rejected";
};

export function isUnmined({ stage }: Flight): boolean {
  return stage === "signed" || stage === "broadcast";
}

/** Mined, and might still be reorganised. */
export function isOpen({ stage }: Flight): boolean {
  return stage === "mined" || stage === "safe";
}

export function lastAttempt({ attempts, nonce }: Flight): Attempt {
  const attempt = attempts.at(-1);
  if (attempt === undefined) throw new TypeError(`expected an attempt in the flight of nonce ${nonce}, got none`);
  return attempt;
}

/** The attempt that was mined. */
export function landedAttempt(flight: Flight): Attempt | undefined {
  return flight.attempts.find(({ hash }) => hash === flight.landing?.hash);
}

export function storeOffer({ gasMax, feeMax, tipMax, legacy, dataFee }: Offer): StoredOffer {
  return { gasMax, legacy, feeMax: String(feeMax), tipMax: String(tipMax), dataFee: String(dataFee) };
}

export function readOffer({ gasMax, feeMax, tipMax, legacy, dataFee }: StoredOffer): Offer {
  return { gasMax, legacy, feeMax: BigInt(feeMax), tipMax: BigInt(tipMax), dataFee: BigInt(dataFee) };
}

/** Ledgers that a purpose is about. */
export function ledgersOf(purpose: Purpose): readonly Hex[] {
  if (purpose.kind === "anchor") return purpose.items.map(({ ledgerId }) => ledgerId);
  return purpose.kind === "nothing" ? [] : [purpose.ledgerId];
}

/** The flight without its landing, on its way again. */
export function takeBack({ nonce, attempts }: Flight): Flight {
  return { nonce, attempts, stage: "signed", missed: 0, sentAt: 0 };
}
