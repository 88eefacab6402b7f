/**
 * The audit webhook of Kubernetes: an EventList of audit.k8s.io, whose items are events; lists one after another, or the
 * events themselves, one on each line as an audit log file has them, are taken too.
 * https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */

import { fromUtf8 } from "../../../merkle/bytes.ts";
import type { Format, Item } from "../../format.ts";
import { readText } from "../../raw-member.ts";
import { asObject } from "../../text/foreign-values.ts";
import { elementsOf, type JsonPart, jsonMembers, jsonValues, readForeign } from "../../text/json-values.ts";
import { eventOf, isAuditEvent } from "./mapping.ts";
import { isSensitive, mayHoldObjects, redact } from "./redact.ts";

/** Characters of an event whose object is shown as the change; of a larger one it is in `_raw`. */
const SHOWN_MAX = 32_768;

export const kubernetes: Format = {
  name: "kubernetes",
  headers: [],
  // The API server drops the query of the URL that it was given.
  query: [],
  holdsSecrets: true,
  items(body) {
    const text = readText(body);
    return text === undefined ? [unreadableItem(body, fromUtf8(body))] : itemsOf(text);
  },
};

/** The events of a text. A list that is all of it is parted before it is read, so that nothing is read twice. */
function* itemsOf(text: string): Iterable<Item> {
  const list = listOf(text);
  if (list !== undefined) {
    yield* eventsOf(list);
    return;
  }
  for (const part of jsonValues(text)) {
    const isList = "value" in part && asObject(part.value)?.items !== undefined;
    const inner = isList ? listOf(part.text) : undefined;
    if (inner === undefined) yield itemOf(part);
    else yield* eventsOf(inner);
  }
}

/** What a list of events holds, when a text is one. */
function listOf(text: string): Iterable<JsonPart> | undefined {
  const members = jsonMembers(text);
  if (members === undefined || members.some(({ name }) => name === "verb")) return undefined;
  const [only, ...others] = members.filter(({ name }) => name === "items");
  if (only === undefined || others.length > 0) return undefined;
  if (only.list !== undefined) return elementsOf(text, only.list);
  const value = text.slice(only.start, only.end);
  // As Go spells a list of none.
  if (value === "null") return [];
  return value.startsWith("[") ? jsonValues(value) : undefined;
}

function* eventsOf(list: Iterable<JsonPart>): Iterable<Item> {
  for (const part of list) yield itemOf(part);
}

function itemOf(part: JsonPart): Item {
  const { text } = part;
  const audit = "value" in part ? asObject(part.value) : undefined;
  if (audit === undefined || !isAuditEvent(audit)) return unreadableItem(text, text);
  if (!isSensitive(audit)) return { raw: text, event: eventOf(audit, text.length <= SHOWN_MAX) };
  const redacted = redact(text);
  const read = redacted === undefined ? undefined : asObject(readForeign(redacted.text)?.value);
  if (redacted === undefined || read === undefined) return unreadableItem(text, text);
  const { name, uid } = asObject(asObject(audit.responseObject)?.metadata) ?? {};
  const event = eventOf({ ...read, responseObject: { metadata: { name, uid } } }, false);
  return { raw: redacted.text, event, source: { redacted: redacted.paths } };
}

/** What cannot be read may be the event of a secret. */
function unreadableItem(raw: string | Uint8Array, text: string): Item {
  const item: Item = { raw, event: {}, notes: ["text_unreadable"] };
  return mayHoldObjects(text) ? { ...item, isSecret: true } : item;
}
