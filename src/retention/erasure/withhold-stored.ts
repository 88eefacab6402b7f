/**
 * What is left of a stored entry: members that go become their digests. The leaf hash stays, and with it every proof.
 */

import { type Entry, type Member, memberDigest } from "../../entry/entry.ts";
import { toHex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";

/** The text that an event came as: it says again what any other member says. */
const RAW = "_raw";

/**
 * Whether a member goes, by its name.
 * @param names all members when absent
 */
export function goesByName(names: readonly string[] | undefined): (text: string) => boolean {
  if (names === undefined) return () => true;
  const beginnings = [...names, RAW].map((name) => `${JSON.stringify(name)}:`);
  return (text) => beginnings.some((beginning) => text.startsWith(beginning));
}

/** An entry in which what goes has become its digest; undefined where nothing of it is shown. */
export function withheldEntry(hash: Hash, entry: Entry, goes: (text: string) => boolean): Entry | undefined {
  let isChanged = false;
  const members = entry.members.map((member): Member => {
    if ("digest" in member || !goes(member.text)) return member;
    isChanged = true;
    return { digest: memberDigest(hash, member) };
  });
  return isChanged ? { recordedAt: entry.recordedAt, members } : undefined;
}

/** The same by digests: for an older copy, in which is shown again what was erased. */
export function withheldByDigest(hash: Hash, entry: Entry, digests: ReadonlySet<string>): Entry | undefined {
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
