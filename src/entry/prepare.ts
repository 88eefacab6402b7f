/**
 * From an event to what a ledger records: one salted text and digest for each member, in canonical order. The time
 * of recording is not in here, so all of this is done before the ledger's turn comes.
 */

import { type Hash, textHash } from "../merkle/hash.ts";
import { type Entry, MEMBERS_MAX, memberDigest, SALT_LENGTH, type ShownMember } from "./entry.ts";
import { EventError } from "./error.ts";
import type { Event } from "./event.ts";
import { sortNames } from "./json.ts";
import { memberText, readMemberText } from "./member.ts";

const NO_KEY = new Uint8Array(0);

/** An event ready to be recorded; all but the time is fixed. */
export type PreparedEntry = {
  readonly members: readonly ShownMember[];
  /** Digest of each member, 32 bytes, in the same order. */
  readonly digests: readonly Uint8Array[];
  /** 32 bytes that are equal for equal events of a client, however spelled; nothing the service added is in them. */
  readonly content: Uint8Array;
  /** The client's own identifier of the event, its idempotency key. */
  readonly id?: string;
};

/** What preparing needs from the service. */
export type Preparation = {
  readonly hash: Hash;
  /** Fresh random bytes for n salts, n * 16 of them; copied before the next call. */
  readonly salts: (n: number) => Uint8Array;
  /** Members that the service adds; their names begin with "_". */
  readonly own?: Readonly<Record<string, unknown>>;
  /**
   * Secret of the service that goes into `content`, the same for all time. Without one, whoever reads the store can
   * confirm a guess of an erased event by hashing it.
   */
  readonly contentKey?: Uint8Array;
};

/**
 * Prepares a checked event.
 * @throws EventError when the members, the service's included, are more than 64
 * @throws TypeError when a value is no I-JSON or a name in `own` does not begin with "_"
 */
export function prepareEntry(event: Event, service: Preparation): PreparedEntry {
  const names = sortNames(Object.keys(event));
  const texts = names.map((name) => memberText(name, event[name]));
  const content = textHash(service.hash, service.contentKey ?? NO_KEY, `{${texts.join(",")}}`);
  if (service.own !== undefined) insertOwn(names, texts, service.own);
  if (texts.length > MEMBERS_MAX) {
    const expected = `at most ${MEMBERS_MAX} members, the service's included`;
    throw new EventError("event_too_many_members", "", expected, String(texts.length));
  }
  // Copied by the constructor: slice() of a Buffer shares its memory, which its source fills again before the entry is
  // written, and the salt that is stored would not be the one that was hashed.
  const salts = new Uint8Array(service.salts(texts.length));
  if (salts.length !== texts.length * SALT_LENGTH) {
    throw new RangeError(`expected ${texts.length * SALT_LENGTH} bytes of salts, got ${salts.length}`);
  }
  const members = texts.map((text, i) => ({ salt: salts.subarray(i * SALT_LENGTH, (i + 1) * SALT_LENGTH), text }));
  const digests = members.map((member) => memberDigest(service.hash, member));
  return { members, digests, content, ...(event.id === undefined ? {} : { id: event.id }) };
}

/**
 * Members of an entry that are shown, as an object.
 * @throws TypeError when the text of one is not canonical
 */
export function readMembers(entry: Pick<Entry, "members">): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const member of entry.members) {
    if ("digest" in member) continue;
    const { name, value } = readMemberText(member.text);
    Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return values;
}

/** Puts the members of the service where their names belong. */
function insertOwn(names: string[], texts: string[], own: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(own)) {
    if (!name.startsWith("_")) throw new TypeError(`expected a name that begins with _, got ${JSON.stringify(name)}`);
    const after = names.findIndex((other) => other > name);
    const at = after === -1 ? names.length : after;
    names.splice(at, 0, name);
    texts.splice(at, 0, memberText(name, own[name]));
  }
}
