/**
 * The contract that this version comes with, as its artifact says it (src/chain/contract/artifact.json), without all
 * that is around these two; a test holds them together.
 */

import type { Hex } from "../../merkle/bytes.ts";

/** keccak256 of the code that a chain has for it. */
export const RUNTIME_CODE_HASH: Hex = "0x164c492275e0576a4cfdfb41b0540ce95a5a32bd808673d7630fa524579b201b";

/** Where the public factory puts that code, on every chain. */
export const CONTRACT = "0xF4749339A470Bb80C432C26b3e5ae419607D5089";
