/** Counts by the minute, made into the bars of a chart. */

import type { StatsAnswer } from "../answers.ts";

/** Bars of equal length; `from` in seconds since 1970. */
export type Bars = { readonly from: readonly number[]; readonly counts: readonly number[]; readonly lengthS: number };

const MINUTE_MS = 60_000;

/**
 * The last `spanMs` before `now` in bars of `barMs`; both are whole minutes. The last bar is not over yet.
 */
export function barsOf(stats: StatsAnswer, now: number, spanMs: number, barMs: number): Bars {
  const last = Math.floor(now / barMs) * barMs;
  const first = last - spanMs + barMs;
  const from: number[] = [];
  const counts: number[] = [];
  for (let at = first; at <= last; at += barMs) {
    const start = Math.round((at - stats.since) / stats.intervalMs);
    const end = Math.round((at + barMs - stats.since) / stats.intervalMs);
    from.push(at / 1000);
    counts.push(stats.entries.slice(Math.max(0, start), Math.max(0, end)).reduce((sum, n) => sum + n, 0));
  }
  return { from, counts, lengthS: barMs / 1000 };
}

/** Entries per minute over the last `minutes` whole minutes. */
export function ratePerMinute(stats: StatsAnswer, now: number, minutes: number): number {
  const end = Math.floor((now - stats.since) / MINUTE_MS);
  const counted = stats.entries.slice(Math.max(0, end - minutes), end);
  return counted.reduce((sum, n) => sum + n, 0) / minutes;
}
