/** The code of the contract that this version comes with; a proof through other code would prove nothing. */

import artifact from "../anchor/artifact.json" with { type: "json" };
import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";

/** keccak256 of the contract's code on a chain, one for each version that is known. */
export function knownCodeHashes(): Hex[] {
  return [toHex(keccak256(fromHex(artifact.deployedBytecode)))];
}
