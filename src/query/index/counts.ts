/**
 * Counts of a segment by the hour and minute of recording: how many entries, and how many for each action, actor,
 * source and outcome. They are for a page that shows what is going on, not for evidence.
 */

import { readJson } from "../../json/read.ts";

export const FACETS = ["action", "actor", "source", "outcome"] as const;
export type Facet = (typeof FACETS)[number];

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
/** Values that a closed segment keeps for each facet and hour, the most frequent ones; the others are one number. */
const VALUES_MAX = 256;
const VALUE_LENGTH_MAX = 256;

/** What was recorded in one hour. */
export type HourCounts = {
  /** Entries of each minute; 60 numbers. */
  readonly minutes: Float64Array;
  readonly values: Readonly<Record<Facet, Map<string, number>>>;
  /** Entries whose value is not among those kept. */
  readonly others: Record<Facet, number>;
};

/** By hour, counted from 1970. */
export type Counts = Map<number, HourCounts>;

/** What is counted of an entry; undefined where it does not say. */
type Counted = Readonly<Record<Facet, string | undefined>>;

export function countEntry(counts: Counts, recordedAt: number, { action, actor, source, outcome }: Counted): void {
  const hour = hourOf(counts, Math.floor(recordedAt / HOUR_MS));
  const minute = Math.floor((recordedAt % HOUR_MS) / MINUTE_MS);
  hour.minutes[minute] = (hour.minutes[minute] as number) + 1;
  countValue(hour.values.action, action, 1);
  countValue(hour.values.actor, actor, 1);
  countValue(hour.values.source, source, 1);
  countValue(hour.values.outcome, outcome, 1);
}

/** Adds what `from` has for the hours [since, until) to `counts`. */
export function addCounts(counts: Counts, from: Counts, since: number, until: number): void {
  for (const [number, hour] of from) {
    if (number < since || number >= until) continue;
    const target = hourOf(counts, number);
    for (let i = 0; i < 60; i++) target.minutes[i] = (target.minutes[i] as number) + (hour.minutes[i] as number);
    for (const facet of FACETS) {
      for (const [value, n] of hour.values[facet]) countValue(target.values[facet], value, n);
      target.others[facet] += hour.others[facet];
    }
  }
}

/** Counts by value over all hours. */
export function sumFacets(counts: Counts): Pick<HourCounts, "values" | "others"> {
  const whole: Counts = new Map();
  const sum = hourOf(whole, 0);
  for (const hour of counts.values()) addCounts(whole, new Map([[0, hour]]), 0, 1);
  return sum;
}

/** The most frequent values, and how many entries have another one. */
export function topOf(values: ReadonlyMap<string, number>, n: number): { top: [string, number][]; rest: number } {
  const sorted = [...values].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return { top: sorted.slice(0, n), rest: sorted.slice(n).reduce((sum, [, count]) => sum + count, 0) };
}

export function encodeCounts(counts: Counts): Uint8Array {
  const hours = [...counts].map(([number, { minutes, values, others }]) => {
    const facets = FACETS.map((facet) => {
      const { top, rest } = topOf(values[facet], VALUES_MAX);
      return [top, others[facet] + rest];
    });
    return [number, [...minutes.entries()].filter(([, n]) => n > 0), facets];
  });
  return new TextEncoder().encode(JSON.stringify(hours));
}

type EncodedHour = [number, [number, number][], [[string, number][], number][]];

/** @throws SyntaxError or TypeError when the bytes are no counts */
export function decodeCounts(bytes: Uint8Array): Counts {
  const counts: Counts = new Map();
  for (const [number, minutes, facets] of readJson(new TextDecoder().decode(bytes)) as EncodedHour[]) {
    const hour = hourOf(counts, number);
    for (const [minute, n] of minutes) hour.minutes[minute] = n;
    for (const [i, facet] of FACETS.entries()) {
      const [top, others] = facets[i] as EncodedHour[2][number];
      for (const [value, n] of top) hour.values[facet].set(value, n);
      hour.others[facet] = others;
    }
  }
  return counts;
}

function hourOf(counts: Counts, number: number): HourCounts {
  let hour = counts.get(number);
  if (hour === undefined) {
    hour = {
      minutes: new Float64Array(60),
      values: { action: new Map(), actor: new Map(), source: new Map(), outcome: new Map() },
      others: { action: 0, actor: 0, source: 0, outcome: 0 },
    };
    counts.set(number, hour);
  }
  return hour;
}

function countValue(values: Map<string, number>, value: string | undefined, n: number): void {
  if (value === undefined) return;
  const name = value.length > VALUE_LENGTH_MAX ? `${value.slice(0, VALUE_LENGTH_MAX - 1).toWellFormed()}…` : value;
  values.set(name, (values.get(name) ?? 0) + n);
}
