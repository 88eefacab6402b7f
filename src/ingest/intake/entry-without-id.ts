/**
 * An entry of a foreign item whose id stands for something else already, or of which that cannot be told: it is recorded
 * without the id, and says so. It is then known by what it is, so that sending it again records it once.
 */

import { type Member, memberDigest } from "../../entry/entry.ts";
import { memberText, readMemberText } from "../../entry/member.ts";
import { packMembers, unpackMembers } from "../../entry/packed.ts";
import type { PreparedEntry } from "../../entry/prepare.ts";
import { concat, toHex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Note } from "../format.ts";

/**
 * The same entry without its id and under another claim, with a note in `_source`.
 * @param isUnknown whether it is to claim nothing, so that sent again it is recorded again
 */
export function withoutId(hash: Hash, entry: PreparedEntry, note: Note, isUnknown = false): PreparedEntry {
  const { id, claim, content } = entry;
  const members = unpackMembers(entry.members).flatMap((member) => editMember(member, note));
  const digests = concat(...members.map((member) => memberDigest(hash, member)));
  const named = claim ?? id;
  const isKnown = !isUnknown && named !== undefined && content !== undefined;
  return {
    members: packMembers(members),
    digests,
    ...(content !== undefined && { content }),
    ...(isKnown && { claim: JSON.stringify([note, named, toHex(content)]) }),
  };
}

function editMember(member: Member, note: Note): Member[] {
  if ("digest" in member) return [member];
  const { name, value } = readMemberText(member.text);
  if (name === "id") return [];
  if (name !== "_source") return [member];
  const { claim, notes = [], ...source } = value as { readonly claim?: unknown; readonly notes?: readonly Note[] };
  const told = notes.includes(note) ? notes : [...notes, note];
  return [{ salt: member.salt, text: memberText(name, { ...source, notes: told }) }];
}
