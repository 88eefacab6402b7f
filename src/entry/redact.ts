/**
 * Withholding: a member that is shown becomes its digest, and the entry's bytes stay the same. Dropping the salt and
 * the text of a stored entry this way erases the member for good.
 */

import { toHex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import { type Entry, type Member, memberDigest } from "./entry.ts";
import { describe, EventError } from "./event-error.ts";
import { readMemberText } from "./member.ts";
import { type PackedMembers, packMembers, unpackMembers } from "./packed.ts";

/**
 * An entry without the named members, in which each has become its digest.
 * @throws EventError code member_unknown when no shown member has a name: a typing error must not disclose anything
 */
export function withholdMembers(hash: Hash, entry: Entry, names: readonly string[]): Entry {
  const missing = new Set(names);
  const members = entry.members.map((member): Member => {
    if ("digest" in member) return member;
    const { name } = readMemberText(member.text);
    if (!names.includes(name)) return member;
    missing.delete(name);
    return { digest: memberDigest(hash, member) };
  });
  for (const name of missing) throw new EventError("member_unknown", "", "the name of a shown member", describe(name));
  return { recordedAt: entry.recordedAt, members };
}

/** The members of an entry that are digests alone, packed; undefined where there is none. */
export function packWithheld({ members }: Entry): PackedMembers | undefined {
  const withheld = members.filter((member) => "digest" in member);
  return withheld.length === 0 ? undefined : packMembers(withheld);
}

/** An entry in which each shown member that `goes`, told by its text, has become its digest; undefined where none does. */
export function withholdWhere(hash: Hash, entry: Entry, goes: (text: string) => boolean): Entry | undefined {
  let isChanged = false;
  const members = entry.members.map((member): Member => {
    if ("digest" in member || !goes(member.text)) return member;
    isChanged = true;
    return { digest: memberDigest(hash, member) };
  });
  return isChanged ? { recordedAt: entry.recordedAt, members } : undefined;
}

/**
 * The same by digests: for an older copy of an entry, in which members are shown that were erased since. Others stay as they are, also
 * those of another entry that stands in its place.
 * @param erased packed digests
 */
export function withholdErased(hash: Hash, entry: Entry, erased: PackedMembers): Entry | undefined {
  const digests = new Set(unpackMembers(erased).map((each) => ("digest" in each ? toHex(each.digest) : "")));
  let isChanged = false;
  const members = entry.members.map((member): Member => {
    if ("digest" in member) return member;
    const digest = memberDigest(hash, member);
    if (!digests.has(toHex(digest))) return member;
    isChanged = true;
    return { digest };
  });
  return isChanged ? { recordedAt: entry.recordedAt, members } : undefined;
}
