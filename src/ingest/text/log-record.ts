/**
 * What a program logged as an object, as far as it names the parts of an event: by our own names, or by those of the
 * Elastic Common Schema (event.action, user.id), nested or with dots. Nothing is guessed from other names or from texts.
 * Why: docs/decisions/0145.
 */

import { isPrintable, OUTCOMES } from "../../entry/schema.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "./foreign-values.ts";
import { asTime } from "./times.ts";

const TARGETS_MAX = 64;
const IDENTIFIER_MAX = 2048;
/** Two levels less than a member: it stands in one. */
const REST_DEPTH_MAX = 28;
const OPS: readonly unknown[] = ["c", "r", "u", "d", "x"];
const OUTCOME_NAMES: readonly unknown[] = OUTCOMES;

/** A name of the schema: its two parts, and both with a dot between. */
type Name = readonly [outer: string, inner: string, dotted: string];
const EVENT_ACTION: Name = ["event", "action", "event.action"];
const EVENT_OUTCOME: Name = ["event", "outcome", "event.outcome"];
const USER_ID: Name = ["user", "id", "user.id"];
const USER_NAME: Name = ["user", "name", "user.name"];
const SOURCE_IP: Name = ["source", "ip", "source.ip"];
const CLIENT_IP: Name = ["client", "ip", "client.ip"];
const USER_AGENT: Name = ["user_agent", "original", "user_agent.original"];
const TRACE_ID: Name = ["trace", "id", "trace.id"];
const NO_CONTEXT: JsonObject = {};

/** Members of an event that a record names; those that it does not name are undefined. */
export type NamedMembers = {
  readonly action: string | undefined;
  readonly actor: JsonObject | undefined;
  readonly time: string | undefined;
  readonly message: string | undefined;
  /** All others, to be spread into an event. */
  readonly more: JsonObject;
};

export function namedMembers(record: JsonObject): NamedMembers {
  const action = actionOf(record);
  const actor = actorOf(record);
  return {
    action,
    actor,
    time: asTime(record.time) ?? asTime(record["@timestamp"]) ?? asTime(record.timestamp),
    message: firstMessage(record.message, record.msg, record.log),
    more: known({
      // Of a record that is an event of ours through and through, its id is one; others mean something else by that name.
      id: action !== undefined && asObject(record.actor) !== undefined ? asText(record.id) : undefined,
      outcome: outcomeOf(record),
      targets: targetsOf(record),
      op: OPS.includes(record.op) ? record.op : undefined,
      context: contextOf(record),
      tenant: action === undefined ? undefined : asText(record.tenant),
      changes: action === undefined || record.changes === undefined ? undefined : fitForMember(record.changes),
    }),
  };
}

/** What a record holds beside what is named, fit for a part of a member; undefined when there is nothing. */
export function restOf(record: JsonObject, named: NamedMembers): JsonObject | undefined {
  const rest: Record<string, unknown> = {};
  let isEmpty = true;
  for (const name of Object.keys(record)) {
    const value = record[name];
    if (name === "__proto__" || isTold(name, value, named)) continue;
    rest[name.toWellFormed()] = fitForMember(value, REST_DEPTH_MAX);
    isEmpty = false;
  }
  return isEmpty ? undefined : rest;
}

/** Whether a member of the event tells all that stands under a name. */
function isTold(name: string, value: unknown, { action, actor, message, more }: NamedMembers): boolean {
  switch (name) {
    case "message":
    case "msg":
    case "log":
      return value === message;
    case "action":
      return value === action;
    case "outcome":
    case "op":
    case "id":
    case "tenant":
      return value === more[name];
    case "actor":
      return actor !== undefined && isPlainParty(value);
    case "targets":
      return Array.isArray(value) && value.length <= TARGETS_MAX && value.every(isPlainParty);
    default:
      return false;
  }
}

/** Whether there is nothing about an actor or a target but what an event says of one. */
function isPlainParty(value: unknown): boolean {
  const object = asObject(value);
  return object !== undefined && asText(object.id) !== undefined && Object.keys(object).every(isOfParty);
}

function isOfParty(name: string): boolean {
  return name === "type" || name === "id" || name === "name";
}

/** The value of a name of two parts, nested or with a dot. */
function at(record: JsonObject, [outer, inner, dotted]: Name): unknown {
  return asObject(record[outer])?.[inner] ?? record[dotted];
}

function actionOf(record: JsonObject): string | undefined {
  const own = asText(record.action);
  if (own !== undefined && isPrintable(own)) return own;
  const text = asText(at(record, EVENT_ACTION));
  return text !== undefined && isPrintable(text) ? text : undefined;
}

function outcomeOf(record: JsonObject): unknown {
  const { outcome = at(record, EVENT_OUTCOME) } = record;
  return OUTCOME_NAMES.includes(outcome) ? outcome : undefined;
}

function actorOf(record: JsonObject): JsonObject | undefined {
  const own = partyOf(record.actor, "user");
  if (own !== undefined) {
    const principal = partyOf(asObject(record.actor)?.on_behalf_of, "user");
    return principal === undefined ? own : { ...own, on_behalf_of: principal };
  }
  // A plain text `user` may be whom it was done to; the schema's object is who did it.
  const id = identifierOf(at(record, USER_ID));
  const name = asText(at(record, USER_NAME));
  if (id === undefined && name === undefined) return undefined;
  return known({ type: "user", id: id ?? name, name: id === undefined ? undefined : name });
}

/** An actor or a target: an object with an id, or its id alone. */
function partyOf(value: unknown, type: string): JsonObject | undefined {
  const object = asObject(value);
  if (object === undefined) {
    const id = identifierOf(value);
    return id === undefined ? undefined : { type, id };
  }
  const name = asText(object.name);
  const id = identifierOf(object.id) ?? name;
  if (id === undefined) return undefined;
  const attrs = asObject(object.attrs);
  return known({
    type: asText(object.type) ?? type,
    id,
    name,
    attrs: attrs === undefined ? undefined : fitForMember(attrs),
  });
}

function targetsOf({ targets: listed, target: one }: JsonObject): readonly JsonObject[] | undefined {
  if (listed === undefined && one === undefined) return undefined;
  const targets: JsonObject[] = [];
  for (const each of Array.isArray(listed) ? listed.slice(0, TARGETS_MAX) : [one]) {
    const target = partyOf(each, "object");
    if (target !== undefined) targets.push(target);
  }
  return targets.length === 0 ? undefined : targets;
}

function contextOf(record: JsonObject): JsonObject | undefined {
  const own = asObject(record.context) ?? NO_CONTEXT;
  const ip = firstText(own.ip, at(record, SOURCE_IP), at(record, CLIENT_IP));
  const userAgent = firstText(own.user_agent, at(record, USER_AGENT));
  const session = asText(own.session);
  const requestId = firstText(own.request_id, record.request_id);
  const traceId = firstText(own.trace_id, at(record, TRACE_ID), record.trace_id);
  if ((ip ?? userAgent ?? session ?? requestId ?? traceId) === undefined) return undefined;
  return known({ ip, user_agent: userAgent, session, request_id: requestId, trace_id: traceId });
}

function identifierOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : asText(value, IDENTIFIER_MAX);
}

function firstMessage(...values: readonly unknown[]): string | undefined {
  const found = values.find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found.toWellFormed() : undefined;
}
