/**
 * What can be searched in an entry: the shown members that have a meaning, read once. Withheld and erased members are
 * not here, because nobody can read them. The members are those of entry/schema.ts; foreign formats are mapped to them
 * before they are recorded.
 */

import type { Entry } from "../../entry/entry.ts";
import { type PackedMembers, walkMembers } from "../../entry/packed.ts";
import { parseDateTime } from "../../entry/time.ts";
import { readJson } from "../../json/read.ts";

/** Somebody or something: who acted, for whom, or on what. */
export type Party = { readonly type: string | undefined; readonly id: string | undefined };

export type EntryFacts = {
  action: string | undefined;
  actor: Party | undefined;
  onBehalfOf: Party | undefined;
  targets: readonly Party[];
  /** Where an entry shows none, the outcome is not known, and that is what it is found under. */
  outcome: string;
  /** What the event says it is about. */
  source: string | undefined;
  /** What the API key stands for that the event came through; what the key is called; which format it came in. */
  sender: string | undefined;
  key: string | undefined;
  format: string | undefined;
  /** Recorded as it came, because nothing sure could be made of it. */
  quarantined: boolean;
  tenant: string | undefined;
  id: string | undefined;
  /** What it announces, and what it is a result of. */
  intent: string | undefined;
  resultOf: string | undefined;
  /** The event's own time in milliseconds since 1970, rounded down; NaN when there is none that can be read. */
  occurredAt: number;
};

/** Sets what the value of one member says. */
type Reader = (facts: EntryFacts, value: unknown) => void;

/** Names of the members that have a meaning. */
export type MemberName =
  | "actor"
  | "targets"
  | "_source"
  | "time"
  | "result_of"
  | Exclude<Word, "sender" | "key" | "format" | "resultOf">;

const READERS: ReadonlyMap<string, Reader> = new Map<MemberName, Reader>([
  ["action", (facts, value) => set(facts, "action", value)],
  ["actor", readActor],
  ["targets", readTargets],
  ["outcome", (facts, value) => set(facts, "outcome", value)],
  ["source", (facts, value) => set(facts, "source", value)],
  ["_source", readOrigin],
  ["tenant", (facts, value) => set(facts, "tenant", value)],
  ["id", (facts, value) => set(facts, "id", value)],
  ["intent", (facts, value) => set(facts, "intent", value)],
  ["result_of", (facts, value) => set(facts, "resultOf", value)],
  ["time", readTime],
]);

/** A member that is looked for. */
export type KnownMember = {
  /** Each has another, from 0 on. */
  readonly number: number;
  readonly name: MemberName;
  /** Of the name. */
  readonly bytes: Uint8Array;
  readonly read: Reader;
};

const KNOWN: readonly KnownMember[] = [...READERS].map(([name, read], number) => ({
  number,
  name: name as MemberName,
  bytes: Buffer.from(name),
  read,
}));
/** By the lengths of their names. */
const BY_LENGTH: readonly (readonly KnownMember[])[] = Array.from(
  { length: 1 + Math.max(...KNOWN.map(({ name }) => name.length)) },
  (_, length) => KNOWN.filter(({ name }) => name.length === length),
);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The value of `_source` that was read last: it names a key and a format, and is the same in event after event. */
let lastOrigin: { readonly text: string; readonly value: unknown } = { text: "", value: undefined };

/**
 * Reads the facts of an entry.
 * @throws SyntaxError when the text of a member is no JSON, which a ledger never records
 */
export function readFacts(entry: Pick<Entry, "members">): EntryFacts {
  const facts = noFacts();
  for (const shown of entry.members) {
    if ("digest" in shown) continue;
    // A canonical name without escapes ends at the first quote; one with escapes is none that is looked for.
    const end = shown.text.indexOf('"', 1);
    const reader = READERS.get(shown.text.slice(1, end));
    if (reader !== undefined) reader(facts, readValue(shown.text, end + 2));
  }
  return facts;
}

/**
 * The same of packed members, of which only those are decoded that have a meaning.
 * @throws RangeError when the members are not packed as they must be, SyntaxError when one is no JSON
 */
export function readPackedFacts(members: PackedMembers): EntryFacts {
  const facts = noFacts();
  walkMembers(members, (start, end) => {
    const known = knownMemberAt(members, start, end);
    if (known !== undefined) readMember(facts, known, members, start, end);
  });
  return facts;
}

/** The member whose text is in [start, end), if anybody looks for it. */
export function knownMemberAt(bytes: Uint8Array, start: number, end: number): KnownMember | undefined {
  let length = 0;
  while (start + 1 + length < end && length < BY_LENGTH.length && bytes[start + 1 + length] !== QUOTE) length++;
  for (const known of BY_LENGTH[length] ?? []) {
    let same = 0;
    while (same < length && bytes[start + 1 + same] === known.bytes[same]) same++;
    if (same === length) return known;
  }
  return undefined;
}

/** Reads what a member says, whose text is in [start, end). @throws SyntaxError when it is no JSON */
export function readMember(
  facts: EntryFacts,
  known: KnownMember,
  packed: PackedMembers,
  start: number,
  end: number,
): void {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  known.read(facts, valueAt(bytes, start + known.bytes.length + 3, end, known.read));
}

function valueAt(bytes: Buffer, start: number, end: number, read: Reader): unknown {
  if (bytes[start] === QUOTE && !hasBackslash(bytes, start, end)) return bytes.toString("utf8", start + 1, end - 1);
  const text = bytes.toString("utf8", start, end);
  if (read !== readOrigin) return readJson(text);
  if (text !== lastOrigin.text) lastOrigin = { text, value: readJson(text) };
  return lastOrigin.value;
}

function hasBackslash(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

export function noFacts(): EntryFacts {
  return {
    action: undefined,
    actor: undefined,
    onBehalfOf: undefined,
    targets: [],
    outcome: "unknown",
    source: undefined,
    sender: undefined,
    key: undefined,
    format: undefined,
    quarantined: false,
    tenant: undefined,
    id: undefined,
    intent: undefined,
    resultOf: undefined,
    occurredAt: Number.NaN,
  };
}

/** The JSON value from a position on. Most are strings without escapes, and cutting those out is ten times faster. */
function readValue(text: string, from: number): unknown {
  const isPlain = text.charCodeAt(from) === 0x22 && text.indexOf("\\", from) < 0;
  return isPlain ? text.slice(from + 1, -1) : readJson(text.slice(from));
}

/** How a party is written in counts: type:id, or what there is of it. */
export function partyName({ type, id }: Party): string {
  if (type === undefined || id === undefined) return id ?? `${type}:*`;
  return `${type}:${id}`;
}

type Word = "action" | "outcome" | "source" | "sender" | "key" | "format" | "tenant" | "id" | "intent" | "resultOf";

function set(facts: EntryFacts, name: Word, value: unknown): void {
  const text = word(value);
  if (text !== undefined) facts[name] = text;
}

function readOrigin(facts: EntryFacts, value: unknown): void {
  set(facts, "sender", memberValue(value, "source"));
  set(facts, "key", memberValue(value, "key"));
  set(facts, "format", memberValue(value, "format"));
  facts.quarantined = memberValue(value, "quarantined") === true;
}

function readActor(facts: EntryFacts, value: unknown): void {
  facts.actor = party(value);
  facts.onBehalfOf = party(memberValue(value, "on_behalf_of"));
}

function readTargets(facts: EntryFacts, value: unknown): void {
  if (Array.isArray(value)) facts.targets = value.map(party).filter((target) => target !== undefined);
}

function readTime(facts: EntryFacts, value: unknown): void {
  if (typeof value === "string") facts.occurredAt = parseDateTime(value) ?? Number.NaN;
}

function party(value: unknown): Party | undefined {
  if (typeof value !== "object") return value === undefined ? undefined : partyOf(undefined, word(value));
  return partyOf(word(memberValue(value, "type")), word(memberValue(value, "id")));
}

function partyOf(type: string | undefined, id: string | undefined): Party | undefined {
  return type === undefined && id === undefined ? undefined : { type, id };
}

/** What an object has under a name. */
export function memberValue(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function word(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
