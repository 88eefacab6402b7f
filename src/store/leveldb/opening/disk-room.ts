/** Whether a disk takes what opening a database writes: tried out before one that can still be read is closed; and how full it is, in words. */

import { randomBytes } from "node:crypto";
import { statfsSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "../folder.ts";

/** A sorted file, a manifest and a log are begun besides what the logs hold. */
const SLACK_BYTES = 8 * 1024 * 1024;
/** Random, since some file systems store nothing for zeros. */
const PIECE = randomBytes(1024 * 1024);

/** Writes, syncs and removes a file as large as what opening will write. @throws the file system's error */
export async function requireRoom(directory: string): Promise<void> {
  let needed = SLACK_BYTES;
  for (const name of await filesIn(directory)) {
    if (!name.endsWith(".ldb")) needed += (await stat(join(directory, name))).size;
  }
  const path = `${directory}.room`;
  try {
    const file = await open(path, "w", 0o600);
    try {
      for (let done = 0; done < needed; done += PIECE.length) await file.write(PIECE);
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

/** What a full disk says, of itself or through LevelDB. */
const FULL = /ENOSPC|EDQUOT|no space left|quota exceeded/i;

/** That a disk is full or was, how much room is left and how much is needed; undefined when something else failed. No path: anybody may read it. */
export function describeFullDisk(directory: string, cause: unknown): string | undefined {
  const { code = "", message = "" } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (!FULL.test(`${code} ${message}`)) return undefined;
  const free = freeIn(directory);
  if (free === undefined) return `the disk with the data is full: at least ${megabytes(SLACK_BYTES)} are needed`;
  if (free > SLACK_BYTES) return `the disk with the data was full, and ${megabytes(free)} are free now`;
  return `the disk with the data is full: ${megabytes(free)} are free, at least ${megabytes(SLACK_BYTES)} are needed`;
}

/** Bytes that anybody may still write; undefined where the disk does not even say that. */
function freeIn(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
