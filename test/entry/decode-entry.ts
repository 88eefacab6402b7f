/** The bytes of an entry read back, which nothing in src does: digests tell nothing. docs/format.md §3. */

import { readUint64 } from "../../src/merkle/bytes.ts";

const ENTRY_VERSION = 0x01;
const HEADER_LENGTH = 9;
const HASH_LENGTH = 32;
const MEMBERS_MAX = 64;

/** @throws RangeError unless it is the number of members of an entry */
export function requireCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MEMBERS_MAX)) {
    throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${count}`);
  }
}

/**
 * Reads entry bytes: when it was recorded (ms since 1970) and the digests of its members.
 * @throws RangeError when the bytes are not those of an entry
 */
export function decodeEntry(bytes: Uint8Array): { recordedAt: number; digests: Uint8Array[] } {
  if (bytes[0] !== ENTRY_VERSION) throw new RangeError(`expected an entry of version 1, got ${bytes[0] ?? "no bytes"}`);
  const recordedAt = readUint64(bytes, 1);
  const count = (bytes.length - HEADER_LENGTH) / HASH_LENGTH;
  if (!Number.isInteger(count) || count < 1 || count > MEMBERS_MAX) {
    throw new RangeError(`expected 1..${MEMBERS_MAX} digests of 32 bytes, got ${bytes.length - HEADER_LENGTH} bytes`);
  }
  const digests = Array.from({ length: count }, (_, i) => {
    const start = HEADER_LENGTH + i * HASH_LENGTH;
    return bytes.slice(start, start + HASH_LENGTH);
  });
  return { recordedAt, digests };
}
