/**
 * Going through a ledger by its index: postings are intersected segment by segment, and what is left of each is handed to
 * whoever looks at it. How much work that is, is counted.
 */

import { isBounded } from "./filter-entry.ts";
import type { Indexer } from "./index/indexer.ts";
import {
  countPositions,
  intersect,
  type Mask,
  positionFrom,
  positionUpTo,
  rangeMask,
  removePosition,
  subtract,
} from "./index/positions.ts";
import { PRUNED, type Term } from "./index/terms.ts";
import { coverage, timeMask } from "./index/times.ts";
import type { Order, Plan } from "./request.ts";

const TIMES_WORK = 16;
/** Segments that are looked at together: first one, then twice as many each time. */
const WINDOW_MAX = 32;

/** A scan that is under way; what is not examined yet is [low, high). */
export type Scan = {
  readonly indexer: Indexer;
  readonly plan: Plan;
  readonly order: Order;
  low: number;
  high: number;
  /** One unit is a bucket read from the index, about 10 µs. */
  work: number;
  /** Entries with a term in the segments seen so far, and how many of those there were. */
  readonly seen: Map<Term, { entries: number; segments: number }>;
};

/** A scan of the searchable entries that a plan is about. */
export function beginScan(indexer: Indexer, plan: Plan, order: Order): Scan {
  const high = Math.min(plan.to, indexer.watermark);
  return { indexer, plan, order, low: plan.from, high, work: 0, seen: new Map() };
}

/** Looks at some entries [start, end) of one segment, those in its mask, and moves the edge of the scan behind them. */
export type SegmentReader = (start: number, end: number, mask: Mask | undefined) => Promise<void>;

/** Goes through what is not examined yet, segment by segment, until it is done. */
export async function scanAll(scan: Scan, lookAt: SegmentReader, isDone: () => boolean): Promise<void> {
  for (let width = 1; scan.low < scan.high; width = Math.min(2 * width, WINDOW_MAX)) {
    await examine(scan, width, lookAt, isDone);
    if (isDone()) return;
  }
}

/** Goes on by the open segment, or by up to `width` closed ones. */
async function examine(scan: Scan, width: number, lookAt: SegmentReader, isDone: () => boolean): Promise<void> {
  const { segments, openSegment } = scan.indexer;
  const edge = scan.order === "desc" ? scan.high - 1 : scan.low;
  if (edge >= segments.end) {
    // No await before this is computed: the segment may be closed while we wait.
    const mask = rangeMask(0, openSegment.length);
    for (const term of scan.plan.terms) intersect(mask, openSegment.postings(term));
    if (openSegment.hasPruned) subtract(mask, openSegment.postings(PRUNED));
    const times = openSegment.times();
    intersectTimes(mask, scan.plan, times.recordedAt, times.occurredAt);
    scan.work++;
    await lookAt(openSegment.start, openSegment.end, mask);
    return;
  }
  const numbers = windowOf(scan, segments.locate(edge), width);
  const masks = await scan.indexer.healing(() => candidates(scan, numbers));
  for (const number of numbers) {
    const { start, length } = segments.header(number);
    const mask = masks.get(number);
    if (mask !== undefined) await applyTimes(scan, number, mask);
    await lookAt(start, start + length, mask);
    if (isDone()) return;
  }
}

/** Segments from one on, in the order of the scan, that have entries in its range. */
function windowOf({ indexer, order, low, high }: Scan, first: number, width: number): number[] {
  const numbers: number[] = [];
  const step = order === "desc" ? -1 : 1;
  for (let number = first; numbers.length < width && number >= 0 && number < indexer.segments.count; number += step) {
    const { start, length } = indexer.segments.header(number);
    if (start >= high || start + length <= low) break;
    numbers.push(number);
  }
  return numbers;
}

/** Positions that have all terms; a segment without any is left out. */
async function candidates(scan: Scan, numbers: readonly number[]): Promise<Map<number, Mask>> {
  const { segments } = scan.indexer;
  const masks = new Map<number, Mask>();
  for (const number of numbers) {
    const { length, recorded, occurred } = segments.header(number);
    if (coverage(recorded, scan.plan.recorded) === "none") continue;
    if (coverage(occurred, scan.plan.occurred) === "none") continue;
    masks.set(number, rangeMask(0, length));
  }
  await passOverPruned(scan, masks);
  for (const term of rarestFirst(scan)) {
    const alive = [...masks.keys()];
    if (alive.length === 0) break;
    scan.work += alive.length;
    const found = await segments.postings(alive, term);
    for (const [i, number] of alive.entries()) {
      const postings = found[i] as Mask;
      const mask = masks.get(number) as Mask;
      const entries = countPositions(postings);
      countSeen(scan, term, entries);
      intersect(mask, postings);
      if (entries === 0 || countPositions(mask) === 0) masks.delete(number);
    }
  }
  return masks;
}

/** Takes out what was pruned, which would be read in vain. */
async function passOverPruned(scan: Scan, masks: Map<number, Mask>): Promise<void> {
  const { segments } = scan.indexer;
  const numbers = [...masks.keys()].filter((number) => segments.header(number).hasPruned === true);
  if (numbers.length === 0) return;
  scan.work += numbers.length;
  const found = await segments.postings(numbers, PRUNED);
  for (const [i, number] of numbers.entries()) {
    const mask = masks.get(number) as Mask;
    subtract(mask, found[i] as Mask);
    if (countPositions(mask) === 0) masks.delete(number);
  }
}

/** Terms in the order in which they leave least: by what was seen, and before that by what their fields are like. */
function rarestFirst({ plan, seen }: Scan): Term[] {
  const density = (term: Term) => {
    const { entries, segments } = seen.get(term) ?? { entries: 0, segments: 0 };
    return segments === 0 ? 0 : entries / segments;
  };
  return [...plan.terms].sort((a, b) => density(a) - density(b));
}

function countSeen({ seen }: Scan, term: Term, entries: number): void {
  const sum = seen.get(term) ?? { entries: 0, segments: 0 };
  seen.set(term, { entries: sum.entries + entries, segments: sum.segments + 1 });
}

/** Takes out of a closed segment's mask what is outside of the time ranges; reads the times only if it has to. */
async function applyTimes(scan: Scan, number: number, mask: Mask): Promise<void> {
  const { segments } = scan.indexer;
  const { recorded, occurred } = segments.header(number);
  const { plan } = scan;
  if (coverage(recorded, plan.recorded) === "all" && coverage(occurred, plan.occurred) === "all") return;
  scan.work += TIMES_WORK;
  const times = await scan.indexer.healing(() => segments.times(number));
  intersectTimes(mask, plan, times.recordedAt, times.occurredAt);
}

function intersectTimes(mask: Mask, plan: Plan, recordedAt: Float64Array, occurredAt: Float64Array): void {
  if (isBounded(plan.recorded)) intersect(mask, timeMask(recordedAt, plan.recorded));
  if (isBounded(plan.occurred)) intersect(mask, timeMask(occurredAt, plan.occurred));
}

/** The next indexes of a mask in the order and range of the scan; they are taken out of it. */
export function takeIndexes({ order, low, high }: Scan, start: number, mask: Mask, count: number): number[] {
  const indexes: number[] = [];
  let at = order === "desc" ? high - 1 - start : Math.max(0, low - start);
  while (indexes.length < count) {
    at = order === "desc" ? positionUpTo(mask, Math.min(at, 32 * mask.length - 1)) : positionFrom(mask, at);
    if (at < 0 || start + at < low || start + at >= high) break;
    indexes.push(start + at);
    removePosition(mask, at);
  }
  return indexes;
}

/** Entries [from, to) are examined. */
export function moveEdge(scan: Scan, from: number, to: number): void {
  if (scan.order === "desc") scan.high = Math.max(scan.low, Math.min(scan.high, from));
  else scan.low = Math.min(scan.high, Math.max(scan.low, to));
}
