/**
 * The port to an account that sends transactions. The key may be in this process or elsewhere. An implementation promises
 * that the transaction is signed by the address; that it is the draft, signChecked() in transaction.ts checks for whoever
 * sends it, so none is changed unseen.
 */

import type { Hex } from "../merkle/bytes.ts";

/** A transaction before it is signed; fees in wei for each unit of gas. */
export type Draft = {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly gasMax: number;
  readonly feeMax: bigint;
  readonly tipMax: bigint;
  readonly legacy: boolean;
};

export interface Account {
  /** Lower case. */
  readonly address: Hex;
  /** The draft as a serialized signed transaction. */
  sign(draft: Draft): Promise<Hex>;
}
