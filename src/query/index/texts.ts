/**
 * The texts of an entry that can be looked through: its message, ids and names, and the exact text that came. Members that are
 * withheld or erased are not among them.
 */

import type { Entry } from "../../entry/entry.ts";
import { readJson } from "../../json/read.ts";
import { memberValue } from "./searchable.ts";

/** Whether a text is what is looked for: then no other is. */
type Test = (text: string) => boolean;

/** Which names of an object have one. */
const PARTY = ["id", "name"] as const;
const CONTEXT = ["session", "request_id", "trace_id"] as const;

const READERS: ReadonlyMap<string, (value: unknown, test: Test) => boolean> = new Map([
  ["message", isText],
  ["_raw", isText],
  ["id", isText],
  ["actor", isActor],
  ["targets", isTarget],
  ["context", (value: unknown, test: Test) => isNamed(value, CONTEXT, test)],
]);

/** Hands over each text until one is what is looked for; whether one was. */
export function eachText({ members }: Pick<Entry, "members">, test: Test): boolean {
  for (const shown of members) {
    if ("digest" in shown) continue;
    const end = shown.text.indexOf('"', 1);
    const reader = READERS.get(shown.text.slice(1, end));
    if (reader?.(readJson(shown.text.slice(end + 2)), test) === true) return true;
  }
  return false;
}

function isText(value: unknown, test: Test): boolean {
  if (typeof value === "number") return test(String(value));
  return typeof value === "string" && test(value);
}

function isNamed(value: unknown, names: readonly string[], test: Test): boolean {
  return names.some((name) => isText(memberValue(value, name), test));
}

function isParty(value: unknown, test: Test): boolean {
  return isText(value, test) || isNamed(value, PARTY, test);
}

function isActor(value: unknown, test: Test): boolean {
  return isParty(value, test) || isParty(memberValue(value, "on_behalf_of"), test);
}

function isTarget(value: unknown, test: Test): boolean {
  return Array.isArray(value) && value.some((each) => isParty(each, test));
}
