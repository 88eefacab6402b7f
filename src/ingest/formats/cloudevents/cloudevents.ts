/**
 * CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec, HTTP protocol binding and JSON format): attributes as headers and the
 * data as the body (binary), or events as JSON, one (structured) or several (batched). The content type says which; where it is missing or
 * wrong, the headers and the body do. What is not JSON is kept as it came.
 */

import { type Delivery, type Format, type Item, unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { asObject, type JsonObject } from "../../text/foreign-values.ts";
import { type JsonPart, jsonValues, readForeign } from "../../text/json-values.ts";
import { type CloudData, cloudEvent } from "./cloud-event.ts";
import { headerAttributes } from "./header-attributes.ts";

const CONTENT_TYPE = "content-type";
/** Of headers that are attributes. */
const PREFIX = "ce-";
const JSON_EVENT = /^application\/cloudevents(?:-batch)?(?:\+json)?\s*(?:;|$)/i;
const ANY_EVENT = /^application\/cloudevents/i;
const JSON_DATA = /^[^;]*[/+]json\s*(?:;|$)/i;
/** What every event has. */
const REQUIRED = ["id", "source", "type"];
/** Versions whose attributes are the same as far as they are read here. */
const SPECVERSION = /^(?:1\.\d+|0\.3)$/;

export const cloudevents: Format = {
  name: "cloudevents",
  headers: [CONTENT_TYPE, `${PREFIX}*`],
  query: [],
  *items(body: Uint8Array, { headers }: Delivery): Iterable<Item> {
    const type = headers[CONTENT_TYPE] ?? "";
    const isBinary = !ANY_EVENT.test(type) && Object.keys(headers).some((name) => name.startsWith(PREFIX));
    if (isBinary) yield binaryItem(body, headers);
    else if (ANY_EVENT.test(type) && !JSON_EVENT.test(type)) yield unreadable(body);
    else yield* jsonItems(body);
  },
};

function binaryItem(body: Uint8Array, headers: Delivery["headers"]): Item {
  const text = readText(body);
  const raw = text ?? body;
  const { attributes, isSound } = headerAttributes(headers, PREFIX);
  const contentType = headers[CONTENT_TYPE];
  const { datacontenttype: _, ...rest } = attributes;
  const named = contentType === undefined ? rest : { ...rest, datacontenttype: contentType };
  const item = itemOf(raw, named, dataOf(text, body, contentType), isSound);
  // The attributes did not come with the body, so the exact texts of their headers are kept beside it.
  return { ...item, kind: JSON.stringify(Object.entries(headers).sort(byName)), source: { headers } };
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

/** The data of a body: a JSON value where it is said or seen to be one, else its text. */
function dataOf(text: string | undefined, body: Uint8Array, contentType: string | undefined): CloudData {
  if (body.length === 0) return {};
  if (text === undefined) return { bytes: body.length };
  const read = contentType === undefined || JSON_DATA.test(contentType) ? readForeign(text) : undefined;
  return { value: read === undefined ? text : read.value };
}

/** A body without one object is one item. Its values are not held until one is found: there can be 30 million. */
function* jsonItems(body: Uint8Array): Iterable<Item> {
  const text = readText(body) ?? "";
  let isFound = false;
  let before = 0;
  for (const part of jsonValues(text)) {
    if (isFound) yield partItem(part);
    else if (!isObject(part)) before++;
    else if (before === 0) {
      isFound = true;
      yield partItem(part);
    } else {
      for (const each of jsonValues(text)) yield partItem(each);
      return;
    }
  }
  if (!isFound && body.length > 0 && text.trim() !== "[]") yield unreadable(body);
}

function partItem(part: JsonPart): Item {
  return isObject(part) ? jsonItem(part.text, part.value) : unreadable(part.text);
}

function isObject(part: JsonPart): part is JsonPart & { readonly value: JsonObject } {
  return "value" in part && asObject(part.value) !== undefined;
}

function jsonItem(raw: string, event: JsonObject): Item {
  const { data, data_base64: base64, ...attributes } = event;
  const isNone = data === undefined || data === null;
  if (base64 === undefined || base64 === null) return itemOf(raw, attributes, isNone ? {} : { value: data }, true);
  return itemOf(raw, attributes, { base64 }, isNone && typeof base64 === "string");
}

/** An event that lacks what every event has is recorded with what it has, and marked. */
function itemOf(raw: string | Uint8Array, attributes: JsonObject, data: CloudData, isSound: boolean): Item {
  const { id, source, specversion } = attributes;
  const isWhole = REQUIRED.every((name) => typeof attributes[name] === "string" && attributes[name] !== "");
  const isKnown = typeof specversion === "string" && SPECVERSION.test(specversion);
  const event = typeof attributes.type === "string" ? cloudEvent(attributes, data) : {};
  if (!isWhole || !isKnown || !isSound) return { raw, event, notes: ["text_unreadable"] };
  // An id is its source's own, so both together tell an event from all others.
  return { raw, event, claim: JSON.stringify([source, id]) };
}
