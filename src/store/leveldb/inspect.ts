/**
 * Everything in a LevelDB folder that is not as it was written, each with where it is: for an audit, which changes nothing, and
 * for a start, which refuses what would be answered as absent.
 */

import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { DamagedStoreError } from "../store.ts";
import { filesIn, readFolder, tablePath } from "./folder.ts";
import type { ManifestState } from "./manifest.ts";
import { type BadRange, findBadRanges } from "./tables/table.ts";

/** Damage in a file; `ranges` of keys when it is in a sorted file. */
export type FileDamage = { readonly path: string; readonly detail: string; readonly ranges: readonly BadRange[] };

/** Told after each file; what it returns is waited for, and what it throws ends the looking. */
export type OnProgress = (done: number, all: number) => void | Promise<void>;

/** Looks at some sorted files, and gives what is wrong in the order of their numbers. */
export type InspectTables = (
  directory: string,
  numbers: readonly number[],
  onProgress?: OnProgress,
) => Promise<FileDamage[]>;

/**
 * Looks at every file; empty when all of it is as it was written.
 * @param inspect who looks at the sorted files @throws the file system's errors
 */
export async function inspectFolder(
  directory: string,
  onProgress?: OnProgress,
  inspect: InspectTables = inspectTables,
): Promise<FileDamage[]> {
  let state: Awaited<ReturnType<typeof readFolder>>;
  try {
    state = await readFolder(directory);
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
    // The sorted files are looked at all the same, so that one report tells everything.
    const found = await inspect(directory, await tableNumbers(directory), onProgress);
    return [{ path: directory, detail: error.message, ranges: [] }, ...found];
  }
  return state === undefined ? [] : inspect(directory, [...state.manifest.tables.keys()], onProgress);
}

/** Looks at the newest sorted files, up to a number of bytes. */
export async function inspectNewest(
  directory: string,
  { tables }: ManifestState,
  bytesMax: number,
): Promise<FileDamage[]> {
  const chosen: number[] = [];
  let bytes = 0;
  for (const [number, size] of [...tables].sort(([a], [b]) => b - a)) {
    bytes += size;
    if (bytes > bytesMax) break;
    chosen.push(number);
  }
  return inspectTables(directory, chosen);
}

/** Looks at some sorted files, one after the other. */
export async function inspectTables(
  directory: string,
  numbers: readonly number[],
  onProgress?: OnProgress,
): Promise<FileDamage[]> {
  const found: FileDamage[] = [];
  for (const [i, number] of numbers.entries()) {
    const path = tablePath(directory, number);
    const file = await readUnlessGone(path);
    const ranges = file === undefined ? [] : findBadRanges(file);
    if (ranges.length > 0) found.push({ path, detail: `${path} is damaged: ${ranges[0]?.why}`, ranges });
    await onProgress?.(i + 1, numbers.length);
    // Each takes some milliseconds; others have their turn between two.
    await setImmediate();
  }
  return found;
}

/** Whoever looks at an open database may find that a file was compacted away meanwhile. */
async function readUnlessGone(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function tableNumbers(directory: string): Promise<number[]> {
  return (await filesIn(directory)).filter((name) => name.endsWith(".ldb")).map((name) => Number.parseInt(name, 10));
}
