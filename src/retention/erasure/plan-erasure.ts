/**
 * Which entries an erasure is of, found by reading them: what the index has may be behind, and a key is destroyed by it. Those that were pruned
 * are looked for in the archives that have their bodies.
 */

import { setImmediate } from "node:timers/promises";
import type { Entry } from "../../entry/entry.ts";
import { OF_THE_SERVICE } from "../../entry/prepare.ts";
import { type EntryRange, isIn, rangesOf } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { readFacts } from "../../query/index/searchable.ts";
import type { ErasedArchive } from "./erased-archive.ts";
import { ErasureError } from "./erasure-error.ts";
import type { ErasureOptions } from "./erasure-parts.ts";
import type { ErasureTarget } from "./erasure-target.ts";
import { goesByName } from "./goes-by-name.ts";
import { NamedArchivesBuilder, refuseMissing } from "./named-archives.ts";

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
  /** Those that have something of it, and those of which that cannot be told. */
  readonly archives: readonly ErasedArchive[];
};

export type PlanOptions = Pick<ErasureOptions, "store" | "holds" | "archives" | "now"> & {
  readonly signal: AbortSignal;
};

/**
 * Looks for the entries of a ledger.
 * @throws ErasureError erasure_too_large, archives_unavailable
 */
export async function planErasure(
  options: PlanOptions,
  ledgerId: Hex,
  target: ErasureTarget,
  members: readonly string[] | undefined,
): Promise<ErasurePlan> {
  const { store, holds, archives, now, signal } = options;
  const size = (await store.head(ledgerId))?.size ?? 0;
  const finding = new Finding(holds, ledgerId, target, goesByName(members));
  const pruned: number[] = [];
  const naming = new NamedArchivesBuilder();
  for (const [start, end] of target.ranges) {
    let index = start - 1;
    if (start >= size) continue;
    for await (const entry of store.entries(ledgerId, start, Math.min(end, size))) {
      index++;
      if (index % SLICE === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      if (entry.pruned === undefined) finding.look(index, entry);
      else pruned.push(index);
      naming.look(index, entry);
    }
  }
  const gone = rangesOf(pruned);
  const isMeant = (index: number, entry: Entry) =>
    isIn(gone, index) ? finding.look(index, entry) : finding.has(index) && finding.isShown(entry);
  const ranges = target.ranges
    .filter(([start]) => start < size)
    .map(([start, end]) => [start, Math.min(end, size)] as const);
  const asked = { ledgerId, ranges, named: naming.named, onMissing: refuseMissing(now), isMeant };
  const found = (await archives?.search(asked, signal)) ?? [];
  return { ...finding.plan(), archives: found };
}

/** What was found so far. */
class Finding {
  readonly #holds: PlanOptions["holds"];
  readonly #ledgerId: Hex;
  readonly #target: ErasureTarget;
  readonly #goes: (text: string) => boolean;
  readonly #indexes = new Set<number>();
  readonly #own = new Set<number>();
  readonly #held = new Map<string, Set<number>>();

  constructor(holds: PlanOptions["holds"], ledgerId: Hex, target: ErasureTarget, goes: (text: string) => boolean) {
    this.#holds = holds;
    this.#ledgerId = ledgerId;
    this.#target = target;
    this.#goes = goes;
  }

  has(index: number): boolean {
    return this.#indexes.has(index);
  }

  isShown({ members }: Entry): boolean {
    return members.some((member) => "text" in member && this.#goes(member.text));
  }

  /** Takes an entry where it is meant, from the store or from any archive that has it. @returns whether it goes */
  look(index: number, entry: Entry): boolean {
    if (!this.isShown(entry) || !this.#target.isMeant(entry)) return false;
    if (readFacts(entry).format === OF_THE_SERVICE) {
      this.#own.add(index);
      return false;
    }
    for (const hold of this.#holds.heldBy(this.#ledgerId, index, entry)) {
      const held = this.#held.get(hold) ?? new Set();
      this.#held.set(hold, held.add(index));
    }
    this.#indexes.add(index);
    if (this.#indexes.size > ERASED_MAX) throw tooMany();
    return true;
  }

  plan(): Omit<ErasurePlan, "archives"> {
    const indexes = [...this.#indexes].sort((a, b) => a - b);
    const held = [...this.#held].map(([hold, { size }]) => ({ hold, held: size }));
    return { ranges: rangesOf(indexes), count: indexes.length, held, own: this.#own.size };
  }
}

function tooMany(): ErasureError {
  const message = `expected at most ${ERASED_MAX} events in one erasure, got more: erase them in parts, with a filter that has until= or to=`;
  return new ErasureError("erasure_too_large", message);
}
