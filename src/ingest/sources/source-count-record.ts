/** The counts of one source, format and key in one ledger, and how they are written down. */

import type { RuleName } from "../../entry/event-error.ts";
import { readJson } from "../../json/read.ts";

/** Why a request was refused, without anything of what it said; `at` in milliseconds since 1970. */
export type Refused = RuleName & {
  readonly at: number;
  /** Of the problem that it was answered with. */
  readonly code: string;
  /** Where in what was sent. */
  readonly path?: string;
};

/** Times in milliseconds since 1970. */
export type SourceTally = {
  readonly ledger: string;
  readonly source: string;
  readonly key: string;
  readonly format: string;
  /** Events, those that are quarantined included. */
  readonly recorded: number;
  readonly quarantined: number;
  /** Items that had been recorded before. */
  readonly duplicates: number;
  /** Requests that were refused for what was in them, so that nothing of them is recorded. */
  readonly refused: number;
  readonly lastRefused?: Refused;
  /** Of bodies, decompressed. */
  readonly bytes: number;
  readonly firstSeen?: number;
  readonly lastSeen?: number;
  /** Time of receipt less the newest event's own time: how far the source's clock is behind ours, transport included. */
  readonly skewMs?: number;
};

/** Under what it is kept. */
export function tallyKey({
  ledger,
  source,
  key,
  format,
}: Pick<SourceTally, "ledger" | "source" | "key" | "format">): string {
  return JSON.stringify([ledger, source, format, key]);
}

/** What was written down; undefined when it is none. */
export function readTally(text: string): SourceTally | undefined {
  try {
    const value = readJson(text) as SourceTally;
    const isTally = typeof value.recorded === "number" && typeof value.source === "string";
    // Counts of earlier versions have no refusals.
    return isTally ? { ...value, refused: value.refused ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}
