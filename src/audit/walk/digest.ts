/**
 * What follows from the values of entries: leaf hashes, and the claims of events. It is most of the work of an audit, and done on
 * the bytes as they are stored: nothing is made a text but the two members that a claim follows from.
 */

import { MEMBERS_MAX, SALT_LENGTH } from "../../entry/entry.ts";
import { type PackedEntry, packedDigests } from "../../entry/packed.ts";
import { readVarint, varintLength } from "../../entry/varint.ts";
import { readJson } from "../../json/read.ts";
import { type ClaimName, namedKeys } from "../../ledger/append/idempotency.ts";
import { readUtf8, utf8, writeUint64 } from "../../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, leafHashes } from "../../merkle/hash.ts";
import type { Digest } from "../checks/check.ts";

/** In the order of the entries; a text where the values of one have no form, undefined where there is none. */
export type Digests = readonly (Digest | string | undefined)[];

const ENTRY_VERSION = 0x01;
const HEADER_LENGTH = 9;
const WITHHELD = 1;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Longer texts are decoded by the platform. */
const PLAIN_MAX = 64;
const ASCII = Array.from({ length: 0x7f }, (_, byte) => String.fromCharCode(byte));
const ID = utf8('"id":');
const ORIGIN = utf8('"_source":');

/** An entry whose members were gone through. */
type Walked = {
  readonly recordedAt: number;
  /** Digests of its members, one after another. */
  readonly digests: Uint8Array;
  readonly claim: ClaimName | undefined;
  readonly withheld: number;
};

/** The value of `_source` that was read last: it is the same in entry after entry. */
let lastOrigin: { readonly bytes: Uint8Array; readonly value: unknown } = {
  bytes: new Uint8Array(0),
  value: undefined,
};

export function digestAll(hash: Hash, entries: readonly (PackedEntry | undefined)[]): Digests {
  const found: (Digest | string | undefined)[] = [];
  const walked: Walked[] = [];
  const places: number[] = [];
  for (const [i, entry] of entries.entries()) {
    found.push(undefined);
    if (entry === undefined) continue;
    if (entry.pruned !== undefined) {
      found[i] = { leaf: entry.pruned.leafHash, withheld: 0 };
      continue;
    }
    try {
      walked.push(walk(hash, entry));
      places.push(i);
    } catch (error) {
      found[i] = (error as Error).message;
    }
  }
  const keys = namedKeys(
    hash,
    walked.map(({ claim }) => claim),
  );
  for (const [k, leaf] of leavesOf(hash, walked).entries()) {
    const { claim, withheld } = walked[k] as Walked;
    const key = keys[k];
    const isClaimed = claim !== undefined && key !== undefined;
    found[places[k] as number] = isClaimed ? { leaf, claim: { id: claim.name, key }, withheld } : { leaf, withheld };
  }
  return found;
}

function leavesOf(hash: Hash, walked: readonly Walked[]): Uint8Array[] {
  const lengthMax = HEADER_LENGTH + MEMBERS_MAX * HASH_LENGTH;
  return leafHashes(hash, walked.length, lengthMax, (target, at, i) => {
    const { recordedAt, digests } = walked[i] as Walked;
    target[at] = ENTRY_VERSION;
    writeUint64(target, at + 1, recordedAt);
    target.set(digests, at + HEADER_LENGTH);
    return at + HEADER_LENGTH + digests.length;
  });
}

/** @throws RangeError, TypeError, SyntaxError when the bytes are not exactly what is written of some members */
function walk(hash: Hash, { recordedAt, members }: PackedEntry): Walked {
  const count = members[0] ?? 0;
  if (count < 1 || count > MEMBERS_MAX) throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${count}`);
  const bounds: number[] = [];
  const own: (Uint8Array | undefined)[] = [];
  let origin: unknown;
  let id: unknown;
  let at = 1;
  for (let i = 0; i < count; i++) {
    const form = readVarint(members, at);
    at += varintLength(form);
    const end = at + (form === WITHHELD ? HASH_LENGTH : SALT_LENGTH + form / 2);
    if (end > members.length) throw new RangeError(`expected ${end} bytes of members, got ${members.length}`);
    if (form === WITHHELD) own.push(members.subarray(at, end));
    else if (form % 2 !== 0) throw new RangeError(`expected a member that is shown or withheld, got form ${form}`);
    else {
      own.push(undefined);
      bounds.push(at - 1, end);
      const text = at + SALT_LENGTH;
      if (begins(members, text, end, ORIGIN)) origin = readOrigin(members, text + ORIGIN.length, end);
      else if (begins(members, text, end, ID)) id = read(members, text + ID.length, end);
    }
    at = end;
  }
  if (at !== members.length) throw new RangeError(`expected ${at} bytes of members, got ${members.length}`);
  return {
    recordedAt,
    digests: join(hash, members, bounds, own),
    claim: claimOf(origin, id),
    withheld: count - bounds.length / 2,
  };
}

/** Digests of all members in their order, of which those that are withheld are at hand. */
function join(
  hash: Hash,
  members: Uint8Array,
  bounds: readonly number[],
  own: readonly (Uint8Array | undefined)[],
): Uint8Array {
  const shown = new Uint8Array((bounds.length / 2) * HASH_LENGTH);
  packedDigests(hash, members, bounds, shown);
  if (2 * own.length === bounds.length) return shown;
  const all = new Uint8Array(own.length * HASH_LENGTH);
  let next = 0;
  for (const [i, digest] of own.entries()) {
    all.set(digest ?? shown.subarray(next, next + HASH_LENGTH), i * HASH_LENGTH);
    if (digest === undefined) next += HASH_LENGTH;
  }
  return all;
}

/** A canonical name without escapes is spelled in one way. */
function begins(bytes: Uint8Array, at: number, end: number, begin: Uint8Array): boolean {
  if (end - at < begin.length) return false;
  for (let i = 0; i < begin.length; i++) if (bytes[at + i] !== begin[i]) return false;
  return true;
}

function read(bytes: Uint8Array, at: number, end: number): unknown {
  return readPlain(bytes, at, end) ?? readJson(readUtf8(bytes.subarray(at, end)));
}

/** A string of JSON that is printable ASCII without an escape is what stands between its quotes; undefined for all else. */
function readPlain(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at < 2 || end - at > PLAIN_MAX || bytes[at] !== QUOTE || bytes[end - 1] !== QUOTE) return undefined;
  let text = "";
  for (let i = at + 1; i < end - 1; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return undefined;
    text += ASCII[byte];
  }
  return text;
}

function readOrigin(bytes: Uint8Array, at: number, end: number): unknown {
  const last = lastOrigin.bytes;
  if (last.length !== end - at || !begins(bytes, at, end, last))
    lastOrigin = { value: read(bytes, at, end), bytes: bytes.slice(at, end) };
  return lastOrigin.value;
}

function claimOf(origin: unknown, id: unknown): ClaimName | undefined {
  const { source, claim } = (origin ?? {}) as { readonly source?: unknown; readonly claim?: unknown };
  if (typeof source !== "string") return undefined;
  if (typeof claim === "string") return { kind: "claim", source, name: claim };
  return typeof id === "string" ? { kind: "event", source, name: id } : undefined;
}
