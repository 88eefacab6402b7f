/**
 * The member names of a JSON text as it spells them: whether one has an escape, how many there are, and which one
 * stands twice. The engine's parser drops the first of two without a word.
 */

import { decodeString } from "./reader.ts";

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * Whether an escape stands in a name of a JSON text; of any other text it says something, and does not fail. Only the
 * strings that have an escape are looked at, so that without one this is a single native search.
 */
export function hasEscapedName(json: string): boolean {
  for (let at = json.indexOf("\\"); at >= 0; at = json.indexOf("\\", at)) {
    // Backslashes stand in strings alone, and what is before this one in its string is plain.
    const close = endOfString(json, at);
    if (close < 0) return false;
    at = skipSpace(json, close + 1);
    if (json.charCodeAt(at) === COLON) return true;
  }
  return false;
}

/** How many members the objects of a JSON text have together: one for each colon outside of strings. */
export function countNames(json: string): number {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === COLON) count++;
    else if (unit === QUOTE) at = endOfString(json, at);
  }
  return count;
}

/** An array or object around the current position; `step` leads to the value in it that is being read. */
type Frame = { readonly names: Set<string> | undefined; step: string | number };

/** A member of a name that its object has already, and the steps that lead to it. */
export type Duplicate = { readonly name: string; readonly steps: readonly (string | number)[] };

/**
 * The first name that stands twice in one object of a JSON text.
 * @throws RangeError when there is none
 */
export function duplicateName(json: string): Duplicate {
  const frames: Frame[] = [];
  for (let at = 0; at < json.length; at++) {
    const frame = frames.at(-1);
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) {
      const close = endOfString(json, at);
      if (frame?.names !== undefined && json.charCodeAt(skipSpace(json, close + 1)) === COLON) {
        const name = decodeString(json.slice(at, close + 1));
        frame.step = name;
        if (frame.names.has(name)) return { name, steps: frames.map(({ step }) => step) };
        frame.names.add(name);
      }
      at = close;
    } else if (unit === COMMA) {
      if (typeof frame?.step === "number") frame.step++;
    } else if (json[at] === "{") frames.push({ names: new Set(), step: "" });
    else if (json[at] === "[") frames.push({ names: undefined, step: 0 });
    else if (json[at] === "}" || json[at] === "]") frames.pop();
  }
  throw new RangeError("expected a text with a name twice in one object, got one without");
}

/** Position of the quote that closes the string which has this position or opens there; -1 when there is none. */
function endOfString(json: string, from: number): number {
  let close = from;
  let backslashes: number;
  do {
    close = json.indexOf('"', close + 1);
    backslashes = close;
    while (json.charCodeAt(backslashes - 1) === BACKSLASH) backslashes--;
  } while ((close - backslashes) % 2 === 1);
  return close;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(json.charCodeAt(at))) at++;
  return at;
}

/** RFC 8259 §2. */
function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
