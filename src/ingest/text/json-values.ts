/**
 * A text parted into the JSON values that it holds, whatever way its sender puts them beside each other: one value, a list
 * of them, one on each line, or one right after the other with nothing between (as Docker's driver does). What is no JSON
 * is handed on as it is, a line at a time, and what stands beside it is not lost with it.
 */

import { readForeignJson, readJson } from "../../json/read.ts";
import { isTooDeep } from "../../json/shape.ts";

/** A part of a text: the JSON value it spells, or none. */
export type JsonPart = { readonly text: string; readonly value: unknown } | { readonly text: string };

/** A member of an object, by where its value stands in the text; and of a list, where the elements are. */
export type JsonMember = {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly list: JsonList | undefined;
};

/** A list that begins somewhere in a text, looked at before anything is made of it: a large one can have 30 million elements. */
export type JsonList = {
  readonly start: number;
  readonly end: number;
  /** Where its elements end, no more of them than are kept; those behind them are looked for again. */
  readonly ends: readonly number[];
  /** Whether a number is in it that a double may not hold. */
  readonly hasLarge: boolean;
};

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
const POINT = 0x2e;
const EXPONENT = 0x65;
/** With fewer digits an integer is below 2^53. */
const LARGE_DIGITS = 16;
/** Stands for any number of digits behind a point, which are rounded and not kept. */
const IN_FRACTION = -1;

/**
 * The value of a text, or undefined when it is no JSON, or nested too deeply, or too many values; large numbers stand as their digits.
 * @param mayHaveLarge whether there may be any: false where {@link LargeNumbers} saw none
 */
export function readForeign(text: string, mayHaveLarge = true): { readonly value: unknown } | undefined {
  if (isTooDeep(text, FOREIGN_DEPTH_MAX, FOREIGN_VALUES_MAX)) return undefined;
  try {
    return { value: mayHaveLarge ? readForeignJson(text) : readJson(text) };
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
  const list = wholeList(text, start);
  if (list === undefined) yield* valuesFrom(text, start);
  else yield* elementsOf(text, list);
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
    const found = isAlone && members.length > 1 ? undefined : listAt(text, members, path);
    if (found !== undefined && (isAlone || found.list.ends.length > 0)) return elementsOf(found.text, found.list);
  }
  return undefined;
}

/** The list that stands at the end of a path, and the text that it is in. */
function listAt(
  text: string,
  members: readonly JsonMember[],
  [name, ...more]: readonly string[],
): { readonly text: string; readonly list: JsonList } | undefined {
  const [found, another] = members.filter((member) => member.name === name);
  if (found === undefined || another !== undefined) return undefined;
  if (more.length === 0) return found.list && { text, list: found.list };
  const value = text.slice(found.start, found.end);
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
    const list = listFrom(text, start);
    const end = list?.end ?? endOfValue(text, start, text.length);
    if (end === undefined || members.length === MEMBERS_MAX) return undefined;
    members.push({ name, start, end, list });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    else if (text.charCodeAt(at) !== CLOSE_OBJECT) return undefined;
  }
  return skipBetween(text, at + 1) < text.length ? undefined : members;
}

/** The list that begins at a place and is all of the text; undefined when there is none. */
function wholeList(text: string, start: number): JsonList | undefined {
  const list = listFrom(text, start);
  return list !== undefined && skipBetween(text, list.end) >= text.length ? list : undefined;
}

/** The list that begins at a place; undefined when there is none. */
function listFrom(text: string, start: number): JsonList | undefined {
  if (text.charCodeAt(start) !== OPEN_ARRAY) return undefined;
  const numbers = new LargeNumbers();
  const ends: number[] = [];
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== CLOSE_ARRAY) {
    const elementEnd = endOfValue(text, at, text.length, numbers);
    if (elementEnd === undefined) return undefined;
    if (ends.length < ENDS_MAX) ends.push(elementEnd);
    at = skipSpace(text, elementEnd);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    else if (text.charCodeAt(at) !== CLOSE_ARRAY) return undefined;
  }
  return { start, end: at + 1, ends, hasLarge: numbers.areSeen };
}

/** The elements of a list. */
export function* elementsOf(text: string, { start, ends, hasLarge }: JsonList): Iterable<JsonPart> {
  let at = skipSpace(text, start + 1);
  for (let i = 0; text.charCodeAt(at) !== CLOSE_ARRAY; i++) {
    const elementEnd = ends[i] ?? endOfValue(text, at, text.length) ?? text.length;
    const element = text.slice(at, elementEnd);
    const read = readForeign(element, hasLarge);
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
    const numbers = new LargeNumbers();
    const end = endOfValue(text, at, isByLine ? lineEnd : text.length, numbers);
    if (end === undefined) isByLine = true;
    else if (end <= lineEnd && text.charCodeAt(at) !== OPEN_OBJECT) {
      if (isRun(text, at, lineEnd)) {
        yield* runOf(text, at, lineEnd);
        at = skipBetween(text, lineEnd);
        continue;
      }
    } else {
      const read = partsOf(text.slice(at, end), numbers.areSeen);
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
function partsOf(text: string, mayHaveLarge = true): Iterable<JsonPart> | undefined {
  const read = readForeign(text, mayHaveLarge);
  if (read === undefined) return undefined;
  const list = Array.isArray(read.value) ? wholeList(text, 0) : undefined;
  return list === undefined ? [{ text, value: read.value }] : elementsOf(text, list);
}

/**
 * Whether a number was seen, outside of strings, that a double may not hold: of sixteen digits or with an exponent. It looks at what
 * has to be gone through anyway, so that {@link readForeignJson} need not look again.
 */
class LargeNumbers {
  areSeen = false;
  /** Digits of the number that is gone through; 0 outside of numbers. */
  #digits = 0;

  see(unit: number): void {
    if (unit >= 0x30 && unit <= 0x39) {
      if (this.#digits >= 0 && ++this.#digits === LARGE_DIGITS) this.areSeen = true;
    } else if (this.#digits !== 0) {
      if ((unit | 0x20) === EXPONENT) this.areSeen = true;
      this.#digits = unit === POINT ? IN_FRACTION : 0;
    }
  }

  /** A number that stands for itself. */
  seeWord(text: string, start: number, end: number): void {
    for (let at = start; at < end && !this.areSeen; at++) this.see(text.charCodeAt(at));
    this.#digits = 0;
  }
}

/**
 * Where the value that begins at a place ends, told from brackets and quotes alone; undefined when not before the limit.
 * @param numbers shown what stands outside of strings
 */
export function endOfValue(text: string, start: number, limit: number, numbers?: LargeNumbers): number | undefined {
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
      numbers?.see(unit);
      if (depth <= 1) return depth === 1 ? at + 1 : undefined;
      depth--;
    } else if (depth === 0) {
      const end = endOfWord(text, at, limit);
      numbers?.seeWord(text, at, end);
      return end;
    } else numbers?.see(unit);
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
