/** Archives in which pruned entries are said to be: an erasure looks at each of them, or does not say that it was done. */

import type { Entry } from "../../entry/entry.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import { ErasureError } from "./erasure-error.ts";

/** By the name that entries have, those entries, ascending. */
export type NamedArchives = ReadonlyMap<string, readonly EntryRange[]>;

/** Puts them together, entry after entry. */
export class NamedArchivesBuilder {
  readonly #named = new Map<string, [number, number][]>();

  get named(): NamedArchives {
    return this.#named;
  }

  /** @param index behind that of the entry before */
  look(index: number, { pruned }: Entry): void {
    const name = pruned?.archive;
    if (name === undefined) return;
    const ranges = this.#named.get(name) ?? [];
    if (ranges.length === 0) this.#named.set(name, ranges);
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index) last[1]++;
    else ranges.push([index, index + 1]);
  }
}

/** Refuses an archive that is not there, unless nobody has to have it any more. @throws ErasureError archives_unavailable */
export function refuseMissing(now: () => number): (name: string, until: number | undefined) => void {
  return (name, until = 0) => {
    if (until > 0 && until <= now()) return;
    const message = `expected the archive ${name} where archives are kept, since pruned events are in it, got none: look whether its folder is mounted, and bring it back`;
    throw new ErasureError("archives_unavailable", message);
  };
}
