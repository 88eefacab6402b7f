/**
 * What frames of entries and of checkpoints hold.
 *
 *   entries     index of the first[8] count[4] { recordedAt[8] length[4] members }…   members as entry/packed.ts has them
 *               where the length is 0, the leaf hash[32] stands in the place of members; of version 2 alone
 *   checkpoint  size[8] root[32] signedAt[8] signature[65]
 */

import type { PackedEntry } from "../../entry/packed.ts";
import { encodeUint64, fromHex, type Hex, readUint64, toHex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import type { ArchivedEntries } from "../archive.ts";
import type { FrameVersion } from "./frames.ts";

const HEAD_LENGTH = 12;
const RECORD_HEAD = 12;
const CHECKPOINT_LENGTH = 113;
const NO_MEMBERS = new Uint8Array(0);

/** Bytes that an entry takes in a frame. */
export function recordLength({ members, pruned }: PackedEntry): number {
  return RECORD_HEAD + (pruned === undefined ? members.length : HASH_LENGTH);
}

export function encodeEntries({ first, entries }: ArchivedEntries): Uint8Array {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + recordLength(entry), HEAD_LENGTH));
  bytes.set(encodeUint64(first), 0);
  bytes.writeUInt32BE(entries.length, 8);
  let at = HEAD_LENGTH;
  for (const entry of entries) {
    const { recordedAt, members, pruned } = entry;
    bytes.set(encodeUint64(recordedAt), at);
    bytes.writeUInt32BE(pruned === undefined ? members.length : 0, at + 8);
    bytes.set(pruned?.leafHash ?? members, at + RECORD_HEAD);
    at += recordLength(entry);
  }
  return bytes;
}

/** @throws RangeError when the bytes are not exactly what {@link encodeEntries} makes */
export function decodeEntries(bytes: Uint8Array, version: FrameVersion): ArchivedEntries {
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
    const isLeaf = length === 0 && version === 2;
    const end = at + (isLeaf ? HASH_LENGTH : length);
    requireRoom(bytes, at, end - at);
    const rest = bytes.subarray(at, end);
    entries.push(
      isLeaf ? { recordedAt, members: NO_MEMBERS, pruned: { leafHash: rest } } : { recordedAt, members: rest },
    );
    at = end;
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
