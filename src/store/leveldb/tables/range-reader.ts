/**
 * The keys of a range and their newest values, of a database to which nobody writes, read in its files: what LevelDB's iterator gives,
 * without an array for each key and each value. Which versions there are of a key is told by all levels and logs together; the one that
 * was written last counts, and where that is a deletion there is none. A table that LevelDB compacts away meanwhile is no loss: what it
 * had stands in others then.
 * Why: docs/decisions/0262.
 */

import { readFile } from "node:fs/promises";
import { groupBy } from "../../../group-by.ts";
import { filesIn, type LogFile, readLogs, readManifest, tablePath } from "../folder.ts";
import type { ManifestState } from "../manifest.ts";
import { decodeBatch } from "../write-batch.ts";
import { compareKeys, compareVersions, isSameKey, type StoredVersion } from "./block-reader.ts";
import { type KeyBounds, LevelReader, type ReadTable } from "./level-reader.ts";
import { tableOfWrites } from "./log-table.ts";
import { readIndex } from "./table.ts";

/** The files cannot be read so: LevelDB has to be asked. */
export class TablesReadError extends Error {
  override readonly name = "TablesReadError";
  readonly code = "tables_unread";
}

/** How often files may go while they are opened. */
const ATTEMPTS = 10;
const FIRST_LEVEL = 0;

export class RangeReader {
  readonly #directory: string;
  readonly #bounds: KeyBounds;
  /** Those that stand at a version, in no order. */
  #levels: LevelReader[] = [];
  /** Those that need a file first. */
  #waiting: LevelReader[];
  /** The one whose version is the first of all. */
  #top: LevelReader | undefined;
  /** The one whose version is the first of all others. */
  #second: LevelReader | undefined;
  /** The key that was come to last, in [0, lastEnd); -1 where there is none. */
  #last = new Uint8Array(0);
  #lastEnd = -1;

  /** @param bounds keys of the range @throws TablesReadError */
  static async open(directory: string, bounds: KeyBounds): Promise<RangeReader> {
    return new RangeReader(directory, bounds, await orUnread(() => openLevels(directory, bounds)));
  }

  private constructor(directory: string, bounds: KeyBounds, levels: LevelReader[]) {
    this.#directory = directory;
    this.#bounds = bounds;
    this.#waiting = levels;
  }

  /** The key and the value at which it stands. */
  get version(): StoredVersion {
    if (this.#top === undefined) throw new TypeError("expected to stand at a key, which nothing was found of");
    return this.#top.version;
  }

  /** Moves to the next key; false where there is none in memory: `more` tells whether there is one. @throws TablesReadError */
  next(): boolean {
    try {
      while (this.#step()) {
        const { version } = this.#top as LevelReader;
        if (isSameKey(version.key, version.keyEnd, this.#last, this.#lastEnd)) continue;
        this.#remember(version);
        if (version.isPut) return true;
      }
      return false;
    } catch (cause) {
      throw unread(cause);
    }
  }

  /** Loads what is needed to go on; false at the end. @throws TablesReadError */
  more(): Promise<boolean> {
    return orUnread(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          for (const level of this.#waiting) if (await loadNext(level)) this.#levels.push(level);
          this.#waiting = [];
          return this.#levels.length > 0;
        } catch (cause) {
          if (!isGone(cause) || attempt === ATTEMPTS) throw cause;
          await this.#openAnew();
        }
      }
    });
  }

  /** Moves to the next version of all. */
  #step(): boolean {
    const top = this.#top;
    if (top !== undefined) {
      const isThere = top.next();
      if (isThere && (this.#second === undefined || compareVersions(top.version, this.#second.version) < 0))
        return true;
      if (!isThere) this.#leave(top);
    }
    return this.#waiting.length === 0 && this.#choose();
  }

  #leave(level: LevelReader): void {
    this.#top = undefined;
    this.#levels = this.#levels.filter((each) => each !== level);
    if (!level.isAtEnd) this.#waiting.push(level);
  }

  #choose(): boolean {
    this.#top = undefined;
    this.#second = undefined;
    for (const level of this.#levels) {
      if (this.#top === undefined || compareVersions(level.version, this.#top.version) < 0) {
        this.#second = this.#top;
        this.#top = level;
      } else if (this.#second === undefined || compareVersions(level.version, this.#second.version) < 0) {
        this.#second = level;
      }
    }
    return this.#top !== undefined;
  }

  #remember({ key, keyEnd }: StoredVersion): void {
    if (keyEnd > this.#last.length) this.#last = new Uint8Array(2 * keyEnd);
    const last = this.#last;
    for (let i = 0; i < keyEnd; i++) last[i] = key[i] as number;
    this.#lastEnd = keyEnd;
  }

  /** Begins again at the key that was come to last, with the files that there are now. */
  async #openAnew(): Promise<void> {
    const { gte, lt } = this.#bounds;
    const from = this.#lastEnd < 0 ? gte : this.#last.slice(0, this.#lastEnd);
    this.#levels = [];
    this.#top = undefined;
    this.#second = undefined;
    this.#waiting = await openLevels(this.#directory, { gte: from, lt });
  }
}

/** @returns false where the level has nothing more */
async function loadNext(level: LevelReader): Promise<boolean> {
  while (!level.isAtEnd) {
    await level.load();
    if (level.next()) return true;
  }
  return false;
}

/** What the manifest and the logs say at one time: a log goes when the manifest names a table that has what stood in it. */
async function readFiles(directory: string): Promise<{ readonly manifest: ManifestState; readonly logs: LogFile[] }> {
  for (let attempt = 1; ; attempt++) {
    const manifest = await readManifest(directory);
    try {
      const logs = await readLogs(directory, await filesIn(directory), manifest);
      const { logNumber } = await readManifest(directory);
      if (logNumber === manifest.logNumber) return { manifest, logs };
      if (attempt === ATTEMPTS)
        throw new RangeError(`expected log ${manifest.logNumber} to be in use, got ${logNumber}`);
    } catch (cause) {
      if (!isGone(cause) || attempt === ATTEMPTS) throw cause;
    }
  }
}

/** A reader for each level, and for what stands in logs alone. */
async function openLevels(directory: string, bounds: KeyBounds): Promise<LevelReader[]> {
  const { manifest, logs } = await readFiles(directory);
  const levels = tablesOf(manifest, bounds).map((numbers) =>
    numbers.map((number) => loader(directory, number, manifest)),
  );
  const writes = tableOfWrites(writesIn(logs));
  if (writes !== undefined) levels.push([async () => writes]);
  return levels.map((tables) => new LevelReader(tables, bounds));
}

/** Numbers of the tables that may have keys of a range, by levels; those of the first level may share keys, so that each stands alone. */
function tablesOf({ spans }: ManifestState, { gte, lt }: KeyBounds): number[][] {
  const within = [...spans]
    .filter(([, { first, last }]) => isBefore(first.key, lt) && !isBefore(last.key, gte))
    .sort(([, a], [, b]) => compareKeys(a.first.key, a.first.key.length, b.first.key, b.first.key.length));
  const levels = groupBy(within, ([, { level }]) => level);
  return [...levels].flatMap(([level, tables]) => {
    const numbers = tables.map(([number]) => number);
    return level === FIRST_LEVEL ? numbers.map((number) => [number]) : [numbers];
  });
}

function loader(directory: string, number: number, { tables }: ManifestState): ReadTable {
  return async () => {
    const path = tablePath(directory, number);
    const file = await readFile(path);
    const size = tables.get(number);
    if (file.length !== size) throw new RangeError(`expected ${size} bytes in ${path}, got ${file.length}`);
    return { file, blocks: readIndex(file) };
  };
}

function* writesIn(
  logs: readonly LogFile[],
): Generator<{ key: Uint8Array; value: Uint8Array | undefined; sequence: number }> {
  for (const { records, end, path } of logs) {
    if (end === "damaged") throw new RangeError(`expected the log ${path} as it was written, got damage in it`);
    for (const { bytes } of records) {
      const { sequence, writes } = decodeBatch(bytes);
      for (const [i, { key, value }] of writes.entries()) yield { key, value, sequence: sequence + i };
    }
  }
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  return compareKeys(a, a.length, b, b.length) < 0;
}

function isGone(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === "ENOENT";
}

async function orUnread<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw unread(cause);
  }
}

function unread(cause: unknown): TablesReadError {
  return new TablesReadError(`the sorted files cannot be read without LevelDB: ${(cause as Error).message}`, { cause });
}
