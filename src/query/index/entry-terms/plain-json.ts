/** Canonical JSON in its plainest form, read as it stands: strings of printable ASCII without escapes, and objects of nothing but those. */

/** Where nothing was found. */
export const NONE = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const ID = [0x69, 0x64];
const TYPE = [0x74, 0x79, 0x70, 0x65];

/** Place of the quote that ends the string which begins at a place; NONE unless it is plain. */
export function plainStringEnd(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== QUOTE) return NONE;
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i;
    if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE || byte === BACKSLASH) return NONE;
  }
  return NONE;
}

/** Reads parties; where type and id of the last one stand is left in its fields, because this runs for every target. */
export class PlainParty {
  /** [start, end) of each; empty where it has none. */
  typeStart = 0;
  typeEnd = 0;
  idStart = 0;
  idEnd = 0;

  /** @returns where the object that begins at a place ends; NONE unless it is plain */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.typeStart = this.typeEnd = this.idStart = this.idEnd = start;
    if (bytes[start] !== BRACE) return NONE;
    if (bytes[start + 1] === BRACE_END) return start + 2;
    for (let at = start + 1; at < end; at++) {
      const nameEnd = plainStringEnd(bytes, at, end);
      if (nameEnd === NONE || bytes[nameEnd + 1] !== COLON) return NONE;
      const valueEnd = plainStringEnd(bytes, nameEnd + 2, end);
      if (valueEnd === NONE) return NONE;
      this.#keep(bytes, at + 1, nameEnd, valueEnd);
      at = valueEnd + 1;
      if (bytes[at] === BRACE_END) return at + 1;
      if (bytes[at] !== COMMA) return NONE;
    }
    return NONE;
  }

  #keep(bytes: Uint8Array, nameStart: number, nameEnd: number, valueEnd: number): void {
    if (isName(bytes, nameStart, nameEnd, ID)) {
      this.idStart = nameEnd + 3;
      this.idEnd = valueEnd;
    } else if (isName(bytes, nameStart, nameEnd, TYPE)) {
      this.typeStart = nameEnd + 3;
      this.typeEnd = valueEnd;
    }
  }
}

function isName(bytes: Uint8Array, start: number, end: number, name: readonly number[]): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}
