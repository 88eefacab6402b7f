/** The part of the table of operations that finds and counts events; all of them take the same filter. */

import * as z from "zod";
import { type Code, OF_BODY, OF_KEY, OF_LEDGER } from "./codes.ts";
import { EVENT_FILTER, ledgerInPath, limit, moment, text, whole } from "./param-forms.ts";
import { SEARCH_NAME, SEARCH_NAME_RULE } from "./saved-search.ts";

const ledger = z.object({ ledger: ledgerInPath });
const search = ledger.extend({
  search: z.string().regex(SEARCH_NAME, { error: SEARCH_NAME_RULE }).meta({ description: "Its name" }),
});
const ofSaved: readonly Code[] = [
  ...OF_KEY,
  ...OF_LEDGER,
  "parameter_invalid",
  "search_forbidden",
  "store_unavailable",
  "deadline_exceeded",
];
const ofQuery: readonly Code[] = [
  "parameter_invalid",
  "query_invalid",
  "cursor_invalid",
  "cursor_mismatch",
  "index_behind",
  "deadline_exceeded",
];

export const SEARCH_OPERATIONS = {
  listEvents: {
    method: "get",
    route: "/v1/ledgers/{ledger}/events",
    trace: { leaves: "search" },
    summary: "Find events.",
    permission: "read",
    path: ledger,
    query: z.strictObject({
      ...EVENT_FILTER,
      order: z.enum(["asc", "desc"]).default("asc"),
      after: text.optional().meta({ description: "The `next` of an answer, as it is" }),
      limit: limit(1000, 100),
    }),
    answers: { 200: "Events" },
    isTagged: true,
    codes: [...OF_KEY, ...OF_LEDGER, ...ofQuery],
    compress: true,
    takesTurn: true,
  },
  countMatches: {
    method: "get",
    route: "/v1/ledgers/{ledger}/events/count",
    trace: { leaves: "search" },
    summary: "Count the events that a filter finds, from the newest back.",
    permission: "read",
    path: ledger,
    query: z.strictObject({
      ...EVENT_FILTER,
      after: text.optional().meta({ description: "The `next` of an answer, as it is" }),
    }),
    answers: { 200: "EventCount" },
    isTagged: true,
    codes: [...OF_KEY, ...OF_LEDGER, ...ofQuery],
    compress: true,
    takesTurn: true,
  },
  tailEvents: {
    method: "get",
    route: "/v1/ledgers/{ledger}/events/tail",
    trace: { leaves: "tail" },
    summary:
      "Follow a ledger: what a filter finds of what is recorded from now on, or from an index on, as Server-Sent Events.",
    permission: "read",
    path: ledger,
    query: z.strictObject(EVENT_FILTER),
    headers: z.object({
      "Last-Event-ID": z.string().meta({ description: "The last `id` that was received: goes on behind that index" }),
    }),
    answers: { 200: "eventStream", 204: "nothing" },
    codes: [...OF_KEY, ...OF_LEDGER, "parameter_invalid", "query_invalid", "tails_of_key_max", "tails_max"],
  },
  listSearches: {
    method: "get",
    route: "/v1/ledgers/{ledger}/searches",
    trace: { leaves: "read" },
    summary: "List the searches that were saved for a ledger.",
    permission: "read",
    path: ledger,
    answers: { 200: "SavedSearches" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  putSearch: {
    method: "put",
    route: "/v1/ledgers/{ledger}/searches/{search}",
    trace: { leaves: "change" },
    summary: "Save a search under a name, in the place of one that the same source saved.",
    permission: "read",
    path: search,
    body: { types: ["application/json"], schema: "SavedSearchRequest" },
    answers: { 201: "SavedSearch", 200: "SavedSearch" },
    codes: [...ofSaved, ...OF_BODY, "request_invalid", "searches_max"],
  },
  removeSearch: {
    method: "delete",
    route: "/v1/ledgers/{ledger}/searches/{search}",
    trace: { leaves: "change" },
    summary: "Remove a saved search of the same source; administrators remove any.",
    permission: "read",
    path: search,
    answers: { 204: "nothing" },
    codes: [...ofSaved, "search_unknown"],
  },
  listIntents: {
    method: "get",
    route: "/v1/ledgers/{ledger}/intents",
    trace: { leaves: "search" },
    summary:
      "Find what was announced and has no result: events with an `intent` that no later event names as `result_of`.",
    permission: "read",
    path: ledger,
    query: z.strictObject({
      state: z.enum(["open", "done", "all"]).default("open"),
      olderThan: whole("seconds").default(0).meta({ description: "Seconds since the intent was recorded, at least" }),
      since: moment.optional().meta({ description: "Recorded at or after" }),
      order: z.enum(["asc", "desc"]).default("asc"),
      after: text.optional().meta({ description: "The `next` of an answer, as it is" }),
      limit: limit(100, 100),
    }),
    answers: { 200: "Intents" },
    isTagged: true,
    codes: [...OF_KEY, ...OF_LEDGER, ...ofQuery],
    compress: true,
    takesTurn: true,
  },
  countEvents: {
    method: "get",
    route: "/v1/ledgers/{ledger}/stats",
    trace: { leaves: "search" },
    summary: "Count events for each minute or hour, and the most frequent values.",
    permission: "read",
    path: ledger,
    query: z.strictObject({
      since: moment.optional().meta({ description: "A day before `until` when absent" }),
      until: moment.optional().meta({ description: "Now when absent" }),
      interval: z.enum(["minute", "hour"]).default("hour"),
      top: limit(100, 10),
    }),
    answers: { 200: "Stats" },
    isTagged: true,
    codes: [...OF_KEY, ...OF_LEDGER, ...ofQuery],
    compress: true,
    takesTurn: true,
  },
} as const;
