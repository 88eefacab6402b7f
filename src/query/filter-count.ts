/**
 * Counting what a filter finds, the newest entries first. Where no text is looked for the index counts, and no entry is
 * read; else entries are looked through as in a search. What one answer counts is bounded, and its cursor goes on.
 */

import { decodeCursor, encodeCursor, queryDigest } from "./cursor.ts";
import type { Indexer } from "./index/indexer.ts";
import { countPositions, intersect, rangeMask } from "./index/positions.ts";
import { goOnAt, type IndexRange, lookedAt, TEXT_BOUNDS, type Watermark } from "./query.ts";
import { readCandidates } from "./read-candidates.ts";
import { type Filter, planFilter } from "./request.ts";
import { beginScan, moveEdge, type SegmentReader, scanAll } from "./scan.ts";

export type FilterCount = {
  readonly count: number;
  /** How far it looked: of these entries it counted all that match. */
  readonly lookedAt: IndexRange;
  /** Cursor that counts on; absent when there is nothing more among the searchable entries. */
  readonly next?: string;
  readonly complete: boolean;
  readonly watermark: Watermark;
  /** Indexes that may match and cannot be read; present when there are any. */
  readonly unreadable?: readonly number[];
};

const UNREADABLE_MAX = 1000;

/**
 * @param after `next` of the count before
 * @throws QueryError for a mistake in the request
 * @throws IndexBehindError when the cursor is beyond what can be searched
 */
export async function countFilter(
  indexer: Indexer,
  filter: Filter,
  after?: string,
  workMax = TEXT_BOUNDS.workMax,
): Promise<FilterCount> {
  const plan = planFilter(filter);
  const digest = queryDigest(indexer.ledger.record.id, "desc", plan);
  const searchable = indexer.watermark;
  const scan = beginScan(indexer, plan, "desc");
  if (after !== undefined) goOnAt(scan, decodeCursor(after, digest), searchable);
  const first = { low: scan.low, high: scan.high };
  let count = 0;
  const unreadable: number[] = [];
  const isFull = () => unreadable.length >= UNREADABLE_MAX;
  const isOver = plan.text === undefined ? () => false : indexer.scanTurns.beginRequest();
  const isDone = () => isFull() || scan.work >= workMax || isOver();
  const byIndex: SegmentReader = async (start, end, mask) => {
    if (mask !== undefined) {
      intersect(mask, rangeMask(Math.max(0, scan.low - start), Math.min(end, scan.high) - start));
      count += countPositions(mask);
    }
    moveEdge(scan, start, end);
  };
  const byText: SegmentReader = (start, end, mask) =>
    readCandidates(
      scan,
      { start, end, mask },
      (index, judged) => {
        if (judged === "unreadable") unreadable.push(index);
        else count++;
      },
      { isFull, isDone, room: () => Number.POSITIVE_INFINITY },
    );
  await scanAll(scan, plan.text === undefined ? byIndex : byText, isDone);
  const { low, high } = scan;
  return {
    count,
    lookedAt: lookedAt(scan, first),
    ...(low < high ? { next: encodeCursor(high, digest) } : {}),
    complete: low >= high,
    watermark: { accepted: Math.max(indexer.ledger.size, searchable), searchable },
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}
