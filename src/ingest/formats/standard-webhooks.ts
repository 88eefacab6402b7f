/**
 * Standard Webhooks, as Svix and many others send them: {type, timestamp, data}, and an id in a header that stays the same
 * when it is sent again. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { isPrintable, NAME_MAX } from "../../entry/schema.ts";
import type { Delivery, Format, Item } from "../format.ts";
import { readText } from "../raw-member.ts";
import { asObject, asText, firstText, fitForMember, type JsonObject, known } from "../text/foreign-values.ts";
import { readForeign } from "../text/json-values.ts";
import { namedMembers } from "../text/log-record.ts";
import { asTime, timeOfCount } from "../text/times.ts";

/** Svix's own name for the first is older than the standard. The time beside it is that of the attempt, another one each time. */
const ID_HEADERS = ["webhook-id", "svix-id"] as const;

export const standardWebhooks: Format = {
  name: "standard-webhooks",
  headers: ID_HEADERS,
  query: [],
  items: (body, delivery) => [itemOf(body, delivery)],
};

function itemOf(body: Uint8Array, { headers }: Delivery): Item {
  const text = readText(body);
  const payload = text === undefined ? undefined : asObject(readForeign(text)?.value);
  const id = firstText(...ID_HEADERS.map((name) => headers[name]));
  const context = id === undefined ? undefined : { request_id: id };
  if (payload === undefined) {
    const event = known({ id, action: "webhook.unknown", context });
    return { raw: text ?? body, event, notes: ["text_unreadable"] };
  }
  const event = eventOf(payload);
  // What `data` calls an id is that of a thing.
  return { raw: text ?? body, event: known({ ...event, id, context: { ...asObject(event.context), ...context } }) };
}

function eventOf(payload: JsonObject): JsonObject {
  const { type, event_type: typeOfSvix, timestamp, data } = payload;
  const object = asObject(data);
  const named = object === undefined ? undefined : namedMembers(object);
  const name = firstText(type, typeOfSvix);
  return {
    ...named?.more,
    action: name !== undefined && name.length <= NAME_MAX && isPrintable(name) ? name : "webhook.received",
    time: timeOf(timestamp) ?? named?.time,
    actor: named?.actor,
    message: named?.message,
    metadata: data === undefined ? withoutNamed(payload) : fitForMember(data),
    tenant: asText(object?.tenant),
  };
}

/** A time as the standard has it, or as some of its senders do: seconds or milliseconds since 1970. */
function timeOf(timestamp: unknown): string | undefined {
  const isCount = typeof timestamp === "number" && timestamp > 0;
  return isCount ? timeOfCount(timestamp, timestamp > 1e11 ? "ms" : "s") : asTime(timestamp);
}

function withoutNamed({ type: _, timestamp: __, ...rest }: JsonObject): unknown {
  return Object.keys(rest).length === 0 ? undefined : fitForMember(rest);
}
