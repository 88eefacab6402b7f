/**
 * A LevelDB for an index, beside the store and never part of it: the second door of the `level` package. What it holds
 * is derived, so writes are not synced, and a database that is damaged, or fails once, is thrown away, not mended: after a
 * failed write LevelDB says OK to writes that it will not find again. LevelDB writes its log in order, so that a crash
 * loses the last writes and no others. It fits the port of query/index/index-store.ts.
 */

import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Level } from "level";
import { equal, utf8 } from "../merkle/bytes.ts";
import { compactAll, compactionOf } from "./leveldb/compact/compact-all.ts";
import { OlderVersions } from "./leveldb/compact/older-versions.ts";
import { filesIn } from "./leveldb/folder.ts";
import { inspectFolder, type OnProgress } from "./leveldb/inspect.ts";
import { isLocked } from "./leveldb/opening/lock.ts";
import { DamagedStoreError, StoreLockedError } from "./store.ts";
import { DecryptError } from "./values/value-cipher.ts";

/** Says what encrypts the values; keys of the index itself begin with the id of a ledger. */
const ENCRYPTED_BY = "encrypted-by";
const NOTHING = new Uint8Array(0);
const CACHE_BYTES = 32 * 1024 * 1024;
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
const READ_AHEAD = 256;
/** Between two files that are verified, so that others have the thread half of the time. */
const PAUSE_MS = 5;
/** What operations under way are told when the database is closed. */
const CLOSED = ["LEVEL_DATABASE_NOT_OPEN", "LEVEL_ITERATOR_NOT_OPEN"];

type Database = Level<string, Uint8Array>;
type Change = { readonly key: string; readonly value: Uint8Array | undefined };

/** What encrypts the values of an index, so that they tell nothing of the entries. */
export type IndexCipher = {
  /** Tells an index that was encrypted with these keys from others. */
  readonly id: string;
  readonly encrypt: (key: string, value: Uint8Array) => Uint8Array;
  /** @throws DecryptError when it was not encrypted so */
  readonly decrypt: (key: string, encrypted: Uint8Array) => Uint8Array;
};

export type LevelIndexOptions = {
  /** An index that is not encrypted with it is thrown away; without it values are in clear. */
  readonly cipher?: IndexCipher | undefined;
  /** Told of the first failure: from then on the database is not to be believed. */
  readonly onFailure?: (cause: Error) => void;
  /** Ends the verification of the files: the opening fails then, and nothing is thrown away. */
  readonly signal?: AbortSignal;
  /** Verifies in the background, slower: others are served meanwhile. */
  readonly isPatient?: boolean;
  /** Only looks: what would be thrown away is an error. */
  readonly isOnlyRead?: boolean;
};

export class LevelIndexStore {
  readonly #db: Database;
  readonly #directory: string;
  readonly #onFailure: ((cause: Error) => void) | undefined;
  readonly #cipher: IndexCipher | undefined;
  readonly #older: OlderVersions;
  #failure: Error | undefined;

  /**
   * Opens the index database in a folder, and makes an empty one when there is none or only a damaged one. Every file is
   * verified before LevelDB maps it into memory, where one that is damaged ends the process.
   * @throws StoreLockedError when another process has it open, the file system's error when it cannot be made; where it is only
   * read DamagedStoreError, or LevelDB's own error
   */
  static async open(directory: string, options: LevelIndexOptions = {}): Promise<LevelIndexStore> {
    const { signal, isPatient = false, isOnlyRead = false } = options;
    const onProgress: OnProgress = async () => {
      if (isPatient) await delay(PAUSE_MS, undefined, { ref: false });
      signal?.throwIfAborted();
    };
    try {
      const damaged = await inspectFolder(directory, onProgress);
      if (isOnlyRead && damaged.length > 0) throw new DamagedStoreError(damaged.map(({ detail }) => detail).join("; "));
      const found = damaged.length === 0 ? await openDatabase(directory) : undefined;
      if (found !== undefined && (await orClosed(found, () => isEncryptedBy(found, options.cipher))))
        return new LevelIndexStore(found, directory, options);
      await found?.close();
    } catch (error) {
      if (error instanceof StoreLockedError || signal?.aborted === true || isOnlyRead) throw error;
    }
    if (isOnlyRead) throw new DamagedStoreError(`expected an index of this store in ${directory}, got another one`);
    await rm(directory, { recursive: true, force: true });
    const made = await openDatabase(directory);
    const { cipher } = options;
    if (cipher !== undefined) await orClosed(made, () => made.put(ENCRYPTED_BY, utf8(cipher.id)));
    return new LevelIndexStore(made, directory, options);
  }

  private constructor(db: Database, directory: string, { onFailure, cipher }: LevelIndexOptions) {
    this.#db = db;
    this.#directory = directory;
    this.#onFailure = onFailure;
    this.#cipher = cipher;
    this.#older = new OlderVersions(directory);
  }

  /** The first failure: from then on nothing is written any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#guard(this.#db.getMany([...keys]));
    return values.map((value, i) => value && this.#opened(keys[i] as string, value));
  }

  async *list(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    const iterator = this.#db.iterator(rangeOf(prefix));
    try {
      for (;;) {
        const found: [string, Uint8Array][] = await this.#guard(iterator.nextv(READ_AHEAD));
        if (found.length === 0) return;
        for (const [key, value] of found) yield [key, this.#opened(key, value)];
      }
    } finally {
      await iterator.close();
    }
  }

  async write(writes: readonly Change[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const batch = this.#db.batch();
    for (const { key, value } of writes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, this.#cipher?.encrypt(key, value) ?? value);
    }
    await this.#guard(batch.write());
  }

  clear(prefix: string): Promise<void> {
    return this.#guard(this.#db.clear(rangeOf(prefix)));
  }

  /** Takes off the disk what was removed and written over. @throws CompactError */
  compact(): Promise<void> {
    const first = "!";
    const last = "~";
    const compactAgain = compactionOf(this.#db, first, last);
    // After one that failed, as on a full disk, LevelDB writes nothing more until it is opened again.
    const compactRange = () => this.#guard(compactAgain());
    const span = async () => {
      for (const key of [first, last]) await this.#guard(this.#db.batch().put(key, NOTHING).del(key).write());
    };
    const removeNone = async (keys: readonly Uint8Array[]) => {
      const batch = this.#db.batch();
      for (const key of keys) batch.del(key, { keyEncoding: "view" });
      await this.#guard(batch.write());
    };
    return compactAll({
      directory: this.#directory,
      compactRange,
      span,
      last: utf8(last),
      removeNone,
      older: this.#older,
      opening: () => this.#db,
    });
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  /** Whoever reads a value checks it, so that one which cannot be opened is handed out as nothing. */
  #opened(key: string, value: Uint8Array): Uint8Array {
    if (this.#cipher === undefined) return value;
    try {
      return this.#cipher.decrypt(key, value);
    } catch (error) {
      if (error instanceof DecryptError) return NOTHING;
      throw error;
    }
  }

  /** Passes a result on; the first failure is told. */
  async #guard<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (!CLOSED.includes(String(codeOf(error))) && this.#failure === undefined) {
        this.#failure = error as Error;
        this.#onFailure?.(error as Error);
      }
      throw error;
    }
  }
}

/** Bytes of the files that an opening has to verify. */
export async function indexBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await filesIn(directory)) bytes += (await stat(join(directory, name))).size;
  return bytes;
}

/** Whether an index can be used with these keys, or without any: an empty one becomes theirs. */
async function isEncryptedBy(db: Database, cipher: IndexCipher | undefined): Promise<boolean> {
  const by = await db.get(ENCRYPTED_BY);
  if (by !== undefined) return cipher !== undefined && equal(by, utf8(cipher.id));
  if (cipher === undefined) return true;
  for await (const _ of db.keys({ limit: 1 })) return false;
  await db.put(ENCRYPTED_BY, utf8(cipher.id));
  return true;
}

/** Closes a database where something fails, as on a full disk: open, it would keep its lock, and nobody could open it again. */
async function orClosed<T>(db: Database, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function openDatabase(directory: string): Promise<Database> {
  await mkdir(directory, { recursive: true });
  const db: Database = new Level(directory, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await db.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (!isLocked(cause)) throw cause;
    const message = `expected to be alone with the index in ${directory}, but another process has it open`;
    throw new StoreLockedError(message, { cause });
  }
  return db;
}

/** Keys are ASCII, so that U+FFFF sorts behind all that begin with the prefix. */
function rangeOf(prefix: string): { readonly gte: string; readonly lt: string } {
  return { gte: prefix, lt: `${prefix}\uffff` };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
