/** How things ended, in the words that senders have for it. */

import type { OUTCOMES } from "../../entry/schema.ts";

type Outcome = (typeof OUTCOMES)[number];

const WORDS: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["success", "success"],
  ["succeeded", "success"],
  ["successful", "success"],
  ["ok", "success"],
  ["allow", "success"],
  ["allowed", "success"],
  ["granted", "success"],
  ["accepted", "success"],
  ["failure", "failure"],
  ["fail", "failure"],
  ["failed", "failure"],
  ["error", "failure"],
  ["timeout", "failure"],
  ["canceled", "failure"],
  ["deny", "denied"],
  ["denied", "denied"],
  ["forbidden", "denied"],
  ["unauthorized", "denied"],
  ["blocked", "denied"],
  ["rejected", "denied"],
  ["unknown", "unknown"],
]);

/** What a word or a yes or no says of how something ended; undefined when it says nothing of that. */
export function outcomeOf(value: unknown): Outcome | undefined {
  if (typeof value === "boolean") return value ? "success" : "failure";
  return typeof value === "string" && value.length <= 16 ? WORDS.get(value.toLowerCase()) : undefined;
}
