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
import { HASH_LENGTH, type Hash, packedLeafHashes } from "../../merkle/hash.ts";
import { type Digests, NO_DIGEST, type PackedDigests, unpackDigests } from "./packed-digests.ts";

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
  /** In the order of the entries. */
  readonly place: number;
  readonly recordedAt: number;
  /** Which of the digests of shown members its own begin with, and how many they are. */
  readonly firstShown: number;
  readonly shown: number;
  /** Digests of its members that are withheld, each at the place of its member; undefined where all are shown. */
  readonly withheld: ReadonlyMap<number, Uint8Array> | undefined;
  readonly claim: ClaimName | undefined;
};

/** The value of `_source` that was read last: it is the same in entry after entry. */
let lastOrigin: { readonly bytes: Uint8Array; readonly value: unknown } = {
  bytes: new Uint8Array(0),
  value: undefined,
};

/** What follows from entries, each for itself. */
export function digestAll(hash: Hash, entries: readonly (PackedEntry | undefined)[]): Digests {
  return unpackDigests(digestPacked(hash, entries));
}

/** The same in large pieces of memory: members of all entries are hashed together. */
export function digestPacked(hash: Hash, entries: readonly (PackedEntry | undefined)[]): PackedDigests {
  const leaves = new Uint8Array(entries.length * HASH_LENGTH);
  const withheld = new Uint8Array(entries.length).fill(NO_DIGEST);
  const problems: [number, string][] = [];
  const walk = new Walk(entries);
  for (const [place, entry] of entries.entries()) {
    if (entry === undefined) continue;
    if (entry.pruned !== undefined) {
      leaves.set(entry.pruned.leafHash, place * HASH_LENGTH);
      withheld[place] = 0;
      continue;
    }
    try {
      walk.take(entry, place);
    } catch (error) {
      problems.push([place, (error as Error).message]);
    }
  }
  const { walked } = walk;
  const made = leavesOf(hash, walked, walk.digests(hash));
  const areAll = walked.length === entries.length;
  for (const [k, { place, withheld: digests }] of walked.entries()) {
    if (!areAll) leaves.set(made.subarray(k * HASH_LENGTH, (k + 1) * HASH_LENGTH), place * HASH_LENGTH);
    withheld[place] = digests?.size ?? 0;
  }
  return { leaves: areAll ? made : leaves, withheld, problems, ...claimsOf(hash, walked) };
}

function claimsOf(hash: Hash, walked: readonly Walked[]): Pick<PackedDigests, "claiming" | "ids" | "keys"> {
  const claiming: number[] = [];
  const ids: string[] = [];
  const claims: ClaimName[] = [];
  for (const { place, claim } of walked) {
    if (claim === undefined) continue;
    claiming.push(place);
    ids.push(claim.name);
    claims.push(claim);
  }
  const keys = new Uint8Array(claims.length * HASH_LENGTH);
  for (const [k, key] of namedKeys(hash, claims).entries()) keys.set(key as Uint8Array, k * HASH_LENGTH);
  return { claiming, ids, keys };
}

/** @param shown digests of all members that are shown */
function leavesOf(hash: Hash, walked: readonly Walked[], shown: Uint8Array): Uint8Array<ArrayBuffer> {
  const lengthMax = HEADER_LENGTH + MEMBERS_MAX * HASH_LENGTH;
  return packedLeafHashes(hash, walked.length, lengthMax, (target, at, i) => {
    const { recordedAt, firstShown, shown: count, withheld } = walked[i] as Walked;
    const digests = shown.subarray(firstShown * HASH_LENGTH, (firstShown + count) * HASH_LENGTH);
    target[at] = ENTRY_VERSION;
    writeUint64(target, at + 1, recordedAt);
    const from = at + HEADER_LENGTH;
    if (withheld !== undefined) return writeMixed(target, from, digests, withheld);
    target.set(digests, from);
    return from + digests.length;
  });
}

/** Writes digests of all members in their order, and returns where they end. */
function writeMixed(
  target: Uint8Array,
  from: number,
  shown: Uint8Array,
  withheld: ReadonlyMap<number, Uint8Array>,
): number {
  const count = shown.length / HASH_LENGTH + withheld.size;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const own = withheld.get(i);
    target.set(own ?? shown.subarray(next, next + HASH_LENGTH), from + i * HASH_LENGTH);
    if (own === undefined) next += HASH_LENGTH;
  }
  return from + count * HASH_LENGTH;
}

/** Goes through the members of entries, which are copied into one piece of memory to be hashed together. */
class Walk {
  readonly walked: Walked[] = [];
  readonly #bytes: Uint8Array;
  #end = 0;
  /** Of shown members, as packedDigests wants them. */
  readonly #bounds: number[] = [];

  constructor(entries: readonly (PackedEntry | undefined)[]) {
    this.#bytes = new Uint8Array(entries.reduce((sum, entry) => sum + (entry?.members.length ?? 0), 0));
  }

  /** Digests of all shown members, one after another. */
  digests(hash: Hash): Uint8Array {
    const digests = new Uint8Array((this.#bounds.length / 2) * HASH_LENGTH);
    packedDigests(hash, this.#bytes, this.#bounds, digests);
    return digests;
  }

  /** @throws RangeError, TypeError, SyntaxError when the bytes are not exactly what is written of some members */
  take({ recordedAt, members }: PackedEntry, place: number): void {
    const start = this.#end;
    this.#bytes.set(members, start);
    this.#end += members.length;
    // Members of one that has no form stay among those that are hashed, and nobody asks for their digests.
    const firstShown = this.#bounds.length / 2;
    const { withheld, claim } = this.#walk(start, this.#end);
    this.walked.push({ place, recordedAt, firstShown, shown: this.#bounds.length / 2 - firstShown, withheld, claim });
  }

  #walk(start: number, membersEnd: number): Pick<Walked, "withheld" | "claim"> {
    const bytes = this.#bytes;
    const count = start < membersEnd ? (bytes[start] as number) : 0;
    if (count < 1 || count > MEMBERS_MAX) throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${count}`);
    let withheld: Map<number, Uint8Array> | undefined;
    let origin: unknown;
    let id: unknown;
    let at = start + 1;
    for (let i = 0; i < count; i++) {
      const form = readVarint(bytes, at);
      at += varintLength(form);
      const end = at + (form === WITHHELD ? HASH_LENGTH : SALT_LENGTH + form / 2);
      if (end > membersEnd) throw tooFew(end - start, membersEnd - start);
      if (form === WITHHELD) {
        withheld ??= new Map();
        withheld.set(i, bytes.subarray(at, end));
      } else if (form % 2 !== 0) {
        throw new RangeError(`expected a member that is shown or withheld, got form ${form}`);
      } else {
        this.#bounds.push(at - 1, end);
        const text = at + SALT_LENGTH;
        if (begins(bytes, text, end, ORIGIN)) origin = readOrigin(bytes, text + ORIGIN.length, end);
        else if (begins(bytes, text, end, ID)) id = read(bytes, text + ID.length, end);
      }
      at = end;
    }
    if (at !== membersEnd) throw tooFew(at - start, membersEnd - start);
    return { withheld, claim: claimOf(origin, id) };
  }
}

function tooFew(expected: number, got: number): RangeError {
  return new RangeError(`expected ${expected} bytes of members, got ${got}`);
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
