/**
 * Events as CSV, RFC 4180: a header, fields parted by commas, lines ended by CR LF. What a spreadsheet would run as a formula
 * gets a `'` in front, which is taken off again by whoever reads the file as data: a cell, and what is one where lists are
 * parted by semicolons.
 * Why: docs/decisions/0190.
 */

import type { Column, TableCell } from "./columns.ts";
import type { ExportRecord } from "./record.ts";

/** What begins a formula, also behind quotes and white space, which spreadsheets pass over; wide forms among it. */
const FORMULA = /^[\s"'`\u00a0\ufeff\u200b]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
/** The same within a cell, where it begins one for a spreadsheet that parts by semicolons: quotes do not hold it together there. */
const FORMULA_WITHIN = /[;\r\n](?=[\s"'`\u00a0\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
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
  const within = cell.replace(FORMULA_WITHIN, "$&'");
  const safe = FORMULA.test(cell) ? `'${within}` : within;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
