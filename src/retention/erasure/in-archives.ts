/**
 * What an erasure does in archives: from those that can be read and written here goes what went from the store. Of an entry that the store has
 * with its body that is whatever is withheld there by now; one that was pruned is in archives alone, and loses what the erasure is of.
 * Why: docs/decisions/0249.
 */

import type { Entry, Member } from "../../entry/entry.ts";
import { packMembers } from "../../entry/packed.ts";
import { withholdErased, withholdWhere } from "../../entry/redact.ts";
import { type EntryRange, overlapOf } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Store } from "../../store/store.ts";
import type { KeptErasure } from "./erasure-records.ts";
import { goesByName } from "./goes-by-name.ts";

export type LessenOptions = { readonly store: Pick<Store, "entry">; readonly hash: Hash };

/** What an archived entry becomes by some erasures; undefined where nothing of it goes. */
export function lessenBy(
  { store, hash }: LessenOptions,
  ledgerId: Hex,
  erasures: readonly Pick<KeptErasure, "ranges" | "members" | "isAgain">[],
): (index: number, entry: Entry) => Promise<Entry | undefined> {
  // What was erased again in an older copy is told by the copy itself: which members they were is not kept.
  const named = erasures.filter(({ isAgain }) => isAgain !== true);
  return async (index, archived) => {
    const stored = await store.entry(ledgerId, index);
    if (stored === undefined) return undefined;
    if (stored.pruned === undefined) return withoutWithheld(hash, archived, stored);
    let left: Entry | undefined;
    for (const { ranges, members } of named) {
      if (isIn(ranges, index)) left = withholdWhere(hash, left ?? archived, goesByName(members)) ?? left;
    }
    return left;
  };
}

export function isIn(ranges: readonly EntryRange[], index: number): boolean {
  return overlapOf(ranges, index, index + 1) === "all";
}

function withoutWithheld(hash: Hash, archived: Entry, { members }: Entry): Entry | undefined {
  const withheld = members.filter((member): member is Exclude<Member, { text: string }> => "digest" in member);
  return withheld.length === 0 ? undefined : withholdErased(hash, archived, packMembers(withheld));
}
