/**
 * Bodies that are no UTF-8 as a whole, parted all the same: a byte that is wrong in one item is no harm to those beside it.
 * What parts items is ASCII, so it is found in a text of one character a byte.
 */

import { readText } from "../raw-member.ts";
import { type JsonPart, jsonValues, readForeign } from "./json-values.ts";

/** A part of a body: its text with the JSON value that it spells, its text alone, or bytes that are none. */
export type BodyPart = JsonPart | { readonly bytes: Uint8Array };

/** How many characters one call makes. */
const AT_ONCE = 8192;

/** The JSON values of a body in their order, see {@link jsonValues}. */
export function* jsonParts(body: Uint8Array): Iterable<BodyPart> {
  const text = readText(body);
  if (text !== undefined) {
    yield* jsonValues(text);
    return;
  }
  for (const part of jsonValues(spellBytes(body))) {
    const { bytes, text: own } = readPart(part.text);
    if (own === undefined) yield { bytes };
    else {
      const read = "value" in part ? readForeign(own) : undefined;
      yield read === undefined ? { text: own } : { text: own, value: read.value };
    }
  }
}

/** The lines of a body without their ends, empty ones left out. */
export function* lineParts(body: Uint8Array): Iterable<BodyPart> {
  const text = readText(body);
  for (const line of linesOf(text ?? spellBytes(body))) {
    const part = text === undefined ? readPart(line) : { text: line };
    yield part.text === undefined ? { bytes: (part as Read).bytes } : { text: part.text };
  }
}

function* linesOf(text: string): Iterable<string> {
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const found = text.indexOf("\n", at);
    const end = found === -1 ? text.length : found;
    const line = text.slice(at, text.charCodeAt(end - 1) === 0x0d && end > at ? end - 1 : end);
    if (line.trim() !== "") yield line;
    at = end + 1;
  }
}

type Read = { readonly bytes: Uint8Array; readonly text: string | undefined };

function readPart(spelled: string): Read {
  const bytes = Uint8Array.from(spelled, (character) => character.charCodeAt(0));
  return { bytes, text: readText(bytes) };
}

/** A text of which each character has the code of a byte. */
function spellBytes(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += AT_ONCE) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + AT_ONCE)));
  }
  return pieces.join("");
}
