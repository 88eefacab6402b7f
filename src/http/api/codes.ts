/**
 * The one table of what can go wrong for a client: a stable code, its HTTP status and a title. A code never changes
 * its meaning; docs/api.md lists them from here. Internal failures are 503, never 500: senders of logs drop what
 * was answered 500 and repeat what was answered 503. Damage alone is 500, and only for readers: trying again does not help.
 */

export const CODES = {
  json_invalid: [400, "The body is not JSON"],
  json_depth: [400, "The JSON is nested too deeply"],
  json_duplicate_name: [400, "A JSON object has the same name twice"],
  json_unsafe_integer: [400, "A JSON integer is beyond 2^53-1"],
  json_lone_surrogate: [400, "A JSON string has half of a surrogate pair"],
  utf8_invalid: [400, "The body is not UTF-8"],
  event_invalid: [400, "The event does not have the form of an event"],
  event_too_many_members: [400, "The event has too many members"],
  event_reserved_name: [400, "The event has a member that only the service may set"],
  member_misspelt: [400, "The event has a member whose name is nearly a known one"],
  schema_violated: [400, "The event does not satisfy its schema"],
  requirement_unmet: [400, "The event does not say what its ledger demands"],
  schema_invalid: [400, "The schema cannot be taken"],
  member_unknown: [400, "The event has no such member"],
  batch_empty: [400, "The request has no events"],
  encoding_invalid: [400, "The body does not decompress"],
  parameter_invalid: [400, "A parameter of the request is wrong"],
  query_invalid: [400, "A part of the query is wrong"],
  channel_missing: [400, "The channel of the acknowledgements is missing"],
  cursor_invalid: [400, "The cursor is none of this API"],
  cursor_mismatch: [400, "The cursor belongs to another query"],
  request_invalid: [400, "The request does not have the expected form"],
  key_missing: [401, "An API key is needed"],
  key_invalid: [401, "The API key is not valid"],
  signature_invalid: [401, "The signature of the webhook is not valid"],
  signature_expired: [401, "The signature of the webhook is too old or too new"],
  role_insufficient: [403, "The API key's roles do not allow this"],
  ledger_forbidden: [403, "The API key is for other ledgers"],
  ledger_reserved: [403, "The ledger is the service's own"],
  ledger_unnamed: [403, "The API key does not name one ledger"],
  event_forbidden: [403, "The event came from another source"],
  search_forbidden: [403, "The search was saved by another source"],
  route_unknown: [404, "There is nothing here"],
  format_unknown: [404, "There is no such foreign format"],
  ledger_unknown: [404, "There is no such ledger"],
  event_unknown: [404, "The ledger has no such event"],
  checkpoint_unknown: [404, "The ledger has no such checkpoint"],
  tile_unknown: [404, "The ledger has no such full tile"],
  schema_unknown: [404, "The ledger has no such schema"],
  hold_unknown: [404, "The ledger has no such hold in force"],
  audit_unknown: [404, "The ledger has no such audit"],
  erasure_unknown: [404, "The ledger has no such erasure"],
  search_unknown: [404, "The ledger has no saved search of this name"],
  key_unknown: [404, "There is no such API key"],
  alert_unknown: [404, "There is no such alert"],
  method_not_allowed: [405, "The method is not allowed here"],
  request_timeout: [408, "The request took too long to arrive"],
  idempotency_conflict: [409, "The idempotency key was used for another content"],
  ledger_read_only: [409, "The ledger is here to be read"],
  ledger_exists: [409, "There is a ledger of this name"],
  claim_damaged: [409, "Whether this was recorded cannot be told"],
  requirements_changed: [409, "The requirements of the ledger were changed meanwhile"],
  retention_changed: [409, "The retention policy of the ledger was changed meanwhile"],
  holds_max: [409, "The ledger has as many holds as it may"],
  audits_max: [409, "As many audits wait as may"],
  erasure_held: [409, "A legal hold covers what is to be erased"],
  erasure_empty: [409, "There is nothing to erase"],
  schema_in_use: [409, "The schema is used and does not change any more"],
  schemas_max: [409, "The ledger has as many schemas as it may"],
  searches_max: [409, "The ledger has as many saved searches as it may"],
  source_keys_max: [409, "The source has two live API keys already"],
  encryption_off: [409, "The store is not encrypted"],
  alert_over: [409, "The alert is over"],
  alerts_off: [409, "The service has no alerts"],
  rotation_refused: [409, "The key-encryption key was not rotated"],
  key_last_admin: [409, "This is the last API key that may administer"],
  event_pruned: [410, "The event was pruned"],
  event_too_large: [413, "The event is too large"],
  request_too_large: [413, "The request is too large"],
  batch_too_large: [413, "The request has too many events"],
  erasure_too_large: [413, "The erasure has too many events"],
  content_type_unsupported: [415, "The content type is not supported"],
  encoding_unsupported: [415, "The content encoding is not supported"],
  tails_of_key_max: [429, "The API key follows as often as it may"],
  headers_too_large: [431, "The headers of the request are too large"],
  store_damaged: [500, "What was recorded cannot be read"],
  key_refused: [500, "What was recorded cannot be decrypted"],
  transfer_encoding_unsupported: [501, "The transfer encoding is not supported"],
  queue_full: [503, "The ledger's queue is full"],
  service_busy: [503, "The service holds as many request bodies as it may"],
  tails_max: [503, "As many follow as may"],
  reads_full: [503, "Too many reads are worked on and wait"],
  not_recorded: [503, "The request could not be recorded"],
  rules_changed: [503, "The rules of the ledger changed meanwhile"],
  store_unavailable: [503, "The store takes no writes for now"],
  key_unavailable: [503, "The keys that events are encrypted with cannot be asked for"],
  access_unrecorded: [503, "That it was asked cannot be recorded"],
  marks_unwritable: [503, "What is signed cannot be remembered"],
  ledger_stopped: [503, "The ledger is stopped"],
  index_behind: [503, "The index is being built"],
  deadline_exceeded: [503, "The answer was not ready in time"],
  internal: [503, "The service failed"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** A stable code of a problem. */
export type Code = keyof typeof CODES;

/** What can be wrong with the ledger that a path names. */
export const OF_LEDGER: readonly Code[] = ["ledger_unknown", "store_damaged", "key_unavailable", "key_refused"];
/** What can be wrong with the key of a request. */
export const OF_KEY: readonly Code[] = [
  "key_missing",
  "key_invalid",
  "role_insufficient",
  "ledger_forbidden",
  "ledger_reserved",
];

/** Why something that is right is not recorded. */
export const OF_RECORDING: readonly Code[] = [
  "ledger_read_only",
  "claim_damaged",
  "queue_full",
  "not_recorded",
  "rules_changed",
  "store_unavailable",
  "key_unavailable",
  "key_refused",
  "marks_unwritable",
  "ledger_stopped",
  "deadline_exceeded",
];

/** What can be wrong with a body of JSON. */
export const OF_BODY: readonly Code[] = [
  "content_type_unsupported",
  "encoding_unsupported",
  "encoding_invalid",
  "request_too_large",
  "service_busy",
  "utf8_invalid",
  "json_invalid",
  "json_depth",
  "json_duplicate_name",
  "json_unsafe_integer",
  "json_lone_surrogate",
];

/** Whether a text is a code of the table. */
export function isCode(text: unknown): text is Code {
  return typeof text === "string" && Object.hasOwn(CODES, text);
}
