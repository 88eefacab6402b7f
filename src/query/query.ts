/**
 * Answers a query: intersects postings segment by segment, reads the entries that are left, and compares each with the
 * filter once more, so that the index decides what is read and never what is true. The work for one page is bounded;
 * where the bound is met, the page says so and its cursor goes on from there.
 * Why: docs/decisions/0071.
 */

import type { Entry } from "../entry/entry.ts";
import { readJson } from "../json/read.ts";
import { decodeCursor, encodeCursor, queryDigest } from "./cursor.ts";
import { isBounded, matches } from "./filter-entry.ts";
import { type Indexer, isDamage } from "./index/indexer.ts";
import {
  countPositions,
  intersect,
  type Mask,
  positionFrom,
  positionUpTo,
  rangeMask,
  removePosition,
} from "./index/positions.ts";
import type { Term } from "./index/terms.ts";
import { coverage, timeMask } from "./index/times.ts";
import { IndexBehindError } from "./index/waiters.ts";
import { type Order, type Plan, planCursor, planQuery, type QueryRequest } from "./request.ts";

export type QueryItem = {
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** The members that are shown. */
  readonly event: Readonly<Record<string, unknown>>;
  /** How many members are not. */
  readonly withheld: number;
  /** As it is stored; whether it is what was recorded, its leaf hash tells. */
  readonly entry: Entry;
};

/** How far things have come, as sizes: an entry is recorded, searchable if its index is below. */
export type Watermark = { readonly accepted: number; readonly searchable: number };

export type QueryPage = {
  readonly items: readonly QueryItem[];
  /** Cursor of the next page; absent when there is nothing more among the searchable entries. */
  readonly next?: string;
  /** The index that it begins at, or in descending order stays below; with `next`. */
  readonly nextIndex?: number;
  readonly watermark: Watermark;
  /** False when the page ends because of the bound on work and not because it is full: follow `next`. */
  readonly complete: boolean;
  /** Indexes that the index found and the store cannot read; present when there are any. */
  readonly unreadable?: readonly number[];
};

/** Bounds for one page; one unit of work is a bucket read from the index, about 10 µs. */
export type QueryBounds = { readonly workMax: number; readonly bytesMax: number };
export const QUERY_BOUNDS: QueryBounds = { workMax: 4096, bytesMax: 8 * 1024 * 1024 };

const ENTRY_WORK = 4;
const TIMES_WORK = 16;
/** Segments that are looked at together: first one, then twice as many each time. */
const WINDOW_MAX = 32;
const ENTRIES_AT_ONCE = 64;

/** A page in the making; what is not examined yet is [low, high). */
type Scan = {
  readonly indexer: Indexer;
  readonly plan: Plan;
  readonly order: Order;
  readonly limit: number;
  readonly bounds: QueryBounds;
  readonly items: QueryItem[];
  readonly unreadable: number[];
  low: number;
  high: number;
  work: number;
  bytes: number;
  /** Entries with a term in the segments seen so far, and how many of those there were. */
  readonly seen: Map<Term, { entries: number; segments: number }>;
};

/**
 * A page of the entries that match.
 * @throws QueryError for a mistake in the request
 * @throws IndexBehindError when the cursor is beyond what can be searched, as while the index is built again
 */
export async function query(
  indexer: Indexer,
  request: QueryRequest,
  options: { readonly bounds?: QueryBounds } = {},
): Promise<QueryPage> {
  const plan = planQuery(request);
  const digest = queryDigest(indexer.ledger.record.id, request.order, planCursor(request));
  const searchable = indexer.watermark;
  const scan = beginScan(indexer, request, plan, options.bounds ?? QUERY_BOUNDS);
  scan.high = Math.min(plan.to, searchable);
  if (request.after !== undefined) {
    const boundary = decodeCursor(request.after, digest);
    if (boundary > searchable) {
      throw new IndexBehindError(`expected an index of ${boundary} entries, got ${searchable}`);
    }
    if (request.order === "desc") scan.high = Math.min(scan.high, boundary);
    else scan.low = Math.max(scan.low, boundary);
  }
  for (let width = 1; scan.low < scan.high; width = Math.min(2 * width, WINDOW_MAX)) {
    await examine(scan, width);
    if (isDone(scan)) break;
  }
  const { items, unreadable, low, high } = scan;
  const accepted = Math.max(indexer.ledger.size, searchable);
  return {
    items,
    ...(low < high ? nextOf(request.order === "desc" ? high : low, digest) : {}),
    watermark: { accepted, searchable },
    complete: low >= high || items.length >= request.limit,
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

function nextOf(nextIndex: number, digest: Uint8Array): Pick<QueryPage, "next" | "nextIndex"> {
  return { next: encodeCursor(nextIndex, digest), nextIndex };
}

function beginScan(indexer: Indexer, { order, limit }: QueryRequest, plan: Plan, bounds: QueryBounds): Scan {
  return {
    indexer,
    plan,
    order,
    limit,
    bounds,
    items: [],
    unreadable: [],
    low: plan.from,
    high: 0,
    work: 0,
    bytes: 0,
    seen: new Map(),
  };
}

function isDone({ items, limit, work, bytes, bounds }: Scan): boolean {
  return items.length >= limit || work >= bounds.workMax || bytes >= bounds.bytesMax;
}

/** Goes on by the open segment, or by up to `width` closed ones. */
async function examine(scan: Scan, width: number): Promise<void> {
  const { segments, openSegment } = scan.indexer;
  const edge = scan.order === "desc" ? scan.high - 1 : scan.low;
  if (edge >= segments.end) {
    // No await before this is computed: the segment may be closed while we wait.
    const mask = rangeMask(0, openSegment.length);
    for (const term of scan.plan.terms) intersect(mask, openSegment.postings(term));
    const times = openSegment.times();
    intersectTimes(mask, scan.plan, times.recordedAt, times.occurredAt);
    scan.work++;
    await collect(scan, openSegment.start, openSegment.end, mask);
    return;
  }
  const numbers = windowOf(scan, segments.locate(edge), width);
  const masks = await scan.indexer.healing(() => candidates(scan, numbers));
  for (const number of numbers) {
    const { start, length } = segments.header(number);
    const mask = masks.get(number);
    if (mask !== undefined) await applyTimes(scan, number, mask);
    await collect(scan, start, start + length, mask);
    if (isDone(scan)) return;
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

/**
 * Reads the entries of a mask over [start, end) until the page is done, and moves the edge of the scan behind them. At
 * least one is read, or the whole mask has none: every page gets on, however little work it may do.
 */
async function collect(scan: Scan, start: number, end: number, mask: Mask | undefined): Promise<void> {
  const { store, ledger } = scan.indexer;
  for (;;) {
    const count = Math.min(ENTRIES_AT_ONCE, scan.limit - scan.items.length);
    const indexes = mask === undefined ? [] : takeIndexes(scan, start, mask, count);
    if (indexes.length === 0) {
      moveEdge(scan, start, end);
      return;
    }
    const entries = await Promise.allSettled(indexes.map((index) => store.entry(ledger.record.id, index)));
    for (const [i, index] of indexes.entries()) {
      const read = entries[i] as PromiseSettledResult<Entry | undefined>;
      if (read.status === "rejected" && !isDamage(read.reason)) throw read.reason;
      judge(scan, index, read.status === "fulfilled" ? read.value : undefined);
      moveEdge(scan, index, index + 1);
      if (isDone(scan)) return;
    }
  }
}

/** The next indexes of a mask in the order and range of the scan; they are taken out of it. */
function takeIndexes({ order, low, high }: Scan, start: number, mask: Mask, count: number): number[] {
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

function judge(scan: Scan, index: number, entry: Entry | undefined): void {
  scan.work += ENTRY_WORK;
  if (entry === undefined) scan.unreadable.push(index);
  else if (matches(entry, scan.plan)) {
    const texts = entry.members.flatMap((member) => ("digest" in member ? [] : [member.text]));
    // The text of a member is JSON for `name: value`, so that together they are the text of an object.
    const event = readJson(`{${texts.join(",")}}`) as Record<string, unknown>;
    const withheld = entry.members.length - texts.length;
    scan.items.push({ index, recordedAt: entry.recordedAt, event, withheld, entry });
    for (const text of texts) scan.bytes += text.length;
  }
}

/** Entries [from, to) are examined. */
function moveEdge(scan: Scan, from: number, to: number): void {
  if (scan.order === "desc") scan.high = Math.max(scan.low, Math.min(scan.high, from));
  else scan.low = Math.min(scan.high, Math.max(scan.low, to));
}
