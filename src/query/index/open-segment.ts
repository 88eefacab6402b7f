/**
 * The segment that is growing: it is searched in memory and not kept on disk, so that what is written to the index is
 * written once. After a start it is built again from at most 16384 entries.
 */

import { setImmediate } from "node:timers/promises";
import type { PackedEntry } from "../../entry/packed.ts";
import { type Counts, countEntry, encodeCounts } from "./counts.ts";
import type { EntryTerms } from "./entry-terms/entry-terms.ts";
import { emptyMask, type Mask, SEGMENT_LENGTH } from "./positions.ts";
import { encodeBuckets, PairList, type SortedPairs } from "./postings.ts";
import { PRUNED, type Term } from "./terms.ts";
import { encodeTimes, spanOf, type TimeSpan, type Times } from "./times.ts";

/** A segment with this many pairs is closed early: 8 MiB. Events with thousands of targets exist. */
const PAIRS_MAX = 2 ** 20;

/** A segment as it is written: everything that its entries lead to. It can be made elsewhere than where it is written or compared. */
export type EncodedSegment = {
  /** Its entries are [start, end). */
  readonly start: number;
  readonly end: number;
  /** A power of two of them. */
  readonly buckets: readonly Uint8Array[];
  readonly times: Uint8Array;
  readonly counts: Uint8Array;
  readonly recorded: TimeSpan;
  readonly occurred: TimeSpan;
  /** Some of its entries were pruned. */
  readonly hasPruned: boolean;
};

export class OpenSegment {
  /** Index of its first entry. */
  readonly start: number;
  readonly counts: Counts = new Map();
  readonly #terms: EntryTerms;
  readonly #pairs = new PairList();
  #recordedAt = new Float64Array(256);
  #occurredAt = new Float64Array(256);
  readonly #lengthMax: number;
  #length = 0;
  #hasPruned = false;

  /** @param lengthMax entries after which it is full, 1..16384 */
  constructor(start: number, terms: EntryTerms, lengthMax = SEGMENT_LENGTH) {
    this.start = start;
    this.#terms = terms;
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#length;
  }

  /** Index behind its last entry. */
  get end(): number {
    return this.start + this.#length;
  }

  get full(): boolean {
    return this.#length >= this.#lengthMax || this.#pairs.length >= PAIRS_MAX;
  }

  /**
   * Adds the entry with index `end`. An entry that cannot be read is undefined: it has no terms, only its place.
   * @throws RangeError when its members are not packed as they must be; it is not added then
   */
  add(entry: PackedEntry | undefined): void {
    const position = this.#length;
    if (position === SEGMENT_LENGTH) throw new RangeError(`expected room in the segment, got ${position} entries`);
    const isShown = entry !== undefined && entry.pruned === undefined;
    const terms = this.#terms;
    if (isShown) terms.read(entry.members);
    const recordedAt = entry?.recordedAt ?? this.#recordedAt[position - 1] ?? 0;
    if (position === this.#recordedAt.length) this.#grow();
    this.#recordedAt[position] = recordedAt;
    this.#occurredAt[position] = isShown ? terms.occurredAt : Number.NaN;
    if (isShown) {
      this.#pairs.addAll(terms.numbers, terms.count, position);
      countEntry(this.counts, recordedAt, terms);
    }
    if (entry?.pruned !== undefined) {
      this.#pairs.add(terms.hasher.hash(PRUNED.field, PRUNED.text), position);
      this.#hasPruned = true;
    }
    this.#length++;
  }

  /** Whether some of its entries were pruned. */
  get hasPruned(): boolean {
    return this.#hasPruned;
  }

  /** Positions that have a term. */
  postings({ field, text }: Term): Mask {
    const mask = emptyMask();
    this.#pairs.collect(this.#terms.hasher.hash(field, text), mask);
    return mask;
  }

  times(): Times {
    return {
      recordedAt: this.#recordedAt.subarray(0, this.#length),
      occurredAt: this.#occurredAt.subarray(0, this.#length),
    };
  }

  sortPostings(): SortedPairs {
    return this.#pairs.sort();
  }

  #grow(): void {
    const grow = (times: Float64Array<ArrayBuffer>) => {
      const grown = new Float64Array(2 * times.length);
      grown.set(times);
      return grown;
    };
    this.#recordedAt = grow(this.#recordedAt);
    this.#occurredAt = grow(this.#occurredAt);
  }
}

/** Nothing may be added to the segment meanwhile: the longer computations let go of the event loop in between, because appends wait on it. */
export async function encodeSegment(segment: OpenSegment): Promise<EncodedSegment> {
  const sorted = segment.sortPostings();
  await setImmediate();
  const buckets = encodeBuckets(sorted);
  await setImmediate();
  return withBuckets(segment, buckets);
}

/** The same at once, in a thread that nobody waits for meanwhile. */
export function encodeSegmentAtOnce(segment: OpenSegment): EncodedSegment {
  return withBuckets(segment, encodeBuckets(segment.sortPostings()));
}

function withBuckets(segment: OpenSegment, buckets: readonly Uint8Array[]): EncodedSegment {
  const { start, end, counts, hasPruned } = segment;
  const times = segment.times();
  return {
    start,
    end,
    buckets,
    times: encodeTimes(times),
    counts: encodeCounts(counts),
    recorded: spanOf(times.recordedAt),
    occurred: spanOf(times.occurredAt),
    hasPruned,
  };
}
