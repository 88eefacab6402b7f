/**
 * A request in OTLP's protobuf: ExportLogsServiceRequest and what is in it (opentelemetry-proto 1.x, collector/logs/v1
 * and logs/v1), read by hand so that the exact bytes of each record are at hand. Why: docs/decisions/0140.
 */

import { toHex } from "../../../merkle/bytes.ts";
import { toBase64 } from "../../text/base64.ts";
import { type JsonObject, known } from "../../text/foreign-values.ts";
import { timeOfCount } from "../../text/times.ts";
import type { OtlpGroup, OtlpRecord } from "./record-event.ts";
import { WireError, WireReader } from "./wire.ts";

/** Deepest nesting of values that is read; what is nested more deeply is no record that anybody meant. */
const DEPTH_MAX = 32;

/** The number of a field with the wire type of its value. */
const field = {
  varint: (number: number) => 8 * number,
  fixed64: (number: number) => 8 * number + 1,
  bytes: (number: number) => 8 * number + 2,
  fixed32: (number: number) => 8 * number + 5,
};
const RESOURCE_LOGS = field.bytes(1);
const RESOURCE_LOGS_FIELDS = { resource: field.bytes(1), scopeLogs: field.bytes(2) };
const SCOPE_LOGS_FIELDS = { scope: field.bytes(1), logRecords: field.bytes(2) };
const RESOURCE_FIELDS = { attributes: field.bytes(1) };
const SCOPE_FIELDS = { name: field.bytes(1), version: field.bytes(2), attributes: field.bytes(3) };
const RECORD = {
  time: field.fixed64(1),
  severityNumber: field.varint(2),
  severityText: field.bytes(3),
  body: field.bytes(5),
  attributes: field.bytes(6),
  droppedAttributes: field.varint(7),
  flags: field.fixed32(8),
  traceId: field.bytes(9),
  spanId: field.bytes(10),
  observedTime: field.fixed64(11),
  eventName: field.bytes(12),
};
const KEY_VALUE = { key: field.bytes(1), value: field.bytes(2) };
const VALUE = {
  string: field.bytes(1),
  bool: field.varint(2),
  int: field.varint(3),
  double: field.fixed64(4),
  array: field.bytes(5),
  kvlist: field.bytes(6),
  bytes: field.bytes(7),
};
const VALUES = field.bytes(1);

type Scope = {
  readonly scope: JsonObject;
  readonly heads: readonly Uint8Array[];
  readonly records: readonly Uint8Array[];
};

/** The groups of a body, each record as its exact bytes; undefined when it is no request, or has none of its fields. */
export function readProtobufRequest(body: Uint8Array): OtlpGroup<Uint8Array>[] | undefined {
  return unlessBroken(() => {
    const groups: OtlpGroup<Uint8Array>[] = [];
    const reader = new WireReader(body);
    let hasLogs = body.length === 0;
    while (reader.next()) {
      if (reader.tag === RESOURCE_LOGS) {
        hasLogs = true;
        readResourceLogs(reader, groups);
      } else reader.skip();
    }
    return hasLogs ? groups : undefined;
  });
}

/** A record from its bytes; undefined when it is none. */
export function readProtobufRecord(bytes: Uint8Array): OtlpRecord | undefined {
  return unlessBroken(() => readRecord(new WireReader(bytes)));
}

function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function readResourceLogs(reader: WireReader, groups: OtlpGroup<Uint8Array>[]): void {
  const scopes: Scope[] = [];
  const resources: Uint8Array[] = [];
  const resource: Record<string, unknown> = {};
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag === RESOURCE_LOGS_FIELDS.resource) {
      const bytes = reader.bytes();
      resources.push(bytes);
      const inner = new WireReader(bytes);
      while (inner.next()) {
        if (inner.tag === RESOURCE_FIELDS.attributes) readPair(inner, resource, DEPTH_MAX);
        else inner.skip();
      }
    } else if (reader.tag === RESOURCE_LOGS_FIELDS.scopeLogs) scopes.push(readScopeLogs(reader));
    else reader.skip();
  }
  reader.leave(outer);
  for (const { scope, heads, records } of scopes) {
    groups.push({ resource, scope, records, heads: [...resources, ...heads] });
  }
}

function readScopeLogs(reader: WireReader): Scope {
  const records: Uint8Array[] = [];
  const heads: Uint8Array[] = [];
  let scope: JsonObject = {};
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag === SCOPE_LOGS_FIELDS.logRecords) records.push(reader.bytes());
    else if (reader.tag === SCOPE_LOGS_FIELDS.scope) {
      const bytes = reader.bytes();
      heads.push(bytes);
      scope = readScope(new WireReader(bytes));
    } else reader.skip();
  }
  reader.leave(outer);
  return { scope, heads, records };
}

function readScope(reader: WireReader): JsonObject {
  let name: string | undefined;
  let version: string | undefined;
  const attributes: Record<string, unknown> = {};
  while (reader.next()) {
    if (reader.tag === SCOPE_FIELDS.name) name = reader.text();
    else if (reader.tag === SCOPE_FIELDS.version) version = reader.text();
    else if (reader.tag === SCOPE_FIELDS.attributes) readPair(reader, attributes, DEPTH_MAX);
    else reader.skip();
  }
  const isPlain = Object.keys(attributes).length === 0;
  return known({ name, version, attributes: isPlain ? undefined : attributes });
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function readRecord(reader: WireReader): OtlpRecord {
  const attributes: Record<string, unknown> = {};
  const record: Mutable<OtlpRecord> = { attributes };
  while (reader.next()) {
    switch (reader.tag) {
      case RECORD.time:
        record.time = timeOf(reader.fixed64());
        break;
      case RECORD.observedTime:
        record.observedTime = timeOf(reader.fixed64());
        break;
      case RECORD.severityNumber:
        record.severityNumber = countOf(reader);
        break;
      case RECORD.severityText:
        record.severityText = reader.text();
        break;
      case RECORD.eventName:
        record.eventName = reader.text();
        break;
      case RECORD.body:
        record.body = readValue(reader, DEPTH_MAX);
        break;
      case RECORD.attributes:
        readPair(reader, attributes, DEPTH_MAX);
        break;
      case RECORD.droppedAttributes:
        record.droppedAttributes = countOf(reader);
        break;
      case RECORD.flags:
        record.flags = reader.fixed32();
        break;
      case RECORD.traceId:
        record.traceId = idOf(reader.bytes(), 16);
        break;
      case RECORD.spanId:
        record.spanId = idOf(reader.bytes(), 8);
        break;
      default:
        reader.skip();
    }
  }
  return record;
}

function countOf(reader: WireReader): number | undefined {
  const count = reader.varint();
  return Number.isSafeInteger(count) ? count : undefined;
}

/** Nanoseconds since 1970 as RFC 3339; 0 stands for none. */
function timeOf(count: bigint): string | undefined {
  return count === 0n ? undefined : timeOfCount(String(count), "ns");
}

/** An id as hex; one of zeros is none. */
function idOf(bytes: Uint8Array, length: number): string | undefined {
  return bytes.length === length && bytes.some((byte) => byte !== 0) ? toHex(bytes).slice(2) : undefined;
}

function readPair(reader: WireReader, into: Record<string, unknown>, depthLeft: number): void {
  let key = "";
  let value: unknown = null;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag === KEY_VALUE.key) key = reader.text();
    else if (reader.tag === KEY_VALUE.value) value = readValue(reader, depthLeft - 1);
    else reader.skip();
  }
  reader.leave(outer);
  if (key !== "__proto__") into[key] = value;
}

/** An AnyValue as plain JSON: bytes as {base64}, integers that a double cannot hold as their digits. */
function readValue(reader: WireReader, depthLeft: number): unknown {
  if (depthLeft <= 0) throw new WireError(`expected values nested at most ${DEPTH_MAX} deep`);
  let value: unknown = null;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.tag) {
      case VALUE.string:
        value = reader.text();
        break;
      case VALUE.bool:
        value = reader.varint() !== 0;
        break;
      case VALUE.int:
        value = reader.int64();
        break;
      case VALUE.double:
        value = doubleOf(reader.double());
        break;
      case VALUE.array:
        value = readArray(reader, depthLeft);
        break;
      case VALUE.kvlist:
        value = readList(reader, depthLeft);
        break;
      case VALUE.bytes:
        value = { base64: toBase64(reader.bytes()) };
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return value;
}

/** What JSON has no number for is a text, as in OTLP/JSON. */
function doubleOf(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function readArray(reader: WireReader, depthLeft: number): unknown[] {
  const values: unknown[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag === VALUES) values.push(readValue(reader, depthLeft - 1));
    else reader.skip();
  }
  reader.leave(outer);
  return values;
}

function readList(reader: WireReader, depthLeft: number): JsonObject {
  const pairs: Record<string, unknown> = {};
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag === VALUES) readPair(reader, pairs, depthLeft);
    else reader.skip();
  }
  reader.leave(outer);
  return pairs;
}
