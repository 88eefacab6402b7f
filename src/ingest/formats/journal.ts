/**
 * The journal export format of systemd, as systemd-journal-upload and `journalctl -o export` write it: fields as lines of
 * NAME=value, or with a length of eight bytes where a value has line feeds or controls; entries parted by an empty line.
 * https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format
 */

import { concat, fromUtf8, toHex } from "../../merkle/bytes.ts";
import { type Format, type Item, unreadable } from "../format.ts";
import { readText } from "../raw-member.ts";
import { asMessage, asText, firstText, type JsonObject, known } from "../text/foreign-values.ts";
import { joinPieces, marksOf, type PieceMarks, type PieceNames } from "../text/joined-pieces.ts";
import { timeOfCount } from "../text/times.ts";

const LINE_FEED = 0x0a;
const EQUALS = 0x3d;
const LENGTH_BYTES = 8;
const BOUNDS = 4;
/** What an entry begins with, behind the end of the one before it: where reading goes on after one that is damaged. */
const NEXT_ENTRY = [LINE_FEED, ...[..."__CURSOR="].map((character) => character.charCodeAt(0))];
/** A login that there was none of: -1 in 32 bits. */
const NO_LOGIN = "4294967295";

/** A field, its value as text, or as `{hex}` of bytes that are none. */
type Field = { readonly name: string; readonly value: unknown };
/**
 * What stands between `start` and `end`: where in it the name and the value of each field begin and end, four numbers a field; without
 * them it is no entry.
 */
type Stretch = { readonly start: number; readonly end: number; readonly bounds: readonly number[] | undefined };

const CURSOR = "__CURSOR";
const MESSAGE = "MESSAGE";
/** How Docker's journald driver marks the pieces of a long line. */
const PIECE: PieceNames = {
  id: "CONTAINER_PARTIAL_ID",
  ordinal: "CONTAINER_PARTIAL_ORDINAL",
  last: "CONTAINER_PARTIAL_LAST",
};
const PIECE_FIELDS = new Set([...Object.values(PIECE), "CONTAINER_PARTIAL_MESSAGE"]);

/** Fields that are told as members of the event; all others are its metadata. */
const TOLD = new Set([
  "__CURSOR",
  "__REALTIME_TIMESTAMP",
  "_SOURCE_REALTIME_TIMESTAMP",
  "MESSAGE",
  "_HOSTNAME",
  "SYSLOG_IDENTIFIER",
]);

export const journal: Format = {
  name: "journal",
  headers: [],
  query: [],
  *items(body) {
    for (const entry of joinPieces(entriesOf(body), pieceMarks, joinEntries)) {
      const { read: text = readText(entry.raw) ?? entry.raw, fields } = entry;
      yield fields === undefined ? unreadable(text) : itemOf(text, fields);
    }
  },
};

type Entry = {
  readonly raw: Uint8Array;
  /** The same as a text, if it is one, where it was looked at already. */
  readonly read?: Item["raw"];
  readonly fields: readonly Field[] | undefined;
};

function* entriesOf(body: Uint8Array): Iterable<Entry> {
  for (const { start, end, bounds } of stretches(body)) {
    const raw = body.subarray(start, end);
    if (bounds === undefined) yield { raw, fields: undefined };
    else {
      const text = readText(raw);
      yield { raw, read: text ?? raw, fields: fieldsOf(raw, text, bounds) };
    }
  }
}

/** Fields by where they are in an entry. Of one that is all ASCII they are parts of its text: reading each by itself takes four times as long. */
function fieldsOf(raw: Uint8Array, text: string | undefined, bounds: readonly number[]): Field[] {
  const ascii = text?.length === raw.length ? text : undefined;
  const fields: Field[] = [];
  for (let i = 0; i < bounds.length; i += BOUNDS) {
    const nameStart = bounds[i] as number;
    const nameEnd = bounds[i + 1] as number;
    const start = bounds[i + 2] as number;
    const end = bounds[i + 3] as number;
    if (ascii === undefined) fields.push(fieldOf(raw.subarray(nameStart, nameEnd), raw.subarray(start, end)));
    else fields.push({ name: ascii.slice(nameStart, nameEnd), value: ascii.slice(start, end) });
  }
  return fields;
}

function pieceMarks({ fields }: Entry): PieceMarks | undefined {
  if (fields?.some(({ name }) => name === PIECE.id) !== true) return undefined;
  return marksOf(Object.fromEntries(fields.map(({ name, value }) => [name, value])), PIECE);
}

/** The pieces of a line as one entry, with the cursor of the last: their exact texts are kept, parted as entries are. */
function joinEntries(entries: readonly Entry[]): Entry {
  const first = entries[0]?.fields ?? [];
  const lastCursor = entries.at(-1)?.fields?.find(({ name }) => name === CURSOR);
  const messages = entries.map(({ fields = [] }) => fields.find(({ name }) => name === MESSAGE)?.value);
  const isText = messages.every((message) => typeof message === "string");
  const kept = first.filter(({ name }) => !PIECE_FIELDS.has(name) && name !== CURSOR && !(isText && name === MESSAGE));
  const joined: Field[] = [{ name: "PIECES", value: String(entries.length) }];
  if (isText) joined.push({ name: MESSAGE, value: messages.join("") });
  const raw = entries.flatMap((entry, i) => (i === 0 ? [entry.raw] : [Uint8Array.of(LINE_FEED), entry.raw]));
  return { raw: concat(...raw), fields: [...(lastCursor === undefined ? [] : [lastCursor]), ...kept, ...joined] };
}

/** The entries of a body in their order, each to its last field; an empty line behind it belongs to none. */
function* stretches(body: Uint8Array): Iterable<Stretch> {
  for (let at = 0; at < body.length; ) {
    if (body[at] === LINE_FEED) {
      at++;
      continue;
    }
    const found = entryAt(body, at);
    yield found;
    at = found.end;
  }
}

function entryAt(body: Uint8Array, start: number): Stretch {
  const bounds: number[] = [];
  let at = start;
  while (at < body.length && body[at] !== LINE_FEED) {
    const feed = body.indexOf(LINE_FEED, at);
    const lineEnd = feed === -1 ? body.length : feed;
    const equals = equalsIn(body, at, lineEnd);
    if (equals > at && equals < lineEnd) {
      bounds.push(at - start, equals - start, equals + 1 - start, lineEnd - start);
      at = Math.min(lineEnd + 1, body.length);
      continue;
    }
    const from = lineEnd + 1 + LENGTH_BYTES;
    const to = from + lengthAt(body, lineEnd + 1);
    if (equals === at || !(to < body.length) || body[to] !== LINE_FEED) return damaged(body, start);
    bounds.push(at - start, lineEnd - start, from - start, to - start);
    at = to + 1;
  }
  // The line feed behind the last field ends that field, and is a part of the entry.
  return { start, end: at, bounds };
}

/** Where the name of a field ends: names are short, so that looking at bytes costs less than a view of them would. `end` where it has none. */
function equalsIn(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && body[at] !== EQUALS) at++;
  return at;
}

/** What cannot be read, up to where the next entry begins. */
function damaged(body: Uint8Array, start: number): Stretch {
  for (let at = body.indexOf(LINE_FEED, start); at !== -1; at = body.indexOf(LINE_FEED, at + 1)) {
    if (NEXT_ENTRY.every((byte, i) => body[at + i] === byte)) return { start, end: at, bounds: undefined };
  }
  return { start, end: body.length, bounds: undefined };
}

/** A length of eight bytes, the lowest first; NaN where they are not there, or more than any body has. */
function lengthAt(body: Uint8Array, at: number): number {
  if (at + LENGTH_BYTES > body.length) return Number.NaN;
  let length = 0;
  for (let i = LENGTH_BYTES - 1; i >= 0; i--) length = length * 256 + (body[at + i] as number);
  return Number.isSafeInteger(length) ? length : Number.NaN;
}

function fieldOf(name: Uint8Array, value: Uint8Array): Field {
  return { name: fromUtf8(name), value: readText(value) ?? { hex: toHex(value) } };
}

function itemOf(raw: Item["raw"], fields: readonly Field[]): Item {
  const values: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  for (const { name, value } of fields) {
    if (name === "__proto__") continue;
    values[name] ??= value;
    if (!TOLD.has(name)) addValue(metadata, name, value);
    // A field may be there more than once; what is told is the first.
    else if (values[name] !== value) addValue(metadata, name, value);
  }
  const host = asText(values._HOSTNAME);
  const identifier = firstText(values.SYSLOG_IDENTIFIER, values._COMM);
  const recorded = timeOfCount(values.__REALTIME_TIMESTAMP, "us");
  const said = timeOfCount(values._SOURCE_REALTIME_TIMESTAMP, "us");
  const event = {
    id: asText(values.__CURSOR),
    action: `journal.${(identifier ?? "entry").slice(0, 128)}`,
    time: said ?? recorded,
    observed_at: said === undefined ? undefined : recorded,
    actor: actorOf(values, identifier),
    source: host,
    message: asMessage(values.MESSAGE),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  };
  return { raw, event: known(event) };
}

/** A second value makes a list, which the next ones go into: an entry may repeat one field thousands of times. */
function addValue(metadata: Record<string, unknown>, name: string, value: unknown): void {
  const before = metadata[name];
  if (before === undefined) metadata[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else metadata[name] = [before, value];
}

/** What acted: a unit, or a program under the account it runs as; and for whom, where somebody had logged in. */
function actorOf(values: JsonObject, identifier: string | undefined): JsonObject {
  const { _TRANSPORT, _UID, _PID, _AUDIT_LOGINUID: login } = values;
  const id = firstText(values._SYSTEMD_UNIT, values._COMM, identifier);
  const isKernel = _TRANSPORT === "kernel" || id === undefined;
  const attrs = known({ uid: asText(_UID), pid: asText(_PID) });
  const user = login === NO_LOGIN ? undefined : asText(login);
  return known({
    type: isKernel ? "system" : "service",
    id: isKernel ? (_TRANSPORT === "kernel" ? "kernel" : "journal") : id,
    attrs: Object.keys(attrs).length === 0 ? undefined : attrs,
    on_behalf_of: user === undefined ? undefined : { type: "user", id: user },
  });
}
