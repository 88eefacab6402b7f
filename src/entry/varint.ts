/** Integers in as few bytes as they need: 7 bits in each, the lowest first, the top bit set where more follow. */

/** Bytes that an integer takes. @throws RangeError unless it is in 0..2^53-1 */
export function varintLength(value: number): number {
  requireInteger(value);
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes an integer and returns where it ends. @throws RangeError unless it is in 0..2^53-1 */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  requireInteger(value);
  let end = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[end++] = (rest % 0x80) | 0x80;
  target[end++] = rest;
  return end;
}

/**
 * Reads an integer; it ends {@link varintLength} bytes further.
 * @throws RangeError when it is cut off, beyond 2^53-1, or not in its shortest form
 */
export function readVarint(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at, scale = 1; ; i++, scale *= 0x80) {
    const byte = bytes[i];
    if (byte === undefined) throw new RangeError(`expected a byte at ${i}, got the end`);
    value += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(value)) throw new RangeError("expected an integer in 0..2^53-1, got a larger one");
    if (byte >= 0x80) continue;
    if (byte === 0 && i > at) throw new RangeError("expected the shortest form of an integer, got a longer one");
    return value;
  }
}

function requireInteger(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected 0..2^53-1, got ${value}`);
}
