/** Whether a disk takes what opening a database writes: tried out before one that can still be read is closed. */

import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "./folder.ts";

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
