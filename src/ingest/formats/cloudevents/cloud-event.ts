/**
 * The event that is made of a CloudEvent: its attributes, the documented extensions, and what its data names. Attributes go
 * before data, since the one who sent the event wrote them for everybody.
 */

import { isPrintable } from "../../../entry/schema.ts";
import { asObject, asText, fitForMember, type JsonObject } from "../../text/foreign-values.ts";
import { type NamedMembers, namedMembers } from "../../text/log-record.ts";
import { asTime } from "../../text/times.ts";

/** The data of an event: a JSON value or a text, what its sender has in base64, or bytes that came as such; none of them. */
export type CloudData = { readonly value?: unknown; readonly base64?: unknown; readonly bytes?: number };

const IDENTIFIER_MAX = 2048;
/** Types of the extension authcontext, as the types that actors have here. */
const ACTOR_TYPES: Readonly<Record<string, string>> = {
  app_user: "user",
  user: "user",
  service_account: "service",
  api_key: "service",
  system: "system",
  unauthenticated: "anonymous",
  unknown: "unknown",
};
/** Attributes that stand elsewhere in the event. */
const PLACED = new Set([
  "specversion",
  "id",
  "type",
  "time",
  "subject",
  "source",
  "datacontenttype",
  "dataschema",
  "schemaurl",
  "authtype",
  "authid",
  "recordedtime",
  "dataclassification",
]);
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/;
const NOTHING: NamedMembers = { action: undefined, actor: undefined, time: undefined, message: undefined, more: {} };

export function cloudEvent(attributes: JsonObject, data: CloudData): JsonObject {
  const { id, type, source, time, dataschema, schemaurl, recordedtime, dataclassification } = attributes;
  const object = asObject(data.value);
  const { action: _, actor, message, more } = object === undefined ? NOTHING : namedMembers(object);
  const { id: __, targets, context, ...named } = more;
  const action = asText(type);
  const isAction = action !== undefined && isPrintable(action);
  const event: Record<string, unknown> = {
    ...named,
    action: isAction ? action : "cloudevents.event",
    metadata: metadataOf(attributes, data, isAction),
  };
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) event[name] = value;
  };
  const producer = asText(source, IDENTIFIER_MAX);
  add(
    "actor",
    actorOf(attributes) ?? actor ?? (producer === undefined ? undefined : { type: "service", id: producer }),
  );
  add("id", asText(id));
  add("time", asTime(time));
  add("observed_at", asTime(recordedtime));
  add("targets", targetsOf(attributes.subject, targets));
  add("context", contextOf(attributes.traceparent, context));
  add("source", asText(source));
  add("message", message);
  add("schema", asText(dataschema) ?? asText(schemaurl));
  add("class", asText(dataclassification));
  return event;
}

function actorOf({ authtype, authid }: JsonObject): JsonObject | undefined {
  const word = asText(authtype);
  const id = asText(authid, IDENTIFIER_MAX);
  if (word === undefined && id === undefined) return undefined;
  const type = word === undefined ? "user" : Object.hasOwn(ACTOR_TYPES, word) ? ACTOR_TYPES[word] : word;
  // Whoever was not told apart is not the source either.
  return { type, id: id ?? (type === "anonymous" ? type : "unknown") };
}

function targetsOf(subject: unknown, named: unknown): unknown {
  const id = asText(subject, IDENTIFIER_MAX);
  if (id === undefined) return named;
  const target = { type: "subject", id };
  return Array.isArray(named) ? [target, ...named] : [target];
}

function contextOf(traceparent: unknown, named: unknown): unknown {
  const trace = typeof traceparent === "string" ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return trace === undefined ? named : { ...asObject(named), trace_id: trace };
}

function metadataOf(attributes: JsonObject, data: CloudData, isAction: boolean): JsonObject {
  const { source, type, time, dataschema, datacontenttype } = attributes;
  const metadata: Record<string, unknown> = {};
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) metadata[name] = fitForMember(value);
  };
  add("source", source);
  if (!isAction) add("type", type);
  if (asTime(time) === undefined) add("time", time);
  if (asText(dataschema) === undefined) add("dataschema", dataschema);
  add("datacontenttype", asText(datacontenttype));
  add("extensions", extensionsOf(attributes));
  add("data", data.value);
  add("data_base64", data.base64);
  add("data_bytes", data.bytes);
  return metadata;
}

function extensionsOf(attributes: JsonObject): JsonObject | undefined {
  let extensions: Record<string, unknown> | undefined;
  for (const name of Object.keys(attributes)) {
    if (PLACED.has(name) || attributes[name] === null || name === "__proto__") continue;
    extensions ??= {};
    extensions[name] = attributes[name];
  }
  return extensions;
}
