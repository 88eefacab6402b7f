/**
 * What waits in a spool is personal data: its folder and files are their owner's alone, and no name in it leads anywhere else.
 * On Windows, whose rights are none of these, only links are refused. Why: docs/decisions/0194.
 */

import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { HoldfastError } from "../client/holdfast-error.ts";

const OTHERS = 0o077;
/** Neither through a link, nor waiting for whoever opens the other end of a pipe; Windows has none of these. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;

/** How a file is opened: to read it, to write all of it anew, or to write into what is there. */
const FLAGS = {
  read: constants.O_RDONLY,
  change: constants.O_RDWR | constants.O_CREAT,
  replace: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
} as const;

/** Makes a folder that nobody else can look into, or sees that the one that is there is. @throws HoldfastError spool_unsafe */
export async function openPrivateFolder(path: string): Promise<void> {
  if (!(await isThere(path))) await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const { uid, mode } = found;
  if (found.isSymbolicLink()) throw unsafe(path, "a link to another place", "name the folder that it leads to");
  if (!found.isDirectory()) throw unsafe(path, "something that is no folder", "name another");
  const me = process.geteuid?.();
  if (me === undefined) return;
  const wayOut = "name a folder in it that is not there yet, which is made with these rights";
  if (uid !== me) throw unsafe(path, `one of user ${uid}, and this is user ${me}`, wayOut);
  if ((mode & OTHERS) === 0) return;
  const got = `one that others can open (${(mode & 0o777).toString(8).padStart(4, "0")})`;
  throw unsafe(path, got, `run "chmod 700 ${path}", or ${wayOut}`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Opens a file that only its owner can read; one that was less is made so. @throws Error also of what is no plain file */
export async function openPrivateFile(path: string, how: keyof typeof FLAGS): Promise<FileHandle> {
  const handle = await open(path, FLAGS[how] | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ELOOP") throw unsafe(path, "a link to another place", "remove it");
    throw error;
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw unsafe(path, "something that is no file", "remove it");
    if (process.geteuid !== undefined && (stats.mode & OTHERS) !== 0) await handle.chmod(0o600);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function readPrivateFile(path: string): Promise<Buffer> {
  const handle = await openPrivateFile(path, "read");
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** @param isSynced whether the bytes are on the disk when this resolves */
export async function writePrivateFile(path: string, bytes: string | Buffer, isSynced: boolean): Promise<void> {
  const handle = await openPrivateFile(path, "replace");
  try {
    await handle.writeFile(bytes);
    if (isSynced) await handle.sync();
  } finally {
    await handle.close();
  }
}

function unsafe(path: string, got: string, wayOut: string): HoldfastError {
  const message = `expected in the spool ${path} what this user alone can open (0700), for events are personal data; got ${got}: ${wayOut}`;
  return new HoldfastError("spool_unsafe", message);
}
