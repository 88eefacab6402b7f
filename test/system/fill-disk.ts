/** Fills a disk that is small, to see what becomes of who writes to it. */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What fills it; gone, there is room again. */
export const FILLER = "filler";

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
