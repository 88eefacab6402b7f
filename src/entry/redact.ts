/**
 * Withholding: a member that is shown becomes its digest, and the entry's bytes stay the same. Dropping the salt and
 * the text of a stored entry this way erases the member for good.
 */

import type { Hash } from "../merkle/hash.ts";
import { type Entry, type Member, memberDigest } from "./entry.ts";
import { describe, EventError } from "./event-error.ts";
import { readMemberText } from "./member.ts";

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
