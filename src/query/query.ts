/**
 * Answers a query: intersects postings segment by segment, reads the entries that are left, and compares each with the
 * filter once more, so that the index decides what is read and never what is true. The work for one page is bounded;
 * where the bound is met, the page says so and its cursor goes on from there.
 * Why: docs/decisions/0071.
 */

import type { Entry } from "../entry/entry.ts";
import { readJson } from "../json/read.ts";
import { decodeCursor, encodeCursor, queryDigest } from "./cursor.ts";
import type { Indexer } from "./index/indexer.ts";
import { IndexBehindError } from "./index/waiters.ts";
import { readCandidates } from "./read-candidates.ts";
import { planCursor, planQuery, type QueryRequest } from "./request.ts";
import { beginScan, type Scan, type SegmentReader, scanAll } from "./scan.ts";

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
  /** How far this page looked: of these entries it has all that match. */
  readonly lookedAt: IndexRange;
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
/** Where a text is looked for: about 100,000 entries of 600 bytes, half a second of work; beside recording, what is done in two seconds. */
export const TEXT_BOUNDS: QueryBounds = { ...QUERY_BOUNDS, workMax: 40_000 };

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
  const bounds = options.bounds ?? (plan.text === undefined ? QUERY_BOUNDS : TEXT_BOUNDS);
  const scan = beginScan(indexer, plan, request.order);
  if (request.after !== undefined) goOnAt(scan, decodeCursor(request.after, digest), searchable);
  const first = { low: scan.low, high: scan.high };
  const items: QueryItem[] = [];
  const unreadable: number[] = [];
  let bytes = 0;
  const isFull = () => items.length >= request.limit || bytes >= bounds.bytesMax;
  const isOver = plan.text === undefined ? () => false : indexer.scanTurns.beginRequest();
  const until = {
    isFull,
    isDone: () => isFull() || scan.work >= bounds.workMax || isOver(),
    room: () => request.limit - items.length,
  };
  const found = (index: number, judged: Entry | "unreadable"): void => {
    if (judged === "unreadable") {
      unreadable.push(index);
      return;
    }
    const { item, length } = itemOf(index, judged);
    items.push(item);
    bytes += length;
  };
  const lookAt: SegmentReader = (start, end, mask) => readCandidates(scan, { start, end, mask }, found, until);
  await scanAll(scan, lookAt, until.isDone);
  const { low, high } = scan;
  const isDesc = request.order === "desc";
  return {
    items,
    lookedAt: lookedAt(scan, first),
    ...(low < high ? nextOf(isDesc ? high : low, digest) : {}),
    watermark: { accepted: Math.max(indexer.ledger.size, searchable), searchable },
    complete: low >= high || items.length >= request.limit,
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

function nextOf(nextIndex: number, digest: Uint8Array): Pick<QueryPage, "next" | "nextIndex"> {
  return { next: encodeCursor(nextIndex, digest), nextIndex };
}

/** @throws IndexBehindError when the cursor is beyond what can be searched */
export function goOnAt(scan: Scan, boundary: number, searchable: number): void {
  if (boundary > searchable) throw new IndexBehindError(`expected an index of ${boundary} entries, got ${searchable}`);
  if (scan.order === "desc") scan.high = Math.min(scan.high, boundary);
  else scan.low = Math.max(scan.low, boundary);
}

/** Indexes [from, to), of which everything that matches is in an answer. */
export type IndexRange = { readonly from: number; readonly to: number };

/** What a scan has looked at, since it was at `first`. */
export function lookedAt(
  { order, low, high }: Scan,
  first: { readonly low: number; readonly high: number },
): IndexRange {
  const end = Math.max(first.low, first.high);
  return order === "desc" ? { from: Math.min(high, end), to: end } : { from: first.low, to: Math.max(first.low, low) };
}

/** What a page has of an entry, and how long its text is. */
export function itemOf(index: number, entry: Entry): { readonly item: QueryItem; readonly length: number } {
  const texts = entry.members.flatMap((member) => ("digest" in member ? [] : [member.text]));
  // The text of a member is JSON for `name: value`, so that together they are the text of an object.
  const event = readJson(`{${texts.join(",")}}`) as Record<string, unknown>;
  const withheld = entry.members.length - texts.length;
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  return { item: { index, recordedAt: entry.recordedAt, event, withheld, entry }, length };
}
