/**
 * What frames of entries and of checkpoints hold.
 *
 *   entries     index of the first[8] count[4] { recordedAt[8] length[4] members }…   members as entry/packed.ts has them
 *   checkpoint  size[8] root[32] signedAt[8] signature[65]
 */

import type { PackedEntry } from "../../entry/packed.ts";
import { encodeUint64, fromHex, type Hex, readUint64, toHex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { ArchivedEntries } from "../archive.ts";

const HEAD_LENGTH = 12;
const RECORD_HEAD = 12;
const CHECKPOINT_LENGTH = 113;

/** Bytes that an entry takes in a frame. */
export function recordLength({ members }: PackedEntry): number {
  return RECORD_HEAD + members.length;
}

export function encodeEntries({ first, entries }: ArchivedEntries): Uint8Array {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + recordLength(entry), HEAD_LENGTH));
  bytes.set(encodeUint64(first), 0);
  bytes.writeUInt32BE(entries.length, 8);
  let at = HEAD_LENGTH;
  for (const { recordedAt, members } of entries) {
    bytes.set(encodeUint64(recordedAt), at);
    bytes.writeUInt32BE(members.length, at + 8);
    bytes.set(members, at + RECORD_HEAD);
    at += RECORD_HEAD + members.length;
  }
  return bytes;
}

/** @throws RangeError when the bytes are not exactly what {@link encodeEntries} makes */
export function decodeEntries(bytes: Uint8Array): ArchivedEntries {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  requireRoom(bytes, 0, HEAD_LENGTH);
  const first = readUint64(bytes, 0);
  const count = view.getUint32(8);
  const entries: PackedEntry[] = [];
  let at = HEAD_LENGTH;
  for (let i = 0; i < count; i++) {
    requireRoom(bytes, at, RECORD_HEAD);
    const recordedAt = readUint64(bytes, at);
    const length = view.getUint32(at + 8);
    at += RECORD_HEAD;
    requireRoom(bytes, at, length);
    entries.push({ recordedAt, members: bytes.subarray(at, at + length) });
    at += length;
  }
  if (at !== bytes.length) throw new RangeError(`expected ${at} bytes of entries, got ${bytes.length}`);
  return { first, entries };
}

export function encodeCheckpoint({ size, root, signedAt, signature }: SignedCheckpoint): Uint8Array {
  return Buffer.concat([encodeUint64(size), fromHex(root, 32), encodeUint64(signedAt), fromHex(signature, 65)]);
}

/** @throws RangeError when the bytes are no checkpoint's */
export function decodeCheckpoint(bytes: Uint8Array, ledgerId: Hex): SignedCheckpoint {
  if (bytes.length !== CHECKPOINT_LENGTH) {
    throw new RangeError(`expected ${CHECKPOINT_LENGTH} bytes of a checkpoint, got ${bytes.length}`);
  }
  return {
    ledgerId,
    size: readUint64(bytes, 0),
    root: toHex(bytes.subarray(8, 40)),
    signedAt: readUint64(bytes, 40),
    signature: toHex(bytes.subarray(48)),
  };
}

function requireRoom(bytes: Uint8Array, at: number, length: number): void {
  if (at + length > bytes.length) {
    throw new RangeError(`expected ${length} bytes at ${at}, got ${Math.max(0, bytes.length - at)}`);
  }
}
