/** The door of @ethereumjs/rlp: Recursive Length Prefix, Ethereum Yellow Paper, appendix B. */

import { decode } from "@ethereumjs/rlp";
import { ProofError } from "../../merkle/proof.ts";

/** A decoded item: a byte string or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/**
 * Decodes one item that fills the bytes.
 * @throws ProofError when they are not RLP
 */
function decodeRlp(bytes: Uint8Array): RlpItem {
  try {
    return decode(bytes) as RlpItem;
  } catch (cause) {
    throw new ProofError("expected RLP, got other bytes", { cause });
  }
}

/** {@link decodeRlp} of a list. */
export function decodeRlpList(bytes: Uint8Array): readonly RlpItem[] {
  const item = decodeRlp(bytes);
  if (item instanceof Uint8Array) throw new ProofError("expected an RLP list, got a byte string");
  return item;
}

/** {@link decodeRlp} of a byte string. */
export function decodeRlpBytes(bytes: Uint8Array): Uint8Array {
  const item = decodeRlp(bytes);
  if (!(item instanceof Uint8Array)) throw new ProofError("expected an RLP byte string, got a list");
  return item;
}
