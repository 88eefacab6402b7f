/**
 * Attributes of an event as headers have them (HTTP protocol binding 1.0.2, §3.1.3): quotes are taken off, then what
 * is percent-encoded is decoded, once.
 */

import { readUtf8 } from "../../../merkle/bytes.ts";

/** What is to be decoded in a text that is not plain. */
const MARKED = /[%"\u0080-\uffff]/;
const QUOTED = /^"(.*)"$/s;
const ESCAPED = /\\(.)/gs;
const ENCODED = /(?:%[0-9a-f]{2})+/gi;
/** Units of a header's text beyond ASCII: each is a byte that came. */
const BYTES = /[\u0080-\u00ff]+/g;

export type HeaderAttributes = {
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether all of them decode. */
  readonly isSound: boolean;
};

/** @param headers by their names in lower case, their texts of one unit a byte */
export function headerAttributes(headers: Readonly<Record<string, string>>, prefix: string): HeaderAttributes {
  const attributes: Record<string, string> = {};
  let isSound = true;
  for (const [name, text] of Object.entries(headers)) {
    if (!name.startsWith(prefix) || name === `${prefix}__proto__`) continue;
    const value = decode(text);
    attributes[name.slice(prefix.length)] = value ?? text;
    if (value === undefined) isSound = false;
  }
  return { attributes, isSound };
}

/** The value that a header spells; undefined when its bytes are no UTF-8. */
function decode(text: string): string | undefined {
  if (!MARKED.test(text)) return text;
  const unquoted = QUOTED.exec(text)?.[1]?.replaceAll(ESCAPED, "$1") ?? text;
  // Senders that encode nothing write UTF-8, or else one of the older sets of which a byte is a character.
  const plain = unquoted.replaceAll(BYTES, (bytes) => textOf(unitsOf(bytes)) ?? bytes);
  let isSound = true;
  const decoded = plain.replaceAll(ENCODED, (encoded) => {
    const read = textOf(encodedBytes(encoded));
    if (read === undefined) isSound = false;
    return read ?? encoded;
  });
  return isSound ? decoded : undefined;
}

function unitsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

function encodedBytes(encoded: string): Uint8Array {
  return Uint8Array.from({ length: encoded.length / 3 }, (_, i) =>
    Number.parseInt(encoded.slice(3 * i + 1, 3 * i + 3), 16),
  );
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return readUtf8(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
