/**
 * Log records of any kind: JSON objects in a list, one on each line or right after one another, lines of text, and forms; as
 * Fluent Bit, Fluentd, Vector, syslog-ng and libraries that post what they log send them. The content type says nothing: four
 * such senders send JSON as a form, or with no type at all. Which record is of whom is told in record.ts.
 */

import { type Delivery, type Format, type Item, unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { asObject } from "../../text/foreign-values.ts";
import { joinPieces, joinRecords, marksOf, type PieceMarks, type PieceNames } from "../../text/joined-pieces.ts";
import { type JsonPart, valuesWithin } from "../../text/json-values.ts";
import { lineEvent, SYSLOG_HEADERS } from "./line.ts";
import { recordEvent } from "./record.ts";

const USER_AGENT = "user-agent";
const LINE_FEED = 0x0a;
/** What somebody who fills in a form sends: names and values, escaped, with no space in them. */
const FORM = /^[\w.~%+*-]{1,256}=[^\s&]*(?:&[\w.~%+*-]{1,256}=[^\s&]*)*$/;
/** How Docker's fluentd driver marks the pieces of a long line, and with it Fluentd and Fluent Bit. */
const PIECE: PieceNames = { id: "partial_id", ordinal: "partial_ordinal", last: "partial_last" };
/** Nobody fills in a longer one. */
const FORM_LENGTH_MAX = 1_048_576;
/** What else stands beside the records in the object that holds them, of senders that wrap them. */
const WRAPPERS = [{ path: ["logs"], isAlone: true }, { path: ["data", "events"] }];

export const logs: Format = {
  name: "logs",
  headers: ["content-type", USER_AGENT, ...SYSLOG_HEADERS],
  query: [],
  takesQuery: true,
  // syslog-ng's next try holds what was not taken together with what is new.
  repeats: ({ headers }) => (isSyslogNg(headers) ? "items" : "requests"),
  *items(body, delivery) {
    for (const { text, bytes } of readable(body)) {
      if (text === undefined) yield unreadable(bytes);
      else yield* itemsOf(text, delivery);
    }
  },
};

function isSyslogNg(headers: Delivery["headers"]): boolean {
  return headers[USER_AGENT]?.startsWith("syslog-ng") === true;
}

function* itemsOf(text: string, { headers, route }: Delivery): Iterable<Item> {
  const isForm = route === "query" || headers["content-type"]?.toLowerCase().includes("form-urlencoded") === true;
  const fields = isForm ? readForm(text) : undefined;
  if (fields !== undefined) {
    yield { raw: text, event: recordEvent(fields, false) };
    return;
  }
  const hasUniqueIds = isSyslogNg(headers);
  const parts = joinPieces(valuesWithin(text, WRAPPERS), pieceMarks, joinParts);
  for (const part of parts) yield itemOf(part, headers, hasUniqueIds);
}

function pieceMarks(part: JsonPart): PieceMarks | undefined {
  return "value" in part ? marksOf(part.value, PIECE) : undefined;
}

/** The pieces of a line as one record; their exact texts are kept, a line each. */
function joinParts(parts: readonly JsonPart[]): JsonPart {
  const records = parts.map((part) => ("value" in part ? asObject(part.value) : undefined) ?? {});
  const text = parts.map((part) => part.text).join("\n");
  return { text, value: joinRecords(records, PIECE, "log", ["partial_message"]) };
}

function itemOf(part: JsonPart, headers: Delivery["headers"], hasUniqueIds: boolean): Item {
  const record = "value" in part ? asObject(part.value) : undefined;
  const event = record === undefined ? lineEvent(part.text, headers) : recordEvent(record, hasUniqueIds);
  return { raw: part.text, event };
}

/** The fields of a form; undefined when a text is none. Of two with one name the last counts. */
function readForm(text: string): Readonly<Record<string, string>> | undefined {
  if (text.length > FORM_LENGTH_MAX || !FORM.test(text)) return undefined;
  const fields: Record<string, string> = {};
  for (const field of text.split("&")) {
    const equals = field.indexOf("=");
    const name = unescaped(field.slice(0, equals));
    if (name !== "__proto__") fields[name] = unescaped(field.slice(equals + 1));
  }
  return fields;
}

/** A text of a form; as it came where its escapes are none, or are none of UTF-8. */
function unescaped(spelled: string): string {
  try {
    return decodeURIComponent(spelled.replaceAll("+", " "));
  } catch {
    return spelled;
  }
}

/** A body as one text; where parts of it are no UTF-8, those lines by themselves, and what stands between them as texts. */
function* readable(body: Uint8Array): Iterable<{ readonly bytes: Uint8Array; readonly text: string | undefined }> {
  const whole = readText(body);
  if (whole !== undefined) {
    yield { bytes: body, text: whole };
    return;
  }
  let from = 0;
  for (let at = 0; at < body.length; ) {
    const feed = body.indexOf(LINE_FEED, at);
    const end = feed === -1 ? body.length : feed;
    const line = body.subarray(at, end);
    if (readText(line) === undefined) {
      const before = body.subarray(from, at);
      if (before.length > 0) yield { bytes: before, text: readText(before) };
      yield { bytes: line, text: undefined };
      from = end + 1;
    }
    at = end + 1;
  }
  const rest = body.subarray(from);
  if (rest.length > 0) yield { bytes: rest, text: readText(rest) };
}
