/**
 * What the service may answer when it does not do as it was asked, by code, and what a sender makes of it. A test holds the
 * list against the service's own table; a code of a newer service is handed on, and judged by its status.
 */

/** Of these the event itself is the reason: sent again it is refused again, and others beside it are not. */
const OF_EVENTS = [
  "json_invalid",
  "json_depth",
  "json_duplicate_name",
  "json_unsafe_integer",
  "json_lone_surrogate",
  "utf8_invalid",
  "event_invalid",
  "event_too_many_members",
  "event_reserved_name",
  "event_too_large",
  "member_misspelt",
  "schema_violated",
  "requirement_unmet",
  "idempotency_conflict",
  "claim_damaged",
] as const;

/** Of these the size of the request is: fewer events may pass. */
const OF_SIZE = ["request_too_large", "batch_too_large"] as const;

/** These are not now, and may pass later. */
const OF_TIMES = [
  "request_timeout",
  "queue_full",
  "service_busy",
  "reads_full",
  "tails_max",
  "tails_of_key_max",
  "not_recorded",
  "rules_changed",
  "store_unavailable",
  "access_unrecorded",
  "marks_unwritable",
  "ledger_stopped",
  "index_behind",
  "deadline_exceeded",
  "internal",
] as const;

/** These stay until somebody changes something: the key, the ledger's name, the program. */
const OF_PEOPLE = [
  "ledger_read_only",
  "schema_invalid",
  "search_forbidden",
  "search_unknown",
  "searches_max",
  "member_unknown",
  "batch_empty",
  "encoding_invalid",
  "parameter_invalid",
  "query_invalid",
  "channel_missing",
  "cursor_invalid",
  "cursor_mismatch",
  "request_invalid",
  "key_missing",
  "key_invalid",
  "signature_invalid",
  "signature_expired",
  "role_insufficient",
  "ledger_forbidden",
  "ledger_reserved",
  "ledger_unnamed",
  "event_forbidden",
  "route_unknown",
  "format_unknown",
  "ledger_unknown",
  "event_unknown",
  "checkpoint_unknown",
  "tile_unknown",
  "schema_unknown",
  "key_unknown",
  "method_not_allowed",
  "ledger_exists",
  "requirements_changed",
  "schema_in_use",
  "schemas_max",
  "source_keys_max",
  "key_last_admin",
  "content_type_unsupported",
  "encoding_unsupported",
  "headers_too_large",
  "store_damaged",
  "transfer_encoding_unsupported",
] as const;

/** What is to be done about a request that was not answered with success. */
export type Remedy =
  /** The event alone is refused, for what it is. */
  | "refuse"
  /** Fewer at once. */
  | "split"
  /** The same again, later. */
  | "wait"
  /** Somebody has to change something first. */
  | "mend";

/** The codes by what is to be done about them. */
export const REMEDIES = { refuse: OF_EVENTS, split: OF_SIZE, wait: OF_TIMES, mend: OF_PEOPLE } as const;

/** A code of the service, docs/api.md; a newer service may have others. */
export type ProblemCode = (typeof REMEDIES)[Remedy][number];

const BY_CODE: ReadonlyMap<string, Remedy> = new Map(
  Object.entries(REMEDIES).flatMap(([remedy, codes]) => codes.map((code) => [code, remedy as Remedy] as const)),
);
const SPELLED = /^[a-z][a-z0-9_]{0,63}$/;
const LATER: readonly number[] = [408, 425, 429];

/** Whether something is spelled as codes of the service are. */
export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === "string" && SPELLED.test(code);
}

/**
 * What to do about an answer. Only the service's own word makes an event refused: a status alone may be a proxy's.
 * @param code of a problem of the service; undefined where the answer is none
 */
export function remedyOf(status: number, code: string | undefined): Remedy {
  const remedy = code === undefined ? undefined : BY_CODE.get(code);
  if (remedy !== undefined) return remedy;
  if (status === 413) return "split";
  return (status >= 500 && status !== 501) || LATER.includes(status) ? "wait" : "mend";
}
