/**
 * Columns of tables of events: what each is called, and what stands in it. `index`, `recordedAt`, `leafHash` and `event` are
 * of the record; any other name leads into the event, with dots between its steps (`actor.id`, `targets.0.type`), or as an
 * RFC 6901 pointer where a name has dots itself or is one of those four (`/index`).
 */

import { canonicalJson } from "../json/canonical.ts";
import type { ExportRecord } from "./record.ts";

/** A cell: text, a number, or nothing where the event does not have it. Lists and objects are their JSON. */
export type TableCell = string | number | undefined;

export type Column = { readonly name: string; readonly read: (record: ExportRecord) => TableCell };

/** When nothing else is asked for. The last one has all members, so that nothing of an event is lost. */
export const COLUMNS_DEFAULT: readonly string[] = [
  "index",
  "recordedAt",
  "time",
  "action",
  "outcome",
  "actor.type",
  "actor.id",
  "actor.name",
  "targets.0.type",
  "targets.0.id",
  "context.ip",
  "source",
  "_source.source",
  "_source.format",
  "tenant",
  "id",
  "message",
  "leafHash",
  "event",
];
export const COLUMNS_MAX = 100;

const OF_RECORD: Readonly<Record<string, (record: ExportRecord) => TableCell>> = {
  index: ({ index }) => index,
  recordedAt: ({ recordedAt }) => spellTime(recordedAt),
  leafHash: ({ leafHash }) => leafHash,
  event: ({ entry }) => `{${entry.members.flatMap((member) => ("digest" in member ? [] : [member.text])).join(",")}}`,
};

/** The column of a name. @throws RangeError when it leads nowhere that can be */
export function columnOf(name: string): Column {
  if (Object.hasOwn(OF_RECORD, name)) return { name, read: OF_RECORD[name] as Column["read"] };
  const steps = name.startsWith("/") ? name.slice(1).split("/").map(unescapeStep) : name.split(".");
  if (!name.startsWith("/") && steps.includes("")) {
    throw new RangeError(`expected a name such as actor.id, or a pointer such as /a.b/c, got ${JSON.stringify(name)}`);
  }
  return { name, read: ({ event }) => cellOf(valueAt(event, steps)) };
}

function unescapeStep(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function valueAt(event: unknown, steps: readonly string[]): unknown {
  let at: unknown = event;
  for (const step of steps) {
    if (typeof at !== "object" || at === null) return undefined;
    if (Array.isArray(at)) at = /^(?:0|[1-9]\d{0,9})$/.test(step) ? at[Number(step)] : undefined;
    else at = Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined;
  }
  return at;
}

function cellOf(value: unknown): TableCell {
  if (value === undefined || typeof value === "string" || typeof value === "number") return value;
  return canonicalJson(value);
}

/** RFC 3339 in UTC; the number where no calendar has it. */
function spellTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
