/**
 * An entry: the bytes that are hashed for an event. It holds a time and one salted digest for each member, so it
 * discloses nothing, and a member can be withheld or erased while every proof still holds. docs/format.md §3.
 */

import { concat, writeUint64 } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, leafHash, textHash } from "../merkle/hash.ts";

/** First byte of an entry: the version of its form. */
const ENTRY_VERSION = 0x01;
/** Before salt and text when a member is hashed, so that its digest cannot pass for a leaf or a node of the tree. */
export const MEMBER_PREFIX = 0x02;
/** Bytes before the digests: the version and the time. */
const HEADER_LENGTH = 9;
/** Bytes of the salt of a member. */
export const SALT_LENGTH = 16;
/** Most members that an entry has. */
export const MEMBERS_MAX = 64;
/** Most bytes that an entry has. */
export const ENTRY_BYTES_MAX = HEADER_LENGTH + MEMBERS_MAX * HASH_LENGTH;

/** A member that is shown: `text` is JCS(name) ":" JCS(value). */
export type ShownMember = { readonly salt: Uint8Array; readonly text: string };
/** A member that is withheld or erased. */
export type WithheldMember = { readonly digest: Uint8Array };
export type Member = ShownMember | WithheldMember;

/** What is stored for an event: members in JCS order of their names, and when the service recorded it (ms since 1970). */
export type Entry = { readonly recordedAt: number; readonly members: readonly Member[] };

/** Member digest: H(0x02 || salt || UTF-8 of the text). */
export function memberDigest(hash: Hash, member: Member): Uint8Array {
  if ("digest" in member) return member.digest;
  const head = new Uint8Array(1 + SALT_LENGTH);
  head[0] = MEMBER_PREFIX;
  head.set(member.salt, 1);
  return textHash(hash, head, member.text);
}

/**
 * Entry bytes: 0x01 || recordedAt as 8 big-endian bytes || the member digests.
 * @throws RangeError unless there are 1..64 digests of 32 bytes
 */
export function encodeEntry(recordedAt: number, digests: readonly Uint8Array[]): Uint8Array {
  for (const { length } of digests) {
    if (length !== HASH_LENGTH) throw new RangeError(`expected digests of 32 bytes, got ${length}`);
  }
  const joined = concat(...digests);
  return writeEntry(new Uint8Array(HEADER_LENGTH + joined.length), recordedAt, joined);
}

/**
 * Entry bytes from digests that lie one after another.
 * @param target where to write them, ENTRY_BYTES_MAX is always enough; the result is a view of it
 * @throws RangeError unless there are 1..64 digests
 */
export function writeEntry(target: Uint8Array, recordedAt: number, digests: Uint8Array): Uint8Array {
  requireCount(digests.length / HASH_LENGTH);
  target[0] = ENTRY_VERSION;
  writeUint64(target, 1, recordedAt);
  target.set(digests, HEADER_LENGTH);
  return target.subarray(0, HEADER_LENGTH + digests.length);
}

/** Leaf hash of an entry, from its values. */
export function entryLeafHash(hash: Hash, { recordedAt, members }: Entry): Uint8Array {
  const digests = members.map((member) => memberDigest(hash, member));
  return leafHash(hash, encodeEntry(recordedAt, digests));
}

/** @throws RangeError unless it is the number of members of an entry */
export function requireCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MEMBERS_MAX)) {
    throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${count}`);
  }
}
