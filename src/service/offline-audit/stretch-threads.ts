/**
 * Reads the entries of a ledger for an audit that has the machine for itself: values go to threads as they are stored, with their
 * keys, and what follows from them comes back. Here is done what only one can do: reading them in their order, and getting keys.
 */

import type { FoundEntry } from "../../audit/checks/check.ts";
import type { ClosedSegment } from "../../audit/checks/index-complete.ts";
import { digestAll } from "../../audit/walk/digest.ts";
import { unpackDigests } from "../../audit/walk/packed-digests.ts";
import { type FoundStretch, foundProblem, type ReadStretches, readEntry } from "../../audit/walk/read-stretch.ts";
import type { EntryKey } from "../../encryption/entry-keys.ts";
import type { KeyringCipher } from "../../encryption/keyring-cipher.ts";
import type { Pruned } from "../../entry/entry.ts";
import type { PackedEntry } from "../../entry/packed.ts";
import type { Hash } from "../../merkle/hash.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import type { LevelStore } from "../../store/level-store.ts";
import type { DamagedStoreError, LedgerRecord } from "../../store/store.ts";
import type { ClaimSums } from "../../store/values/claim-sums.ts";
import { type PackedValues, ValuePacker } from "../../store/values/packed-values.ts";
import { ENCRYPTED_AT, isEncryptedAt, RecordEncoder, uncheckedEncrypted } from "../../store/values/value-layout.ts";
import type { AuditThreads } from "./audit-threads.ts";
import { KeyNumbers } from "./key-numbers.ts";
import { KeyedThread } from "./keyed-thread.ts";
import { NONE, type StretchAnswer, type StretchTask } from "./thread-questions.ts";

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
type StoredStretch = { readonly start: number; readonly end: number; readonly values?: PackedValues };

/** A stretch that a thread was given, with what was found here: what is wrong with an entry, or that there is none. */
type Asked = {
  readonly start: number;
  readonly bytes: number;
  readonly here: ReadonlyMap<number, DamagedStoreError | undefined>;
  readonly answer: Promise<StretchAnswer>;
};

/** Values for a thread, with what was found here. */
type ReadHere = { readonly values: PackedValues; readonly here: Asked["here"] };

const NONE_HERE: Asked["here"] = new Map();
/** Of an entry of which there is none: no value is so short. */
const NO_VALUE = new Uint8Array(0);
/** Bytes of values that threads are given ahead. */
const BYTES_AHEAD = 64 * 1024 * 1024;

export class StretchThreads {
  readonly #parts: StretchParts;
  readonly #threads: readonly KeyedThread[];
  readonly #aheadMax: number;
  readonly #encoder = new RecordEncoder();
  readonly #numbers: KeyNumbers;
  #next = 0;

  constructor(parts: StretchParts, threads: AuditThreads["all"]) {
    const { record, segments, claims, keys } = parts;
    const key = keys?.ledgerKeys(record.id).claims;
    const ground = { ledgerId: record.id, seed: segments?.seed, claims: claims && { seed: claims.seed, key } };
    this.#parts = parts;
    const numbers = new KeyNumbers(record.id);
    this.#numbers = numbers;
    this.#threads = threads.map((thread) => new KeyedThread(thread, ground, numbers));
    // A segment is built by one thread, so that each has to have one, and the next.
    this.#aheadMax = ((threads.length + 1) * (segments?.lengthMax ?? 8 * TILE_WIDTH)) / TILE_WIDTH;
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
      try {
        for await (const values of store.storedEntries(record.id, start, to)) {
          const end = start + values.starts.length;
          yield { start, end, values };
          start = end;
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
    const keys = values === undefined ? new Int32Array(end - start).fill(NONE) : await this.#keysOf(start, values);
    const { values: packed, here } = await this.#readHere(start, end, values, keys);
    const { segmentEnds, indexedTo } = this.#segmentsIn(start, end);
    const thread = this.#threads[this.#next % this.#threads.length] as KeyedThread;
    // What comes behind the end of a segment does not need what the thread of this one knows.
    if (indexedTo <= end) this.#next++;
    const bytes = packed.memory.length;
    const claimSum = this.#parts.claims?.ofTile(Math.floor(start / TILE_WIDTH));
    const answer = thread.ask({ start, values: packed, segmentEnds, indexedTo, claimSum, keys });
    return { start, bytes, here, answer };
  }

  /** Numbers of the keys of entries in their order; NONE of one in clear, and where a key cannot be had: the store says why. */
  async #keysOf(start: number, { memory, starts, ends }: PackedValues): Promise<Int32Array<ArrayBuffer>> {
    const { keys: cipher, record } = this.#parts;
    const found = new Int32Array(starts.length).fill(NONE);
    if (cipher === undefined) return found;
    const numbers = this.#numbers;
    const missing: number[] = [];
    numbers.begin(start);
    for (let i = 0; i < starts.length; i++) {
      const at = starts[i] as number;
      if (!isEncryptedAt(memory, at)) continue;
      const number = numbers.find(memory, at + ENCRYPTED_AT);
      if (number === undefined) missing.push(i);
      else found[i] = number;
    }
    if (missing.length === 0) return found;
    const encrypted = missing.map((i) => uncheckedEncrypted(memory.subarray(starts[i], ends[i])));
    // Together: one by one, each would be waited for.
    await cipher.gatherKeys(record.id, encrypted);
    for (const [k, i] of missing.entries()) {
      const key = await this.#keyOf(encrypted[k] as Uint8Array);
      if (key === undefined) continue;
      found[i] = numbers.find(memory, (starts[i] as number) + ENCRYPTED_AT) ?? numbers.add(key, start + i);
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

  /** Reads, one by one, entries of which there are no values, or no keys: puts those that can be read among the others, and gives what is wrong with the rest. */
  async #readHere(start: number, end: number, values: PackedValues | undefined, keys: Int32Array): Promise<ReadHere> {
    const unread = unreadIn(end - start, values, keys);
    if (values !== undefined && unread.size === 0) return { values, here: NONE_HERE };
    const { store, record } = this.#parts;
    const here = new Map<number, DamagedStoreError | undefined>();
    const packer = new ValuePacker();
    for (let i = 0; i < end - start; i++) {
      if (values !== undefined && !unread.has(i)) {
        packer.add(values.memory, values.starts[i] as number, values.ends[i] as number);
        continue;
      }
      const entry = await readEntry(store, record, start + i);
      if (entry === undefined || entry instanceof Error) here.set(i, entry);
      const value = here.has(i) ? NO_VALUE : this.#encoder.entry(entry as PackedEntry).slice();
      packer.add(value, 0, value.length);
    }
    return { values: packer.take(), here };
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

/** Places of those that have to be read elsewhere: of which there are no values, or no keys. */
function unreadIn(count: number, values: PackedValues | undefined, keys: Int32Array): ReadonlySet<number> {
  const unread = new Set<number>();
  for (let i = 0; i < count; i++) {
    const isClosed = values === undefined || isEncryptedAt(values.memory, values.starts[i] as number);
    if (isClosed && keys[i] === NONE) unread.add(i);
  }
  return unread;
}
