/** The formats of an export that are text: each makes of events what goes over the wire or into a file. */

import { COLUMNS_DEFAULT, COLUMNS_MAX, type Column, columnOf } from "./columns.ts";
import { csvHeader, csvRow } from "./csv.ts";
import { writeLine } from "./lines.ts";
import { writeOcsf } from "./ocsf/mapping.ts";
import type { ExportRecord } from "./record.ts";

/** In the order in which they are offered. */
export const TEXT_FORMATS = ["ndjson", "csv", "ocsf"] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<TextFormat, string>> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  ocsf: "application/x-ndjson",
};

export type FormatOptions = {
  /** Name of the ledger. */
  readonly ledger: string;
  /** Of a table. */
  readonly columns: readonly Column[];
};

/** Writes events in one format. */
export type TextWriter = {
  /** What stands in front of all events. */
  readonly begin: string;
  readonly write: (record: ExportRecord) => string;
};

export function textWriter(format: TextFormat, { ledger, columns }: FormatOptions): TextWriter {
  switch (format) {
    case "ndjson":
      return { begin: "", write: writeLine };
    case "csv":
      return { begin: csvHeader(columns), write: (record) => csvRow(record, columns) };
    case "ocsf":
      return { begin: "", write: (record) => writeOcsf(record, ledger) };
  }
}

/**
 * The columns that are asked for, or those that are usual.
 * @throws RangeError when a name leads nowhere, stands twice, or there are too many
 */
export function readColumns(names: readonly string[] = COLUMNS_DEFAULT): Column[] {
  if (names.length > COLUMNS_MAX) throw new RangeError(`expected at most ${COLUMNS_MAX} columns, got ${names.length}`);
  const double = names.find((name, i) => names.indexOf(name) !== i);
  if (double !== undefined) throw new RangeError(`expected each column once, got ${JSON.stringify(double)} twice`);
  return names.map(columnOf);
}
