/**
 * A folder to look at: links to the files of a LevelDB folder, in the system's temporary one. LevelDB changes a folder when it
 * opens it, even to read; here it replaces links and adds files of its own, and what is looked at stays as it is, also where it
 * cannot be written to.
 */

import { access, constants, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { filesIn } from "./folder.ts";

export type View = { readonly directory: string; readonly dispose: () => Promise<void> };

/**
 * Makes a view of a folder. Where its lock can be reached it is shared, so that a database that somebody has open is refused.
 * @param files the folder that has its files, where a start that was killed left them in another one
 * @throws the file system's errors
 */
export async function openView(directory: string, files = directory): Promise<View> {
  const place = await mkdtemp(join(tmpdir(), "holdfast-view-"));
  const view = join(place, "store");
  const dispose = () => rm(place, { recursive: true, force: true });
  try {
    await linkAll(resolve(files), view, await filesIn(files));
    await linkLock(resolve(`${directory}.lock`), `${view}.lock`);
    await linkLock(resolve(directory), view);
    return { directory: view, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function linkAll(from: string, to: string, names: readonly string[]): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const name of names) await symlink(join(from, name), join(to, name));
}

/** Whoever may not write to the lock cannot take it, nor can they disturb. */
async function linkLock(from: string, to: string): Promise<void> {
  const lock = join(from, "LOCK");
  try {
    await access(lock, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (["ENOENT", "EACCES", "EROFS", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
    throw error;
  }
  await mkdir(to, { recursive: true, mode: 0o700 });
  await symlink(lock, join(to, "LOCK"));
}
