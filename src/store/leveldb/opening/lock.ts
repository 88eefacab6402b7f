/**
 * One process at a time: the lock of a folder that LevelDB opens, taken before anything in it is looked at. It is the lock of
 * an empty database beside it, so that the system frees it when a process dies, in whatever way.
 */

import { access, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Level } from "level";
import { StoreLockedError } from "../../store.ts";
import { notOpened } from "./open-errors.ts";

export class FolderLock {
  readonly #db: Level;

  private constructor(db: Level) {
    this.#db = db;
  }

  /** @throws StoreLockedError when another process, or another part of this one, has it */
  static async take(directory: string): Promise<FolderLock> {
    const lock = await FolderLock.#takeBeside(directory);
    try {
      await requireUnopened(directory);
    } catch (error) {
      await lock.free();
      throw error;
    }
    return lock;
  }

  static async #takeBeside(directory: string): Promise<FolderLock> {
    const folder = `${directory}.lock`;
    try {
      return new FolderLock(await openLock(folder));
    } catch (cause) {
      if (isLocked(cause)) throw lockedError(directory, cause);
      // It holds nothing, so that a damaged one is made again; the file that is the lock itself stays.
      const names = await readdir(folder).catch(() => {
        throw cause;
      });
      for (const name of names) if (name !== "LOCK") await rm(join(folder, name));
    }
    try {
      return new FolderLock(await openLock(folder));
    } catch (cause) {
      if (isLocked(cause)) throw lockedError(directory, cause);
      throw notOpened(folder, cause as Error);
    }
  }

  async free(): Promise<void> {
    await this.#db.close();
  }
}

/** Whether LevelDB says that somebody else has a folder open: any failure at the lock has that code, so its words tell. */
export function isLocked(error: unknown): boolean {
  const { code, message, cause } = error as Error & { readonly code?: unknown };
  if (code !== "LEVEL_LOCKED") return cause instanceof Error && isLocked(cause);
  return /already held by process|temporarily unavailable/.test(message);
}

export function lockedError(directory: string, cause: unknown): StoreLockedError {
  const message = `expected to be alone with the store in ${directory}, but another process has it open; stop that one first`;
  return new StoreLockedError(message, { cause });
}

/**
 * Versions before this lock took only LevelDB's own, inside the folder: one that still runs would lose its files to us. It is
 * asked by way of a link, since opening the folder itself would change it.
 */
async function requireUnopened(directory: string): Promise<void> {
  const asked = `${directory}.asked`;
  const own = resolve(directory, "LOCK");
  if (!(await isThere(own))) return;
  try {
    await rm(asked, { recursive: true, force: true });
    await mkdir(asked, { mode: 0o700 });
    // Where there are no links, LevelDB itself refuses, later.
    if (!(await isLinked(own, join(asked, "LOCK")))) return;
    await (await openLock(asked)).close();
  } catch (cause) {
    if (isLocked(cause)) throw lockedError(directory, cause);
    throw notOpened(directory, cause as Error);
  } finally {
    await rm(asked, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isLinked(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if (["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return false;
    throw error;
  }
}

async function openLock(folder: string): Promise<Level> {
  const db = new Level(folder, { writeBufferSize: 64 * 1024 });
  try {
    await db.open();
  } catch (error) {
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  }
  return db;
}
