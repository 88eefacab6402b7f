/**
 * Log records as events: what is made of them is what the service makes of records that are sent to it as they are
 * (src/ingest/formats/logs), so that the same record is found under the same names whichever way it came.
 */

import { EVENT_LIMITS } from "../../entry/event.ts";
import { adaptItem } from "../../ingest/adapt-item.ts";
import { lineEvent } from "../../ingest/formats/logs/line.ts";
import { recordEvent } from "../../ingest/formats/logs/record.ts";
import { asObject } from "../../ingest/text/foreign-values.ts";
import { readJson } from "../../json/read.ts";
import type { NewEvent } from "../client/event.ts";

/** Which records are sent: all, or those that say who did what (`action` and `actor`). */
export type Chosen = "all" | "events";

/** What is sent, and who acted where a record names nobody. */
export type Choice = { readonly chosen: Chosen; readonly source: string };

/** Room for the id, which is added. */
const ID_BYTES = 300;
const LIMITS = { ...EVENT_LIMITS, bytesMax: EVENT_LIMITS.bytesMax - ID_BYTES };

/**
 * The event of a line that a logger wrote; undefined where it is none of those that are sent.
 * @param now stands for the time of a record that has none
 */
export function logEvent(line: string, { chosen, source }: Choice, now: number): NewEvent | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  const record = readRecord(text);
  if (chosen === "events" && (record?.action === undefined || record.actor === undefined)) return undefined;
  const draft = record === undefined ? lineEvent(text, {}) : recordEvent(record, false);
  const { event, notes } = adaptItem({ format: "logs", source }, { raw: text, event: draft }, now, LIMITS);
  const lost = notes.filter((note) => note !== "time_of_receipt");
  if (lost.length === 0) return event as NewEvent;
  // More than an event holds: what is left says so, and how much there was.
  const told = { notes: lost, characters: text.length, begin: text.slice(0, 1024).toWellFormed() };
  return { ...(event as NewEvent), metadata: { ...asObject(event.metadata), holdfast: told } };
}

function readRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return asObject(readJson(text));
  } catch {
    return undefined; // a line of text that begins so
  }
}
