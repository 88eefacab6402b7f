/** The contract that this version comes with; a proof through other code, or from another place, would prove nothing. */

import artifact from "../../chain/contract/artifact.json" with { type: "json" };
import type { Hex } from "../../merkle/bytes.ts";

/** keccak256 of the contract's code on a chain, one for each version that is known. */
export function knownCodeHashes(): Hex[] {
  return [artifact.runtimeCodeHash as Hex];
}

/** Where the public factory puts the contract on every chain: the address depends on the code that it begins with. */
export function knownContracts(): string[] {
  return [artifact.create2.address];
}
