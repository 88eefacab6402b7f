/**
 * What an opening keeps of a folder until it is over (NAME.kept), and how a folder gets it back. Both have a file with the
 * name of that opening, so that a folder which somebody put there meanwhile is not taken for the one that was being opened.
 */

import { randomUUID } from "node:crypto";
import { copyFile, link, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists, syncFolder } from "../../durable-file.ts";
import { filesIn } from "../folder.ts";
import { AmbiguousFolderError } from "./open-errors.ts";

/** What file systems without hard links answer. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"];

/** Names the opening; LevelDB leaves it alone. */
const OPENING_FILE = "OPENING";
/** Behind the name of a file that is being copied. */
const PART = ".part";
/** What LevelDB puts into a folder besides the files that hold something. */
const NOTHING_HELD = /^(?:LOCK|LOG|LOG\.old|OPENING|\d+\.dbtmp|.*\.part)$/;

/**
 * Gives a folder back what an opening had kept that did not end.
 * @throws AmbiguousFolderError when the folder is not the one that was being opened: nothing is changed then
 */
export async function putBack(directory: string): Promise<void> {
  const kept = `${directory}.kept`;
  if (await exists(kept)) await requireSameOpening(directory, kept);
  await rm(`${directory}.keeping`, { recursive: true, force: true });
  await endReplacing(directory);
  if (await exists(kept)) {
    // The one that was to take its place may just have done so.
    await requireSameOpening(directory, kept);
    await rm(`${directory}.gone`, { recursive: true, force: true });
    if (await isElsewhere(directory)) {
      await fillAgain(directory, kept);
      await rename(kept, `${directory}.gone`);
    } else {
      if (await exists(directory)) await rename(directory, `${directory}.gone`);
      await rename(kept, directory);
    }
    await syncFolder(dirname(directory));
  }
  await rm(`${directory}.gone`, { recursive: true, force: true });
}

/**
 * The folder whose files the next opening will go on with, {@link putBack} done; nothing is changed.
 * @throws AmbiguousFolderError when that has to be said by a person
 */
export async function findStart(directory: string): Promise<string> {
  const kept = `${directory}.kept`;
  if (await exists(kept)) {
    await requireSameOpening(directory, kept);
    return kept;
  }
  const next = `${directory}.next`;
  return (await exists(directory)) || !(await exists(next)) ? directory : next;
}

/** Gives both folders the name of this opening. */
async function nameOpening(directory: string, keeping: string): Promise<void> {
  const path = join(keeping, OPENING_FILE);
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(randomUUID());
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(join(directory, OPENING_FILE), { force: true });
  await linkOrCopy(path, join(directory, OPENING_FILE));
  await syncFolder(directory);
}

async function requireSameOpening(directory: string, kept: string): Promise<void> {
  if (!(await exists(directory))) return;
  if ((await readdir(directory)).every((name) => NOTHING_HELD.test(name))) return;
  const [expected, got] = await Promise.all([openingOf(kept), openingOf(directory)]);
  if (expected === undefined || expected !== got || (await hasForeignFile(directory, kept)))
    throw new AmbiguousFolderError(directory, kept);
}

async function openingOf(directory: string): Promise<string | undefined> {
  return readFile(join(directory, OPENING_FILE), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Whether there is a file that LevelDB did not leave as it was, nor made when it opened the folder: then with a higher number. */
async function hasForeignFile(directory: string, kept: string): Promise<boolean> {
  const before = await filesIn(kept);
  const newest = Math.max(...before.map(numberIn));
  for (const name of await filesIn(directory)) {
    if (name === "CURRENT") continue;
    if (!before.includes(name)) {
      if (numberIn(name) <= newest) return true;
    } else if ((await stat(join(directory, name))).size !== (await stat(join(kept, name))).size) return true;
  }
  return false;
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}

/** Whether a folder is a link or a mount: to exchange it would take the store to another disk, or cannot be done. */
async function isElsewhere(directory: string): Promise<boolean> {
  if (!(await exists(directory))) return false;
  if ((await lstat(directory)).isSymbolicLink()) return true;
  return (await stat(directory)).dev !== (await stat(dirname(directory))).dev;
}

/** If we crash on the way, what was kept is still there, and the next opening does it all again. */
async function fillAgain(directory: string, kept: string): Promise<void> {
  for (const name of await filesIn(directory)) await rm(join(directory, name));
  for (const name of await readdir(directory)) if (name.endsWith(PART)) await rm(join(directory, name));
  for (const name of await filesIn(kept)) await linkOrCopy(join(kept, name), join(directory, name));
  await syncFolder(directory);
}

/**
 * Lets a whole folder take the place of another one, which gets another name. Whatever ends the process on the way, the next
 * opening finds the one or the other.
 */
export async function replaceFolder(next: string, directory: string, former: string): Promise<void> {
  await putBack(directory);
  await rename(next, `${directory}.next`);
  await rename(directory, former);
  await endReplacing(directory);
}

/** Without a folder, LevelDB would begin an empty one, and nobody would notice that another was meant. */
async function endReplacing(directory: string): Promise<void> {
  const next = `${directory}.next`;
  if (!(await exists(next))) return;
  if (await exists(directory)) await rm(next, { recursive: true, force: true });
  else await rename(next, directory);
  await syncFolder(dirname(directory));
}

/** LevelDB appends to no file that an earlier process left, so links keep them as they are. */
export async function keep(directory: string): Promise<void> {
  const keeping = `${directory}.keeping`;
  await mkdir(keeping, { mode: 0o700 });
  await nameOpening(directory, keeping);
  for (const name of await filesIn(directory)) await linkOrCopy(join(directory, name), join(keeping, name));
  await syncFolder(keeping);
  // If we crash before this, the folder was not touched; from here on it can be put back.
  await rename(keeping, `${directory}.kept`);
  await syncFolder(dirname(directory));
}

export async function letGo(directory: string): Promise<void> {
  // If we crash before this, the next opening begins again with what was kept: nothing was written meanwhile.
  await rename(`${directory}.kept`, `${directory}.gone`);
  await syncFolder(dirname(directory));
  // What is left of it is removed by the next opening.
  await rm(`${directory}.gone`, { recursive: true, force: true }).catch(() => undefined);
  await rm(join(directory, OPENING_FILE), { force: true }).catch(() => undefined);
}

/** A file system without hard links costs a copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // Whole or not there, as a link is.
    await copyFile(from, `${to}${PART}`);
    // A link has what was synced; a copy has nothing yet that outlives a power cut, and LevelDB deletes its model.
    await syncFile(`${to}${PART}`);
    await rename(`${to}${PART}`, to);
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
