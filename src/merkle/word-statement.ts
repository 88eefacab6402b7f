/**
 * What a watcher says of a ledger: that the word with this number and digest is its own. EIP-712 typed data in the domain of
 * checkpoints, under a type of its own, so that no signature can pass for one of another kind. docs/format.md §13.
 */

import { concat, fromHex, type Hex, utf8 } from "./bytes.ts";
import { typedDigest, word as uint64 } from "./checkpoint.ts";
import { type Hash, keccak256 } from "./hash.ts";

/** `digest` of a word about a ledger; of one watcher each has a larger number than the one before. */
export type WordStatement = { readonly ledgerId: Hex; readonly number: number; readonly digest: Hex };

const WORD_TYPE = "WatcherWord(bytes32 ledgerId,uint64 number,bytes32 digest)";
const WORD_TYPE_HASH = keccak256(utf8(WORD_TYPE));

/** Digest that the watcher signs. @throws TypeError or RangeError when a field has the wrong form */
export function wordStatementDigest({ ledgerId, number, digest }: WordStatement, hash: Hash = keccak256): Uint8Array {
  return typedDigest(concat(WORD_TYPE_HASH, fromHex(ledgerId, 32), uint64(number), fromHex(digest, 32)), hash);
}
