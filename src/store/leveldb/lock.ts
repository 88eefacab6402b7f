/**
 * One process at a time: the lock of a folder that LevelDB opens, taken before anything in it is looked at. It is the lock of
 * an empty database beside it, so that the system frees it when a process dies, in whatever way.
 */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { StoreLockedError } from "../store.ts";
import { notOpened } from "./failed.ts";

export class FolderLock {
  readonly #db: Level;

  private constructor(db: Level) {
    this.#db = db;
  }

  /** @throws StoreLockedError when another process, or another part of this one, has it */
  static async take(directory: string): Promise<FolderLock> {
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

async function openLock(folder: string): Promise<Level> {
  const db = new Level(folder, { writeBufferSize: 64 * 1024 });
  try {
    await db.open();
  } catch (error) {
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  }
  return db;
}
