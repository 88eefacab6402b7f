/** Counts by the minute, made into the bars of a chart. */

import { formatCount, formatTime } from "../../parts/format.ts";
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

/** A bar in words. @param anchoredAt times of anchors, in seconds since 1970 */
export function readBar({ from, counts, lengthS }: Bars, bar: number, anchoredAt: readonly number[]): string {
  const start = from[bar] ?? 0;
  const end = start + lengthS;
  const count = counts[bar] ?? 0;
  const anchors = anchoredAt.filter((at) => at >= start && at < end).length;
  const events = `${formatCount(count)} ${count === 1 ? "event" : "events"}`;
  const more = anchors === 0 ? "" : `, ${formatCount(anchors)} ${anchors === 1 ? "anchor" : "anchors"}`;
  return `${formatTime(start * 1000).slice(0, 16)} to ${formatTime(end * 1000).slice(11, 16)}: ${events}${more}`;
}

/** The time of a bar, as the filter of events takes it. */
export function timeOfBar({ from, lengthS }: Bars, bar: number): { readonly since: string; readonly until: string } {
  const spell = (seconds: number) =>
    formatTime(seconds * 1000)
      .slice(0, 16)
      .replace(" ", "T");
  const start = from[bar] ?? 0;
  return { since: spell(start), until: spell(start + lengthS) };
}
