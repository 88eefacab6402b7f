/**
 * What a policy would do to a ledger, were it in force: how many bodies would go, where they lie, how many bytes they are, and what
 * stops it. The thread is given back between entries, and the work ends with its time; the next preview goes on from there.
 */

import { type PackedEntry, unpackEntry } from "../entry/packed.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { HoldGuard } from "./hold-book.ts";
import { RetentionJudge } from "./judge.ts";
import type { RetentionRule } from "./policy.ts";

/** Indexes [from, to) that lie together, of which `count` would go. */
export type DueRange = { readonly from: number; readonly to: number; readonly count: number };

export type RetentionPreview = {
  /** What was looked at: indexes [from, to). */
  readonly from: number;
  readonly to: number;
  /** False when the time was up first; `to` is where to go on. */
  readonly complete: boolean;
  /** Bodies that would go, and their bytes as they are stored. */
  readonly due: number;
  readonly dueBytes: number;
  /** How many of them would go into an archive first. */
  readonly archived: number;
  /** That would go, and are held. */
  readonly held: number;
  /** That would go, and are not final on every chain yet. */
  readonly notFinal: number;
  /** That are gone already. */
  readonly pruned: number;
  /** How many of `due` each rule lets go, by the names of the rules. */
  readonly byRule: readonly { readonly rule: string; readonly due: number; readonly bytes: number }[];
  /** What each hold stops. */
  readonly byHold: readonly { readonly hold: string; readonly held: number }[];
  /** The first of the ranges that would go. */
  readonly ranges: readonly DueRange[];
  /** When the next one becomes due that is not yet; ms since 1970. */
  readonly nextDueAt?: number;
};

export type RetentionPreviewOptions = {
  readonly rules: readonly RetentionRule[];
  readonly holds: HoldGuard;
  /** Up to where the ledger is final on every chain. */
  readonly finalSize: number;
  /** As if it were this time; ms since 1970. */
  readonly at: number;
  readonly from: number;
  readonly timeMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: () => number;
};

/** The part of a ledger that is looked at. */
export type PreviewedRetention = Pick<Ledger, "record" | "size" | "packedEntries">;

const RANGES_MAX = 100;
/** Work between two moments in which others have their turn. */
const SLICE_MS = 10;
const READ_ENTRIES = 1024;
/** Bytes of an entry in the store besides its members. */
const ENTRY_BYTES = 8 + 1 + 4;

export async function previewRetention(
  ledger: PreviewedRetention,
  options: RetentionPreviewOptions,
): Promise<RetentionPreview> {
  const { from, timeMs, at, clock = () => performance.now() } = options;
  const judge = new RetentionJudge(options.rules);
  const sums = new Sums(options, judge);
  const began = clock();
  let sliceBegan = began;
  let to = from;
  let isOver = from >= ledger.size;
  while (!isOver) {
    const end = Math.min(ledger.size, to + READ_ENTRIES);
    for await (const some of ledger.packedEntries(to, end)) {
      for (const packed of some) {
        // Times never run backwards: behind the first one that is too young for every rule, all are.
        const earliest = judge.earliestDueAt(packed.recordedAt);
        if (earliest > at) {
          sums.comesLater(earliest);
          return sums.preview({ from, to: ledger.size, complete: true });
        }
        sums.add(ledger.record.id, to, packed);
        to++;
        if (clock() - sliceBegan <= SLICE_MS) continue;
        await new Promise(setImmediate);
        sliceBegan = clock();
      }
    }
    isOver = to >= ledger.size || clock() - began > timeMs;
  }
  return sums.preview({ from, to, complete: to >= ledger.size });
}

class Sums {
  readonly #options: RetentionPreviewOptions;
  readonly #judge: RetentionJudge;
  readonly #byRule: { due: number; bytes: number }[];
  readonly #byHold = new Map<string, number>();
  readonly #ranges: { from: number; to: number; count: number }[] = [];
  readonly #counts = { due: 0, dueBytes: 0, archived: 0, held: 0, notFinal: 0, pruned: 0 };
  #nextDueAt = Number.POSITIVE_INFINITY;

  constructor(options: RetentionPreviewOptions, judge: RetentionJudge) {
    this.#options = options;
    this.#judge = judge;
    this.#byRule = options.rules.map(() => ({ due: 0, bytes: 0 }));
  }

  add(ledgerId: Hex, index: number, packed: PackedEntry): void {
    if (packed.pruned !== undefined) {
      this.#counts.pruned++;
      return;
    }
    const entry = unpackEntry(packed);
    const { dueAt, rule, isArchived } = this.#judge.judge(entry);
    if (dueAt > this.#options.at) {
      this.comesLater(dueAt);
      return;
    }
    const holds = this.#options.holds.heldBy(ledgerId, index, entry);
    for (const hold of holds) this.#byHold.set(hold, (this.#byHold.get(hold) ?? 0) + 1);
    if (holds.length > 0) {
      this.#counts.held++;
      return;
    }
    if (index >= this.#options.finalSize) {
      this.#counts.notFinal++;
      return;
    }
    const bytes = packed.members.length + ENTRY_BYTES;
    this.#counts.due++;
    this.#counts.dueBytes += bytes;
    if (isArchived) this.#counts.archived++;
    const sum = this.#byRule[rule];
    if (sum !== undefined) {
      sum.due++;
      sum.bytes += bytes;
    }
    this.#addToRange(index);
  }

  comesLater(dueAt: number): void {
    this.#nextDueAt = Math.min(this.#nextDueAt, dueAt);
  }

  preview(reach: Pick<RetentionPreview, "from" | "to" | "complete">): RetentionPreview {
    const { rules } = this.#options;
    return {
      ...reach,
      ...this.#counts,
      byRule: this.#byRule.map((sum, i) => ({ rule: rules[i]?.name ?? "", ...sum })),
      byHold: [...this.#byHold].map(([hold, held]) => ({ hold, held })),
      ranges: this.#ranges,
      ...(Number.isFinite(this.#nextDueAt) && { nextDueAt: this.#nextDueAt }),
    };
  }

  #addToRange(index: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.to === index) {
      last.to = index + 1;
      last.count++;
    } else if (this.#ranges.length < RANGES_MAX) this.#ranges.push({ from: index, to: index + 1, count: 1 });
  }
}
