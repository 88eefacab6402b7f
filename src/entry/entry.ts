/**
 * An entry: the bytes that are hashed for an event. It holds a time and one salted digest for each member, so it
 * discloses nothing, and a member can be withheld or erased while every proof still holds. docs/format.md §3.
 */

import { concat, UNIT_BYTES_MAX, writeUint64, writeUtf8 } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, hashParts, leafHashes, textHash } from "../merkle/hash.ts";

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
const ENTRY_BYTES_MAX = HEADER_LENGTH + MEMBERS_MAX * HASH_LENGTH;
/** Where what is hashed of most entries is put together; safe to share because hashing is synchronous and keeps nothing. */
const INPUTS = new Uint8Array(32_768);

/** A member that is shown: `text` is JCS(name) ":" JCS(value). */
export type ShownMember = { readonly salt: Uint8Array; readonly text: string };
/** A member that is withheld or erased. */
export type WithheldMember = { readonly digest: Uint8Array };
export type Member = ShownMember | WithheldMember;

/** What stays of an entry that was pruned: neither members nor their digests, but what proves its neighbours. */
export type Pruned = {
  readonly leafHash: Uint8Array;
  /** Name of the archive that has it; none where there is none. */
  readonly archive?: string;
};

/**
 * What is stored for an event: members in JCS order of their names, and when the service recorded it (ms since 1970). One that was
 * pruned has no members.
 */
export type Entry = { readonly recordedAt: number; readonly members: readonly Member[]; readonly pruned?: Pruned };

/** Member digest: H(0x02 || salt || UTF-8 of the text). */
export function memberDigest(hash: Hash, member: Member): Uint8Array {
  if ("digest" in member) return member.digest;
  const head = new Uint8Array(1 + SALT_LENGTH);
  head[0] = MEMBER_PREFIX;
  head.set(member.salt, 1);
  return textHash(hash, head, member.text);
}

/** Digests of the members of an entry, one after another. @throws RangeError when a salt or a digest has another length */
export function memberDigests(hash: Hash, members: readonly Member[]): Uint8Array {
  let room = 0;
  for (const member of members) if ("text" in member) room += 1 + SALT_LENGTH + UNIT_BYTES_MAX * member.text.length;
  const inputs = room <= INPUTS.length ? INPUTS : new Uint8Array(room);
  const bounds: number[] = [];
  let at = 0;
  for (const member of members) {
    if ("digest" in member) continue;
    requireLength(member.salt, SALT_LENGTH);
    bounds.push(at);
    inputs[at] = MEMBER_PREFIX;
    inputs.set(member.salt, at + 1);
    at += 1 + SALT_LENGTH;
    at += writeUtf8(inputs, at, member.text);
    bounds.push(at);
  }
  const digests = new Uint8Array(members.length * HASH_LENGTH);
  hashParts(hash, inputs, bounds, digests);
  // Those that are withheld go between them: from the last to the first, so that none is overwritten before it is moved.
  let shown = bounds.length / 2;
  for (let i = members.length - 1; i >= 0 && i >= shown; i--) {
    const member = members[i] as Member;
    if ("digest" in member) {
      requireLength(member.digest, HASH_LENGTH);
      digests.set(member.digest, i * HASH_LENGTH);
    } else digests.copyWithin(i * HASH_LENGTH, --shown * HASH_LENGTH, (shown + 1) * HASH_LENGTH);
  }
  return digests;
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
  const entry = new Uint8Array(HEADER_LENGTH + joined.length);
  writeEntry(entry, 0, recordedAt, joined);
  return entry;
}

/** Writes entry bytes from digests that lie one after another, and returns where they end. @throws RangeError unless there are 1..64 */
function writeEntry(target: Uint8Array, at: number, recordedAt: number, digests: Uint8Array): number {
  requireCount(digests.length / HASH_LENGTH);
  target[at] = ENTRY_VERSION;
  writeUint64(target, at + 1, recordedAt);
  target.set(digests, at + HEADER_LENGTH);
  return at + HEADER_LENGTH + digests.length;
}

/** Leaf hashes of entries of one time, from the digests of each, one after another. @throws RangeError unless each has 1..64 */
export function entryLeafHashes(hash: Hash, recordedAt: number, digests: readonly Uint8Array[]): Uint8Array[] {
  return leafHashes(hash, digests.length, ENTRY_BYTES_MAX, (target, at, i) =>
    writeEntry(target, at, recordedAt, digests[i] as Uint8Array),
  );
}

/** Leaf hash of an entry, from its values; that of one that was pruned is as it is kept, and the root tells whether it is right. */
export function entryLeafHash(hash: Hash, { recordedAt, members, pruned }: Entry): Uint8Array {
  if (pruned !== undefined) return pruned.leafHash;
  const [leaf] = entryLeafHashes(hash, recordedAt, [memberDigests(hash, members)]);
  return leaf as Uint8Array;
}

/** @throws RangeError unless it is the number of members of an entry */
export function requireCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MEMBERS_MAX)) {
    throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${count}`);
  }
}

/** @throws RangeError unless there are so many */
export function requireLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
}
