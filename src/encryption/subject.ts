/**
 * Whose an event is: the subject that its key belongs to, so that with the key all that is told of one subject ends. It is
 * found in the packed members, without reading the others.
 */

import { type PackedMembers, walkMembers } from "../entry/packed.ts";
import { OF_THE_SERVICE } from "../entry/prepare.ts";
import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { fromUtf8, utf8 } from "../merkle/bytes.ts";

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
 * Finds the member that names the subject: the first of those asked for that an event shows. What the service records about
 * itself is nobody's: it is never erased, so that no key that an erasure destroys may be needed for it.
 */
export class SubjectFinder {
  readonly #beginnings: readonly Uint8Array[];
  /** Where its text, `"tenant":"acme"`, starts and ends among the members that were looked at last. */
  start = 0;
  end = 0;

  constructor(asked: readonly SubjectMember[]) {
    this.#beginnings = asked.map((member) => BEGINNINGS.get(member) as Uint8Array);
  }

  /** Whether an event shows one. */
  find(members: PackedMembers): boolean {
    let rank = this.#beginnings.length;
    let isOfService = false;
    walkMembers(members, (start, end) => {
      isOfService ||= beginsWith(members, start, end, OF_SERVICE);
      for (let i = 0; i < rank; i++) {
        if (!beginsWith(members, start, end, this.#beginnings[i] as Uint8Array)) continue;
        rank = i;
        this.start = start;
        this.end = end;
        return;
      }
    });
    return !isOfService && rank < this.#beginnings.length;
  }
}

/** The subject that such a text names. */
export function subjectOf(bytes: Uint8Array): KeySubject {
  const text = fromUtf8(bytes);
  const colon = text.indexOf(":");
  const member = text.slice(1, colon - 1) as SubjectMember;
  const value = readJson(text.slice(colon + 1));
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
