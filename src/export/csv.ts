/**
 * Events as CSV, RFC 4180: a header, fields parted by commas, lines ended by CR LF. A cell that a spreadsheet would run as
 * a formula gets a `'` in front, which is taken off again by whoever reads the file as data.
 */

import type { Column, TableCell } from "./columns.ts";
import type { ExportRecord } from "./record.ts";

/** What begins a formula, also behind quotes and white space, which spreadsheets pass over; wide forms among it. */
const FORMULA = /^[\s"'`\u00a0\ufeff\u200b]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const QUOTED = /[",\r\n]|^\s|\s$/;

export function csvHeader(columns: readonly Column[]): string {
  return row(columns.map(({ name }) => name));
}

export function csvRow(record: ExportRecord, columns: readonly Column[]): string {
  return row(columns.map(({ read }) => read(record)));
}

function row(cells: readonly TableCell[]): string {
  return `${cells.map(spell).join(",")}\r\n`;
}

function spell(cell: TableCell): string {
  if (cell === undefined) return "";
  // A number is none of those texts, whatever its sign.
  if (typeof cell === "number") return JSON.stringify(cell);
  // Nothing at all is another thing than a text without letters.
  if (cell === "") return '""';
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
