/** Whether an entry is what a filter asks for, told from the entry alone: what the index finds is compared with it, too. */

import type { Entry } from "../entry/entry.ts";
import { readFacts } from "./index/searchable.ts";
import { hasTerms } from "./index/terms.ts";
import type { TimeRange } from "./index/times.ts";
import type { Plan } from "./request.ts";

/** Whether an entry has all that a plan asks for; its index is for the caller to compare. */
export function isMatch(entry: Entry, { terms, recorded, occurred, text }: Plan): boolean {
  // Nobody can tell any more what it was.
  if (entry.pruned !== undefined) return false;
  if (entry.recordedAt < recorded.since || entry.recordedAt >= recorded.until) return false;
  if (!hasTerms(entry, terms)) return false;
  if (isBounded(occurred)) {
    const { occurredAt } = readFacts(entry);
    if (!(occurredAt >= occurred.since && occurredAt < occurred.until)) return false;
  }
  return text === undefined || text.isIn(entry);
}

export function isBounded({ since, until }: TimeRange): boolean {
  return since > Number.NEGATIVE_INFINITY || until < Number.POSITIVE_INFINITY;
}
