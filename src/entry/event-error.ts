/**
 * What is wrong with an event, or with a schema for events, told so that whoever wrote it can mend it: a stable code, where,
 * what was expected and what came. Not for damage in what is stored; that is not the sender's.
 */

export type EventErrorCode =
  | "json_invalid"
  | "json_depth"
  | "json_duplicate_name"
  | "json_unsafe_integer"
  | "json_lone_surrogate"
  | "event_invalid"
  | "event_too_large"
  | "event_too_many_members"
  | "event_reserved_name"
  | "member_misspelt"
  | "schema_violated"
  | "requirement_unmet"
  | "member_unknown"
  | "schema_invalid"
  | "schema_in_use"
  | "schemas_max"
  | "schema_unknown"
  | "requirements_changed";

/** Which rule of a ledger is not kept: a requirement by its name, a schema, or the schema that a requirement asks for. */
export type RuleName = { readonly requirement?: string; readonly schema?: string };

type EventErrorOptions = { readonly cause?: unknown; readonly rule?: RuleName };

/** A text that is no I-JSON, a value that is no event, or no schema; `path` is an RFC 6901 pointer, "" for the whole. */
export class EventError extends Error {
  override readonly name = "EventError";
  readonly code: EventErrorCode;
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly rule: RuleName | undefined;

  constructor(code: EventErrorCode, path: string, expected: string, got: string, options: EventErrorOptions = {}) {
    super(`expected ${expected}${path === "" ? "" : ` at ${path}`}, got ${got}`, { cause: options.cause });
    this.code = code;
    this.path = path;
    this.expected = expected;
    this.got = got;
    this.rule = options.rule;
  }
}

/** Puts a name or position in front of an RFC 6901 pointer. */
export function pointer(step: string | number, rest = ""): string {
  const token = String(step).replaceAll("~", "~0").replaceAll("/", "~1").toWellFormed();
  return `/${token}${rest}`;
}

/** Describes a JSON value in a few words; long texts are cut. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return quote(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : `a ${typeof value}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
