/** The versions of the contract that these pages know, by the keccak256 of their code; the build puts them in. */

import type { Hex } from "../../merkle/bytes.ts";

declare const CODE_HASHES: readonly Hex[];

declare const CONTRACTS: readonly string[];

export const KNOWN_CODE_HASHES: readonly Hex[] = CODE_HASHES;
/** Where the public factory puts them. */
export const KNOWN_CONTRACTS: readonly string[] = CONTRACTS;
