/**
 * A request in OTLP/JSON: the mapping of protobuf to JSON, but trace and span ids in hex and enumerations as numbers
 * (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). Integers of 64 bits come as texts and as numbers.
 */

import { toHex } from "../../../merkle/bytes.ts";
import { fromBase64 } from "../../text/base64.ts";
import { asObject, type JsonObject, known } from "../../text/foreign-values.ts";
import { readForeign } from "../../text/json-values.ts";
import { JsonWalk } from "../../text/json-walk.ts";
import { timeOfCount } from "../../text/times.ts";
import type { OtlpGroup, OtlpRecord } from "./record-event.ts";

/** Deepest nesting of values that is read; the exact text has the rest. */
const DEPTH_MAX = 32;

/**
 * The groups of a text, each record as its exact text; undefined when it is no request, or has none of its members. As in
 * files that the Collector writes, there may be several requests after one another.
 */
export function readJsonRequest(text: string): OtlpGroup<string>[] | undefined {
  const groups: OtlpGroup<string>[] = [];
  let isRequest = true;
  try {
    for (const walk = new JsonWalk(text); !walk.isAtEnd; ) {
      if (!walk.isAtObject) return undefined;
      let isEmpty = true;
      let hasLogs = false;
      walk.members((name) => {
        isEmpty = false;
        if (name !== "resourceLogs") return;
        hasLogs = true;
        walk.elements(() => walkResource(walk, groups));
      });
      if (!isEmpty && !hasLogs) isRequest = false;
    }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isRequest ? groups : undefined;
}

type Scope = { readonly scope: JsonObject; readonly scopeRaw: string | undefined; readonly records: readonly string[] };

function walkResource(walk: JsonWalk, groups: OtlpGroup<string>[]): void {
  let resourceRaw: string | undefined;
  const scopes: Scope[] = [];
  walk.members((name) => {
    if (name === "resource") resourceRaw = walk.take();
    else if (name === "scopeLogs") walk.elements(() => scopes.push(walkScope(walk)));
  });
  const resource = attributesOf(objectOf(resourceRaw).attributes);
  for (const { scope, scopeRaw, records } of scopes) {
    groups.push({ resource, scope, records, heads: [resourceRaw, scopeRaw].filter((head) => head !== undefined) });
  }
}

function walkScope(walk: JsonWalk): Scope {
  const records: string[] = [];
  let scopeRaw: string | undefined;
  walk.members((name) => {
    if (name === "scope") scopeRaw = walk.take();
    else if (name === "logRecords") walk.elements(() => records.push(walk.take()));
  });
  const { name, version, attributes } = objectOf(scopeRaw);
  const plain = attributesOf(attributes);
  const isPlain = Object.keys(plain).length === 0;
  return { scope: known({ name, version, attributes: isPlain ? undefined : plain }), scopeRaw, records };
}

/** @throws SyntaxError when the text is there and is no object */
function objectOf(text: string | undefined): JsonObject {
  if (text === undefined || text === "null") return {};
  const object = asObject(readForeign(text)?.value);
  if (object === undefined) throw new SyntaxError("expected an object");
  return object;
}

/** A record from its text; undefined when it is none. */
export function readJsonRecord(text: string): OtlpRecord | undefined {
  const record = asObject(readForeign(text)?.value);
  if (record === undefined) return undefined;
  return {
    time: timeOf(record.timeUnixNano),
    observedTime: timeOf(record.observedTimeUnixNano),
    severityNumber: numberOf(record.severityNumber),
    severityText: textOf(record.severityText),
    eventName: textOf(record.eventName),
    body: record.body === undefined ? undefined : plainValue(record.body, DEPTH_MAX),
    attributes: attributesOf(record.attributes),
    droppedAttributes: numberOf(record.droppedAttributesCount),
    flags: numberOf(record.flags),
    traceId: idOf(record.traceId, 16),
    spanId: idOf(record.spanId, 8),
  };
}

/** Nanoseconds since 1970 as RFC 3339; 0 stands for none. */
function timeOf(value: unknown): string | undefined {
  return value === undefined || value === 0 || value === "0" ? undefined : timeOfCount(value, "ns");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}

/** An id as lower-case hex. Some senders spell it as protobuf's own mapping has it, in base64. */
function idOf(value: unknown, length: number): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (value.length === 2 * length && /^[0-9a-fA-F]+$/.test(value)) return shownId(value.toLowerCase());
  const bytes = value.length <= 2 * length ? fromBase64(value) : undefined;
  return bytes?.length === length ? shownId(toHex(bytes).slice(2)) : undefined;
}

/** An id of zeros is none. */
function shownId(hex: string): string | undefined {
  return /^0+$/.test(hex) ? undefined : hex;
}

/** A list of keys and values as an object. */
function attributesOf(list: unknown, depthLeft = DEPTH_MAX): JsonObject {
  const attributes: Record<string, unknown> = {};
  if (!Array.isArray(list)) return attributes;
  for (const each of list) {
    const pair = asObject(each);
    if (typeof pair?.key === "string" && pair.key !== "__proto__") {
      attributes[pair.key] = plainValue(pair.value, depthLeft - 1);
    }
  }
  return attributes;
}

/** An AnyValue as plain JSON: bytes as {base64}, integers that a double cannot hold as their digits. */
function plainValue(value: unknown, depthLeft: number): unknown {
  const any = asObject(value);
  if (any === undefined || depthLeft <= 0) return null;
  if (any.stringValue !== undefined) return any.stringValue;
  if (any.intValue !== undefined) return numberOf(any.intValue) ?? any.intValue;
  if (any.boolValue !== undefined) return any.boolValue;
  if (any.doubleValue !== undefined) return doubleOf(any.doubleValue);
  if (any.kvlistValue !== undefined) return attributesOf(asObject(any.kvlistValue)?.values, depthLeft);
  if (any.bytesValue !== undefined) return { base64: any.bytesValue };
  if (any.arrayValue === undefined) return null;
  const values = asObject(any.arrayValue)?.values;
  return Array.isArray(values) ? values.map((each) => plainValue(each, depthLeft - 1)) : [];
}

/** Beyond the range of numbers a double is a text: "NaN", "Infinity". */
function doubleOf(value: unknown): unknown {
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}
