/**
 * A LevelDB for an index, beside the store and never part of it: the second door of the `level` package. What it holds
 * is derived, so writes are not synced and a database that LevelDB calls corrupt is deleted, not mended. LevelDB
 * writes its log in order, so that a crash loses the last writes and no others. It fits the port of query/index-store.ts.
 */

import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { StoreLockedError } from "./store.ts";

/** A file of this name says that the database was found corrupt while it was open. */
const DAMAGE_MARK = "DAMAGED";
const CACHE_BYTES = 32 * 1024 * 1024;
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
const READ_AHEAD = 256;

type Database = Level<string, Uint8Array>;
type Change = { readonly key: string; readonly value: Uint8Array | undefined };

export class LevelIndexStore {
  readonly #db: Database;
  readonly #directory: string;

  /**
   * Opens the index database in a folder, and makes an empty one when there is none or only a corrupt one.
   * @throws StoreLockedError when another process has it open
   */
  static async open(directory: string): Promise<LevelIndexStore> {
    if (existsSync(join(directory, DAMAGE_MARK))) await rm(directory, { recursive: true });
    try {
      return new LevelIndexStore(await openDatabase(directory), directory);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      await rm(directory, { recursive: true });
      return new LevelIndexStore(await openDatabase(directory), directory);
    }
  }

  private constructor(db: Database, directory: string) {
    this.#db = db;
    this.#directory = directory;
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#guard(this.#db.getMany([...keys]));
  }

  async *list(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    const iterator = this.#db.iterator(rangeOf(prefix));
    try {
      for (;;) {
        const found: [string, Uint8Array][] = await this.#guard(iterator.nextv(READ_AHEAD));
        if (found.length === 0) return;
        yield* found;
      }
    } finally {
      await iterator.close();
    }
  }

  async write(writes: readonly Change[]): Promise<void> {
    const batch = this.#db.batch();
    for (const { key, value } of writes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    await this.#guard(batch.write());
  }

  clear(prefix: string): Promise<void> {
    return this.#guard(this.#db.clear(rangeOf(prefix)));
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  /** Passes a result on; where LevelDB calls its files corrupt, the next start begins with an empty database. */
  async #guard<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (isCorruption(error)) await writeFile(join(this.#directory, DAMAGE_MARK), "");
      throw error;
    }
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
    if (codeOf(cause) !== "LEVEL_LOCKED") throw cause;
    const message = `expected to be alone with the index in ${directory}, but another process has it open`;
    throw new StoreLockedError(message, { cause });
  }
  return db;
}

/** Keys are ASCII, so that U+FFFF sorts behind all that begin with the prefix. */
function rangeOf(prefix: string): { readonly gte: string; readonly lt: string } {
  return { gte: prefix, lt: `${prefix}\uffff` };
}

function isCorruption(error: unknown): boolean {
  return codeOf(error) === "LEVEL_CORRUPTION";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
