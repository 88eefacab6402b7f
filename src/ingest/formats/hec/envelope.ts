/** One envelope of the HTTP Event Collector, or one line of text, as an item. */

import { type Item, unreadable } from "../../format.ts";
import { asObject, asText, fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { readForeign } from "../../text/json-values.ts";
import { namedMembers, restOf } from "../../text/log-record.ts";
import { asTime, timeOfCount } from "../../text/times.ts";

/** What stands in an envelope around its event, or in the query for all of them. */
type Defaults = Readonly<Partial<Record<"time" | "host" | "source" | "sourcetype" | "index", unknown>>>;

/** The same, read. */
type Surroundings = {
  readonly time: string | undefined;
  /** Who logged it: the first of these that is known. */
  readonly names: readonly unknown[];
  readonly metadata: JsonObject;
};

const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Counts since 1970: what is beyond the year 9999 in one unit, is a count of the next. */
const UNITS = ["s", "ms", "us", "ns"] as const;

/** An envelope; what Splunk refuses, as one without an event, is quarantined. */
export function envelopeItem(raw: string, value: unknown, defaults: Defaults): Item {
  const envelope = asObject(value);
  if (envelope === undefined) return unreadable(raw);
  const { event } = envelope;
  if (event === undefined || event === null || event === "") return unreadable(raw);
  return { raw, event: eventOf(event, envelope, defaults) };
}

/** A line; one that is an envelope, as some send to the route for text, is taken for that. */
export function lineItem(line: string, defaults: Defaults): Item {
  const record = recordIn(line);
  if (record !== undefined && isEnvelope(record)) return { raw: line, event: eventOf(record.event, record, defaults) };
  return { raw: line, event: eventOf(line, {}, defaults) };
}

function isEnvelope({ event, ...around }: JsonObject): boolean {
  const isThere = (typeof event === "string" && event !== "") || asObject(event) !== undefined;
  return isThere && (around.host ?? around.source ?? around.sourcetype ?? around.fields) !== undefined;
}

function eventOf(event: unknown, envelope: JsonObject, defaults: Defaults): JsonObject {
  const host = labelOf(envelope.host ?? defaults.host);
  const source = labelOf(envelope.source ?? defaults.source);
  const sourcetype = labelOf(envelope.sourcetype ?? defaults.sourcetype);
  const index = labelOf(envelope.index ?? defaults.index);
  const fields = isFilled(envelope.fields) ? fitForMember(envelope.fields) : undefined;
  const around: Surroundings = {
    time: timeOf(envelope.time ?? defaults.time),
    names: [source, host],
    metadata: { host, source, sourcetype, index, fields },
  };
  const whole = asObject(event);
  if (whole === undefined) return textEvent(event, around);
  return isDocker(whole) ? dockerEvent(whole, around) : recordEvent(whole, around);
}

function textEvent(event: unknown, around: Surroundings): JsonObject {
  const { time, names, metadata } = around;
  if (typeof event !== "string") {
    return logged("log.record", time, undefined, names, undefined, { ...metadata, value: fitForMember(event) });
  }
  const record = recordIn(event);
  if (record !== undefined) return namedEvent("log.line", record, around, event);
  return logged("log.line", time, undefined, names, event, metadata);
}

/** An object that a program logged; Splunk's own logger puts it into `message`, beside a severity. */
function recordEvent(whole: JsonObject, around: Surroundings): JsonObject {
  const inner = whole.action === undefined ? asObject(whole.message) : undefined;
  if (inner === undefined) return namedEvent("log.record", whole, around, undefined);
  const metadata = { ...around.metadata, severity: labelOf(whole.severity) };
  return namedEvent("log.record", inner, { ...around, metadata }, undefined);
}

/** Docker's driver puts a line beside where it came from; it calls the stream `source`. */
function isDocker({ line, source, tag }: JsonObject): boolean {
  return line !== undefined && (source === "stdout" || source === "stderr" || tag !== undefined);
}

function dockerEvent(whole: JsonObject, { time, names, metadata }: Surroundings): JsonObject {
  const { line } = whole;
  const tag = labelOf(whole.tag);
  const stream = labelOf(whole.source);
  const attrs = isFilled(whole.attrs) ? fitForMember(whole.attrs) : undefined;
  const around = { time, names: [metadata.source, tag, ...names], metadata: { ...metadata, stream, tag, attrs } };
  const record = asObject(line);
  return record === undefined ? textEvent(line, around) : namedEvent("log.line", record, around, undefined);
}

/** @param line the text that the record was read from, if it was one */
function namedEvent(action: string, record: JsonObject, around: Surroundings, line: string | undefined): JsonObject {
  const named = namedMembers(record);
  const metadata = { ...around.metadata, record: restOf(record, named) };
  const { names, time = named.time } = around;
  const event = logged(named.action ?? action, time, named.actor, names, named.message ?? line, metadata);
  return { ...named.more, ...event };
}

function logged(
  action: string,
  time: string | undefined,
  actor: JsonObject | undefined,
  names: readonly unknown[],
  message: string | undefined,
  metadata: JsonObject,
): JsonObject {
  const source = firstOf(names);
  const event: Record<string, unknown> = { action };
  if (actor !== undefined) event.actor = actor;
  else if (source !== undefined) event.actor = { type: "service", id: source };
  if (time !== undefined) event.time = time;
  // Where it is who acted, it need not be told twice.
  if (source !== undefined && actor !== undefined) event.source = source;
  if (message !== undefined) event.message = message.isWellFormed() ? message : message.toWellFormed();
  const kept = known(metadata);
  for (const _ in kept) {
    event.metadata = kept;
    break;
  }
  return event;
}

function firstOf(names: readonly unknown[]): string | undefined {
  return names.find((name): name is string => name !== undefined);
}

/** A time as the protocol has it, seconds as a number or a text; others count smaller parts of it, or spell it. */
function timeOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  for (const unit of UNITS) {
    const time = timeOfCount(value, unit);
    if (time !== undefined) return time;
  }
  return asTime(value);
}

/** The object that a text spells; undefined when it spells none. */
function recordIn(text: string): JsonObject | undefined {
  if (text.charCodeAt(0) !== OPEN || text.charCodeAt(text.trimEnd().length - 1) !== CLOSE) return undefined;
  return asObject(readForeign(text)?.value);
}

function labelOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : asText(value);
}

function isFilled(value: unknown): boolean {
  const object = asObject(value);
  return object === undefined ? value !== undefined && value !== null : Object.keys(object).length > 0;
}
