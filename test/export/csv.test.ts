/** Events as CSV: read back by a reader of its own, RFC 4180, with formulas that no spreadsheet runs. */

import assert from "node:assert/strict";
import test from "node:test";
import { csvHeader, csvRow } from "../../src/export/csv.ts";
import { readColumns } from "../../src/export/formats.ts";
import { recordOf } from "./record.ts";

/** A field as it stands in the text: whether it was in quotes tells nothing at all from a text without letters. */
type Field = { readonly text: string; readonly isQuoted: boolean };

/** Reads by the grammar of RFC 4180, strictly. */
function readCsv(text: string): Field[][] {
  const rows: Field[][] = [];
  let row: Field[] = [];
  for (let rest = text; rest !== ""; ) {
    const found = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
    assert.ok(found, `expected a field of RFC 4180, got ${JSON.stringify(rest.slice(0, 40))}`);
    const [whole, quoted, plain = "", end] = found;
    row.push({ text: (quoted ?? plain).replaceAll('""', '"'), isQuoted: quoted !== undefined });
    if (end === "\r\n") {
      rows.push(row);
      row = [];
    }
    rest = rest.slice(whole.length);
  }
  assert.deepEqual(row, []);
  return rows;
}

/** As docs/export.md says that a program takes the quote off again. */
const FORMULA = /^[\s"'`\u00a0\ufeff\u200b]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const WITHIN = /([;\r\n])'(?=[\s"'`\u00a0\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
function undefused(text: string): string {
  return (text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text).replaceAll(WITHIN, "$1");
}

const TEXTS = [
  "plain",
  "",
  " ",
  'a "quoted" word',
  "two\r\nlines",
  "a,b",
  "ünïcödé 💥",
  "=1+1",
  "+1",
  "-1",
  "@SUM(A1)",
  "\t=1",
  "\r=1",
  "\n=1",
  ' "=1"',
  "'=1",
  "''=1",
  "\ufeff=1",
  "\u00a0=1",
  "＝1",
  "=cmd|'/c calc'!A0",
  "'plain",
  "1-1",
  "a;=1+1;b",
  "a;'=1",
  'a; "=1"',
  "-1;-1",
  "Mozilla (compatible; +http://bot)",
  "two\n=1+1",
  "two\r\n=1+1\r\n;=2",
  "a;b\n\tc\n\nd",
];

test("every text comes back, and none begins as a formula does", () => {
  const columns = readColumns(["message", "index"]);
  const text = csvHeader(columns) + TEXTS.map((message) => csvRow(recordOf({ message }), columns)).join("");
  const [header, ...rows] = readCsv(text);
  assert.deepEqual(
    header?.map((field) => field.text),
    ["message", "index"],
  );
  assert.equal(rows.length, TEXTS.length);
  for (const [i, row] of rows.entries()) {
    const [message] = row as [Field];
    assert.doesNotMatch(message.text, /^[\s"\u00a0\ufeff]*[=+\-@\t\r\n＝＋－＠]/, JSON.stringify(message.text));
    assert.equal(undefused(message.text), TEXTS[i]);
  }
});

test("no cell begins as a formula does where a spreadsheet parts by semicolons, which quotes in the middle do not keep together", () => {
  const columns = readColumns(["index", "message", "event"]);
  for (const message of TEXTS) {
    const text = csvRow(recordOf({ message }), columns);
    for (const cell of text.split(/[;\r\n]/)) {
      assert.doesNotMatch(cell, /^[\s"\u00a0\ufeff]*[=+\-@＝＋－＠]/, JSON.stringify(text));
    }
  }
});

test("what an event has not is nothing, what is no text is its JSON, and a number stays a number", () => {
  const event = { own: [1, { b: "=x" }], count: -5, isOpen: false, gone: null, empty: "", targets: [{ id: "t0" }] };
  const names = ["missing", "empty", "own", "own.1.b", "own.2", "count", "isOpen", "gone", "targets.0.id", "targets"];
  const columns = readColumns(names);
  const [row = []] = readCsv(csvRow(recordOf(event), columns));
  const [missing, empty, ...rest] = row;
  assert.deepEqual(
    [missing, empty],
    [
      { text: "", isQuoted: false },
      { text: "", isQuoted: true },
    ],
  );
  const expected = ['[1,{"b":"=x"}]', "'=x", "", "-5", "false", "null", "t0", '[{"id":"t0"}]'];
  assert.deepEqual(
    rest.map(({ text }) => text),
    expected,
  );
});

test("columns of the record stand beside members that have their names", () => {
  const record = recordOf({ index: "mine", "a.b": { "c/d": 1 } }, 12);
  const columns = readColumns(["index", "/index", "/a.b/c~1d", "leafHash", "recordedAt", "event"]);
  const [row = []] = readCsv(csvRow(record, columns));
  const texts = row.map(({ text }) => text);
  assert.deepEqual(texts.slice(0, 5), ["12", "mine", "1", record.leafHash, "2026-09-21T14:13:20.000Z"]);
  assert.deepEqual(JSON.parse(texts[5] as string), record.event);
});

test("a column that leads nowhere, stands twice or is one too many is refused", () => {
  for (const names of [["a..b"], ["a."], ["id", "id"], Array.from({ length: 101 }, (_, i) => `c${i}`)]) {
    assert.throws(() => readColumns(names), RangeError);
  }
});
