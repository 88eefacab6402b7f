/** Entries of a store: written and read, one by one and in ranges, and put in the place of others. */

import type { Entry } from "../../entry/entry.ts";
import type { PackedEntry } from "../../entry/packed.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import * as keys from "../key-layout.ts";
import type { Database, LevelBatch } from "../leveldb/database.ts";
import { readingError } from "../leveldb/reading.ts";
import { RangeReader, TablesReadError } from "../leveldb/tables/range-reader.ts";
import { DamagedStoreError, type EntryReplacement, StoreUnavailableError } from "../store.ts";
import type { OfLedger } from "./claims.ts";
import { type PackedValues, ValuePacker } from "./packed-values.ts";
import type { StoredValues } from "./stored-values.ts";
import type { CipherKey, PlainEntry } from "./value-cipher.ts";
import { decodeMembersOf, type Naming, REVISION_MAX, revisionOf } from "./value-layout.ts";

/** Keys of entries in their order; undefined where they are not encrypted. */
export type CipherKeys = readonly (CipherKey | undefined)[] | undefined;

export class EntryValues {
  readonly #db: Database;
  readonly #values: StoredValues;

  constructor(db: Database, values: StoredValues) {
    this.#db = db;
    this.#values = values;
  }

  /** Keys to encrypt entries with, none for those that were pruned. @throws StoreUnavailableError where one cannot be had: nothing is written then */
  async cipherKeys({ ledgerId }: OfLedger, entries: readonly PlainEntry[]): Promise<CipherKeys> {
    const { cipher } = this.#values;
    const whole = entries.filter(({ pruned }) => pruned === undefined);
    if (cipher === undefined || whole.length === 0) return undefined;
    try {
      const found = await cipher.keysFor(ledgerId, whole);
      let at = 0;
      return whole.length === entries.length
        ? found
        : entries.map(({ pruned }) => (pruned === undefined ? found[at++] : undefined));
    } catch (cause) {
      if (cause instanceof RangeError) throw cause;
      const message = "the keys that events are encrypted with cannot be had now, and nothing was written";
      throw new StoreUnavailableError(message, { cause });
    }
  }

  /** Puts entries into a batch, which copies what it gets, so that one key and one buffer serve all. */
  put(
    batch: LevelBatch,
    ledger: OfLedger,
    from: number,
    entries: readonly PackedEntry[],
    cipherKeys: CipherKeys,
  ): void {
    const { ledgerId, number } = ledger;
    const key = keys.entryKey(number, from);
    let index = from;
    for (const entry of entries) {
      const value = this.#values.entry({ ledgerId, index }, entry, cipherKeys?.[index - from]);
      batch.put(keys.numbered(key, index++), value);
    }
  }

  /** What puts entries in the place of those that are there. @throws RangeError where there is none */
  async replacing(
    { ledgerId, number }: OfLedger,
    replacements: readonly EntryReplacement[],
    cipherKeys: CipherKeys,
  ): Promise<(batch: LevelBatch) => void> {
    const asked = replacements.map(({ index }) => keys.entryKey(number, index));
    const before = await this.#db.getMany(asked);
    const missing = before.indexOf(undefined);
    if (missing >= 0) throw new RangeError(`expected an entry at ${replacements[missing]?.index}, got none`);
    return (batch) => {
      for (const [i, { index, entry }] of replacements.entries()) {
        const revision = Math.min(revisionOf(before[i] as Uint8Array) + 1, REVISION_MAX);
        batch.put(asked[i] as Uint8Array, this.#values.entry({ ledgerId, index }, entry, cipherKeys?.[i], revision));
      }
    };
  }

  async get({ ledgerId, number }: OfLedger, index: number): Promise<Entry | undefined> {
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const bytes = await this.#db.get(keys.entryKey(number, index)).catch((cause) => {
      throw readingError(cause, naming);
    });
    return bytes && decodeMembersOf(await this.#values.openEntry({ ledgerId, index }, bytes, naming), naming);
  }

  async *range(ledger: () => OfLedger, from: number, to: number): AsyncIterable<Entry> {
    for await (const some of this.#range(ledger, from, to, decodeMembersOf)) yield* some;
  }

  packedRange(ledger: () => OfLedger, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    return this.#range(ledger, from, to, (entry) => entry);
  }

  /**
   * Values [from, to) as they are stored, neither checked nor opened, in stretches, each of one tile. They are read in the files, and
   * where those cannot be read so, by the database.
   * @throws DamagedStoreError when one is missing
   */
  async *storedRange(ledger: OfLedger, from: number, to: number): AsyncGenerator<PackedValues> {
    let index = from;
    try {
      for await (const stretch of this.#storedInFiles(ledger, from, to)) {
        index += stretch.starts.length;
        yield stretch;
      }
    } catch (error) {
      if (!(error instanceof TablesReadError)) throw error;
      yield* this.#storedInDatabase(ledger, index, to);
    }
  }

  async *#storedInFiles({ ledgerId, number }: OfLedger, from: number, to: number): AsyncGenerator<PackedValues> {
    if (from >= to) return;
    const range = { gte: keys.entryKey(number, from), lt: keys.entryKey(number, to) };
    const reader = await RangeReader.open(this.#db.directory, range);
    const stretch = new ValuePacker();
    let index = from;
    do {
      while (reader.next()) {
        const { key, bytes, valueStart, valueEnd } = reader.version;
        if (keys.numberOf(key) !== index) throw missing(ledgerId, index);
        stretch.add(bytes, valueStart, valueEnd);
        index++;
        if (index % TILE_WIDTH === 0) yield stretch.take();
      }
    } while (await reader.more());
    if (stretch.count > 0) yield stretch.take();
    if (index < to) throw missing(ledgerId, index);
  }

  async *#storedInDatabase({ ledgerId, number }: OfLedger, from: number, to: number): AsyncGenerator<PackedValues> {
    if (from >= to) return;
    const stretch = new ValuePacker();
    let index = from;
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const range = { gte: keys.entryKey(number, from), lt: keys.entryKey(number, to) };
    for await (const found of this.#db.ranges(range, (cause) => readingError(cause, naming), to - from)) {
      for (const [key, value] of found) {
        if (keys.numberOf(key) !== index) throw missing(ledgerId, index);
        stretch.add(value, 0, value.length);
        index++;
        if (index % TILE_WIDTH === 0) yield stretch.take();
      }
    }
    if (stretch.count > 0) yield stretch.take();
    if (index < to) throw missing(ledgerId, index);
  }

  async *#range<T>(
    ledger: () => OfLedger,
    from: number,
    to: number,
    decode: (entry: PackedEntry, naming: Naming) => T,
  ): AsyncGenerator<readonly T[]> {
    const { ledgerId, number } = ledger();
    if (from >= to) return;
    let index = from;
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const range = { gte: keys.entryKey(number, from), lt: keys.entryKey(number, to) };
    for await (const found of this.#db.ranges(range, (cause) => readingError(cause, naming), to - from)) {
      const some: T[] = [];
      await this.#values.gatherKeys(
        ledgerId,
        found.map(([, value]) => value),
      );
      try {
        for (const [key, value] of found) {
          if (keys.numberOf(key) !== index) throw new DamagedStoreError(`${naming()} is missing`);
          const entry = this.#values.openEntry({ ledgerId, index }, value, naming);
          some.push(decode(entry instanceof Promise ? await entry : entry, naming));
          index++;
        }
      } catch (error) {
        // Those before it are whole.
        if (some.length > 0) yield some;
        throw error;
      }
      yield some;
    }
    if (index < to) throw new DamagedStoreError(`${naming()} is missing`);
  }
}

function missing(ledgerId: Hex, index: number): DamagedStoreError {
  return new DamagedStoreError(`entry ${index} of ledger ${ledgerId} is missing`);
}
