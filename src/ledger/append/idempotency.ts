/**
 * Idempotency: which events of a group of requests are new, and which were recorded before. Keys and contents are
 * full 256-bit digests, and a key that comes with another content is refused, never answered with a stranger's entry.
 *
 * An event's `id` and a request's Idempotency-Key are claims of one source in one ledger. They become durable in the
 * same batch as the entries they stand for, so a claim without its entries cannot exist, nor entries without it.
 * Why: docs/decisions/0032.
 */

import type { PreparedEntry } from "../../entry/prepare.ts";
import { equal, UNIT_BYTES_MAX, utf8, writeUtf8 } from "../../merkle/bytes.ts";
import { HASH_LENGTH, type Hash, hashParts } from "../../merkle/hash.ts";
import { DamagedStoreError, type FoundClaim, type IdempotencyClaim } from "../../store/store.ts";

/** Events to record, all or none; `source` is who sends them. */
export type AppendRequest = {
  readonly entries: readonly PreparedEntry[];
  readonly source: string;
  readonly idempotencyKey?: string;
  /** 32 bytes that stand for the content of the whole request; made of its entries when absent. */
  readonly requestContent?: Uint8Array;
};

/** `position` in the request, and the index that its key stands for; none when both are in this request. */
export type ConflictItem = { readonly position: number; readonly index?: number };

/** A key was used before with another content; nothing of the request was recorded. */
export class IdempotencyConflictError extends Error {
  override readonly name = "IdempotencyConflictError";
  readonly code = "idempotency_conflict";
  /** The events whose `id` was used before; empty when it is the key of the whole request. */
  readonly items: readonly ConflictItem[];

  constructor(message: string, items: readonly ConflictItem[]) {
    super(message);
    this.items = items;
  }
}

/** The claim that a request makes cannot be read: whether it was recorded before cannot be told, and it is not again. */
export class ClaimDamagedError extends Error {
  override readonly name = "ClaimDamagedError";
  readonly code = "claim_damaged";
  /** The events whose own claims are damaged. */
  readonly positions: readonly number[];
  /** Whether that of the whole request is. */
  readonly isOfRequest: boolean;

  constructor(positions: readonly number[], isOfRequest: boolean, cause: unknown) {
    const message =
      "expected to read what was recorded under this id or Idempotency-Key, but it is damaged: whether the event is there cannot be told; " +
      "look for it by a search, and send it under another id to record it again";
    super(message, { cause });
    this.positions = positions;
    this.isOfRequest = isOfRequest;
  }
}

/** Where the events of a request are, or will be once the commit is durable. */
export type Placement = {
  /** Index of the event at each position. */
  readonly indexes: readonly number[];
  /** Positions of events that were there before. */
  readonly repeated: ReadonlySet<number>;
};

type Keys = { readonly request: Uint8Array | undefined; readonly events: readonly (Uint8Array | undefined)[] };
type ClaimKind = "event" | "claim" | "request";

const NONE: ReadonlySet<number> = new Set();
/** Where the names of claims are put together to be hashed; safe to share because nothing here waits. */
const SCRATCH = new Uint8Array(65_536);

/** What is claimed in a source: its `id`, or what else it is known by. */
export type ClaimName = { readonly kind: "event" | "claim"; readonly source: string; readonly name: string };

/** The keys of claims in their order, hashed together; undefined where nothing is claimed. */
export function namedKeys(hash: Hash, claims: readonly (ClaimName | undefined)[]): (Uint8Array | undefined)[] {
  let source: string | undefined;
  let spelledSource = "";
  const texts = claims.map((claim) => {
    if (claim === undefined) return undefined;
    if (claim.source !== source) spelledSource = JSON.stringify(claim.source);
    source = claim.source;
    return claimText(claim.kind, spelledSource, claim.name);
  });
  return hashTexts(hash, texts);
}

/** The key of a whole request. */
function requestKey(hash: Hash, source: string, name: string): Uint8Array {
  return hash(utf8(claimText("request", JSON.stringify(source), name)));
}

/** What is hashed of a claim: a JSON list of these three. */
function claimText(kind: ClaimKind, spelledSource: string, name: string): string {
  return `["${kind}",${spelledSource},${JSON.stringify(name)}]`;
}

/** The keys that a request claims; `events` is empty when no event has an id. */
export function claimKeys(hash: Hash, { entries, source, idempotencyKey }: AppendRequest): Keys {
  return {
    request: idempotencyKey === undefined ? undefined : requestKey(hash, source, idempotencyKey),
    events: entries.some(({ id, claim }) => id !== undefined || claim !== undefined)
      ? entryKeys(hash, source, entries)
      : [],
  };
}

/** The keys of entries of one source as {@link namedKeys} makes them. */
function entryKeys(hash: Hash, source: string, entries: readonly PreparedEntry[]): (Uint8Array | undefined)[] {
  const spelledSource = JSON.stringify(source);
  const texts = entries.map(({ id, claim }) => {
    const name = claim ?? id;
    return name === undefined ? undefined : claimText(claim === undefined ? "event" : "claim", spelledSource, name);
  });
  return hashTexts(hash, texts);
}

/** Hashes of texts, many at once. */
function hashTexts(hash: Hash, texts: readonly (string | undefined)[]): (Uint8Array | undefined)[] {
  const keys: (Uint8Array | undefined)[] = [];
  let bounds: number[] = [];
  let positions: number[] = [];
  let at = 0;
  const hashAll = (): void => {
    const digests = new Uint8Array(HASH_LENGTH * positions.length);
    hashParts(hash, SCRATCH, bounds, digests);
    for (const [i, position] of positions.entries()) {
      keys[position] = digests.subarray(HASH_LENGTH * i, HASH_LENGTH * (i + 1));
    }
    bounds = [];
    positions = [];
    at = 0;
  };
  for (const [position, text] of texts.entries()) {
    keys.push(undefined);
    if (text === undefined) continue;
    const room = UNIT_BYTES_MAX * text.length;
    if (room > SCRATCH.length) {
      keys[position] = hash(utf8(text));
      continue;
    }
    if (at + room > SCRATCH.length) hashAll();
    const end = at + writeUtf8(SCRATCH, at, text);
    bounds.push(at, end);
    positions.push(position);
    at = end;
  }
  if (positions.length > 0) hashAll();
  return keys;
}

/** The group of requests that one commit records: what is new in it, and where everything is. */
export class CommitPlan {
  readonly entries: PreparedEntry[] = [];
  readonly claims: IdempotencyClaim[] = [];
  readonly #from: number;
  readonly #hash: Hash;
  /** Claims that are durable, and those of this commit. */
  readonly #claimed = new Map<string, IdempotencyClaim>();
  /** Keys under which the store holds something that it cannot read. */
  readonly #damaged = new Map<string, DamagedStoreError>();

  /**
   * @param keys all keys that the group claims
   * @param durable what the store holds under them, in the same order
   */
  constructor(hash: Hash, from: number, keys: readonly Uint8Array[], durable: readonly FoundClaim[]) {
    this.#hash = hash;
    this.#from = from;
    for (const [i, claim] of durable.entries()) {
      if (claim instanceof DamagedStoreError) this.#damaged.set(spell(keys[i] as Uint8Array), claim);
      else if (claim !== undefined) this.#claimed.set(spell(claim.key), claim);
    }
  }

  /**
   * Adds a request; in-flight duplicates of earlier ones in the group are found like durable ones.
   * @throws IdempotencyConflictError when one of its keys was used with another content, ClaimDamagedError when what is
   *   under one of them cannot be read; the plan is as before
   */
  add(request: AppendRequest, keys: Keys): Placement {
    if (this.#damaged.size > 0) this.#requireReadable(keys);
    const content = keys.request && (request.requestContent ?? this.#hash(contentsOf(request.entries)));
    const before = keys.request && this.#claimed.get(spell(keys.request));
    if (before !== undefined) return replay(before, content as Uint8Array);
    const placement = keys.events.length === 0 ? this.#placeAll(request) : this.#placeNew(request, keys.events);
    const isNew = placement.repeated.size < request.entries.length;
    // A key that recorded nothing is not used up: the events' own ids answer for it.
    if (isNew && keys.request !== undefined && content !== undefined) {
      this.#claim(spell(keys.request), { key: keys.request, content, ranges: rangesOf(placement.indexes) });
    }
    return placement;
  }

  #requireReadable({ request, events }: Keys): void {
    const causeOf = (key: Uint8Array | undefined): DamagedStoreError | undefined =>
      key && this.#damaged.get(spell(key));
    const ofRequest = causeOf(request);
    const ofEvents = events.flatMap((key, position) => {
      const cause = causeOf(key);
      return cause === undefined ? [] : [{ position, cause }];
    });
    const cause = ofRequest ?? ofEvents[0]?.cause;
    if (cause === undefined) return;
    const positions = ofEvents.map(({ position }) => position);
    throw new ClaimDamagedError(positions, ofRequest !== undefined, cause);
  }

  #placeAll({ entries }: AppendRequest): Placement {
    const first = this.#from + this.entries.length;
    for (const entry of entries) this.entries.push(entry);
    return { indexes: entries.map((_, position) => first + position), repeated: NONE };
  }

  #placeNew({ entries }: AppendRequest, keys: readonly (Uint8Array | undefined)[]): Placement {
    const next = this.#from + this.entries.length;
    const fresh: PreparedEntry[] = [];
    const claims = new Map<string, IdempotencyClaim>();
    const indexes: number[] = [];
    const repeated = new Set<number>();
    const conflicts: ConflictItem[] = [];
    for (const [position, entry] of entries.entries()) {
      const key = keys[position];
      const name = key && spell(key);
      const before = name === undefined ? undefined : (claims.get(name) ?? this.#claimed.get(name));
      const index = before?.ranges[0]?.[0] ?? next + fresh.length;
      indexes.push(index);
      if (before === undefined) {
        fresh.push(entry);
        if (key && name) claims.set(name, { key, content: contentOf(entry), ranges: [[index, 1]] });
      } else if (equal(before.content, contentOf(entry))) repeated.add(position);
      else conflicts.push(index < next ? { position, index } : { position });
    }
    if (conflicts.length > 0) {
      const message = `expected new ids, or the same events again, got ${conflicts.length} ids that stand for other events`;
      throw new IdempotencyConflictError(message, conflicts);
    }
    for (const entry of fresh) this.entries.push(entry);
    for (const [name, claim] of claims) this.#claim(name, claim);
    return { indexes, repeated };
  }

  #claim(name: string, claim: IdempotencyClaim): void {
    this.claims.push(claim);
    this.#claimed.set(name, claim);
  }
}

function replay(claim: IdempotencyClaim, content: Uint8Array): Placement {
  const indexes = claim.ranges.flatMap(([from, count]) => Array.from({ length: count }, (_, i) => from + i));
  if (!equal(claim.content, content)) {
    const message = `expected a new Idempotency-Key, or the same request again, got the key of the one at index ${indexes[0]}`;
    throw new IdempotencyConflictError(message, []);
  }
  return { indexes, repeated: new Set(indexes.keys()) };
}

function rangesOf(indexes: readonly number[]): [from: number, count: number][] {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1]++;
    else ranges.push([index, 1]);
  }
  return ranges;
}

/** The sequencer takes no request whose entries claim a key and have none. */
function contentOf({ content }: PreparedEntry): Uint8Array {
  return content as Uint8Array;
}

/** The contents of all entries; not by `concat`, because a call takes no hundred thousand arguments. */
function contentsOf(entries: readonly PreparedEntry[]): Uint8Array {
  const joined = new Uint8Array(HASH_LENGTH * entries.length);
  for (const [i, entry] of entries.entries()) joined.set(contentOf(entry), HASH_LENGTH * i);
  return joined;
}

/** A digest as a key of a map. */
function spell(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
}
