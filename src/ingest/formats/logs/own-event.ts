/** A record that is an event as our own clients send them: who did what, by the names that an event has. */

import { checkEvent } from "../../../entry/event.ts";
import { EventError } from "../../../entry/event-error.ts";
import { asIdentity, asObject, asText, fitForMember, type JsonObject } from "../../text/foreign-values.ts";
import { foreignTime } from "../../text/times.ts";
import { places, RecordReader } from "./member-places.ts";

const TIMES = places("time", "timestamp", "@timestamp", "ts", "date");
/** Stands for a time while an event without one is looked at. */
const ANY_TIME = "2026-01-01T00:00:00Z";
/** More members than an event may have are told together. */
const MEMBERS_MAX = 40;
const KNOWN: readonly string[] = [
  "id",
  "action",
  "time",
  "actor",
  "targets",
  "outcome",
  "op",
  "observed_at",
  "context",
  "source",
  "tenant",
  "message",
  "changes",
  "schema",
  "class",
  "intent",
  "result_of",
  "authority",
];

/** The event that a record is; undefined when it does not say who did what. What is not as it is in an event goes to its metadata. */
export function ownEvent(record: JsonObject): JsonObject | undefined {
  const action = asText(record.action);
  const actor = actorOf(record.actor);
  if (action === undefined || actor === undefined) return undefined;
  const event: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  const names = Object.keys(record);
  const hasMany = names.length > MEMBERS_MAX;
  for (const name of names) {
    if (name === "__proto__" || name === "metadata") continue;
    const isOdd = name.startsWith("_") || !name.isWellFormed() || (hasMany && !KNOWN.includes(name));
    (isOdd ? rest : event)[name.toWellFormed()] = fitForMember(record[name]);
  }
  event.actor = actor;
  const time = new RecordReader(record).take(TIMES, foreignTime);
  if (record.time !== undefined && record.time !== time) {
    // A time in another spelling, which stays beside the event's own.
    rest.time = fitForMember(record.time);
  }
  delete event.time;
  if (record.metadata !== undefined) event.metadata = fitForMember(record.metadata);
  for (let member = oddMember(event); member !== undefined; member = oddMember(event)) {
    if (member === "action" || member === "actor") return undefined;
    rest[member] = event[member];
    delete event[member];
  }
  if (time !== undefined) event.time = time;
  if (Object.keys(rest).length > 0) event.metadata = withRest(event.metadata, rest);
  return event;
}

function actorOf(value: unknown): JsonObject | undefined {
  const id = asIdentity(value);
  if (id !== undefined) return { type: "user", id };
  const actor = asObject(value);
  const inside = asIdentity(actor?.id);
  if (actor === undefined || inside === undefined) return undefined;
  const type = asText(actor.type) ?? "user";
  return fitForMember({ ...actor, type, id: inside }) as JsonObject;
}

/** The first member that is not as it is in an event; undefined when all are, or it is nothing of one member. */
function oddMember(event: JsonObject): string | undefined {
  try {
    checkEvent({ ...event, time: ANY_TIME });
    return undefined;
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    const [, step] = error.path.split("/");
    const name = step?.replaceAll("~1", "/").replaceAll("~0", "~");
    return name !== undefined && Object.hasOwn(event, name) ? name : undefined;
  }
}

function withRest(metadata: unknown, rest: JsonObject): JsonObject {
  const own = asObject(metadata);
  if (metadata === undefined) return rest;
  return own === undefined ? { metadata, ...rest } : { ...own, ...rest };
}
