/**
 * The texts of an entry that can be looked through: its message, ids and names, and the exact text that came. Members that are
 * withheld or erased are not among them.
 */

import type { Entry } from "../../entry/entry.ts";
import { readJson } from "../../json/read.ts";
import { memberValue } from "../index/searchable.ts";

/** Whether a text is what is looked for: then no other is. */
type TextFilter = (text: string) => boolean;

/** Which names of an object have one. */
const PARTY = ["id", "name"] as const;
const CONTEXT = ["session", "request_id", "trace_id"] as const;

const READERS: ReadonlyMap<string, (value: unknown, filter: TextFilter) => boolean> = new Map([
  ["message", isText],
  ["_raw", isText],
  ["id", isText],
  ["actor", isActor],
  ["targets", isTarget],
  ["context", (value: unknown, filter: TextFilter) => isNamed(value, CONTEXT, filter)],
]);

/** Hands over each text until one is what is looked for; whether one was. */
export function eachText({ members }: Pick<Entry, "members">, filter: TextFilter): boolean {
  for (const shown of members) {
    if ("digest" in shown) continue;
    const end = shown.text.indexOf('"', 1);
    const reader = READERS.get(shown.text.slice(1, end));
    if (reader?.(readJson(shown.text.slice(end + 2)), filter) === true) return true;
  }
  return false;
}

function isText(value: unknown, filter: TextFilter): boolean {
  if (typeof value === "number") return filter(String(value));
  return typeof value === "string" && filter(value);
}

function isNamed(value: unknown, names: readonly string[], filter: TextFilter): boolean {
  return names.some((name) => isText(memberValue(value, name), filter));
}

function isParty(value: unknown, filter: TextFilter): boolean {
  return isText(value, filter) || isNamed(value, PARTY, filter);
}

function isActor(value: unknown, filter: TextFilter): boolean {
  return isParty(value, filter) || isParty(memberValue(value, "on_behalf_of"), filter);
}

function isTarget(value: unknown, filter: TextFilter): boolean {
  return Array.isArray(value) && value.some((each) => isParty(each, filter));
}
