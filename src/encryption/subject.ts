/**
 * Whose an event is: the subject that its key belongs to, so that with the key all that is told of one subject ends. It is
 * found in the packed members, without reading the others.
 */

import { type PackedMembers, walkMembers } from "../entry/packed.ts";
import { OF_THE_SERVICE } from "../entry/prepare.ts";
import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { utf8 } from "../merkle/bytes.ts";

/** A member that names a subject. */
export const SUBJECT_MEMBERS = ["tenant", "actor"] as const;
export type SubjectMember = (typeof SUBJECT_MEMBERS)[number];

/** One subject: a tenant by its value, an actor by type and id. */
export type KeySubject = { readonly member: SubjectMember; readonly value: unknown };

/** How each member begins in its canonical text. */
const BEGINNINGS = new Map(SUBJECT_MEMBERS.map((member) => [member, utf8(`"${member}":`)] as const));

/** How the origin of what the service records about itself begins; its members stand in the order of their names. */
const OF_SERVICE = utf8(`"_source":{"format":${JSON.stringify(OF_THE_SERVICE)},`);

/**
 * The text of the member that names the subject: the first of those asked for that the event shows. What the service records
 * about itself is nobody's: it is never erased, so that no key that an erasure destroys may be needed for it.
 * @returns its bytes as latin1, `"tenant":"acme"`; undefined when it shows none
 */
export function subjectText(members: PackedMembers, asked: readonly SubjectMember[]): string | undefined {
  let found: string | undefined;
  let rank = asked.length;
  let isOfService = false;
  walkMembers(members, (start, end) => {
    isOfService ||= beginsWith(members, start, end, OF_SERVICE);
    for (let i = 0; i < rank; i++) {
      if (!beginsWith(members, start, end, BEGINNINGS.get(asked[i] as SubjectMember) as Uint8Array)) continue;
      found = Buffer.from(members.buffer, members.byteOffset + start, end - start).toString("latin1");
      rank = i;
      return;
    }
  });
  return isOfService ? undefined : found;
}

/** The subject that such a text names. */
export function subjectOf(text: string): KeySubject {
  const colon = text.indexOf(":");
  const member = text.slice(1, colon - 1) as SubjectMember;
  const value = readJson(Buffer.from(text.slice(colon + 1), "latin1").toString());
  return { member, value: member === "actor" ? partyOf(value) : value };
}

/** One spelling for each subject. */
export function spellSubject({ member, value }: KeySubject): string {
  return canonicalJson([member, value]);
}

/** Names and other things said of an actor do not make it another. */
function partyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { type, id } = value as { readonly type?: unknown; readonly id?: unknown };
  return { ...(type !== undefined && { type }), ...(id !== undefined && { id }) };
}

function beginsWith(bytes: Uint8Array, start: number, end: number, beginning: Uint8Array): boolean {
  if (end - start < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) if (bytes[start + i] !== beginning[i]) return false;
  return true;
}
