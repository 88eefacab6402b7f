/**
 * Logs of OpenTelemetry over HTTP (OTLP/HTTP, https://opentelemetry.io/docs/specs/otlp/), in protobuf and in JSON: every log
 * record is an event, its exact bytes or text `_raw`, its resource and its scope part of `_source`.
 */

import type { Delivery, Format, Item } from "../../format.ts";
import { unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { fitForMember, type JsonObject, known } from "../../text/foreign-values.ts";
import { readJsonRecord, readJsonRequest } from "./json-request.ts";
import { readProtobufRecord, readProtobufRequest } from "./protobuf-request.ts";
import { type OtlpGroup, type OtlpRecord, recordEvent } from "./record-event.ts";

const CONTENT_TYPE = "content-type";
/** Characters of a resource that every record of it can carry along. */
const SOURCE_MAX = 8192;
/** Of records whose resource or scope is larger: it is an event in front of them. */
const APART: JsonObject = { resource: "in an event of its own" };

export const otlp: Format = {
  name: "otlp",
  headers: [CONTENT_TYPE],
  query: [],
  *items(body: Uint8Array, { headers }: Delivery): Iterable<Item> {
    // The route says what it is; of a type that is missing or wrong it is seen in the body which of the two.
    const isJson = /json/i.test(headers[CONTENT_TYPE] ?? "");
    const items = isJson ? (jsonItems(body) ?? protobufItems(body)) : (protobufItems(body) ?? jsonItems(body));
    if (items === undefined) yield unreadable(body);
    else yield* items;
  },
};

function protobufItems(body: Uint8Array): Iterable<Item> | undefined {
  const groups = readProtobufRequest(body);
  return groups === undefined ? undefined : itemsOf(groups, readProtobufRecord);
}

function jsonItems(body: Uint8Array): Iterable<Item> | undefined {
  const text = readText(body);
  const groups = text === undefined ? undefined : readJsonRequest(text);
  return groups === undefined ? undefined : itemsOf(groups, readJsonRecord);
}

function* itemsOf<R extends string | Uint8Array>(
  groups: readonly OtlpGroup<R>[],
  read: (raw: R) => OtlpRecord | undefined,
): Iterable<Item> {
  for (const { records, resource, scope, heads } of groups) {
    if (records.length === 0) continue;
    const whole = sourceOf(resource, scope);
    const isCarried = JSON.stringify(whole).length <= SOURCE_MAX;
    const source = isCarried ? whole : APART;
    if (!isCarried)
      for (const raw of heads)
        yield { raw, event: { ...recordEvent({ attributes: {} }, resource), action: "otel.resource" } };
    for (const raw of records) {
      const record = read(raw);
      if (record === undefined) yield { ...unreadable(raw), source };
      else yield { raw, event: recordEvent(record, resource), source };
    }
  }
}

function sourceOf(resource: JsonObject, scope: JsonObject): JsonObject {
  const isUnnamed = Object.keys(scope).length === 0;
  return known({
    resource: Object.keys(resource).length === 0 ? undefined : fitForMember(resource),
    scope: isUnnamed ? undefined : fitForMember(scope),
  });
}
