/**
 * What was erased since a backup, erased in what is restored of it: the keyring, which has its own and newer backup, knows what is left of
 * each erased entry.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import type { Store } from "../store/store.ts";
import { type ErasedEntry, rewriteErased } from "../store/values/rewrite-erased.ts";

/** What is left of the erased entries of a ledger, in order. */
export type ErasedEntries = (ledgerId: Hex) => AsyncIterable<ErasedEntry>;

/** Writes erased entries again, and takes what was there off the disk. @returns how many */
export async function applyErased(store: Store, hash: Hash, allErased: ErasedEntries): Promise<number> {
  let applied = 0;
  for (const { id } of await store.ledgers()) {
    applied += (await rewriteErased({ store, hash }, id, allErased(id))).rewritten;
  }
  if (applied > 0) await store.compact();
  return applied;
}
