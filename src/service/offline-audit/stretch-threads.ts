/**
 * Reads the entries of a ledger for an audit that has the machine for itself: values go to threads as they are stored, with their
 * keys, and what follows from them comes back. Here is done what only one can do: reading the database, and getting keys.
 */

import type { KeyObject } from "node:crypto";
import type { FoundEntry } from "../../audit/checks/check.ts";
import type { ClosedSegment } from "../../audit/checks/index-complete.ts";
import { digestAll } from "../../audit/walk/digest.ts";
import { unpackDigests } from "../../audit/walk/packed-digests.ts";
import { type FoundStretch, foundProblem, type ReadStretches, readEntry } from "../../audit/walk/read-stretch.ts";
import { KEY_ID_BYTES } from "../../encryption/entry-binding.ts";
import type { EntryKey } from "../../encryption/entry-keys.ts";
import { KeyCache } from "../../encryption/key-cache.ts";
import type { KeyringCipher } from "../../encryption/keyring-cipher.ts";
import type { Pruned } from "../../entry/entry.ts";
import type { Hash } from "../../merkle/hash.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import type { LevelStore } from "../../store/level-store.ts";
import type { DamagedStoreError, LedgerRecord } from "../../store/store.ts";
import type { ClaimSums } from "../../store/values/claim-sums.ts";
import { ENCRYPTED_AT, isEncrypted, RecordEncoder, uncheckedEncrypted } from "../../store/values/value-layout.ts";
import { KeyedThread } from "./keyed-thread.ts";
import { NONE, type StretchAnswer, type StretchTask } from "./stretch-task.ts";

export type StretchParts = {
  readonly store: LevelStore;
  readonly record: LedgerRecord;
  readonly hash: Hash;
  /** Of an encrypted store. */
  readonly keys: Pick<KeyringCipher, "keyOf" | "gatherKeys" | "ledgerKeys"> | undefined;
  /** Claims that were gone through; undefined where each has to be looked up. */
  readonly claims: ClaimSums | undefined;
  /** Of the index that is looked at. */
  readonly segments: SegmentPlaces | undefined;
};

/** Where closed segments of the index begin and end, and what their terms are hashed with. */
export type SegmentPlaces = {
  readonly seed: Uint8Array;
  readonly lengthMax: number;
  readonly segmentAt: (index: number) => ClosedSegment | undefined;
};

/** Neighbouring entries, of one tile, as they are stored; no values where one of them is missing or cannot be read. */
type StoredStretch = { readonly start: number; readonly end: number; readonly values?: readonly Uint8Array[] };

/** A stretch that a thread was given, with what was found here: what is wrong with an entry, or that there is none. */
type Asked = {
  readonly start: number;
  readonly bytes: number;
  readonly here: ReadonlyMap<number, DamagedStoreError | undefined>;
  readonly answer: Promise<StretchAnswer>;
};

const NONE_HERE: Asked["here"] = new Map();
const KEYS_MAX = 65_536;
/** Bytes of values that threads are given ahead. */
const BYTES_AHEAD = 64 * 1024 * 1024;

export class StretchThreads {
  readonly #parts: StretchParts;
  readonly #threads: readonly KeyedThread[];
  readonly #aheadMax: number;
  readonly #encoder = new RecordEncoder();
  /** Those that were used lately, by their ids as they stand in values. */
  readonly #keys = new KeyCache<EntryKey>(KEYS_MAX);
  #next = 0;

  /** @param count of threads, 1 or more */
  constructor(parts: StretchParts, count: number) {
    const { record, segments, claims, keys } = parts;
    const key = keys?.ledgerKeys(record.id).claims;
    const ground = { ledgerId: record.id, seed: segments?.seed, claims: claims && { seed: claims.seed, key } };
    this.#parts = parts;
    this.#threads = Array.from({ length: count }, () => new KeyedThread(ground));
    // A segment is built by one thread, so that each has to have one, and the next.
    this.#aheadMax = ((count + 1) * (segments?.lengthMax ?? 8 * TILE_WIDTH)) / TILE_WIDTH;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  /** See ReadStretches; it begins where a segment of the index does. */
  readonly read: ReadStretches = (from, to) => this.#read(from, to);

  async *#read(from: number, to: number): AsyncGenerator<FoundStretch> {
    const waiting: Asked[] = [];
    let bytes = 0;
    for await (const stored of readAhead(this.#stored(from, to))) {
      const asked = await this.#ask(stored);
      // Whoever comes to it is told.
      asked.answer.catch(() => undefined);
      waiting.push(asked);
      bytes += asked.bytes;
      while (waiting.length > this.#aheadMax || bytes > BYTES_AHEAD) {
        const first = waiting.shift() as Asked;
        bytes -= first.bytes;
        yield await this.#found(first);
      }
    }
    for (const asked of waiting) yield await this.#found(asked);
  }

  async *#stored(from: number, to: number): AsyncGenerator<StoredStretch> {
    const { store, record } = this.#parts;
    let start = from;
    while (start < to) {
      let values: Uint8Array[] = [];
      try {
        for await (const some of store.storedEntries(record.id, start, to)) {
          for (const value of some) {
            values.push(value);
            const end = start + values.length;
            if (end % TILE_WIDTH !== 0 && end !== to) continue;
            yield { start, end, values };
            start = end;
            values = [];
          }
        }
      } catch (error) {
        if (foundProblem(error) === undefined) throw error;
        const end = Math.min(start + TILE_WIDTH - (start % TILE_WIDTH), to);
        yield { start, end };
        start = end;
      }
    }
  }

  async #ask({ start, end, values }: StoredStretch): Promise<Asked> {
    const stored: (Uint8Array | undefined)[] =
      values === undefined ? new Array(end - start).fill(undefined) : [...values];
    const keys = values === undefined ? stored.map(() => undefined) : await this.#keysOf(start, values);
    for (const [i, value] of stored.entries())
      if (value !== undefined && isEncrypted(value) && keys[i] === undefined) stored[i] = undefined;
    const here = stored.includes(undefined) ? await this.#readHere(start, stored) : NONE_HERE;
    const { segmentEnds, indexedTo } = this.#segmentsIn(start, end);
    const thread = this.#threads[this.#next % this.#threads.length] as KeyedThread;
    // What comes behind the end of a segment does not need what the thread of this one knows.
    if (indexedTo <= end) this.#next++;
    const { values: joined, lengths } = joinValues(stored);
    const bytes = joined.length;
    const claimSum = this.#parts.claims?.ofTile(Math.floor(start / TILE_WIDTH));
    const answer = thread.ask({ start, values: joined, lengths, segmentEnds, indexedTo, claimSum }, keys);
    return { start, bytes, here, answer };
  }

  /** Keys of entries in their order; undefined for one in clear, and where one cannot be had: the store says why. */
  async #keysOf(start: number, values: readonly Uint8Array[]): Promise<(KeyObject | undefined)[]> {
    const { keys: cipher, record } = this.#parts;
    const found: (KeyObject | undefined)[] = [];
    const missing: number[] = [];
    for (const [i, value] of values.entries()) {
      const isClear = cipher === undefined || !isEncrypted(value);
      const key = isClear ? undefined : this.#keys.get(record.id, value, ENCRYPTED_AT, ENCRYPTED_AT + KEY_ID_BYTES);
      found.push(key?.at(start + i));
      if (!isClear && key === undefined) missing.push(i);
    }
    if (cipher === undefined || missing.length === 0) return found;
    const encrypted = missing.map((i) => uncheckedEncrypted(values[i] as Uint8Array));
    // Together: one by one, each would be waited for.
    await cipher.gatherKeys(record.id, encrypted);
    for (const [k, i] of missing.entries()) {
      const key = await this.#keyOf(encrypted[k] as Uint8Array);
      if (key !== undefined) this.#keys.set(record.id, (encrypted[k] as Uint8Array).subarray(0, KEY_ID_BYTES), key);
      found[i] = key?.at(start + i);
    }
    return found;
  }

  async #keyOf(encrypted: Uint8Array): Promise<EntryKey | undefined> {
    const { keys, record } = this.#parts;
    try {
      return await keys?.keyOf(record.id, encrypted);
    } catch {
      return undefined;
    }
  }

  /** Reads, one by one, entries of which there are no values: puts those that can be read among them, and gives what is wrong with the others. */
  async #readHere(
    start: number,
    stored: (Uint8Array | undefined)[],
  ): Promise<ReadonlyMap<number, DamagedStoreError | undefined>> {
    const { store, record } = this.#parts;
    const wrong = new Map<number, DamagedStoreError | undefined>();
    for (const [i, value] of stored.entries()) {
      if (value !== undefined) continue;
      const entry = await readEntry(store, record, start + i);
      if (entry === undefined || entry instanceof Error) wrong.set(i, entry);
      else stored[i] = this.#encoder.entry(entry).slice();
    }
    return wrong;
  }

  #segmentsIn(start: number, end: number): Pick<StretchTask, "segmentEnds" | "indexedTo"> {
    const segmentEnds: number[] = [];
    let at = start;
    while (at < end) {
      const segment = this.#parts.segments?.segmentAt(at);
      if (segment === undefined) break;
      at = segment.to;
      if (at <= end) segmentEnds.push(at);
    }
    return { segmentEnds, indexedTo: at };
  }

  async #found({ start, here, answer }: Asked): Promise<FoundStretch> {
    const { store, record, hash } = this.#parts;
    const { digests: packed, claimsSeen, times, pruned, segments } = await answer;
    const digests = [...unpackDigests(packed)];
    const whatIsLeft = new Map<number, Pruned>(pruned);
    const entries: FoundEntry[] = [];
    for (const [i, recordedAt] of times.entries()) {
      if (!Number.isNaN(recordedAt)) {
        const left = whatIsLeft.get(i);
        entries.push(left === undefined ? { recordedAt } : { recordedAt, pruned: left });
        continue;
      }
      if (here.has(i)) {
        entries.push(here.get(i));
        continue;
      }
      const again = await readEntry(store, record, start + i);
      entries.push(again);
      [digests[i]] = digestAll(hash, [again instanceof Error ? undefined : again]);
    }
    return { start, entries, digests, leaves: packed.leaves, claimsSeen, segments };
  }
}

/** Asks for the next while the one before is used. */
async function* readAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      next = items.next();
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}

function joinValues(stored: readonly (Uint8Array | undefined)[]): Pick<StretchTask, "values" | "lengths"> {
  const lengths = new Int32Array(stored.length);
  let bytes = 0;
  for (const [i, value] of stored.entries()) {
    lengths[i] = value?.length ?? NONE;
    bytes += value?.length ?? 0;
  }
  const values = new Uint8Array(bytes);
  let at = 0;
  for (const value of stored) {
    if (value === undefined) continue;
    values.set(value, at);
    at += value.length;
  }
  return { values, lengths };
}
