/**
 * From an event to what a ledger records: one salted text and digest for each member, in canonical order. The time
 * of recording is not in here, so all of this is done before the ledger's turn comes.
 */

import { CanonicalWriter, sortNames } from "../json/canonical.ts";
import { concat, utf8 } from "../merkle/bytes.ts";
import { HASH_LENGTH, type Hash } from "../merkle/hash.ts";
import { type Entry, MEMBERS_MAX, SALT_LENGTH } from "./entry.ts";
import type { Event } from "./event.ts";
import { EventError } from "./event-error.ts";
import { memberText, readMemberText } from "./member.ts";
import { MEMBER_ROOM, type PackedMembers, packedDigests, packShown } from "./packed.ts";

/** An event ready to be recorded; all but the time is fixed. */
export type PreparedEntry = {
  readonly members: PackedMembers;
  /** Digests of the members, 32 bytes each, one after another in the same order. */
  readonly digests: Uint8Array;
  /**
   * 32 bytes that are equal for equal events of a client, however spelled; nothing the service added is in them.
   * Without them the event can claim no idempotency key.
   */
  readonly content?: Uint8Array;
  /** The client's own identifier of the event, its idempotency key. */
  readonly id?: string;
  /** What it is known by when it is sent again, instead of the id. */
  readonly claim?: string;
};

/** What preparing needs from the service. */
export type Preparation = {
  readonly hash: Hash;
  /** Fresh random bytes for n salts, n * 16 of them; copied before the next call. */
  readonly salts: (n: number) => Uint8Array;
  /** Members that the service adds, see {@link ownMembers}. */
  readonly own?: OwnMembers;
  /** Value of the member `_raw`, where the event was made of something else; written without a text between. */
  readonly raw?: unknown;
  /**
   * Secret of the service that goes into `content`, the same for all time. Without one, whoever reads the store can
   * confirm a guess of an erased event by hashing it.
   */
  readonly contentKey?: Uint8Array;
  /** What the event is known by when it is sent again, instead of its `id`. */
  readonly claim?: string;
  /** 32 bytes that are its `content`, where they are known already; the secret has to be in them. */
  readonly content?: Uint8Array;
  /** Which events get a `content`: all, as when it is absent, or those that claim an `id`. */
  readonly contentOf?: "all" | "ids";
  /** Memory that nobody else writes to, for an entry; fresh memory when absent. */
  readonly memory?: (length: number) => Uint8Array;
};

/** Members of the service in order of their names, with the UTF-8 of their texts. */
export type OwnMembers = readonly NamedText[];

type NamedText = { readonly name: string; readonly text: Uint8Array };

const NO_KEY = new Uint8Array(0);
const NO_MEMBERS: OwnMembers = [];
const RAW = "_raw";
const OPEN = 0x7b;
const COMMA = 0x2c;
const CLOSE = 0x7d;

/** Where the text of an event, and then its entry, is put together; safe to share because nothing here waits. */
const WRITER = new CanonicalWriter();
const DRAFT = new Uint8Array(32_768);

/**
 * Members that the service adds to the events of a request.
 * @throws TypeError when a name does not begin with "_", or a value is no I-JSON
 */
export function ownMembers(values: Readonly<Record<string, unknown>>): OwnMembers {
  return sortNames(Object.keys(values)).map((name) => {
    if (!name.startsWith("_")) throw new TypeError(`expected a name that begins with _, got ${JSON.stringify(name)}`);
    return { name, text: utf8(memberText(name, values[name])) };
  });
}

/**
 * Prepares a checked event.
 * @throws EventError when the members, the service's included, are more than 64
 * @throws TypeError when a value is no I-JSON
 */
export function prepareEntry(event: Event, service: Preparation): PreparedEntry {
  const { own = NO_MEMBERS, hash, contentKey = NO_KEY, contentOf, claim, raw } = service;
  const names = sortNames(Object.keys(event));
  const count = names.length + own.length + (raw === undefined ? 0 : 1);
  if (count > MEMBERS_MAX) {
    const expected = `at most ${MEMBERS_MAX} members, the service's included`;
    throw new EventError("event_too_many_members", "", expected, String(count));
  }
  const { texts, length } = writeMembers(event, names);
  const { id } = event;
  const isClaimed = id !== undefined || claim !== undefined || contentOf !== "ids";
  const content = service.content
    ? { content: service.content }
    : isClaimed
      ? { content: hash(concat(contentKey, WRITER.bytes.subarray(0, length))) }
      : undefined;
  for (const { name, text } of own) insertMember(names, texts, name, text);
  if (raw !== undefined) insertMember(names, texts, RAW, writeRaw(raw, length));
  return {
    ...pack(texts, service),
    ...content,
    ...(id !== undefined && { id }),
    ...(claim !== undefined && { claim }),
  };
}

function insertMember(names: string[], texts: Uint8Array[], name: string, text: Uint8Array): void {
  const after = names.findIndex((other) => other > name);
  const at = after === -1 ? names.length : after;
  names.splice(at, 0, name);
  texts.splice(at, 0, text);
}

/** Writes the text of `_raw` behind what is written. */
function writeRaw(raw: unknown, from: number): Uint8Array {
  WRITER.member(RAW, raw);
  return WRITER.bytes.subarray(from);
}

/** Writes an event's canonical text, and returns those of its members, which are parts of it, and its length. */
function writeMembers(event: Event, names: readonly string[]): { texts: Uint8Array[]; length: number } {
  WRITER.clear();
  const ends: number[] = [];
  for (const name of names) {
    WRITER.byte(ends.length === 0 ? OPEN : COMMA);
    WRITER.member(name, event[name]);
    ends.push(WRITER.length);
  }
  WRITER.byte(CLOSE);
  const { bytes } = WRITER;
  return { texts: ends.map((end, i) => bytes.subarray((ends[i - 1] ?? 0) + 1, end)), length: bytes.length };
}

/** Digests and members side by side, in memory of the caller's. */
function pack(
  texts: readonly Uint8Array[],
  { hash, salts, memory }: Preparation,
): Pick<PreparedEntry, "digests" | "members"> {
  const fresh = salts(texts.length);
  if (fresh.length !== texts.length * SALT_LENGTH) {
    throw new RangeError(`expected ${texts.length * SALT_LENGTH} bytes of salts, got ${fresh.length}`);
  }
  const start = texts.length * HASH_LENGTH;
  let room = start + 1;
  for (const text of texts) room += MEMBER_ROOM + text.length;
  const draft = room <= DRAFT.length ? DRAFT : new Uint8Array(room);
  draft[start] = texts.length;
  let at = start + 1;
  const bounds: number[] = [];
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] as Uint8Array;
    at = packShown(draft, at, fresh, i * SALT_LENGTH, text);
    bounds.push(at - text.length - SALT_LENGTH - 1, at);
  }
  packedDigests(hash, draft, bounds, draft);
  const bytes = memory?.(at) ?? new Uint8Array(at);
  bytes.set(draft.subarray(0, at));
  return { digests: bytes.subarray(0, start), members: bytes.subarray(start) };
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
