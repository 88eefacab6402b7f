/** Which entries an erasure is of, found by reading them: what the index has may be behind, and a key is destroyed by it. */

import { setImmediate } from "node:timers/promises";
import type { Entry } from "../../entry/entry.ts";
import { OF_THE_SERVICE } from "../../entry/prepare.ts";
import { type EntryRange, rangesOf } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { readFacts } from "../../query/index/searchable.ts";
import { ErasureError } from "./erasure-error.ts";
import type { ErasureOptions } from "./erasure-parts.ts";
import type { ErasureTarget } from "./erasure-target.ts";
import { goesByName } from "./goes-by-name.ts";

/** Events of one erasure: they are written in one batch. */
const ERASED_MAX = 100_000;
/** Entries that are looked at before others have the thread. */
const SLICE = 512;

export type ErasurePlan = {
  readonly ranges: readonly EntryRange[];
  readonly count: number;
  /** How many each hold stops. */
  readonly held: readonly { readonly hold: string; readonly held: number }[];
  /** Events of the service about itself: they are never erased. */
  readonly own: number;
};

/**
 * Looks for the entries of a ledger.
 * @throws ErasureError erasure_too_large
 */
export async function planErasure(
  { store, holds }: Pick<ErasureOptions, "store" | "holds">,
  ledgerId: Hex,
  target: ErasureTarget,
  members: readonly string[] | undefined,
): Promise<ErasurePlan> {
  const size = (await store.head(ledgerId))?.size ?? 0;
  const goes = goesByName(members);
  const indexes: number[] = [];
  const held = new Map<string, number>();
  let own = 0;
  for (const [start, end] of target.ranges) {
    let index = start - 1;
    if (start >= size) continue;
    for await (const entry of store.entries(ledgerId, start, Math.min(end, size))) {
      index++;
      if (index % SLICE === 0) await setImmediate();
      if (!isShown(entry, goes) || !target.isMeant(entry)) continue;
      if (isOfService(entry)) {
        own++;
        continue;
      }
      for (const hold of holds.heldBy(ledgerId, index, entry)) held.set(hold, (held.get(hold) ?? 0) + 1);
      indexes.push(index);
      if (indexes.length > ERASED_MAX) throw tooMany();
    }
  }
  const byHold = [...held].map(([hold, count]) => ({ hold, held: count }));
  return { ranges: rangesOf(indexes), count: indexes.length, held: byHold, own };
}

function isOfService(entry: Entry): boolean {
  return readFacts(entry).format === OF_THE_SERVICE;
}

function isShown({ members }: Entry, goes: (text: string) => boolean): boolean {
  return members.some((member) => "text" in member && goes(member.text));
}

function tooMany(): ErasureError {
  const message = `expected at most ${ERASED_MAX} events in one erasure, got more: erase them in parts, with a filter that has until= or to=`;
  return new ErasureError("erasure_too_large", message);
}
