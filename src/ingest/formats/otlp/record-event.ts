/**
 * A log record of OpenTelemetry, however it was encoded, and the event that is made of it. What its attributes mean is told by
 * OpenTelemetry's semantic conventions, and for audit.* by the draft of its audit logs. Why: docs/decisions/0141.
 */

import { isPrintable } from "../../../entry/schema.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { type NamedMembers, namedMembers } from "../../text/log-record.ts";

/** A record as its encoding tells it; what it does not say is undefined. */
export type OtlpRecord = {
  /** RFC 3339. */
  readonly time?: string | undefined;
  readonly observedTime?: string | undefined;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly eventName?: string | undefined;
  readonly body?: unknown;
  readonly attributes: JsonObject;
  readonly droppedAttributes?: number | undefined;
  readonly flags?: number | undefined;
  /** Hex. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
};

/** Records with one resource and one scope; `R` is an encoded record. */
export type OtlpGroup<R> = {
  /** The attributes of the resource. */
  readonly resource: JsonObject;
  readonly scope: JsonObject;
  /** Resource and scope as they came, where they did. */
  readonly heads: readonly (string | Uint8Array)[];
  readonly records: readonly R[];
};

const OPS: Readonly<Record<string, string>> = { create: "c", read: "r", update: "u", delete: "d", execute: "x" };
const NOTHING: NamedMembers = { action: undefined, actor: undefined, time: undefined, message: undefined, more: {} };
const OUTCOMES = ["success", "failure", "denied", "unknown"];

/** The event of a record: what its attributes say goes before what a body that is an object names. */
export function recordEvent(record: OtlpRecord, resource: JsonObject): JsonObject {
  const { attributes, body, time, observedTime } = record;
  const object = asObject(body);
  const inBody = object === undefined ? NOTHING : namedMembers(object);
  const action = actionOf(record, inBody.action);
  const when = time ?? observedTime;
  const event: Record<string, unknown> = {
    ...inBody.more,
    action: action ?? "log.record",
    actor: actorOf(attributes) ?? inBody.actor ?? serviceOf(resource),
  };
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) event[name] = value;
  };
  add("time", when);
  if (observedTime !== when) add("observed_at", observedTime);
  add("message", typeof body === "string" ? fitForMember(body) : inBody.message);
  add("context", contextOf(record));
  add("metadata", metadataOf(record, action));
  add("id", asText(attributes["audit.record.id"]));
  add("targets", targetsOf(attributes));
  add("outcome", outcomeOf(attributes["audit.outcome"]));
  add("op", opOf(attributes["audit.action"]));
  add("source", identifierOf(attributes["audit.source.id"], 256));
  add("schema", schemaOf(attributes["audit.schema.version"]));
  return event;
}

/** The first name of what was done that can stand as an action. */
function actionOf({ eventName, attributes }: OtlpRecord, named: string | undefined): string | undefined {
  for (const value of [eventName, attributes["event.name"], attributes["audit.action"]]) {
    const text = asText(value);
    if (text !== undefined && isPrintable(text)) return text;
  }
  return named;
}

function actorOf(attributes: JsonObject): JsonObject | undefined {
  const audited = identifierOf(attributes["audit.actor.id"]);
  if (audited !== undefined) {
    const type = asText(attributes["audit.actor.type"]) ?? "user";
    return named({ type, id: audited }, attributes["audit.actor.name"]);
  }
  const user = identifierOf(attributes["user.id"]) ?? identifierOf(attributes["enduser.id"]);
  return user === undefined ? undefined : named({ type: "user", id: user }, attributes["user.name"]);
}

function serviceOf(resource: JsonObject): JsonObject | undefined {
  const service = identifierOf(resource["service.name"]) ?? identifierOf(resource["host.name"]);
  return service === undefined ? undefined : { type: "service", id: service };
}

function targetsOf(attributes: JsonObject): readonly JsonObject[] | undefined {
  const id = identifierOf(attributes["audit.target.id"]);
  if (id === undefined) return undefined;
  const type = asText(attributes["audit.target.type"]) ?? "target";
  return [named({ type, id }, attributes["audit.target.name"])];
}

function named(party: JsonObject, name: unknown): JsonObject {
  const text = asText(name);
  return text === undefined ? party : { ...party, name: text };
}

/** An identifier, which some senders have as a number. */
function identifierOf(value: unknown, lengthMax = 2048): string | undefined {
  return asText(typeof value === "number" ? String(value) : value, lengthMax);
}

function outcomeOf(value: unknown): string | undefined {
  const word = typeof value === "string" ? value.toLowerCase() : "";
  return OUTCOMES.includes(word) ? word : undefined;
}

function opOf(value: unknown): string | undefined {
  const word = typeof value === "string" ? value.toLowerCase() : "";
  return Object.hasOwn(OPS, word) ? OPS[word] : undefined;
}

function schemaOf(version: unknown): string | undefined {
  const text = asText(version, 128);
  return text === undefined ? undefined : `opentelemetry.audit@${text}`;
}

function contextOf({ attributes, traceId }: OtlpRecord): JsonObject | undefined {
  const ip = firstText(attributes["client.address"], attributes["source.address"]);
  const agent = firstText(attributes["user_agent.original"]);
  const session = firstText(attributes["session.id"]);
  if (ip === undefined && agent === undefined && session === undefined) {
    return traceId === undefined ? undefined : { trace_id: traceId };
  }
  return known({ ip, user_agent: agent, session, trace_id: traceId });
}

function metadataOf(record: OtlpRecord, action: string | undefined): JsonObject | undefined {
  const { body, attributes, severityNumber, severityText, eventName, flags, spanId, droppedAttributes } = record;
  const metadata: Record<string, unknown> = {};
  const add = (name: string, value: unknown): void => {
    if (value !== undefined && value !== 0 && value !== "") metadata[name] = fitForMember(value);
  };
  if (Object.keys(attributes).length > 0) add("attributes", attributes);
  if (typeof body !== "string" && body !== null && body !== undefined) metadata.body = fitForMember(body);
  add("severity", severityText);
  add("severity_number", severityNumber);
  if (eventName !== action) add("event_name", eventName);
  add("flags", flags);
  add("span_id", spanId);
  add("dropped_attributes_count", droppedAttributes);
  return metadata;
}
