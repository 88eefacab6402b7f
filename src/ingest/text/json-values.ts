/**
 * A text parted into the JSON values that it holds, whatever way its sender puts them beside each other: one value, a list
 * of them, one on each line, or one right after the other with nothing between (as Docker's driver does). What is no JSON
 * is handed on as it is, a line at a time, and what stands beside it is not lost with it.
 */

import { readForeignJson } from "../../json/read.ts";
import { isTooDeep } from "../../json/shape.ts";

/** A part of a text: the JSON value it spells, or none. */
export type JsonPart = { readonly text: string; readonly value: unknown } | { readonly text: string };

/** A member of an object, by where its value stands in the text. */
export type JsonMember = { readonly name: string; readonly start: number; readonly end: number };

/** Where a sender puts a list of items into an object: the names to it; and whether nothing else may stand in the object then. */
export type Wrapper = { readonly path: readonly string[]; readonly isAlone?: boolean };

/** Nested deeper than this, a text is not read; what real senders send is about ten deep. */
const FOREIGN_DEPTH_MAX = 100;
/** With more values than these, neither: the parser takes 60 bytes for an empty object of three. */
const FOREIGN_VALUES_MAX = 1_000_000;
/** An object with more members than these is parted by nobody. */
const MEMBERS_MAX = 1000;

/** Elements whose ends are kept in memory between the look at a list and the reading of it. */
const ENDS_MAX = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The value of a text, or undefined when it is no JSON, or nested too deeply, or too many values; large numbers stand as their digits. */
export function readForeign(text: string): { readonly value: unknown } | undefined {
  if (isTooDeep(text, FOREIGN_DEPTH_MAX, FOREIGN_VALUES_MAX)) return undefined;
  try {
    return { value: readForeignJson(text) };
  } catch {
    return undefined;
  }
}

/**
 * The values of a text in their order. A list at the top is parted into its elements. White space, and commas, NUL and
 * record separators (RFC 7464) between values belong to none.
 */
export function* jsonValues(received: string): Iterable<JsonPart> {
  const text = received.startsWith("\ufeff") ? received.slice(1) : received;
  const start = skipBetween(text, 0);
  const ends = endsOfList(text, start);
  if (ends === undefined) yield* valuesFrom(text, start);
  else yield* elementsOf(text, start, ends);
}

/** The values of a text as {@link jsonValues} finds them; in place of an object that wraps a list, the elements of that. */
export function* valuesWithin(text: string, wrappers: readonly Wrapper[]): Iterable<JsonPart> {
  const all = wrappedIn(text, wrappers);
  if (all !== undefined) {
    yield* all;
    return;
  }
  for (const part of jsonValues(text)) {
    const inside = "value" in part && mayWrap(part.value, wrappers) ? wrappedIn(part.text, wrappers) : undefined;
    if (inside === undefined) yield part;
    else yield* inside;
  }
}

function mayWrap(value: unknown, wrappers: readonly Wrapper[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return wrappers.some(({ path: [name = ""] }) => Object.hasOwn(value, name));
}

/** The elements of the list that one of the wrappers names; undefined when there is none, or what it is would be lost with it. */
function wrappedIn(text: string, wrappers: readonly Wrapper[]): Iterable<JsonPart> | undefined {
  const members = jsonMembers(text);
  if (members === undefined) return undefined;
  for (const { path, isAlone = false } of wrappers) {
    const list = isAlone && members.length > 1 ? undefined : listAt(text, members, path);
    if (list !== undefined && (isAlone || list.ends.length > 0)) return elementsOf(list.text, 0, list.ends);
  }
  return undefined;
}

/** A list that is all of a text, and where its elements end. */
type List = { readonly text: string; readonly ends: readonly number[] };

/** The list that stands at the end of a path. */
function listAt(text: string, members: readonly JsonMember[], [name, ...more]: readonly string[]): List | undefined {
  const [found, another] = members.filter((member) => member.name === name);
  if (found === undefined || another !== undefined) return undefined;
  const value = text.slice(found.start, found.end);
  if (more.length === 0) {
    const ends = endsOfList(value, 0);
    return ends && { text: value, ends };
  }
  const inside = jsonMembers(value);
  return inside === undefined ? undefined : listAt(value, inside, more);
}

/**
 * The members of an object that is all of a text, the same name as often as it stands there; undefined when it is not that, or
 * has more members than anybody sends. Their values are told from brackets and quotes alone.
 */
export function jsonMembers(text: string): JsonMember[] | undefined {
  const members: JsonMember[] = [];
  const first = skipBetween(text, text.startsWith("\ufeff") ? 1 : 0);
  if (text.charCodeAt(first) !== OPEN_OBJECT) return undefined;
  let at = skipSpace(text, first + 1);
  while (text.charCodeAt(at) !== CLOSE_OBJECT) {
    const nameEnd = text.charCodeAt(at) === QUOTE ? endOfValue(text, at, text.length) : undefined;
    const name = nameEnd === undefined ? undefined : readForeign(text.slice(at, nameEnd))?.value;
    const colon = skipSpace(text, nameEnd ?? at);
    if (typeof name !== "string" || text.charCodeAt(colon) !== COLON) return undefined;
    const start = skipSpace(text, colon + 1);
    const end = endOfValue(text, start, text.length);
    if (end === undefined || members.length === MEMBERS_MAX) return undefined;
    members.push({ name, start, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    else if (text.charCodeAt(at) !== CLOSE_OBJECT) return undefined;
  }
  return skipBetween(text, at + 1) < text.length ? undefined : members;
}

/**
 * Where the elements end of a list that is all of a text, no more of them than are kept; undefined when it is none. Looked at before
 * anything is made of it: a large one can have 30 million elements.
 */
function endsOfList(text: string, start: number): readonly number[] | undefined {
  if (text.charCodeAt(start) !== OPEN_ARRAY) return undefined;
  const ends: number[] = [];
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== CLOSE_ARRAY) {
    const elementEnd = endOfValue(text, at, text.length);
    if (elementEnd === undefined) return undefined;
    if (ends.length < ENDS_MAX) ends.push(elementEnd);
    at = skipSpace(text, elementEnd);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    else if (text.charCodeAt(at) !== CLOSE_ARRAY) return undefined;
  }
  return skipBetween(text, at + 1) >= text.length ? ends : undefined;
}

/** The elements of a list that is all of a text. @param ends where its first elements end; those behind them are looked for again */
function* elementsOf(text: string, start: number, ends: readonly number[]): Iterable<JsonPart> {
  let at = skipSpace(text, start + 1);
  for (let i = 0; text.charCodeAt(at) !== CLOSE_ARRAY; i++) {
    const elementEnd = ends[i] ?? endOfValue(text, at, text.length) ?? text.length;
    const element = text.slice(at, elementEnd);
    const read = readForeign(element);
    yield read === undefined ? { text: element } : { text: element, value: read.value };
    at = skipSpace(text, elementEnd);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
}

/**
 * Values one after another. From the first that is none, each has to end in its line, so that nothing is read twice. What is
 * no object counts only where its line holds nothing but values: "200 OK" is no number, and "[12] started" is no list.
 */
function* valuesFrom(text: string, start: number): Iterable<JsonPart> {
  let isByLine = false;
  let lineEnd = -1;
  let at = start;
  while (at < text.length) {
    // Once for each line: a body of values right after one another has no ends of lines to look for.
    if (at > lineEnd) lineEnd = endOfLine(text, at);
    const end = endOfValue(text, at, isByLine ? lineEnd : text.length);
    if (end === undefined) isByLine = true;
    else if (end <= lineEnd && text.charCodeAt(at) !== OPEN_OBJECT) {
      if (isRun(text, at, lineEnd)) {
        yield* runOf(text, at, lineEnd);
        at = skipBetween(text, lineEnd);
        continue;
      }
    } else {
      const read = partsOf(text.slice(at, end));
      if (read !== undefined) {
        yield* read;
        at = skipBetween(text, end);
        continue;
      }
      isByLine = true;
    }
    const line = text.slice(at, lineEnd);
    yield { text: line.endsWith("\r") ? line.slice(0, -1) : line };
    at = skipBetween(text, lineEnd);
  }
}

/** Whether the rest of a line holds values and nothing else. Looked at before anything is made of it, as with a list. */
function isRun(text: string, start: number, lineEnd: number): boolean {
  for (let at = start; at < lineEnd; ) {
    const end = endOfValue(text, at, lineEnd);
    if (end === undefined || readForeign(text.slice(at, end)) === undefined) return false;
    at = skipBetween(text, end);
  }
  return true;
}

/** The values of the rest of a line that is such a run. */
function* runOf(text: string, start: number, lineEnd: number): Iterable<JsonPart> {
  for (let at = start; at < lineEnd; ) {
    const end = endOfValue(text, at, lineEnd) ?? lineEnd;
    yield* partsOf(text.slice(at, end)) ?? [];
    at = skipBetween(text, end);
  }
}

/** A value, or in place of a list its elements; undefined when a text is no JSON. */
function partsOf(text: string): Iterable<JsonPart> | undefined {
  const read = readForeign(text);
  if (read === undefined) return undefined;
  const ends = Array.isArray(read.value) ? endsOfList(text, 0) : undefined;
  return ends === undefined ? [{ text, value: read.value }] : elementsOf(text, 0, ends);
}

/** Where the value that begins at a place ends, told from brackets and quotes alone; undefined when not before the limit. */
export function endOfValue(text: string, start: number, limit: number): number | undefined {
  let depth = 0;
  for (let at = start; at < limit; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfText(text, at + 1);
      if (at >= limit) return undefined;
      if (depth === 0) return at + 1;
      // "[" and "{", "]" and "}" differ in one bit.
    } else if ((unit | 0x20) === OPEN_OBJECT) depth++;
    else if ((unit | 0x20) === 0x7d) {
      if (depth <= 1) return depth === 1 ? at + 1 : undefined;
      depth--;
    } else if (depth === 0) return endOfWord(text, at, limit);
  }
  return undefined;
}

/** Where the quote is that ends a text; the end of all when none does. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (before > start && text.charCodeAt(before - 1) === BACKSLASH) before--;
    // Of an even number of backslashes each stands for one, and the last is not the quote's.
    if ((at - before) % 2 === 0) return at;
  }
  return text.length;
}

/** A number, true, false or null goes on to what cannot be a part of one. */
function endOfWord(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && isWord(text.charCodeAt(at))) at++;
  return Math.max(at, start + 1);
}

function isWord(unit: number): boolean {
  return unit > 0x20 && unit !== COMMA && unit !== QUOTE && (unit | 0x20) !== OPEN_OBJECT && (unit | 0x20) !== 0x7d;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

/** The place of the next that is no white space. */
export function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function skipBetween(text: string, start: number): number {
  let at = start;
  for (let unit = text.charCodeAt(at); isSpace(unit) || unit === COMMA || unit === 0 || unit === 0x1e; ) {
    at++;
    unit = text.charCodeAt(at);
  }
  return at;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
