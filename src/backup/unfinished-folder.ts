/**
 * A data folder that is being made of a backup or of archives. All of it lies in one folder within until it is whole; the store takes its
 * place last, since without it there is nothing to be read. One that was killed is cleared away by the next.
 */

import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { exists, FileRefusedError, makeFolder, syncFolder } from "../store/durable-file.ts";

/** While it is there, all that is in the folder is of a restore that has not ended. */
const UNFINISHED = "restoring";
const STORE = "store";

/**
 * @returns the folder to make everything in
 * @throws FileRefusedError when there is something in it
 */
export async function beginFolder(into: string): Promise<string> {
  await clearUnfinished(into);
  const [name] = (await exists(into)) ? await readdir(into) : [];
  if (name !== undefined)
    throw new FileRefusedError(`expected a new folder or an empty one, got ${into} with ${name} in it`);
  const unfinished = join(into, UNFINISHED);
  await makeFolder(unfinished);
  return unfinished;
}

/** Gives each part its place, the store last. */
export async function settleFolder(into: string): Promise<void> {
  // Locks of folders are made anew by whoever opens them.
  const names = (await readdir(join(into, UNFINISHED))).filter((name) => !name.endsWith(".lock"));
  for (const name of [...names.filter((each) => each !== STORE), STORE]) {
    await rename(join(into, UNFINISHED, name), join(into, name));
  }
  if (process.platform !== "win32") await syncFolder(into);
}

/** Clears away what did not end: the folder was empty before it. */
export async function clearUnfinished(into: string): Promise<void> {
  const unfinished = join(into, UNFINISHED);
  if (!(await exists(unfinished))) return;
  const isWhole = await exists(join(into, STORE));
  const left = isWhole ? [] : (await readdir(into)).filter((name) => name !== UNFINISHED);
  for (const name of left) await rm(join(into, name), { recursive: true, force: true });
  await rm(unfinished, { recursive: true, force: true });
}
