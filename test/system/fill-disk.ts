/** Fills a disk that is small, to see what becomes of who writes to it. */

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What fills it; gone, there is room again. */
export const FILLER = "filler";

const SIZE = "120m";

/** Mounts a small file system in memory. @returns what takes it away again */
export function mountSmall(folder: string): () => void {
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "holdfast-kills", folder]);
  if (mounted.status !== 0) throw new Error(`expected to mount a tmpfs, got: ${mounted.stderr}`);
  return () => void spawnSync("umount", ["-l", folder]);
}

/** Fills what is left of the disk that a folder is on, to the last byte. */
export function fillUp(folder: string): void {
  const file = openSync(join(folder, FILLER), "a");
  try {
    for (const size of [1024 * 1024, 64 * 1024, 4096, 1]) {
      while (writeSync(file, Buffer.alloc(size)) === size);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}
