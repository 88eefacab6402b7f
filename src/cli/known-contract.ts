/** The contract that this version comes with; a proof through other code would prove nothing. */

import artifact from "../anchor/artifact.json" with { type: "json" };
import type { Hex } from "../merkle/bytes.ts";

/** keccak256 of the contract's code on a chain, one for each version that is known. */
export function knownCodeHashes(): Hex[] {
  return [artifact.runtimeCodeHash as Hex];
}
