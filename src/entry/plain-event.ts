/**
 * Whether an event is seen at a glance to satisfy the schema, as nearly all are: the schema itself takes several times as long, and is
 * asked about all others. What is said here to be plain has to satisfy it; test/entry/plain-event.test.ts holds one against the other.
 * Why: docs/decisions/0188.
 */

import { IDENTIFIER_MAX, isPrintable, NAME_MAX, OPS, OUTCOMES } from "./schema.ts";
import { isDateTime } from "./time.ts";

type Members = Readonly<Record<string, unknown>>;

/** False says nothing. @param names those of the event */
export function isPlainEvent(event: Members, names: readonly string[]): boolean {
  if (!isPlainAction(event.action) || !isPlainTime(event.time) || !isPlainActor(event.actor)) return false;
  for (const name of names) if (!isPlainMember(name, event[name])) return false;
  return true;
}

function isPlainMember(name: string, value: unknown): boolean {
  switch (name) {
    case "id":
    case "source":
    case "tenant":
    case "schema":
    case "class":
    case "intent":
    case "result_of":
      return isText(value, NAME_MAX);
    case "message":
      return typeof value === "string";
    case "observed_at":
      return isPlainTime(value);
    case "outcome":
      return OUTCOMES.includes(value as (typeof OUTCOMES)[number]);
    case "op":
      return OPS.includes(value as (typeof OPS)[number]);
    case "targets":
      return Array.isArray(value) && value.every(isPlainParty);
    case "context":
      return isPlainContext(value);
    default:
      return true;
  }
}

function isPlainAction(value: unknown): boolean {
  return isText(value, NAME_MAX) && isPrintable(value);
}

function isPlainTime(value: unknown): boolean {
  return typeof value === "string" && isDateTime(value);
}

function isPlainActor(value: unknown): boolean {
  if (!isPlainParty(value)) return false;
  const { on_behalf_of: principal } = value;
  return principal === undefined || isPlainParty(principal);
}

/** An actor or a target. */
function isPlainParty(value: unknown): value is Members {
  if (!isMembers(value)) return false;
  const { type, id, name, attrs } = value;
  if (!isText(type, NAME_MAX) || !isText(id, IDENTIFIER_MAX)) return false;
  return isTextOrAbsent(name) && (attrs === undefined || isMembers(attrs));
}

function isPlainContext(value: unknown): boolean {
  if (!isMembers(value)) return false;
  const { ip, user_agent: userAgent, session, request_id: requestId, trace_id: traceId, location } = value;
  const texts = isTextOrAbsent(ip) && isTextOrAbsent(userAgent) && isTextOrAbsent(session);
  return texts && isTextOrAbsent(requestId) && isTextOrAbsent(traceId) && isTextOrAbsent(location);
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= lengthMax;
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
