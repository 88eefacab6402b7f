/** An event that a service found, as a line for a person. */

import { spellTime } from "../terminal/output.ts";

/** As answers of the API have it. */
export type ListedEvent = {
  readonly index: number;
  readonly recordedAt: number;
  readonly event: Readonly<Record<string, unknown>>;
};

/** When it was recorded, where it is, what was done by whom to what, how it ended, whether it is an intent or its result, and what is said of it. */
export function eventLine({ index, recordedAt, event }: ListedEvent): string {
  const targets = Array.isArray(event.targets) ? event.targets.map(partyOf).filter((each) => each !== "") : [];
  const parts = [
    spellTime(recordedAt),
    String(index),
    textOf(event.action),
    partyOf(event.actor),
    targets.length === 0 ? "" : `-> ${targets.join(", ")}`,
    event.outcome === "success" ? "" : textOf(event.outcome),
    named("about to be done, intent", event.intent),
    named("result of", event.result_of),
    textOf(event.message),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** An intent and its result say the same but for this. */
function named(what: string, value: unknown): string {
  const name = textOf(value);
  return name === "" ? "" : `(${what} ${name})`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.replaceAll(/\s+/g, " ").trim() : "";
}

function partyOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return textOf(value);
  const { type, id } = value as { readonly type?: unknown; readonly id?: unknown };
  return [textOf(type), textOf(id)].filter((part) => part !== "").join(":");
}
