/**
 * What an endpoint's error means, by its wording: JSON-RPC has no codes for it, and nodes differ. The wordings are of
 * geth, Erigon, Besu, Nethermind, Hardhat's EDR and anvil; test/chain/error-wording.test.ts has them.
 */

import type { ChainErrorKind } from "../chain.ts";

type Rule = { readonly kind: ChainErrorKind; readonly pattern: RegExp };

/** First match wins: "replacement transaction underpriced" before "transaction underpriced". */
const RULES: readonly Rule[] = [
  {
    kind: "known",
    pattern: /already known|already imported|already exists|(?<!un)known transaction|knowntransaction|alreadyknown/i,
  },
  { kind: "nonce_low", pattern: /nonce( is)? too low|invalid nonce.*expected|oldnonce|nonce has already been used/i },
  {
    kind: "nonce_high",
    pattern:
      /nonce too high|nonce( is)? too far in the future|nonce too distant|exceeds next nonce|nonce out of range|tx-nonce-too-high|nonce ?gap|gapped/i,
  },
  {
    kind: "underpriced",
    pattern: /replacement (transaction|fee).*(underpriced|too low)|underpriced replacement|could not replace/i,
  },
  {
    kind: "fee_low",
    pattern:
      /less than block base fee|less than the block's baseFeePerGas|fee.{0,20} too low|underpriced|below the minimum|below current base fee|gas price too low|feetoolow/i,
  },
  {
    kind: "funds",
    pattern:
      /insufficient (funds|balance)|doesn't have enough funds|upfront cost exceeds|insufficient sender balance|gas required exceeds allowance/i,
  },
  { kind: "reverted", pattern: /revert|VM Exception|execution error/i },
  {
    kind: "rejected",
    pattern:
      /intrinsic gas too (low|high)|requires at least \d+ gas|gas limit.*(exceeds|too high|above)|exceeds block gas limit|exceeds the configured cap|transaction type not supported|invalid (sender|signature|chain id|transaction)|chain ?id|oversized|max initcode|invalid raw/i,
  },
  {
    kind: "state_missing",
    pattern:
      /missing trie node|BlockOutOfRange|header not found|state.*(not available|unavailable|pruned|missing)|pruned|historical state|distance to target block exceeds|proof window|old data not available|block not found|unknown block/i,
  },
  {
    kind: "unavailable",
    pattern:
      /rate limit|too many requests|limit exceeded|timed? ?out|temporarily|unavailable|overloaded|try again|connection|bad gateway|internal error|txpool is full|transaction pool is full/i,
  },
];

/** Kind of an error that an endpoint answered with; "unknown" when the wording is of no known node. */
export function classify(message: string): ChainErrorKind {
  // Nethermind and some proxies say "unknown transaction" for a receipt that is not there.
  return RULES.find(({ pattern }) => pattern.test(message))?.kind ?? "unknown";
}

/** Characters of revert data: errors of the contract have some hundred. */
const REVERT_MAX = 4096;

/** Data of a revert in what an endpoint adds to an error: geth gives hex, Hardhat's EDR an object with `data`. */
export function revertData(data: unknown): string | undefined {
  const inner = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  if (typeof inner !== "string" || inner.length > REVERT_MAX) return undefined;
  return /^0x[0-9a-f]*$/i.test(inner) ? inner.toLowerCase() : undefined;
}
