/**
 * One signed transaction: its bytes, what it is for and what it may cost. A nonce may have several, of which the chain
 * takes one (pending.ts).
 */

import type { AnchoredEvent } from "../../chain/chain.ts";
import type { FeeLimits } from "../../chain/fees.ts";
import type { Hex } from "../../merkle/bytes.ts";

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
  readonly offer: StoredFeeLimits;
  readonly signedAt: number;
  /** Newest block when it was signed: no block since then means that a higher fee would buy nothing. */
  readonly signedAtBlock: number;
};

export type StoredFeeLimits = {
  readonly gasMax: number;
  readonly feeMax: string;
  readonly tipMax: string;
  readonly legacy: boolean;
  readonly dataFee: string;
};

export function storeFeeLimits({ gasMax, feeMax, tipMax, legacy, dataFee }: FeeLimits): StoredFeeLimits {
  return { gasMax, legacy, feeMax: String(feeMax), tipMax: String(tipMax), dataFee: String(dataFee) };
}

export function readFeeLimits({ gasMax, feeMax, tipMax, legacy, dataFee }: StoredFeeLimits): FeeLimits {
  return { gasMax, legacy, feeMax: BigInt(feeMax), tipMax: BigInt(tipMax), dataFee: BigInt(dataFee) };
}

/** Ledgers that a purpose is about. */
export function ledgersOf(purpose: Purpose): readonly Hex[] {
  if (purpose.kind === "anchor") return purpose.items.map(({ ledgerId }) => ledgerId);
  return purpose.kind === "nothing" ? [] : [purpose.ledgerId];
}
