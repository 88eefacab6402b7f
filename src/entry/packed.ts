/**
 * The members of an entry as bytes: the form in which they go from the one who prepares them to the store, which
 * keeps them so. There is no object and no array for each of them.
 *
 *   members   count[1] member…
 *   shown     varint(2 · bytes of text) salt[16] text
 *   withheld  varint(1) digest[32]
 */

import { readUtf8, utf8 } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, hashParts } from "../merkle/hash.ts";
import {
  type Entry,
  MEMBER_PREFIX,
  type Member,
  type Pruned,
  requireCount,
  requireLength,
  SALT_LENGTH,
} from "./entry.ts";
import { readVarint, varintLength, writeVarint } from "./varint.ts";

/** Members in the form above. */
export type PackedMembers = Uint8Array;

/** An entry whose members are packed. */
export type PackedEntry = { readonly recordedAt: number; readonly members: PackedMembers; readonly pruned?: Pruned };

const WITHHELD = 1;
const NO_MEMBERS = new Uint8Array(0);
/** Shorter texts are copied by hand: to make a view of one takes longer. */
const BY_HAND_MAX = 64;
/** Bytes of a member at most, without its text. */
export const MEMBER_ROOM = 8 + HASH_LENGTH;

/**
 * Packs members.
 * @throws RangeError unless there are 1..64, with salts of 16 or digests of 32 bytes
 */
export function packMembers(members: readonly Member[]): PackedMembers {
  requireCount(members.length);
  const texts = members.map((member) => utf8("digest" in member ? "" : member.text));
  const packed = new Uint8Array(texts.reduce((sum, text) => sum + MEMBER_ROOM + text.length, 1));
  packed[0] = members.length;
  let at = 1;
  for (const [i, member] of members.entries()) {
    if ("digest" in member) at = packWithheld(packed, at, member.digest);
    else {
      requireLength(member.salt, SALT_LENGTH);
      at = packShown(packed, at, member.salt, 0, texts[i] as Uint8Array);
    }
  }
  return packed.slice(0, at);
}

/**
 * Packs a shown member, for which there has to be room, and returns where it ends.
 * @param salts has its salt at `from`
 * @param texts has the UTF-8 of its text in [start, end)
 */
export function packShown(
  packed: Uint8Array,
  at: number,
  salts: Uint8Array,
  from: number,
  texts: Uint8Array,
  start = 0,
  end = texts.length,
): number {
  const length = end - start;
  const salt = writeVarint(packed, at, 2 * length);
  for (let i = 0; i < SALT_LENGTH; i++) packed[salt + i] = salts[from + i] as number;
  const text = salt + SALT_LENGTH;
  if (length > BY_HAND_MAX) packed.set(texts.subarray(start, end), text);
  else for (let i = 0; i < length; i++) packed[text + i] = texts[start + i] as number;
  return text + length;
}

/** An entry with its members packed. @throws RangeError like {@link packMembers} */
export function packEntry({ recordedAt, members, pruned }: Entry): PackedEntry {
  if (pruned !== undefined) return { recordedAt, members: NO_MEMBERS, pruned };
  return { recordedAt, members: packMembers(members) };
}

/**
 * Digests of shown members that are packed, as memberDigest has them, without a copy of what is hashed.
 * @param bounds where the last byte of the length of each is, which stands where the prefix has to be, and where it ends
 */
export function packedDigests(hash: Hash, packed: Uint8Array, bounds: readonly number[], digests: Uint8Array): void {
  const before: number[] = [];
  // These bytes lend their places while the rest is hashed.
  for (let i = 0; i < bounds.length; i += 2) {
    const place = bounds[i] as number;
    before.push(packed[place] as number);
    packed[place] = MEMBER_PREFIX;
  }
  hashParts(hash, packed, bounds, digests);
  for (let i = 0; i < before.length; i++) packed[bounds[2 * i] as number] = before[i] as number;
}

function packWithheld(packed: Uint8Array, at: number, digest: Uint8Array): number {
  requireLength(digest, HASH_LENGTH);
  packed[at] = WITHHELD;
  packed.set(digest, at + 1);
  return at + 1 + HASH_LENGTH;
}

/**
 * Goes through the shown members without reading them: `each` gets where the text of one starts and ends.
 * @throws RangeError when one ends behind the bytes
 */
export function walkMembers(packed: PackedMembers, each: (start: number, end: number) => void): void {
  let at = 1;
  for (let i = packed[0] ?? 0; i > 0; i--) {
    const form = readVarint(packed, at);
    at += varintLength(form);
    if (form === WITHHELD) at += HASH_LENGTH;
    else {
      const start = at + SALT_LENGTH;
      at = start + form / 2;
      if (at > packed.length) throw new RangeError(`expected ${at} bytes of members, got ${packed.length}`);
      each(start, at);
    }
  }
}

/** An entry with its members read. @throws RangeError like {@link unpackMembers} */
export function unpackEntry({ recordedAt, members, pruned }: PackedEntry): Entry {
  if (pruned !== undefined) return { recordedAt, members: [], pruned };
  return { recordedAt, members: unpackMembers(members) };
}

/**
 * Reads packed members; salts and digests are views of the bytes.
 * @throws RangeError when the bytes are not exactly what {@link packMembers} makes of some members
 */
export function unpackMembers(packed: PackedMembers): Member[] {
  // Never a Buffer: its slice() shares memory where that of every other array copies.
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
  const count = bytes[0] ?? 0;
  requireCount(count);
  const members: Member[] = [];
  let at = 1;
  const take = (length: number): Uint8Array => {
    const taken = bytes.subarray(at, at + length);
    requireLength(taken, length);
    at += length;
    return taken;
  };
  for (let i = 0; i < count; i++) {
    const form = readVarint(bytes, at);
    at += varintLength(form);
    if (form === WITHHELD) members.push({ digest: take(HASH_LENGTH) });
    else if (form % 2 === 0) members.push({ salt: take(SALT_LENGTH), text: readUtf8(take(form / 2)) });
    else throw new RangeError(`expected a member that is shown or withheld, got form ${form}`);
  }
  if (at !== bytes.length) throw new RangeError(`expected ${at} bytes of members, got ${bytes.length}`);
  return members;
}
