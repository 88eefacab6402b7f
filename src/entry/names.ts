/**
 * The member names of a JSON text as it spells them: how many there are, and which one stands twice. The engine's
 * parser drops the first of two without a word. All of this takes a text that the parser has accepted.
 */

import { pointer } from "./error.ts";

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

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

/**
 * The first name that stands twice in one object, and the pointer to that member.
 * @throws RangeError when there is none
 */
export function duplicateName(json: string): { readonly name: string; readonly path: string } {
  const frames: Frame[] = [];
  for (let at = 0; at < json.length; at++) {
    const frame = frames.at(-1);
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) {
      const close = endOfString(json, at);
      const colon = skipSpace(json, close + 1);
      if (frame?.names !== undefined && json.charCodeAt(colon) === COLON) {
        const name = JSON.parse(json.slice(at, close + 1)) as string;
        frame.step = name;
        if (frame.names.has(name)) return { name, path: frames.map(({ step }) => pointer(step)).join("") };
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

/** Position of the quote that closes the string which opens at a position. */
function endOfString(json: string, open: number): number {
  let close = open;
  let backslashes: number;
  do {
    close = json.indexOf('"', close + 1);
    backslashes = close;
    while (json.charCodeAt(backslashes - 1) === 0x5c) backslashes--;
  } while ((close - backslashes) % 2 === 1);
  return close;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (/\s/.test(json.charAt(at))) at++;
  return at;
}
