/**
 * What Azure sends: records of the activity log, of Entra sign-ins and of Entra's audit log, as diagnostic settings export them
 * (`{"records":[…]}`), and deliveries of Event Grid in its own schema, with the question that it asks before the first one.
 */

import { type Format, type Item, unreadable } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { asObject, asText, type JsonObject } from "../../text/foreign-values.ts";
import { type JsonPart, valuesWithin } from "../../text/json-values.ts";
import { eventGridEvent, isEventGrid, validationOf } from "./azure-grid.ts";
import { recordEvent } from "./azure-record.ts";

const WRAPPERS = [{ path: ["records"] }];

export const azure: Format = {
  name: "azure",
  headers: [],
  query: [],
  *items(body) {
    const text = readText(body);
    if (text === undefined) yield unreadable(body);
    else for (const part of valuesWithin(text, WRAPPERS)) yield itemOf(part);
  },
};

function itemOf(part: JsonPart): Item {
  const { text: raw } = part;
  const value = "value" in part ? asObject(part.value) : undefined;
  if (value === undefined) return unreadable(raw);
  return isEventGrid(value) ? gridItem(raw, value) : { raw, event: recordEvent(value) };
}

function gridItem(raw: string, value: JsonObject): Item {
  const id = asText(value.id);
  const answer = validationOf(value);
  return {
    raw,
    event: eventGridEvent(value),
    // An id is one of its topic's.
    ...(id !== undefined && { claim: JSON.stringify([value.topic ?? null, id]).slice(0, 1024) }),
    ...(answer !== undefined && { answer }),
  };
}
