/**
 * What an erasure does in archives: from those that can be read and written here goes what went from the store. Of an entry that the store has
 * with its body that is whatever is withheld there by now; one that was pruned is in archives alone, and loses what the erasure is of.
 * Why: docs/decisions/0249.
 */

import type { Entry } from "../../entry/entry.ts";
import { packWithheld, withholdErased, withholdWhere } from "../../entry/redact.ts";
import { isIn } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Store } from "../../store/store.ts";
import type { HoldGuard } from "../hold-book.ts";
import type { KeptErasure } from "./erasure-records.ts";
import { goesByName } from "./goes-by-name.ts";

export type LessenOptions = {
  readonly store: Pick<Store, "entry">;
  readonly hash: Hash;
  readonly holds: Pick<HoldGuard, "heldBy">;
};

/** Of an archive that would lose something that is nowhere else, and is under a legal hold. */
export class ArchiveHeldError extends Error {
  override readonly name = "ArchiveHeldError";
  readonly code = "archive_held";
}

/** What an archived entry becomes by some erasures; undefined where nothing of it goes. It throws ArchiveHeldError where that is held. */
export function lessenBy(
  { store, hash, holds }: LessenOptions,
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
    if (left === undefined) return undefined;
    // What the store has was held against when it went from there.
    const [hold] = holds.heldBy(ledgerId, index, archived);
    if (hold !== undefined)
      throw new ArchiveHeldError(`entry ${index}, which is in an archive alone, is under the legal hold ${hold}`);
    return left;
  };
}

function withoutWithheld(hash: Hash, archived: Entry, stored: Entry): Entry | undefined {
  const withheld = packWithheld(stored);
  return withheld === undefined ? undefined : withholdErased(hash, archived, withheld);
}
