/**
 * What is asked: a filter, an order and a page. Every part of a filter must hold; one that no event can match is a
 * mistake, and is told as one.
 */

import { readTerm } from "./filter.ts";
import { FIELDS, type Field, type Term } from "./index/terms.ts";
import type { TimeRange } from "./index/times.ts";
import { QueryError } from "./query-error.ts";
import { TextSearch } from "./text/text-search.ts";

const LIMIT_MAX = 1000;

/**
 * - action: the whole of it, or all that begin with some of its levels: `k8s.*`
 * - actor, onBehalfOf, target: an id, `type:id`, or all of a type: `agent:*`; a target is any of the event's
 * - in all of these, a "," or "*" that belongs to the value has a "\" in front (entry/spelled-value.ts)
 * - source: the event's member, or what the API key stands for that it came through
 * - intent: the name of one, or * for all events that announce one; resultOf: the name of the intent
 * - key, format: the API key's id and the format it came in, as `_source` says
 * - quarantined: "true", for what was recorded as it came because nothing sure could be made of it
 * - times in milliseconds since 1970, `since` inclusive, `until` exclusive: of recording, and of the event itself
 * - text: stands somewhere in the message, an id, a name or the text that came (query/text/text-search.ts)
 * - from, to: indexes, `from` inclusive, `to` exclusive
 */
export type Filter = { readonly [field in Field]?: string } & {
  readonly since?: number;
  readonly until?: number;
  readonly occurredSince?: number;
  readonly occurredUntil?: number;
  readonly from?: number;
  readonly to?: number;
  readonly text?: string;
};

/** By index: the newest first, or the oldest first. */
export type Order = "desc" | "asc";

export type QueryRequest = {
  readonly filter: Filter;
  /** What cursors are of, where a part of the filter moves on with the clock between two pages; the filter when absent. */
  readonly cursorFilter?: Filter;
  readonly order: Order;
  /** Most items of the page, 1..1000. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
};

/** A filter, taken apart. */
export type Plan = {
  readonly terms: readonly Term[];
  readonly recorded: TimeRange;
  readonly occurred: TimeRange;
  readonly from: number;
  readonly to: number;
  readonly text: TextSearch | undefined;
};

const INDEXES = ["from", "to"] as const;

/** @throws QueryError with the first thing that is wrong */
export function planQuery({ filter, limit }: QueryRequest): Plan {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) throw invalid("limit", `1..${LIMIT_MAX}`, limit);
  return planFilter(filter);
}

/** What a cursor of the query is good for. @throws QueryError */
export function planCursor({ filter, cursorFilter }: QueryRequest): Plan {
  return planFilter(cursorFilter ?? filter);
}

/** @throws QueryError with the first thing that is wrong */
export function planFilter(filter: Filter): Plan {
  const terms = FIELDS.flatMap((field) => {
    const text = filter[field];
    return text === undefined ? [] : [readTerm(field, text)];
  });
  const plan: Plan = {
    terms,
    recorded: rangeOf(filter.since, filter.until),
    occurred: rangeOf(filter.occurredSince, filter.occurredUntil),
    from: filter.from ?? 0,
    to: filter.to ?? Number.MAX_SAFE_INTEGER,
    text: filter.text === undefined ? undefined : new TextSearch(filter.text),
  };
  for (const name of INDEXES) {
    if (!Number.isSafeInteger(plan[name]) || plan[name] < 0) throw invalid(name, "an integer in 0..2^53-1", plan[name]);
  }
  if (plan.to === 0) throw invalid("to", "at least 1", 0);
  if (plan.from >= plan.to) throw invalid("from", `less than ${plan.to} (to)`, plan.from);
  refuseEmpty("since", plan.recorded);
  refuseEmpty("occurredSince", plan.occurred);
  return plan;
}

function rangeOf(since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY): TimeRange {
  return { since, until };
}

function refuseEmpty(name: string, { since, until }: TimeRange): void {
  if (!(since < until)) throw invalid(name, `a time before ${spellTime(until)}`, spellTime(since));
}

function spellTime(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}

function invalid(parameter: string, expected: string, got: string | number): QueryError {
  return new QueryError("query_invalid", parameter, expected, String(got));
}
