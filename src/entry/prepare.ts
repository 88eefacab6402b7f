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

/** What the service records by itself: the format in `_source`, and the name of its source and actor too. */
export const OF_THE_SERVICE = "holdfast";

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
  readonly contentKey?: Uint8Array | undefined;
  /** What the event is known by when it is sent again, instead of its `id`. */
  readonly claim?: string | undefined;
  /** 32 bytes that are its `content`, where they are known already; the secret has to be in them. */
  readonly content?: Uint8Array | undefined;
  /** Which events get a `content`: all, as when it is absent, or those that claim an `id`. */
  readonly contentOf?: "all" | "ids";
  /** Memory that nobody else writes to, for an entry; fresh memory when absent. */
  readonly memory?: ((length: number) => Uint8Array) | undefined;
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
  const written = writeMembers(event, names, own, raw);
  const { id } = event;
  const isClaimed = id !== undefined || claim !== undefined || contentOf !== "ids";
  const text = WRITER.bytes;
  const ofEvent = (): Uint8Array => hash(concat(contentKey, text.subarray(0, written.eventLength)));
  const content = service.content ?? (isClaimed ? ofEvent() : undefined);
  const entry: { -readonly [K in keyof PreparedEntry]: PreparedEntry[K] } = pack(text, written, service);
  if (content !== undefined) entry.content = content;
  if (id !== undefined) entry.id = id;
  if (claim !== undefined) entry.claim = claim;
  return entry;
}

/** Texts of members in the order of their names: parts of what was written, but for those that the service had. */
type MemberTexts = {
  readonly starts: number[];
  readonly ends: number[];
  /** Text of a member that the service had, at its place. */
  readonly had: (Uint8Array | undefined)[];
  /** Bytes of the canonical text of the event alone, which was written first. */
  readonly eventLength: number;
};

/** Writes an event's canonical text, of which those of its members are parts, and behind it that of `_raw`. */
function writeMembers(event: Event, names: readonly string[], own: OwnMembers, raw: unknown): MemberTexts {
  WRITER.clear();
  const ends: number[] = [];
  for (const name of names) {
    WRITER.byte(ends.length === 0 ? OPEN : COMMA);
    WRITER.member(name, event[name]);
    ends.push(WRITER.length);
  }
  WRITER.byte(CLOSE);
  const written: MemberTexts = { starts: [], ends: [], had: [], eventLength: WRITER.length };
  const others = raw === undefined ? own : withRaw(own, writeRaw(raw));
  let next = 0;
  for (let i = 0; i < names.length; i++) {
    for (; next < others.length && isBefore(others[next] as NamedText, names[i] as string); next++) {
      addOther(written, others[next] as NamedText);
    }
    add(written, (ends[i - 1] ?? 0) + 1, ends[i] as number);
  }
  for (; next < others.length; next++) addOther(written, others[next] as NamedText);
  return written;
}

/** Writes the text of `_raw` behind what is written. */
function writeRaw(raw: unknown): NamedText {
  const from = WRITER.length;
  WRITER.member(RAW, raw);
  return { name: RAW, text: WRITER.bytes.subarray(from) };
}

function withRaw(own: OwnMembers, raw: NamedText): OwnMembers {
  const [only] = own;
  if (own.length === 1 && only !== undefined) return isBefore(only, RAW) ? [only, raw] : [raw, only];
  return [...own, raw].sort((a, b) => (isBefore(a, b.name) ? -1 : 1));
}

/** By UTF-16 code units, as JCS has names. */
function isBefore({ name }: NamedText, other: string): boolean {
  return name < other;
}

function addOther(written: MemberTexts, { text }: NamedText): void {
  add(written, 0, text.length, text);
}

function add({ starts, ends, had }: MemberTexts, start: number, end: number, text?: Uint8Array): void {
  starts.push(start);
  ends.push(end);
  had.push(text);
}

/** Digests and members side by side, in memory of the caller's. */
function pack(
  text: Uint8Array,
  { starts, ends, had }: MemberTexts,
  { hash, salts, memory }: Preparation,
): Pick<PreparedEntry, "digests" | "members"> {
  const count = starts.length;
  const fresh = salts(count);
  if (fresh.length !== count * SALT_LENGTH) {
    throw new RangeError(`expected ${count * SALT_LENGTH} bytes of salts, got ${fresh.length}`);
  }
  const start = count * HASH_LENGTH;
  let room = start + 1 + count * MEMBER_ROOM;
  for (let i = 0; i < count; i++) room += (ends[i] as number) - (starts[i] as number);
  const draft = room <= DRAFT.length ? DRAFT : new Uint8Array(room);
  draft[start] = count;
  let at = start + 1;
  const bounds: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = starts[i] as number;
    const to = ends[i] as number;
    at = packShown(draft, at, fresh, i * SALT_LENGTH, had[i] ?? text, from, to);
    bounds.push(at - (to - from) - SALT_LENGTH - 1, at);
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
