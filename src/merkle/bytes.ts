/**
 * Bytes and their two spellings: lower-case hex with 0x, and big-endian integers.
 * Not a codec for anything larger; those live beside what they encode.
 */

/** All of the platform that is used here; Node and every browser have it (WHATWG Encoding). */
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean; fatal?: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { written: number };
};

/** A hex string with 0x, lower case, two digits for each byte. */
export type Hex = `0x${string}`;

/** Short ASCII texts are encoded by hand, which takes a third of a call of the platform's encoder. */
const BY_HAND_MAX = 128;
/** Bytes of which the hex is joined pair by pair. */
const JOINED_MAX = 4096;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const HEX = /^0x(?:[0-9a-f]{2})*$/;

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  if (text.length <= BY_HAND_MAX) {
    const bytes = new Uint8Array(text.length);
    if (writeAscii(bytes, 0, text)) return bytes;
  }
  return ENCODER.encode(text);
}

/** Text of UTF-8 bytes, a byte order mark included; what is no UTF-8 becomes U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** Text of UTF-8 bytes, a byte order mark included. @throws RangeError when they are no UTF-8 */
export function readUtf8(bytes: Uint8Array): string {
  try {
    return STRICT_DECODER.decode(bytes);
  } catch (cause) {
    throw new RangeError("expected UTF-8, got bytes that are not", { cause });
  }
}

/** Bytes of UTF-8 that a UTF-16 unit takes at most. */
export const UNIT_BYTES_MAX = 3;

/** Writes the UTF-8 of a text into an array that has room for 3 bytes a UTF-16 unit, and returns how many it took. */
export function writeUtf8(target: Uint8Array, at: number, text: string): number {
  if (text.length <= BY_HAND_MAX && writeAscii(target, at, text)) return text.length;
  return ENCODER.encodeInto(text, target.subarray(at)).written;
}

/** Writes a text that is ASCII; false when it is not, and then a part of it may have been written. */
function writeAscii(target: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    target[at + i] = unit;
  }
  return true;
}

/** Spells bytes as lower-case hex with 0x. */
export function toHex(bytes: Uint8Array): Hex {
  if (bytes.length > JOINED_MAX) return toLongHex(bytes);
  let text = "0x";
  for (let i = 0; i < bytes.length; i++) text += DIGITS[bytes[i] as number];
  return text as Hex;
}

/** A text put together of millions of pieces takes the engine seconds; this one is made at once. */
function toLongHex(bytes: Uint8Array): Hex {
  const digits = new Uint8Array(2 + 2 * bytes.length);
  digits.set([0x30, 0x78]);
  for (let i = 0; i < bytes.length; i++) {
    const pair = DIGITS[bytes[i] as number] as string;
    digits[2 + 2 * i] = pair.charCodeAt(0);
    digits[3 + 2 * i] = pair.charCodeAt(1);
  }
  return DECODER.decode(digits) as Hex;
}

/**
 * Reads lower-case hex with 0x; upper case is refused, so that a value has exactly one spelling.
 * @param length expected number of bytes, any when omitted
 * @throws TypeError when the text is not such hex, RangeError when it has another length
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (typeof text !== "string" || !HEX.test(text)) {
    throw new TypeError(`expected lower-case hex with 0x, got ${quote(text)}`);
  }
  const bytes = new Uint8Array((text.length - 2) / 2);
  if (length !== undefined && bytes.length !== length) {
    throw new RangeError(`expected ${length} bytes of hex, got ${bytes.length}`);
  }
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  }
  return bytes;
}

/** Whether two byte strings are the same; not constant-time, so not for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Joins byte strings in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Writes an integer in 0..2^53-1 as 8 bytes, big-endian.
 * @throws RangeError for anything else
 */
export function encodeUint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeUint64(bytes, 0, value);
  return bytes;
}

/** {@link encodeUint64} into an existing array. */
export function writeUint64(target: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`expected an integer in 0..2^53-1, got ${value}`);
  }
  const high = Math.floor(value / 0x1_0000_0000);
  for (let i = 0; i < 4; i++) {
    target[at + i] = (high >>> (24 - 8 * i)) & 0xff;
    target[at + 4 + i] = (value >>> (24 - 8 * i)) & 0xff;
  }
}

/**
 * Reads 8 big-endian bytes as an integer.
 * @throws RangeError when the value is beyond 2^53-1 or the bytes are missing
 */
export function readUint64(bytes: Uint8Array, at = 0): number {
  if (bytes.length < at + 8) throw new RangeError(`expected 8 bytes at ${at}, got ${bytes.length - at}`);
  let value = 0;
  for (let i = 0; i < 8; i++) value = value * 256 + (bytes[at + i] as number);
  if (!Number.isSafeInteger(value)) throw new RangeError("expected an integer in 0..2^53-1, got a larger one");
  return value;
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
