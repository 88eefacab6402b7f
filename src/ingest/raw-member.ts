/** The member `_raw` of what came in a foreign format: the exact text (docs/format.md §2). */

import { fromUtf8, toHex, UNIT_BYTES_MAX, utf8 } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";

/** Most bytes of a text that are kept, unless configured. */
export const RAW_BYTES_MAX = 16 * 1024 * 1024;
/** Most characters that it may take in a bundle: verifiers refuse bundles of more than 32 MiB. */
const SPELLED_MAX = 24 * 1024 * 1024;
/** Characters that a UTF-16 unit takes at most: \u001f becomes \\u001f, as JSON in the text of its member, itself a string. */
const UNIT_SPELLED_MAX = 7;
const LOOKED_AT = 64;
/** What a character of several bytes can begin with in UTF-8, RFC 3629 §4. */
const LEADING_MIN = 0xc2;
const LEADING_MAX = 0xf4;

/**
 * Value of the member: the text, exactly; `{hex}` of bytes that are no UTF-8; and of what is larger than the limit, or
 * would be in a bundle, `{bytes, digest}`, its length and its hash, so that whoever still has it can prove that it is
 * what came.
 * @param raw a text that was read from UTF-8, or bytes of any kind
 */
export function rawMember(hash: Hash, raw: string | Uint8Array, bytesMax = RAW_BYTES_MAX): unknown {
  const text = typeof raw === "string" ? raw : readText(raw);
  if (text === undefined) {
    const bytes = raw as Uint8Array;
    return bytes.length <= bytesMax && 2 * bytes.length <= SPELLED_MAX ? { hex: toHex(bytes) } : digestOf(hash, bytes);
  }
  const isShort = text.length * UNIT_BYTES_MAX <= bytesMax && text.length * UNIT_SPELLED_MAX <= SPELLED_MAX;
  if (isShort) return text;
  const bytes = typeof raw === "string" ? utf8(raw) : raw;
  return bytes.length <= bytesMax && isSpelledWithin(text, SPELLED_MAX) ? text : digestOf(hash, bytes);
}

function digestOf(hash: Hash, bytes: Uint8Array): unknown {
  return { bytes: bytes.length, digest: toHex(hash(bytes)) };
}

/** The text that bytes spell; undefined when they are no UTF-8. */
export function readText(bytes: Uint8Array): string | undefined {
  if (isSeenToBeNone(bytes)) return undefined;
  const text = fromUtf8(bytes);
  // What does not decode stands as U+FFFD, which also may have come as itself.
  if (!text.includes("\ufffd")) return text;
  const again = utf8(text);
  return again.length === bytes.length && again.every((byte, i) => byte === bytes[i]) ? text : undefined;
}

/** Whether the first byte that is no ASCII, if it is soon, cannot begin a character: so it is with records of protobuf. */
function isSeenToBeNone(bytes: Uint8Array): boolean {
  for (let i = 0; i < LOOKED_AT && i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte > 0x7f) return byte < LEADING_MIN || byte > LEADING_MAX;
  }
  return false;
}

/** Whether a text takes no more characters in a bundle: as JSON in the text of its member, which is itself a string. */
function isSpelledWithin(text: string, lengthMax: number): boolean {
  let length = text.length;
  for (let i = 0; i < text.length && length <= lengthMax; i++) {
    const unit = text.charCodeAt(i);
    // A quote or a backslash has three more in front.
    if (unit < 0x20) length += UNIT_SPELLED_MAX - 1;
    else if (unit === 0x22 || unit === 0x5c) length += 3;
  }
  return length <= lengthMax;
}
