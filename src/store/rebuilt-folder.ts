/**
 * Folders beside a store that we make ourselves, out of it: where one of them is left by a process that was killed, the next
 * start clears it away. A file beside each tells it from one that somebody put there.
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { exists, FileRefusedError, syncFolder } from "./durable-file.ts";

/** Names behind that of the store where a start, and `holdfast recover`, make one anew. */
export const REBUILT = ".rebuilt";
export const RECOVERED = ".recovered";
const MADE = ".made";
/** What openings leave beside a folder. */
const BESIDE = [".lock", ".keeping", ".kept", ".gone", ".next", ".asked", ".room"];

/**
 * Makes an empty folder in which a store is made anew.
 * @throws FileRefusedError when there is one that somebody else made
 */
export async function makeRebuilt(folder: string): Promise<void> {
  await removeRebuilt(folder);
  if (await exists(folder)) {
    const got = `got one that is not ours; nothing in it was changed: move it elsewhere, then try again`;
    throw new FileRefusedError(`expected no folder at ${folder}, where a store is made anew, ${got}`);
  }
  for (const end of BESIDE) await rm(folder + end, { recursive: true, force: true });
  await writeFile(folder + MADE, "The folder of this name is made by holdfast, and may be removed.\n", { mode: 0o600 });
  await syncFolder(dirname(folder));
  await mkdir(folder, { mode: 0o700 });
}

/** Removes a folder that {@link makeRebuilt} made, with what is left beside it; others stay. */
export async function removeRebuilt(folder: string): Promise<void> {
  if (!(await exists(folder + MADE))) return;
  for (const end of ["", ...BESIDE, MADE]) await rm(folder + end, { recursive: true, force: true });
}

/** Clears away what a killed start or recovery left beside a store; the caller holds its lock. */
export async function clearLeftovers(store: string): Promise<void> {
  for (const name of [REBUILT, RECOVERED]) await removeRebuilt(store + name);
  for (const end of [".room", ".asked"]) await rm(store + end, { recursive: true, force: true });
}
