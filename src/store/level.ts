/**
 * The embedded store: LevelDB in one folder, the door of the `level` package. Keys are in keys.ts, values in
 * record.ts. LevelDB lets one process in at a time and makes a batch atomic; with `sync` the batch is on the disk
 * when its promise resolves.
 */

import { type IteratorOptions, Level } from "level";
import type { Entry } from "../entry/entry.ts";
import { equal, type Hex, toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import * as keys from "./keys.ts";
import { checkCommit, decodeLedger, encodeLedger, requireNew, withSigner } from "./ledgers.ts";
import { checkFolder } from "./leveldb-folder.ts";
import { checkLogs } from "./leveldb-log.ts";
import {
  decodeCheckpoint,
  decodeClaim,
  decodeEntry,
  decodeText,
  decodeTile,
  type Naming,
  RecordEncoder,
} from "./record.ts";
import {
  type Claim,
  type Commit,
  DamagedStoreError,
  type LedgerRecord,
  type RecordRange,
  type RecordWrite,
  SizeConflictError,
  type Store,
  StoreLockedError,
} from "./store.ts";
import { Turn } from "./turn.ts";

const FORM = new Uint8Array([1]);
/** LevelDB's log before it becomes a sorted file: larger means fewer rewrites, and more to read again at a start. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
/** Entries and bytes read ahead by one call into LevelDB. */
const READ_AHEAD = 256;
const READ_AHEAD_BYTES = 256 * 1024;

type Database = Level<Uint8Array, Uint8Array>;
type Batch = ReturnType<Database["batch"]>;
type Bounds = IteratorOptions<Uint8Array, Uint8Array>;
type Known = { readonly number: number; record: LedgerRecord; size: number | undefined; turn: Turn };

export class LevelStore implements Store {
  readonly #db: Database;
  readonly #ledgers = new Map<Hex, Known>();
  readonly #adding = new Turn();
  readonly #encoder = new RecordEncoder();

  /**
   * Opens the store in a folder, and makes it when there is none.
   * @throws StoreLockedError when another process has it open, DamagedStoreError when LevelDB finds it corrupt, or would
   *   not say so: nothing is changed then
   */
  static async open(directory: string): Promise<LevelStore> {
    await checkFolder(directory);
    await checkLogs(directory);
    const options = { keyEncoding: "view", valueEncoding: "view", writeBufferSize: WRITE_BUFFER_BYTES } as const;
    const db = new Level<Uint8Array, Uint8Array>(directory, options);
    try {
      await db.open();
    } catch (cause) {
      throw openingError(directory, cause);
    }
    const store = new LevelStore(db);
    try {
      await store.#load(directory);
    } catch (cause) {
      await db.close();
      throw cause;
    }
    return store;
  }

  private constructor(db: Database) {
    this.#db = db;
  }

  async ledgers(): Promise<LedgerRecord[]> {
    return [...this.#ledgers.values()].map((known) => known.record);
  }

  addLedger(record: LedgerRecord): Promise<void> {
    return this.#adding.take(async () => {
      requireNew(record, await this.ledgers());
      const number = this.#ledgers.size;
      await this.#db.put(keys.ledgerKey(number), this.#encoder.text(encodeLedger(record)), { sync: true });
      this.#ledgers.set(record.id, { number, record, size: 0, turn: new Turn() });
    });
  }

  async updateSigner(ledgerId: Hex, signer: Hex): Promise<void> {
    const known = this.#known(ledgerId);
    await known.turn.take(async () => {
      const record = withSigner(known.record, signer);
      await this.#db.put(keys.ledgerKey(known.number), this.#encoder.text(encodeLedger(record)), { sync: true });
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
      await this.#write({ sync: true }, (batch) => this.#fill(batch, known.number, commit));
      known.size = commit.checkpoint.size;
    });
  }

  /** `put` copies what it gets, so that one key and one buffer serve all entries. */
  #fill(batch: Batch, ledger: number, commit: Commit): void {
    const encoder = this.#encoder;
    const key = keys.entryKey(ledger, commit.from);
    let index = commit.from;
    for (const entry of commit.entries) batch.put(keys.numbered(key, index++), encoder.entry(entry));
    for (const claim of commit.claims) batch.put(keys.claimKey(ledger, claim.key), encoder.claim(claim));
    for (const tile of commit.tiles) batch.put(keys.tileKey(ledger, tile.level, tile.n), encoder.tile(tile.hashes));
    batch.put(keys.checkpointKey(ledger, commit.checkpoint.size), encoder.checkpoint(commit.checkpoint));
  }

  async entry(ledgerId: Hex, index: number): Promise<Entry | undefined> {
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.entryKey(this.#known(ledgerId).number, index), naming);
    return bytes === undefined ? undefined : decodeEntry(bytes, naming);
  }

  async *entries(ledgerId: Hex, from: number, to: number): AsyncIterable<Entry> {
    const { number } = this.#known(ledgerId);
    if (from >= to) return;
    let index = from;
    const naming = () => `entry ${index} of ledger ${ledgerId}`;
    const range = { gte: keys.entryKey(number, from), lt: keys.entryKey(number, to) };
    for await (const [key, value] of this.#read(range, naming)) {
      if (keys.numberOf(key) !== index) break;
      yield decodeEntry(value, naming);
      index++;
    }
    if (index < to) throw new DamagedStoreError(`${naming()} is missing`);
  }

  async tile(ledgerId: Hex, level: number, n: number): Promise<Uint8Array | undefined> {
    const naming = () => `tile ${level}/${n} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.tileKey(this.#known(ledgerId).number, level, n), naming);
    return bytes === undefined ? undefined : decodeTile(bytes, naming);
  }

  async checkpoint(ledgerId: Hex, size: number): Promise<SignedCheckpoint | undefined> {
    const naming = () => `checkpoint ${size} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.checkpointKey(this.#known(ledgerId).number, size), naming);
    return bytes === undefined ? undefined : decodeCheckpoint(bytes, { ledgerId, size }, naming);
  }

  async checkpointCovering(ledgerId: Hex, index: number): Promise<SignedCheckpoint | undefined> {
    return this.#nextCheckpoint(ledgerId, index + 1, { reverse: false });
  }

  async claims(ledgerId: Hex, claimed: readonly Uint8Array[]): Promise<(Claim | undefined)[]> {
    const { number } = this.#known(ledgerId);
    const naming = () => `an idempotency claim of ledger ${ledgerId}`;
    const found = this.#db.getMany(claimed.map((key) => keys.claimKey(number, key)));
    const values: (Uint8Array | undefined)[] = await found.catch((cause) => readingFailed(cause, naming));
    return values.map((value, i) => value && decodeClaim(value, claimed[i] as Uint8Array, naming));
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
    await this.#write({ sync: options.durable }, (batch) => {
      for (const { space, key, value } of writes) {
        if (value === undefined) batch.del(keys.recordKey(space, key));
        else batch.put(keys.recordKey(space, key), this.#encoder.text(value));
      }
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #load(directory: string): Promise<void> {
    const form = await this.#db.get(keys.formKey);
    if (form === undefined) await this.#db.put(keys.formKey, FORM, { sync: true });
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
    return this.#db.get(key).catch((cause) => readingFailed(cause, naming));
  }

  async *#read(bounds: Bounds, naming: Naming): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const iterator = this.#db.iterator({ ...bounds, highWaterMarkBytes: READ_AHEAD_BYTES });
    try {
      for (;;) {
        const read: Promise<[Uint8Array, Uint8Array][]> = iterator.nextv(READ_AHEAD);
        const found = await read.catch((cause) => readingFailed(cause, naming));
        if (found.length === 0) return;
        yield* found;
      }
    } finally {
      await iterator.close();
    }
  }

  async #write(options: { readonly sync: boolean }, fill: (batch: Batch) => void): Promise<void> {
    const batch = this.#db.batch();
    try {
      fill(batch);
    } catch (cause) {
      await batch.close();
      throw cause;
    }
    await batch.write(options);
  }
}

function recordBounds(space: string, range: RecordRange): Bounds {
  const { gt, gte = "", lt, lte, limit, reverse = false } = range;
  const start = gt === undefined ? { gte: keys.recordKey(space, gte) } : { gt: keys.recordKey(space, gt) };
  const last = lt === undefined ? keys.recordSpaceEnd(space) : keys.recordKey(space, lt);
  const end = lte === undefined ? { lt: last } : { lte: keys.recordKey(space, lte) };
  return { ...start, ...end, reverse, ...(limit === undefined ? {} : { limit: Math.max(0, limit) }) };
}

function readingFailed(cause: unknown, naming: Naming): never {
  if (codeOf(cause) !== "LEVEL_CORRUPTION") throw cause;
  throw new DamagedStoreError(`${naming()} cannot be read: LevelDB calls the data corrupt`, { cause });
}

function openingError(directory: string, error: unknown): Error {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (codeOf(cause) === "LEVEL_LOCKED") {
    const message = `expected to be alone with the store in ${directory}, but another process has it open; stop that one first`;
    return new StoreLockedError(message, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `expected a store in ${directory} that LevelDB can open, got: ${why}`;
  return codeOf(cause) === "LEVEL_CORRUPTION"
    ? new DamagedStoreError(message, { cause })
    : new Error(message, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
