/**
 * An entry: the bytes that are hashed for an event. It holds a time and one salted digest for each member, so it
 * discloses nothing, and a member can be withheld or erased while every proof still holds. docs/format.md §3.
 */

import { concat, utf8, writeUint64 } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash } from "../merkle/hash.ts";

/** Bytes of the salt of a member. */
export const SALT_LENGTH = 16;
/** Most members that an entry has. */
export const MEMBERS_MAX = 64;

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
  const text = utf8(member.text);
  const input = new Uint8Array(1 + SALT_LENGTH + text.length);
  input[0] = 0x02;
  input.set(member.salt, 1);
  input.set(text, 1 + SALT_LENGTH);
  return hash(input);
}

/**
 * Entry bytes: 0x01 || recordedAt as 8 big-endian bytes || the member digests.
 * @throws RangeError unless there are 1..64 digests of 32 bytes
 */
export function encodeEntry(recordedAt: number, digests: readonly Uint8Array[]): Uint8Array {
  if (digests.length < 1 || digests.length > MEMBERS_MAX) {
    throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${digests.length}`);
  }
  for (const digest of digests) {
    if (digest.length !== HASH_LENGTH) throw new RangeError(`expected digests of 32 bytes, got ${digest.length}`);
  }
  const header = new Uint8Array(9);
  header[0] = 0x01;
  writeUint64(header, 1, recordedAt);
  return concat(header, ...digests);
}
