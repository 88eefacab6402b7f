/**
 * Looks at LevelDB's folder before LevelDB does. CURRENT names the manifest, which names the sorted files; without it
 * LevelDB takes the folder for a new one, and deletes every sorted file that it finds there.
 */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DamagedStoreError } from "./store.ts";

/**
 * Looks for what a new folder does not have.
 * @throws DamagedStoreError when CURRENT is missing from a folder that holds data
 */
export async function checkFolder(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (names.includes("CURRENT")) return;
  for (const name of names.filter((each) => /^\d+\.(?:ldb|sst|log)$/.test(each))) {
    if ((await stat(join(directory, name))).size === 0) continue;
    const message = `expected the file CURRENT in ${directory}, got ${name} without it; opening it would delete what is there`;
    throw new DamagedStoreError(`${message}: keep a copy of the folder, and bring back a whole copy of the store`);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
