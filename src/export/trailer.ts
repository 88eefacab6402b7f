/**
 * How an export ends: what it is, how much it has, and under which checkpoint it was made, so that one that was cut can be
 * told from a whole one. As a line it is an object with one member that no event has.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";

export const EXPORT_FORMAT = "holdfast/export@1";

export type ExportTrailer = {
  readonly format: typeof EXPORT_FORMAT;
  readonly as: string;
  readonly ledger: { readonly id: Hex; readonly name: string };
  /** As it was asked for, names and texts. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** The size of the ledger that was looked at: no event that came later is among them. */
  readonly size: number;
  /** The signed checkpoint of that size; null for a ledger that is empty. */
  readonly checkpoint: SignedCheckpoint | null;
  readonly count: number;
  /** Indexes of the first and the last event; null when there are none. */
  readonly first: number | null;
  readonly last: number | null;
  /** Of the content in front of the trailer, lines of progress left out. */
  readonly bytes: number;
  readonly sha256: string;
  /** How many of the entries that were looked at had been pruned: nobody can tell any more whether they would be here. */
  readonly pruned?: number;
  /** Indexes of events that would be here, had the store not damaged them. */
  readonly unreadable?: readonly number[];
};

/** How far an export has come. */
export type ExportProgress = {
  /** Everything below it was looked at. */
  readonly upTo: number;
  readonly count: number;
  /** Of the content so far. */
  readonly sha256: string;
  /** As in the trailer, so far: whoever goes on behind this place asks no more for them. */
  readonly unreadable?: readonly number[];
};

const END = "holdfast_export";
const PROGRESS = "holdfast_progress";
/** With what such lines begin, and lines of events do not. */
export const END_BEGIN = `{"${END}":`;
export const PROGRESS_BEGIN = `{"${PROGRESS}":`;

export function trailerLine(trailer: ExportTrailer): string {
  return `${JSON.stringify({ [END]: trailer })}\n`;
}

export function progressLine(progress: ExportProgress): string {
  return `${JSON.stringify({ [PROGRESS]: progress })}\n`;
}
