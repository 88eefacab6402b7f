/** A filter as a text, as it stands behind the ? of a search: what it asks for, or why no search would be made with it. */

import * as z from "zod";
import { QueryError } from "../../../query/query-error.ts";
import { type Filter, type Plan, planFilter } from "../../../query/request.ts";
import { EVENT_FILTER } from "../../api/param-forms.ts";
import { readFields } from "../../api/params.ts";
import type { FieldError } from "../../problem.ts";
import { withoutUndefined } from "./search.ts";

const FILTER = z.strictObject(EVENT_FILTER);

export type ReadFilter = { readonly filter: Filter; readonly plan: Plan } | { readonly errors: readonly FieldError[] };

export function readFilterText(filter: string): ReadFilter {
  const parameters = [...new URLSearchParams(filter)];
  if (parameters.length === 0)
    return { errors: [{ path: "", expected: "a filter: parameters of a search", got: "none" }] };
  const names = parameters.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return { errors: [{ path: `/${twice}`, expected: "each parameter once", got: "it twice" }] };
  const read = readFields(FILTER, Object.fromEntries(parameters));
  if ("errors" in read) return read;
  try {
    const filter = withoutUndefined(read.value);
    return { filter, plan: planFilter(filter) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { errors: [{ path: `/${error.parameter}`, expected: error.expected, got: error.got }] };
  }
}

/** @throws Error where no search would be made with it */
export function planOfText(filter: string): Plan {
  return requireSearch(filter).plan;
}

/** @throws Error where no search would be made with it */
export function filterOfText(filter: string): Filter {
  return requireSearch(filter).filter;
}

function requireSearch(filter: string): Extract<ReadFilter, { readonly plan: Plan }> {
  const read = readFilterText(filter);
  if ("plan" in read) return read;
  throw new Error(`expected ${read.errors[0]?.expected} as ${read.errors[0]?.path}, got ${read.errors[0]?.got}`);
}
