/**
 * Takes off the disk what was deleted and written over. LevelDB keeps older values in its log and its sorted files until it
 * compacts them, a file that is compacted as long as somebody still reads in it, and the older values themselves as long as
 * somebody reads who began before they were written over. Of a compaction that failed it says nothing.
 * Why: docs/decisions/0248 and 0263.
 */

import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Level } from "level";
import { concat, equal } from "../../../merkle/bytes.ts";
import { filesIn, readManifest } from "../folder.ts";
import type { ManifestState, TableSpan } from "../manifest.ts";
import type { OlderVersions } from "./older-versions.ts";

/** A database that is compacted. */
export type Compacted = {
  readonly directory: string;
  /** LevelDB's own compaction of every key; the `level` package declares it for no database, since browsers' have none. */
  readonly compactRange: () => Promise<void>;
  /** Writes and deletes a key in front of all others and one behind them. LevelDB refuses it when anything failed before. */
  readonly span: () => Promise<void>;
  /** The key behind all others, in bytes. */
  readonly last: Uint8Array;
  /** Deletes keys that nothing has. */
  readonly removeNone: (keys: readonly Uint8Array[]) => Promise<void>;
  readonly older: OlderVersions;
  /** Tells one opening of the database from the next: what failed in one may be as it was in the other. */
  readonly opening: () => unknown;
};

const PAUSE_MS = 100;
/** Readers of a range let go of its files in seconds. */
const ROUNDS_MAX = 600;
/** Enough that nobody has a key with the same. */
const NEW_KEY_BYTES = 16;

/** What was removed may still be in files: somebody reads in them, or a compaction failed again and again. */
class CompactError extends Error {
  override readonly name = "CompactError";
  readonly code = "compact_unfinished";
}

/**
 * Compacts everything, and waits until no file is there that the manifest does not name, and none in which something was kept for
 * somebody who began to read before.
 * @throws CompactError, DamagedStoreError where a file cannot be looked at, or what `span` throws where something failed
 */
export async function compactAll(compacted: Compacted): Promise<void> {
  const { directory, compactRange, last, older, removeNone } = compacted;
  let isRewritten = false;
  let began: number | undefined;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (isRewritten) await compactRange();
    else isRewritten = await rewrite(compacted);
    const manifest = await readManifest(directory);
    if (isRewritten && (await leftOver(directory, manifest)).length === 0) {
      began ??= manifest.lastSequence;
      // Once whoever was reading has let go, what was kept for them can go too.
      isRewritten = !keepsSpan(manifest, last, began);
      const left = isRewritten ? await older.find(manifest, began) : undefined;
      if (left?.length === 0) return;
      if (left !== undefined) await removeNone(left.map(keyWithin));
    }
    await delay(PAUSE_MS);
  }
  const left = (await leftOver(directory, await readManifest(directory))).join(", ") || "with values that were removed";
  throw new CompactError(
    `expected the files ${left} of ${directory} to go, but somebody still reads in them; do it again later`,
  );
}

/**
 * Writes the sorted files anew. LevelDB's compaction alone leaves a file as it is that nothing above it overlaps, and one that was
 * just written has all versions of its keys: so everything is brought to one level, and a file that spans all keys is put on top. The
 * write behind it is refused when a compaction failed.
 * @returns false when the database was opened anew meanwhile, so that it is not known what was compacted
 */
async function rewrite({ span, compactRange, opening }: Compacted): Promise<boolean> {
  const before = opening();
  await compactRange();
  await span();
  await compactRange();
  await span();
  return opening() === before;
}

/**
 * A key that nothing has, within a file: what deletes it is brought down to that file, which is written anew then. A file of a single
 * key has no room for one, and goes only with others that are written over it.
 */
function keyWithin({ first }: TableSpan): Uint8Array {
  return concat(first.key, new Uint8Array(1), randomBytes(NEW_KEY_BYTES));
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
async function leftOver(directory: string, { tables, logNumber }: ManifestState): Promise<string[]> {
  return (await filesIn(directory)).filter((name) => {
    const number = Number.parseInt(name, 10);
    return (name.endsWith(".ldb") && !tables.has(number)) || (name.endsWith(".log") && number < logNumber);
  });
}

/**
 * Whether a sorted file still has a span of when this began. A compaction drops it as it drops all that was removed, unless somebody
 * reads who began before it was written: then whatever they may ask for was kept as well.
 * @param began number of the last write of then
 */
function keepsSpan({ spans }: ManifestState, last: Uint8Array, began: number): boolean {
  return [...spans.values()].some(({ last: { key, sequence } }) => sequence <= began && equal(key, last));
}
