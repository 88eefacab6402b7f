/**
 * What is asked: a filter, an order and a page. Every part of a filter must hold. Reading it from the parameters of a
 * URL is here too, so that every door says the same about a mistake.
 */

import { parseTime } from "./index/searchable.ts";
import { FIELDS, type Field, type Term, termProblem } from "./index/terms.ts";
import type { TimeRange } from "./index/times.ts";
import { QueryError, quote } from "./query-error.ts";

export const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 1000;
const OUTCOMES = ["success", "failure", "denied", "unknown"];

/**
 * - action: the whole of it, or all that begin with some of its levels: `k8s.*`
 * - actor, onBehalfOf, target: an id, `type:id`, or all of a type: `agent:*`; a target is any of the event's
 * - source: the event's member, or what the API key stands for that it came through
 * - key, format: the API key's id and the format it came in, as `_source` says
 * - times in milliseconds since 1970, `since` inclusive, `until` exclusive: of recording, and of the event itself
 * - from, to: indexes, `from` inclusive, `to` exclusive
 */
export type Filter = { readonly [field in Field]?: string } & {
  readonly since?: number;
  readonly until?: number;
  readonly occurredSince?: number;
  readonly occurredUntil?: number;
  readonly from?: number;
  readonly to?: number;
};

/** By index: the newest first, or the oldest first. */
export type Order = "desc" | "asc";

export type QueryRequest = {
  readonly filter: Filter;
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
};

type Params = Readonly<Record<string, string | undefined>>;

const TIMES = ["since", "until", "occurredSince", "occurredUntil"] as const;
const INDEXES = ["from", "to"] as const;
const PARAMETERS: readonly string[] = [...FIELDS, ...TIMES, ...INDEXES, "order", "limit", "after"];

/**
 * Reads a request from the parameters of a URL. Times are RFC 3339 date-times, or dates, which begin at 00:00 UTC.
 * @throws QueryError that names the parameter
 */
export function parseQuery(params: Params): QueryRequest {
  refuseOthers(params, PARAMETERS);
  const filter: Record<string, string | number> = {};
  for (const field of FIELDS) if (params[field] !== undefined) filter[field] = params[field];
  for (const name of TIMES) if (params[name] !== undefined) filter[name] = timeOf(name, params[name]);
  for (const name of INDEXES) if (params[name] !== undefined) filter[name] = integerOf(name, params[name]);
  const request: QueryRequest = {
    filter,
    order: orderOf(params.order ?? "desc"),
    limit: params.limit === undefined ? LIMIT_DEFAULT : integerOf("limit", params.limit),
    ...(params.after === undefined ? {} : { after: params.after }),
  };
  planQuery(request);
  return request;
}

/** @throws QueryError with the first thing that is wrong */
export function planQuery({ filter, limit }: QueryRequest): Plan {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) throw invalid("limit", `1..${LIMIT_MAX}`, limit);
  const terms = FIELDS.flatMap((field) => {
    const text = filter[field];
    return text === undefined ? [] : [{ field, text }];
  });
  for (const term of terms) {
    const expected = termProblem(term);
    if (expected !== undefined) throw invalid(term.field, expected, quote(term.text));
  }
  if (filter.outcome !== undefined && !OUTCOMES.includes(filter.outcome)) {
    throw invalid("outcome", `one of ${OUTCOMES.join(", ")}`, quote(filter.outcome));
  }
  const plan: Plan = {
    terms,
    recorded: rangeOf(filter.since, filter.until),
    occurred: rangeOf(filter.occurredSince, filter.occurredUntil),
    from: filter.from ?? 0,
    to: filter.to ?? Number.MAX_SAFE_INTEGER,
  };
  for (const name of INDEXES) {
    if (!Number.isSafeInteger(plan[name]) || plan[name] < 0) throw invalid(name, "an integer in 0..2^53-1", plan[name]);
  }
  if (plan.from > plan.to) throw invalid("from", `at most ${plan.to} (to)`, plan.from);
  refuseEmpty("since", plan.recorded);
  refuseEmpty("occurredSince", plan.occurred);
  return plan;
}

/** @throws QueryError for a parameter that is not among these, is empty or is given twice */
export function refuseOthers(params: Params, names: readonly string[]): void {
  for (const [name, value] of Object.entries(params)) {
    if (!names.includes(name)) {
      throw new QueryError("query_unknown_parameter", "parameter", `one of ${names.join(", ")}`, quote(name));
    }
    if (value === undefined) continue;
    if (typeof value !== "string") throw invalid(name, "one text", "several");
    if (value === "") throw invalid(name, "a text that is not empty", quote(value));
  }
}

/** @throws QueryError unless the text is an RFC 3339 date-time or date */
export function timeOf(name: string, text: string): number {
  const time = parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time === undefined) throw invalid(name, "an RFC 3339 time such as 2026-11-20T09:30:00Z", quote(text));
  return time;
}

/** @throws QueryError unless the text is an integer of digits */
export function integerOf(name: string, text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid(name, "an integer in 0..2^53-1", quote(text));
  return value;
}

function orderOf(text: string): Order {
  if (text !== "desc" && text !== "asc") throw invalid("order", "asc or desc", quote(text));
  return text;
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
