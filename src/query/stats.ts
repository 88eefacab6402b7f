/**
 * Counts for a page that shows what is going on: entries for each minute or hour, and the most frequent actions,
 * actors, sources and outcomes of a time. They come from the index alone, so they reach as far as its watermark.
 */

import { addCounts, type Counts, FACETS, type Facet, HOUR_MS, MINUTE_MS, sumFacets, topOf } from "./index/counts.ts";
import type { Indexer } from "./index/indexer.ts";
import { coverage } from "./index/times.ts";
import type { Watermark } from "./query.ts";
import { QueryError } from "./query-error.ts";

export type StatsRequest = {
  /** Milliseconds since 1970; it is moved back to the full hour. */
  readonly since: number;
  /** Milliseconds since 1970, exclusive; it is moved on to the full hour. */
  readonly until: number;
  readonly interval: "minute" | "hour";
  /** Most values for each facet, 1..100. */
  readonly top: number;
};

export type Stats = {
  /** The hours that were counted, ms since 1970. */
  readonly since: number;
  readonly until: number;
  readonly intervalMs: number;
  /** Entries recorded in each interval, from `since` on. */
  readonly entries: readonly number[];
  readonly total: number;
  readonly top: Readonly<Record<Facet, readonly { readonly value: string; readonly count: number }[]>>;
  /** False when an hour had too many different values of a facet to keep all; its counts are lower bounds then. */
  readonly exact: Readonly<Record<Facet, boolean>>;
  /** False when there was more than is looked at for one answer; `since` is then later, and its first hour counted in part. */
  readonly complete: boolean;
  readonly watermark: Watermark;
};

const WINDOW_MAX_MS = 31 * 24 * HOUR_MS;
const TOP_MAX = 100;
const SEGMENTS_AT_ONCE = 32;
/** Segments that are read for one answer: 16 million entries in the time asked for. */
const SEGMENTS_MAX = 1024;

/** @throws QueryError when the time is empty or longer than 31 days, or `top` is not in 1..100 */
export async function stats(indexer: Indexer, request: StatsRequest): Promise<Stats> {
  checkRequest(request);
  const searchable = indexer.watermark;
  const until = Math.ceil(request.until / HOUR_MS);
  let since = Math.floor(request.since / HOUR_MS);
  const counts: Counts = new Map();
  // No await before the open segment is counted: it may be closed while we wait, and would be counted twice.
  addCounts(counts, indexer.openSegment.counts, since, until);
  const range = { since: since * HOUR_MS, until: until * HOUR_MS };
  const segments = segmentsIn(indexer, range, indexer.openSegment.start);
  const complete = segments.length <= SEGMENTS_MAX;
  const read = segments.slice(0, SEGMENTS_MAX);
  for (let i = 0; i < read.length; i += SEGMENTS_AT_ONCE) {
    const some = read.slice(i, i + SEGMENTS_AT_ONCE);
    for (const each of await indexer.healing(() => indexer.segments.counts(some)))
      addCounts(counts, each, since, until);
  }
  if (!complete) {
    const { min } = indexer.segments.header(read.at(-1) as number).recorded;
    since = Math.max(since, Math.floor(min / HOUR_MS));
  }
  const accepted = Math.max(indexer.ledger.size, searchable);
  return {
    ...summarize(counts, since, until, request),
    complete,
    watermark: { accepted, searchable },
  };
}

function checkRequest({ since, until, top }: StatsRequest): void {
  if (!(since < until) || until - since > WINDOW_MAX_MS) {
    throw new QueryError("query_invalid", "since", "a time up to 31 days before until", `${until - since} ms before`);
  }
  if (!Number.isInteger(top) || top < 1 || top > TOP_MAX) {
    throw new QueryError("query_invalid", "top", `1..${TOP_MAX}`, String(top));
  }
}

/** Closed segments with entries of a time, the newest first. */
function segmentsIn(indexer: Indexer, range: { since: number; until: number }, end: number): number[] {
  const found: number[] = [];
  for (let number = indexer.segments.count - 1; number >= 0; number--) {
    const { start, recorded } = indexer.segments.header(number);
    if (start < end && coverage(recorded, range) !== "none") found.push(number);
  }
  return found;
}

type Summary = Omit<Stats, "complete" | "watermark">;

function summarize(counts: Counts, since: number, until: number, { interval, top }: StatsRequest): Summary {
  const entries: number[] = [];
  for (let hour = since; hour < until; hour++) {
    const minutes = counts.get(hour)?.minutes ?? new Float64Array(60);
    if (interval === "minute") entries.push(...minutes);
    else entries.push(minutes.reduce((sum, n) => sum + n, 0));
  }
  const sums = sumFacets(counts);
  const perFacet = <T>(of: (facet: Facet) => T) =>
    Object.fromEntries(FACETS.map((facet) => [facet, of(facet)])) as Record<Facet, T>;
  return {
    since: since * HOUR_MS,
    until: until * HOUR_MS,
    intervalMs: interval === "minute" ? MINUTE_MS : HOUR_MS,
    entries,
    total: entries.reduce((sum, n) => sum + n, 0),
    top: perFacet((facet) => topOf(sums.values[facet], top).top.map(([value, count]) => ({ value, count }))),
    exact: perFacet((facet) => sums.others[facet] === 0),
  };
}
