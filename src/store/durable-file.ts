/**
 * Files and folders beside the store: a file is replaced so that a crash leaves the old one or the new one, and what the
 * system refuses is told with the path and a way out.
 */

import { constants } from "node:fs";
import * as nodeFiles from "node:fs/promises";
import { chmod, type FileHandle, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The system refuses what is asked of a file or a folder. */
export class FileRefusedError extends Error {
  override readonly name = "FileRefusedError";
  readonly code = "file_refused";
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: "let the user who runs this read and write there",
  EPERM: "let the user who runs this read and write there",
  EROFS: "the disk is mounted for reading only; mount it for writing, or name another place",
  ENOSPC: "the disk is full; make room",
  EDQUOT: "the quota is used up; make room",
  EISDIR: "a folder is in the file's place; move it away",
  ENOTDIR: "a file is in a folder's place; move it away, or name another place",
  EEXIST: "a file is in the folder's place; move it away, or name another place",
  ENOENT: "nothing can be made there; name another place",
};

/**
 * Does something with a path.
 * @param what as in "expected to read …"
 * @throws FileRefusedError in the place of what the system says, with what to do
 */
export async function withWayOut<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || cause instanceof FileRefusedError) throw cause;
    const wayOut = WAYS_OUT[code];
    const hint = `: ${wayOut ?? "look at the system's log, the disk and the limit of open files"}, then try again`;
    throw new FileRefusedError(`expected to ${what} ${path}, got ${code}${hint}`, { cause });
  }
}

/**
 * Makes a folder, and those that it lies in. Node's own `recursive` goes round for ever where the system makes nothing,
 * as under /proc.
 * @throws FileRefusedError
 */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  await withWayOut("make the folder", path, () => makeWithParents(path, mode));
}

async function makeWithParents(path: string, mode: number): Promise<void> {
  if (await isMade(path, mode)) return;
  await makeWithParents(dirname(path), mode);
  if (!(await isMade(path, mode))) throw Object.assign(new Error("nothing can be made there"), { code: "ENOENT" });
}

/** @returns false when what it would lie in is not there */
async function isMade(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return true;
    throw error;
  }
}

/** Replaces a file so that after a crash it is either the old one or the new one. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  return replaceFileWith(path, (file) => file.writeFile(content), mode);
}

/** {@link replaceFile} with what `write` puts into it; nothing of it stays when that fails. */
export async function replaceFileWith(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  mode = 0o600,
): Promise<void> {
  await putFile(path, write, { mode });
  // A folder of Windows cannot be opened as a file.
  if (process.platform !== "win32") await syncFolder(dirname(path));
}

/** As "w", but not through a link that somebody put there; Windows knows no such flag. */
const ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);

/** What of node:fs/promises a replacement uses, so that a test can let any step of it fail. */
export type ReplacingFiles = Pick<typeof nodeFiles, "open" | "rename" | "rm">;

/**
 * Puts a whole file in the place of another. It is durable when the folder is synced as well ({@link syncFolder}), which
 * serves for several files at once.
 */
export async function putFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  { mode = 0o600, files = nodeFiles }: { readonly mode?: number; readonly files?: ReplacingFiles },
): Promise<void> {
  const draft = `${path}.new`;
  const file = await files.open(draft, ANEW, mode);
  try {
    // One that a crash left behind has the mode that it had.
    await file.chmod(mode);
    await write(file);
    await file.sync();
  } catch (error) {
    // On a full disk it would keep the room that others need.
    await files.rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await files.rename(draft, path);
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string, files: Pick<typeof nodeFiles, "open"> = nodeFiles): Promise<void> {
  const folder = await files.open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether there is something at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Takes a folder that an earlier version left open away from others, if it is there and ours. */
export async function closeToOthers(path: string): Promise<void> {
  try {
    const { mode, uid } = await stat(path);
    if ((mode & 0o077) !== 0 && uid === process.getuid?.()) await chmod(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
