/**
 * Log records of any kind: JSON objects in a list, one on each line or right after one another, and lines of text; as Fluent
 * Bit, Fluentd, Vector and libraries that post JSON send them. A record that has the members of an event is that event.
 */

import { type Delivery, type Format, type Item, unreadable } from "../format.ts";
import { readText } from "../raw-member.ts";
import { asObject, firstText, fitForMember, type JsonObject, known } from "../text/foreign-values.ts";
import { type JsonPart, jsonValues } from "../text/json-values.ts";
import { asTime, timeOfCount } from "../text/times.ts";

const USER_AGENT = "user-agent";

export const logs: Format = {
  name: "logs",
  headers: [USER_AGENT],
  query: [],
  // syslog-ng's next try holds what was not taken together with what is new.
  repeats: ({ headers }) => (headers[USER_AGENT]?.startsWith("syslog-ng") === true ? "items" : "requests"),
  *items(body: Uint8Array, _delivery: Delivery): Iterable<Item> {
    const text = readText(body);
    if (text === undefined) {
      yield unreadable(body);
      return;
    }
    for (const part of jsonValues(text)) yield itemOf(part);
  },
};

function itemOf(part: JsonPart): Item {
  const record = "value" in part ? asObject(part.value) : undefined;
  if (record === undefined) return { raw: part.text, event: lineEvent(part.text) };
  return { raw: part.text, event: recordEvent(record) };
}

function lineEvent(text: string): JsonObject {
  return { action: "log.line", actor: { type: "system", id: "logs" }, message: text };
}

function recordEvent(record: JsonObject): JsonObject {
  const message = firstText(record.message, record.msg, record.log);
  return known({
    action: firstText(record.action) ?? "log.record",
    actor: { type: "system", id: firstText(record.host, record.hostname) ?? "logs" },
    time: asTime(record.time) ?? timeOfCount(record.date, "s"),
    message,
    metadata: fitForMember(record),
  });
}
