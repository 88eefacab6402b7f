/**
 * What was erased since a backup, erased in what is restored of it: the keyring, which has its own and newer backup, knows what is left of
 * each erased entry.
 */

import { type PackedEntry, packEntry } from "../entry/packed.ts";
import { withholdErased } from "../entry/redact.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import type { EntryReplacement, Store } from "../store/store.ts";

/** What is left of the erased entries of a ledger, in order. */
export type ErasedEntries = (
  ledgerId: Hex,
) => AsyncIterable<{ readonly index: number; readonly members: PackedEntry["members"] }>;

const BATCH = 256;

/** Writes erased entries again, and takes what was there off the disk. @returns how many */
export async function applyErased(store: Store, hash: Hash, allErased: ErasedEntries): Promise<number> {
  let applied = 0;
  for (const { id } of await store.ledgers()) {
    const size = (await store.head(id))?.size ?? 0;
    let batch: EntryReplacement[] = [];
    const flush = async () => {
      await store.replaceEntries(id, batch, []);
      applied += batch.length;
      batch = [];
    };
    for await (const { index, members } of allErased(id)) {
      if (index >= size) break;
      for await (const found of store.entries(id, index, index + 1)) {
        const left = withholdErased(hash, found, members);
        if (left !== undefined) batch.push({ index, entry: packEntry(left) });
      }
      if (batch.length >= BATCH) await flush();
    }
    if (batch.length > 0) await flush();
  }
  if (applied > 0) await store.compact();
  return applied;
}
