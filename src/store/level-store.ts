/**
 * The embedded store: LevelDB in one folder. Keys are in key-layout.ts, values in value-layout.ts, and leveldb/ has what keeps LevelDB from
 * losing something. One process is let in at a time, a batch is atomic, and with `sync` it is on the disk when its promise resolves.
 */

import type { Entry } from "../entry/entry.ts";
import type { PackedEntry } from "../entry/packed.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Tile } from "../merkle/tile.ts";
import * as keys from "./key-layout.ts";
import { checkCommit, decodeLedger, encodeLedger, requireNew, withSigner } from "./ledger-record.ts";
import { Database, type DatabaseOptions, type LevelBatch } from "./leveldb/database.ts";
import { WAY_OUT } from "./leveldb/folder.ts";
import { type Bounds, readingError } from "./leveldb/reading.ts";
import type { UnderWay, WritingStatus } from "./leveldb/writing-state.ts";
import { Turn } from "./mutex.ts";
import { requireWholeTables } from "./patrol.ts";
import { clearLeftovers } from "./rebuilt-folder.ts";
import {
  type Commit,
  DamagedStoreError,
  type EntryReplacement,
  type FoundClaim,
  type JudgeClaim,
  type LedgerRecord,
  type RecordRange,
  type RecordWrite,
  SizeConflictError,
  type Store,
} from "./store.ts";
import { type ClaimReaders, Claims, type OfLedger, type SummedClaims } from "./values/claims.ts";
import { damagedValues, type SeenValues } from "./values/damaged-values.ts";
import { type EncryptAllOptions, encryptAll } from "./values/encrypt-all.ts";
import { type CipherKeys, EntryValues } from "./values/entry-values.ts";
import { type FormKind, readForm, requireRing, type StoreForm, writeForm } from "./values/form.ts";
import type { PackedValues } from "./values/packed-values.ts";
import { RecentEntries } from "./values/recent-entries.ts";
import { Records } from "./values/records.ts";
import { StoredValues, tilesInOrder } from "./values/stored-values.ts";
import type { PlainEntry, ValueCipher } from "./values/value-cipher.ts";
import { decodeCheckpoint, decodeText, decodeTile, type Naming } from "./values/value-layout.ts";

/** LevelDB's log before it becomes a sorted file: larger means fewer rewrites, and more to read again at a start. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

export type LevelStoreOptions = Pick<DatabaseOptions, "waitMs" | "onStatus"> & {
  /** Opens a store in which records of ledgers are missing as well: for looking at what is left. */
  readonly isPartial?: boolean;
  /** Every file was looked at just now, and is whole: they are not looked at again. */
  readonly isLookedAt?: boolean;
  /**
   * Gives what values are encrypted with, once it is known what the store is; undefined leaves it in clear.
   * Without it a new store is in clear, and one that is encrypted is not opened.
   */
  readonly openCipher?: (form: StoreForm) => Promise<ValueCipher | undefined>;
};

type Known = OfLedger & { record: LedgerRecord; size: number | undefined; turn: Turn };

export class LevelStore implements Store {
  readonly #db: Database;
  readonly #ledgers = new Map<Hex, Known>();
  readonly #adding = new Turn();
  readonly #values = new StoredValues();
  readonly #entries: EntryValues;
  readonly #records: Records;
  readonly #claims: Claims;
  readonly #recent = new RecentEntries();
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
      if (options.isLookedAt !== true) mended = await requireWholeTables(directory);
    };
    const db = await Database.open(directory, { writeBufferSize: WRITE_BUFFER_BYTES, ...options, onLocked });
    const store = new LevelStore(db, mended);
    try {
      await store.#load(directory, options.openCipher);
      if (options.isPartial !== true) await store.#requireAllLedgers(directory);
    } catch (cause) {
      await db.close();
      throw cause;
    }
    return store;
  }

  private constructor(db: Database, mended: string | undefined) {
    this.#db = db;
    this.#entries = new EntryValues(db, this.#values);
    this.#records = new Records(db, this.#values);
    this.#claims = new Claims(db, this.#values);
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
      await this.#values.cipher?.openLedger(record.id);
      await this.#put(keys.ledgerKey(number), () => this.#values.encoder.text(encodeLedger(record)));
      this.#ledgers.set(record.id, { ledgerId: record.id, number, record, size: 0, turn: new Turn() });
    });
  }

  async updateSigner(ledgerId: Hex, signer: Hex): Promise<void> {
    const known = this.#known(ledgerId);
    await known.turn.take(async () => {
      const record = withSigner(known.record, signer);
      await this.#put(keys.ledgerKey(known.number), () => this.#values.encoder.text(encodeLedger(record)));
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
      const cipherKeys = await this.#entries.cipherKeys(known, commit.entries);
      const size = known.size ?? (await this.head(ledgerId))?.size ?? 0;
      if (size !== commit.from) {
        throw new SizeConflictError(`expected ledger ${ledgerId} to have ${commit.from} entries, got ${size}`);
      }
      // Until we know how this ends, the size is whatever a reader finds.
      known.size = undefined;
      await this.#db.write({ sync: true }, (batch) => this.#fill(batch, known, commit, cipherKeys));
      known.size = commit.checkpoint.size;
      this.#recent.add(ledgerId, commit.from, commit.entries);
    });
  }

  #fill(
    batch: LevelBatch,
    known: Known,
    { from, entries, claims, tiles, checkpoint }: Commit,
    cipherKeys: CipherKeys,
  ): void {
    const { encoder } = this.#values;
    this.#entries.put(batch, known, from, entries, cipherKeys);
    this.#claims.put(batch, known, claims);
    for (const tile of tiles) batch.put(keys.tileKey(known.number, tile.level, tile.n), encoder.tile(tile.hashes));
    batch.put(keys.checkpointKey(known.number, checkpoint.size), encoder.checkpoint(checkpoint));
  }

  ready(ledgerId: Hex, entries: readonly PlainEntry[]): Promise<void> | undefined {
    const found = this.#values.cipher?.keysFor(ledgerId, entries);
    return found instanceof Promise ? found.then(() => undefined) : undefined;
  }

  replaceEntries(
    ledgerId: Hex,
    replacements: readonly EntryReplacement[],
    claims: readonly Uint8Array[],
  ): Promise<void> {
    const known = this.#known(ledgerId);
    return known.turn.take(async () => {
      const entries = replacements.map(({ entry }) => entry);
      const cipherKeys = await this.#entries.cipherKeys(known, entries);
      const replace = await this.#entries.replacing(known, replacements, cipherKeys);
      await this.#db.write({ sync: true }, (batch) => {
        replace(batch);
        for (const claim of claims) this.#claims.remove(batch, known, claim);
      });
      this.#recent.forget(ledgerId);
    });
  }

  settleClaims(ledgerId: Hex, decide: JudgeClaim): Promise<void> {
    return this.#claims.settle(this.#known(ledgerId), decide);
  }

  /**
   * Encrypts all that is in clear, and takes what was off the disk; the store must have been opened with what encrypts.
   * @returns how many values that were
   */
  async encryptAll(onProgress: EncryptAllOptions["onProgress"]): Promise<number> {
    const encrypted = await encryptAll({
      db: this.#db,
      values: this.#values,
      ledgers: [...this.#ledgers.values()],
      onProgress,
    });
    await this.compact();
    await this.#putForm("encrypted");
    return encrypted;
  }

  compact(): Promise<void> {
    return this.#db.compact();
  }

  entry(ledgerId: Hex, index: number): Promise<Entry | undefined> {
    return this.#entries.get(this.#known(ledgerId), index);
  }

  entries(ledgerId: Hex, from: number, to: number): AsyncIterable<Entry> {
    return this.#entries.range(() => this.#known(ledgerId), from, to);
  }

  packedEntries(ledgerId: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    return this.#entries.packedRange(() => this.#known(ledgerId), from, to);
  }

  /** Entries [from, to) as they are stored, see EntryValues.storedRange; for a store to which nobody writes. */
  storedEntries(ledgerId: Hex, from: number, to: number): AsyncIterable<PackedValues> {
    return this.#entries.storedRange(this.#known(ledgerId), from, to);
  }

  takeRecent(ledgerId: Hex, from: number, to: number): readonly PackedEntry[] | undefined {
    return this.#recent.take(ledgerId, from, to);
  }

  async tile(ledgerId: Hex, level: number, n: number): Promise<Uint8Array | undefined> {
    const naming = () => `tile ${level}/${n} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.tileKey(this.#known(ledgerId).number, level, n), naming);
    return bytes === undefined ? undefined : decodeTile(bytes, naming);
  }

  /** Tiles of a level that are asked for in their order; for a store to which nobody writes. */
  tilesInOrder(ledgerId: Hex, level: number): (n: number) => Promise<Uint8Array | undefined> {
    return tilesInOrder(this.#db.directory, this.#known(ledgerId).number, level, (n) => this.tile(ledgerId, level, n));
  }

  async replaceTile(ledgerId: Hex, { level, n, hashes }: Tile): Promise<void> {
    await this.#put(keys.tileKey(this.#known(ledgerId).number, level, n), () => this.#values.encoder.tile(hashes));
  }

  async checkpoint(ledgerId: Hex, size: number): Promise<SignedCheckpoint | undefined> {
    const naming = () => `checkpoint ${size} of ledger ${ledgerId}`;
    const bytes = await this.#get(keys.checkpointKey(this.#known(ledgerId).number, size), naming);
    return bytes === undefined ? undefined : decodeCheckpoint(bytes, { ledgerId, size }, naming);
  }

  async checkpointCovering(ledgerId: Hex, index: number): Promise<SignedCheckpoint | undefined> {
    return this.#nextCheckpoint(ledgerId, index + 1, { reverse: false });
  }

  /** Goes through all claims of a ledger, see Claims.sum. @param size of the ledger */
  sumClaims(ledgerId: Hex, size: number, readers?: ClaimReaders): Promise<SummedClaims | undefined> {
    return this.#claims.sum(this.#known(ledgerId), size, readers);
  }

  claims(ledgerId: Hex, claimed: readonly Uint8Array[]): Promise<FoundClaim[]> {
    return this.#claims.find(this.#known(ledgerId), claimed);
  }

  record(space: string, key: string): Promise<string | undefined> {
    return this.#records.get(space, key);
  }

  /** Several records of a space, in the order asked. */
  recordsAt(space: string, asked: readonly string[]): Promise<(string | undefined)[]> {
    return this.#records.getMany(space, asked);
  }

  records(space: string, range?: RecordRange): AsyncIterable<readonly [key: string, value: string]> {
    return this.#records.list(space, range);
  }

  writeRecords(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void> {
    return this.#records.write(writes, options);
  }

  /**
   * Names of values that are not as they were written, of all kinds: claims, keys and records included. For audits.
   * @param seen of which it is known that they are, so that they are not read again
   */
  damagedValues(seen: readonly SeenValues[] = []): AsyncIterable<string> {
    return damagedValues({ db: this.#db, ledgers: [...this.#ledgers.values()], seen });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #load(directory: string, openCipher: LevelStoreOptions["openCipher"]): Promise<void> {
    await this.#loadForm(directory, openCipher);
    for await (const [key, value] of this.#read(keys.ledgerKeys, () => "a ledger")) {
      const number = keys.ledgerNumberOf(key);
      const record = decodeLedger(
        decodeText(value, () => `ledger number ${number}`),
        number,
      );
      await this.#values.cipher?.openLedger(record.id);
      this.#ledgers.set(record.id, { ledgerId: record.id, number, record, size: undefined, turn: new Turn() });
    }
  }

  /** Finds out whether values are encrypted, and with what. */
  async #loadForm(directory: string, openCipher: LevelStoreOptions["openCipher"]): Promise<void> {
    const found = await this.#db.get(keys.formKey);
    const form = readForm(found, directory);
    const cipher = await openCipher?.(form);
    this.#values.cipher = cipher;
    if (form === "new") return this.#putForm(cipher === undefined ? "clear" : "encrypted");
    this.#values.isMixed = form === "converting";
    if (form !== "clear") requireRing(found as Uint8Array, cipher, directory);
    else if (cipher !== undefined) await this.#putForm("converting");
  }

  async #putForm(form: FormKind): Promise<void> {
    await this.#put(keys.formKey, () => writeForm(form, this.#values.cipher));
    this.#values.isMixed = form === "converting";
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
