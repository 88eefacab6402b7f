/**
 * What erasures left of entries, written into an older copy of a store that shows more of them: when a backup is restored, and when a
 * service starts on such a copy.
 */

import { type PackedMembers, packEntry } from "../../entry/packed.ts";
import { withholdErased } from "../../entry/redact.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { EntryReplacement, Store } from "../store.ts";

/** What is left of an entry: packed digests of what went. */
export type ErasedEntry = { readonly index: number; readonly members: PackedMembers };

/** Entries that are written again in one batch. */
const AT_ONCE = 1024;

/**
 * Writes entries again that show what was erased.
 * @param erased in order
 * @returns indexes of all that was erased and that the store has, and how many of them it showed
 */
export async function rewriteErased(
  { store, hash }: { readonly store: Pick<Store, "head" | "entries" | "replaceEntries">; readonly hash: Hash },
  ledgerId: Hex,
  erased: AsyncIterable<ErasedEntry>,
): Promise<{ readonly indexes: readonly number[]; readonly rewritten: number }> {
  const size = (await store.head(ledgerId))?.size ?? 0;
  const indexes: number[] = [];
  let rewritten = 0;
  let replacements: EntryReplacement[] = [];
  const flush = async () => {
    await store.replaceEntries(ledgerId, replacements, []);
    rewritten += replacements.length;
    replacements = [];
  };
  for await (const { index, members } of erased) {
    if (index >= size) break;
    indexes.push(index);
    for await (const entry of store.entries(ledgerId, index, index + 1)) {
      const left = withholdErased(hash, entry, members);
      if (left !== undefined) replacements.push({ index, entry: packEntry(left) });
    }
    if (replacements.length >= AT_ONCE) await flush();
  }
  if (replacements.length > 0) await flush();
  return { indexes, rewritten };
}
