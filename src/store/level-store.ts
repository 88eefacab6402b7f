/**
 * The embedded store: LevelDB in one folder. Keys are in key-layout.ts, values in value-layout.ts, and leveldb/ has
 * what keeps LevelDB from losing something. One process is let in at a time, a batch is atomic, and with `sync` it is
 * on the disk when its promise resolves.
 */

import type { Entry } from "../entry/entry.ts";
import type { PackedEntry } from "../entry/packed.ts";
import { equal, type Hex, toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Tile } from "../merkle/tile.ts";
import * as keys from "./key-layout.ts";
import { checkCommit, decodeLedger, encodeLedger, requireNew, withSigner } from "./ledger-record.ts";
import {
  Database,
  type DatabaseOptions,
  type LevelBatch,
  type UnderWay,
  type WritingStatus,
} from "./leveldb/database.ts";
import { WAY_OUT } from "./leveldb/folder.ts";
import type { Bounds } from "./leveldb/range.ts";
import { Turn } from "./mutex.ts";
import { requireWholeTables } from "./patrol.ts";
import { clearLeftovers } from "./rebuilt-folder.ts";
import {
  type Commit,
  DamagedStoreError,
  type FoundClaim,
  type LedgerRecord,
  type RecordRange,
  type RecordWrite,
  SizeConflictError,
  type Store,
} from "./store.ts";
import {
  decodeCheckpoint,
  decodeClaim,
  decodeEntry,
  decodePackedEntry,
  decodeText,
  decodeTile,
  isWhole,
  type Naming,
  RecordEncoder,
} from "./value-layout.ts";

const FORM = new Uint8Array([1]);
/** LevelDB's log before it becomes a sorted file: larger means fewer rewrites, and more to read again at a start. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

export type LevelStoreOptions = Pick<DatabaseOptions, "waitMs" | "onStatus"> & {
  /** Opens a store in which records of ledgers are missing as well: for looking at what is left. */
  readonly isPartial?: boolean;
};

type Known = { readonly number: number; record: LedgerRecord; size: number | undefined; turn: Turn };

export class LevelStore implements Store {
  readonly #db: Database;
  readonly #ledgers = new Map<Hex, Known>();
  readonly #adding = new Turn();
  readonly #encoder = new RecordEncoder();
  /** What was made anew before the store was opened, in words. */
  readonly mended: string | undefined;

  /**
   * Opens the store in a folder, and makes it when there is none.
   * @throws StoreLockedError when another process has it open, DamagedStoreError when its files are not as they were
   *   written: nothing is changed then
   */
  static async open(directory: string, options: LevelStoreOptions = {}): Promise<LevelStore> {
    let mended: string | undefined;
    const onLocked = async () => {
      await clearLeftovers(directory);
      mended = await requireWholeTables(directory);
    };
    const db = await Database.open(directory, { writeBufferSize: WRITE_BUFFER_BYTES, ...options, onLocked });
    const store = new LevelStore(db, mended);
    try {
      await store.#load(directory);
      if (options.isPartial !== true) await store.#requireAllLedgers(directory);
    } catch (cause) {
      await db.close();
      throw cause;
    }
    return store;
  }

  private constructor(db: Database, mended: string | undefined) {
    this.#db = db;
    this.mended = mended;
  }

  /** Whether it can be written, and why not. */
  get writing(): WritingStatus {
    return this.#db.status;
  }

  /** Writes of which nobody knows yet how they end. */
  get underWay(): UnderWay | undefined {
    return this.#db.underWay;
  }

  /** Bytes that an unfinished write had left at the end of the log: nobody was told of it, and it is gone. */
  get tornBytes(): number {
    return this.#db.tornBytes;
  }

  async ledgers(): Promise<LedgerRecord[]> {
    return [...this.#ledgers.values()].map((known) => known.record);
  }

  addLedger(record: LedgerRecord): Promise<void> {
    return this.#adding.take(async () => {
      requireNew(record, await this.ledgers());
      const number = (this.#numbers().at(-1) ?? -1) + 1;
      await this.#put(keys.ledgerKey(number), () => this.#encoder.text(encodeLedger(record)));
      this.#ledgers.set(record.id, { number, record, size: 0, turn: new Turn() });
    });
  }

  async updateSigner(ledgerId: Hex, signer: Hex): Promise<void> {
    const known = this.#known(ledgerId);
    await known.turn.take(async () => {
      const record = withSigner(known.record, signer);
      await this.#put(keys.ledgerKey(known.number), () => this.#encoder.text(encodeLedger(record)));
      known.record = record;
    });
  }

  async head(ledgerId: Hex): Promise<SignedCheckpoint | undefined> {
    return this.#nextCheckpoint(ledgerId, 0, { reverse: true });
  }

  async commit(ledgerId: Hex, commit: Commit): Promise<void> {
    checkCommit(ledgerId, commit);
    const known = this.#known(ledgerId);
    await known.turn.take(async () => {
      const size = known.size ?? (await this.head(ledgerId))?.size ?? 0;
      if (size !== commit.from) {
        throw new SizeConflictError(`expected ledger ${ledgerId} to have ${commit.from} entries, got ${size}`);
      }
      // Until we know how this ends, the size is whatever a reader finds.
      known.size = undefined;
      await this.#db.write({ sync: true }, (batch) => this.#fill(batch, known.number, commit));
      known.size = commit.checkpoint.size;
    });
  }

  /** `put` copies what it gets, so that one key and one buffer serve all entries. */
  #fill(batch: LevelBatch, ledger: number, commit: Commit): void {
    const encoder = this.#encoder;
    const key = keys.entryKey(ledger, commit.from);
    let index = commit.from;
    for (const entry of commit.entries) batch.put(keys.numbered(key, index++), encoder.entry(entry));
    const claimKeys = keys.claimKeys(
      ledger,
      commit.claims.map((claim) => claim.key),
    );
    for (const [i, claim] of commit.claims.entries()) batch.put(claimKeys[i] as Uint8Array, encoder.claim(claim));
    for (const tile of commit.tiles) batch.put(keys.tileKey(ledger, tile.level, tile.n), encoder.tile(tile.hashes));
    batch.put(keys.checkpointKey(ledger, commit.checkpoint.size), encoder.checkpoint(commit.checkpoint));
  }

  async entry(ledgerId: Hex, index: number): Promise<Entry | undefined> {
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.entryKey(this.#known(ledgerId).number, index), naming);
    return bytes === undefined ? undefined : decodeEntry(bytes, naming);
  }

  async *entries(ledgerId: Hex, from: number, to: number): AsyncIterable<Entry> {
    for await (const some of this.#entries(ledgerId, from, to, decodeEntry)) yield* some;
  }

  packedEntries(ledgerId: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    return this.#entries(ledgerId, from, to, decodePackedEntry);
  }

  async *#entries<T>(
    ledgerId: Hex,
    from: number,
    to: number,
    decode: (bytes: Uint8Array, naming: Naming) => T,
  ): AsyncGenerator<readonly T[]> {
    const { number } = this.#known(ledgerId);
    if (from >= to) return;
    let index = from;
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const range = { gte: keys.entryKey(number, from), lt: keys.entryKey(number, to) };
    for await (const found of this.#db.ranges(range, (cause) => readingError(cause, naming), to - from)) {
      const some: T[] = [];
      try {
        for (const [key, value] of found) {
          if (keys.numberOf(key) !== index) throw new DamagedStoreError(`${naming()} is missing`);
          some.push(decode(value, naming));
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

  async tile(ledgerId: Hex, level: number, n: number): Promise<Uint8Array | undefined> {
    const naming = () => `tile ${level}/${n} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.tileKey(this.#known(ledgerId).number, level, n), naming);
    return bytes === undefined ? undefined : decodeTile(bytes, naming);
  }

  async replaceTile(ledgerId: Hex, { level, n, hashes }: Tile): Promise<void> {
    await this.#put(keys.tileKey(this.#known(ledgerId).number, level, n), () => this.#encoder.tile(hashes));
  }

  async checkpoint(ledgerId: Hex, size: number): Promise<SignedCheckpoint | undefined> {
    const naming = () => `checkpoint ${size} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.checkpointKey(this.#known(ledgerId).number, size), naming);
    return bytes === undefined ? undefined : decodeCheckpoint(bytes, { ledgerId, size }, naming);
  }

  async checkpointCovering(ledgerId: Hex, index: number): Promise<SignedCheckpoint | undefined> {
    return this.#nextCheckpoint(ledgerId, index + 1, { reverse: false });
  }

  async claims(ledgerId: Hex, claimed: readonly Uint8Array[]): Promise<FoundClaim[]> {
    const { number } = this.#known(ledgerId);
    const naming = () => `an idempotency claim of ledger ${ledgerId}`;
    const asked = keys.claimKeys(number, claimed);
    // Where LevelDB calls one of them corrupt, each is asked for alone.
    const values = await this.#db
      .getMany(asked)
      .catch(() => Promise.all(asked.map((key) => orDamage(() => this.#get(key, naming)))));
    return Promise.all(
      values.map((value, i) => {
        if (value === undefined || value instanceof DamagedStoreError) return value;
        return orDamage(() => decodeClaim(value, claimed[i] as Uint8Array, naming));
      }),
    );
  }

  async record(space: string, key: string): Promise<string | undefined> {
    const naming = () => `record ${JSON.stringify(key)} of ${space}`;
    const bytes = await this.#get(keys.recordKey(space, key), naming);
    return bytes === undefined ? undefined : decodeText(bytes, naming);
  }

  async *records(space: string, range: RecordRange = {}): AsyncIterable<readonly [key: string, value: string]> {
    let at = "";
    const naming = () => `record ${JSON.stringify(at)} of ${space}`;
    for await (const [key, value] of this.#read(recordBounds(space, range), naming)) {
      at = Buffer.from(keys.keyInSpace(space, key)).toString();
      let text: string;
      try {
        text = decodeText(value, naming);
      } catch (error) {
        if (range.onDamaged === undefined || !(error instanceof DamagedStoreError)) throw error;
        range.onDamaged(at, error);
        continue;
      }
      yield [at, text];
    }
  }

  async writeRecords(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void> {
    await this.#db.write({ sync: options.durable }, (batch) => {
      for (const { space, key, value } of writes) {
        if (value === undefined) batch.del(keys.recordKey(space, key));
        else batch.put(keys.recordKey(space, key), this.#encoder.text(value));
      }
    });
  }

  /** Names of values that are not as they were written, of all kinds: claims, keys and records included. For audits. */
  async *damagedValues(): AsyncIterable<string> {
    const nameOf = (number: number) =>
      [...this.#ledgers.values()].find((known) => known.number === number)?.record.name;
    for await (const [key, value] of this.#read({}, () => "the store")) {
      if (!keys.isForm(key) && !isWhole(value))
        yield keys.describe(key, (number) => nameOf(number) ?? `ledger ${number}`);
    }
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #load(directory: string): Promise<void> {
    const form = await this.#db.get(keys.formKey);
    if (form === undefined) await this.#put(keys.formKey, () => FORM);
    else if (!equal(form, FORM)) {
      throw new DamagedStoreError(`expected a store of form ${toHex(FORM)} in ${directory}, got form ${toHex(form)}`);
    }
    for await (const [key, value] of this.#read(keys.ledgerKeys, () => "a ledger")) {
      const number = keys.ledgerNumberOf(key);
      const record = decodeLedger(
        decodeText(value, () => `ledger number ${number}`),
        number,
      );
      this.#ledgers.set(record.id, { number, record, size: undefined, turn: new Turn() });
    }
  }

  /** @throws DamagedStoreError when there is something of a ledger without its record: a new one might get its number */
  async #requireAllLedgers(directory: string): Promise<void> {
    for (const { gte, lt } of keys.ledgerRanges) {
      let from = 0;
      for (const number of [...this.#numbers(), keys.LEDGERS_MAX]) {
        const bounds = { gte: gte(from), lt: lt(number), limit: 1 };
        for await (const [key] of this.#read(bounds, () => "a ledger")) {
          const message = `expected the record of ledger number ${keys.ledgerOf(key)} in ${directory}, got none`;
          throw new DamagedStoreError(`${message}; ${WAY_OUT}`);
        }
        from = number + 1;
      }
    }
  }

  /** Numbers of the ledgers, ascending. */
  #numbers(): number[] {
    return [...this.#ledgers.values()].map(({ number }) => number).sort((a, b) => a - b);
  }

  /** The number by which keys name a ledger. */
  numberOf(ledgerId: Hex): number {
    return this.#known(ledgerId).number;
  }

  #known(ledgerId: Hex): Known {
    const known = this.#ledgers.get(ledgerId);
    if (known === undefined) throw new RangeError(`expected the id of a ledger in this store, got ${ledgerId}`);
    return known;
  }

  async #nextCheckpoint(
    ledgerId: Hex,
    sizeMin: number,
    { reverse }: { readonly reverse: boolean },
  ): Promise<SignedCheckpoint | undefined> {
    const { number } = this.#known(ledgerId);
    const bounds = {
      gte: keys.checkpointKey(number, sizeMin),
      lte: keys.checkpointKey(number, Number.MAX_SAFE_INTEGER),
      reverse,
      limit: 1,
    };
    for await (const [key, value] of this.#read(bounds, () => `a checkpoint of ledger ${ledgerId}`)) {
      const size = keys.numberOf(key);
      return decodeCheckpoint(value, { ledgerId, size }, () => `checkpoint ${size} of ledger ${ledgerId}`);
    }
    return undefined;
  }

  async #get(key: Uint8Array, naming: Naming): Promise<Uint8Array | undefined> {
    return this.#db.get(key).catch((cause) => {
      throw readingError(cause, naming);
    });
  }

  #read(bounds: Bounds, naming: Naming): AsyncGenerator<[Uint8Array, Uint8Array]> {
    return this.#db.range(bounds, (cause) => readingError(cause, naming));
  }

  #put(key: Uint8Array, value: () => Uint8Array): Promise<void> {
    return this.#db.write({ sync: true }, (batch) => void batch.put(key, value()));
  }
}

function recordBounds(space: string, range: RecordRange): Bounds {
  const { gt, gte = "", lt, lte, limit, reverse = false } = range;
  const start = gt === undefined ? { gte: keys.recordKey(space, gte) } : { gt: keys.recordKey(space, gt) };
  const last = lt === undefined ? keys.recordSpaceEnd(space) : keys.recordKey(space, lt);
  const end = lte === undefined ? { lt: last } : { lte: keys.recordKey(space, lte) };
  return { ...start, ...end, reverse, ...(limit === undefined ? {} : { limit: Math.max(0, limit) }) };
}

function readingError(cause: unknown, naming: Naming): unknown {
  if (codeOf(cause) !== "LEVEL_CORRUPTION") return cause;
  return new DamagedStoreError(`${naming()} cannot be read: LevelDB calls the data corrupt`, { cause });
}

async function orDamage<T>(read: () => T | Promise<T>): Promise<T | DamagedStoreError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DamagedStoreError) return error;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
