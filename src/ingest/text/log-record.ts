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
const OPS: readonly unknown[] = ["c", "r", "u", "d", "x"];
const OUTCOME_NAMES: readonly unknown[] = OUTCOMES;

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

/** The value of a name of two parts, nested or with a dot. */
function at(record: JsonObject, outer: string, inner: string): unknown {
  return asObject(record[outer])?.[inner] ?? record[`${outer}.${inner}`];
}

function actionOf(record: JsonObject): string | undefined {
  for (const value of [record.action, at(record, "event", "action")]) {
    const text = asText(value);
    if (text !== undefined && isPrintable(text)) return text;
  }
  return undefined;
}

function outcomeOf(record: JsonObject): unknown {
  return [record.outcome, at(record, "event", "outcome")].find((value) => OUTCOME_NAMES.includes(value));
}

function actorOf(record: JsonObject): JsonObject | undefined {
  const own = partyOf(record.actor, "user");
  if (own !== undefined) {
    const principal = partyOf(asObject(record.actor)?.on_behalf_of, "user");
    return principal === undefined ? own : { ...own, on_behalf_of: principal };
  }
  // A plain text `user` may be whom it was done to; the schema's object is who did it.
  const id = identifierOf(at(record, "user", "id"));
  const name = asText(at(record, "user", "name"));
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

function targetsOf(record: JsonObject): readonly JsonObject[] | undefined {
  const listed = Array.isArray(record.targets) ? record.targets.slice(0, TARGETS_MAX) : [record.target];
  const targets: JsonObject[] = [];
  for (const each of listed) {
    const target = partyOf(each, "object");
    if (target !== undefined) targets.push(target);
  }
  return targets.length === 0 ? undefined : targets;
}

function contextOf(record: JsonObject): JsonObject | undefined {
  const own = asObject(record.context) ?? {};
  const context = known({
    ip: firstText(own.ip, at(record, "source", "ip"), at(record, "client", "ip")),
    user_agent: firstText(own.user_agent, at(record, "user_agent", "original")),
    session: asText(own.session),
    request_id: firstText(own.request_id, record.request_id),
    trace_id: firstText(own.trace_id, at(record, "trace", "id"), record.trace_id),
  });
  return Object.keys(context).length === 0 ? undefined : context;
}

function identifierOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : asText(value, IDENTIFIER_MAX);
}

function firstMessage(...values: readonly unknown[]): string | undefined {
  const found = values.find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found.toWellFormed() : undefined;
}
