/**
 * Takes off the disk what was deleted and written over. LevelDB keeps older values in its log and its sorted files until it
 * compacts them, and a file that is compacted as long as somebody still reads in it.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Level } from "level";
import { filesIn, readManifest } from "./folder.ts";

/** A database that is compacted. */
export type Compacted = {
  readonly directory: string;
  /** LevelDB's own compaction of every key; the `level` package declares it for no database, since browsers' have none. */
  readonly compactRange: () => Promise<void>;
  /** Writes and deletes a key in front of all others and one behind them. */
  readonly span: () => Promise<void>;
};

/** Before and behind every key of a store. */
export const FIRST_KEY = new Uint8Array([0x00, 0x00]);
export const LAST_KEY = new Uint8Array([0xff]);

const PAUSE_MS = 100;
/** Readers of a range let go of its files in seconds. */
const ROUNDS_MAX = 600;

/** Files are still there that hold what was removed, since somebody reads in them. */
class CompactError extends Error {
  override readonly name = "CompactError";
  readonly code = "compact_unfinished";
}

/**
 * Compacts everything, and waits until no file is there that the manifest does not name. LevelDB's compaction alone leaves a file
 * as it is that nothing above it overlaps, and one that was just written has all versions of its keys: so a file that spans
 * all keys is put on top first.
 * @throws CompactError
 */
export async function compactAll({ directory, compactRange, span }: Compacted): Promise<void> {
  await compactRange();
  await span();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await compactRange();
    const left = await leftOver(directory);
    if (left.length === 0) return;
    await delay(PAUSE_MS);
  }
  throw new CompactError(
    `expected the files ${(await leftOver(directory)).join(", ")} of ${directory} to go, but somebody still reads in them; do it again later`,
  );
}

/** The span of a store. */
export function fillSpan(batch: ReturnType<Level<Uint8Array, Uint8Array>["batch"]>): void {
  for (const key of [FIRST_KEY, LAST_KEY]) batch.put(key, key).del(key);
}

/** The compaction of a handle. */
export function compactionOf<Key>(handle: Level<Key, Uint8Array>, first: Key, last: Key): () => Promise<void> {
  const database = handle as unknown as { compactRange(start: Key, end: Key): Promise<void> };
  return () => database.compactRange(first, last);
}

/** Removes what LevelDB writes down of its own work, keys among it; nobody may have the database open. */
export async function removeTraces(directory: string): Promise<void> {
  for (const name of ["LOG", "LOG.old"]) await rm(join(directory, name), { force: true });
}

/** Files that hold values, and that are not in use any more. */
async function leftOver(directory: string): Promise<string[]> {
  const { tables, logNumber } = await readManifest(directory);
  return (await filesIn(directory)).filter((name) => {
    const number = Number.parseInt(name, 10);
    return (name.endsWith(".ldb") && !tables.has(number)) || (name.endsWith(".log") && number < logNumber);
  });
}
