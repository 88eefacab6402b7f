/**
 * Index completeness: what the index for search has of each closed segment is exactly what its entries lead to, nothing missing and
 * nothing else. It is derived, so that what is wrong is built again once it is told; what it has of the newest entries is made
 * of them at each start, in memory, and not looked at.
 */

import { type PackedEntry, packEntry } from "../../entry/packed.ts";
import type { AuditCheck, BuiltSegment, Ground, Stretch } from "./check.ts";

/** A segment that is being built. */
export interface GrowingSegment extends BuiltSegment {
  /**
   * Adds the entry with index `end`; undefined stands for one that cannot be read.
   * @throws RangeError, SyntaxError when its members have no form: it is not added then
   */
  add(entry: PackedEntry | undefined): void;
}

/** What an audit needs of an index. */
export interface AuditedIndex {
  /** Index behind the last entry that is in a closed segment. */
  readonly end: number;
  /** Entries of a segment at the most. */
  readonly lengthMax: number;
  /** The closed segment that has an entry; undefined when it is in none. */
  segmentAt(index: number): ClosedSegment | undefined;
  begin(from: number): GrowingSegment;
  /** What differs, in words. */
  difference(number: number, built: BuiltSegment): Promise<string | undefined>;
  /** Has entries [from, to) indexed again. */
  repair?(from: number, to: number): Promise<void>;
}

/** Entries [from, to) are in it. */
export type ClosedSegment = { readonly number: number; readonly from: number; readonly to: number };

export type IndexCheckOptions = {
  /** Why there is none to ask now, in words, where that is so. */
  readonly index: AuditedIndex | string;
  /** Of the ledger. */
  readonly size: number;
  /** Before an index that differs is compared again: somebody may be erasing. */
  readonly pause: () => Promise<void>;
};

const TRIES = 3;
const READ_AT_ONCE = 256;

export class IndexCheck implements AuditCheck {
  readonly name = "index";
  readonly #ground: Ground;
  readonly #options: IndexCheckOptions;
  #looked: number;
  #built: GrowingSegment | undefined;
  #skipped: string | undefined;

  constructor(ground: Ground, options: IndexCheckOptions, kept?: unknown) {
    this.#ground = ground;
    this.#options = options;
    this.#looked = typeof kept === "number" ? kept : 0;
    if (typeof options.index === "string") this.#skipped = options.index;
  }

  get looked(): number {
    return this.#looked;
  }

  get skipped(): string | undefined {
    return this.#skipped;
  }

  async look({ start, packed, segments = [] }: Stretch): Promise<void> {
    const { index } = this.#options;
    if (typeof index === "string") return;
    for (const built of segments) {
      const segment = index.segmentAt(built.start);
      if (segment !== undefined) await this.#compare(index, segment, built);
    }
    if (packed !== undefined) await this.#grow(index, start, packed);
  }

  async #grow(index: AuditedIndex, start: number, packed: readonly (PackedEntry | undefined)[]): Promise<void> {
    for (const [i, found] of packed.entries()) {
      const segment = index.segmentAt(start + i);
      if (segment === undefined) return;
      // A segment that was begun before an audit was interrupted, or in which it begins, is read from its start.
      if (this.#built === undefined || this.#built.end !== start + i)
        this.#built = await this.#build(index, segment.from, start + i);
      addEntry(this.#built, found);
      if (this.#built.end < segment.to) continue;
      await this.#compare(index, segment, this.#built);
      this.#built = undefined;
    }
  }

  finish(): void {
    const { index, size } = this.#options;
    if (typeof index === "string") return;
    if (size - index.end >= index.lengthMax) this.#skipped = `it goes to entry ${index.end} of ${size} by now`;
    else if (size > 0 && this.#looked === 0 && index.end > 0) this.#skipped = "no segment was looked at";
  }

  keep(): unknown {
    return this.#looked;
  }

  async #compare(index: AuditedIndex, { number, from, to }: ClosedSegment, built: BuiltSegment): Promise<void> {
    this.#looked += to - from;
    let problem = await index.difference(number, built);
    for (let tries = 1; problem !== undefined && tries < TRIES; tries++) {
      await this.#options.pause();
      problem = await index.difference(number, await this.#build(index, from, to));
    }
    if (problem === undefined) return;
    this.#ground.add("index_other", from, to, `the index of entries ${from} to ${to - 1}: ${problem}`);
    await index.repair?.(from, to);
  }

  async #build(index: AuditedIndex, from: number, to: number): Promise<GrowingSegment> {
    const { store, record } = this.#ground;
    const built = index.begin(from);
    for (let start = from; start < to; start += READ_AT_ONCE) {
      const end = Math.min(to, start + READ_AT_ONCE);
      for (let at = start; at < end; at++) {
        const entry = await store.entry(record.id, at).catch(() => undefined);
        addEntry(built, entry && packEntry(entry));
      }
    }
    return built;
  }
}

/** Adds an entry; one whose members have no form, which another check tells, has nothing in the index but its place. */
export function addEntry(segment: GrowingSegment, entry: PackedEntry | undefined): void {
  try {
    segment.add(entry);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError) || entry === undefined) throw error;
    segment.add(undefined);
  }
}
