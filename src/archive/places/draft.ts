/** Files of archives that are not whole yet: written, synced and digested, and gone when that fails. */

import { createHash, randomBytes } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, withWayOut } from "../../store/durable-file.ts";
import type { DraftFile } from "./archive-place.ts";

/** Hidden, and no name of an archive: nobody takes one for what it may become. */
const DRAFT = /^\.holdfast-[0-9a-f]{16}\.part$/;
/** A draft that was not written to for so long is of a run that was killed. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Writes a draft.
 * @throws whatever the bytes throw; FileRefusedError when the disk takes no more: then nothing of it stays
 */
export async function writeDraft(folder: string, bytes: AsyncIterable<Uint8Array>): Promise<DraftFile> {
  await makeFolder(folder);
  await removeStale(folder);
  const path = join(folder, `.holdfast-${randomBytes(8).toString("hex")}.part`);
  try {
    return await write(path, bytes);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<DraftFile> {
  // What the bytes throw is no fault of the file.
  const writing = <T>(work: () => Promise<T>) => withWayOut("write", path, work);
  const file = await writing(() => open(path, "wx", 0o600));
  const digest = createHash("sha256");
  let length = 0;
  try {
    for await (const piece of bytes) {
      digest.update(piece);
      length += piece.length;
      for (let at = 0; at < piece.length; ) at += (await writing(() => file.write(piece, at))).bytesWritten;
    }
    await writing(() => file.sync());
  } finally {
    await file.close();
  }
  return { path, bytes: length, sha256: digest.digest("hex") };
}

/** SHA-256 of bytes as they come, in hex. */
export async function sha256Of(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash("sha256");
  for await (const piece of bytes) digest.update(piece);
  return digest.digest("hex");
}

async function removeStale(folder: string): Promise<void> {
  for (const path of await draftsIn(folder)) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
  }
}

/** Removes every draft, of whatever age: whoever writes one has to begin again. */
export async function removeDrafts(folder: string): Promise<void> {
  for (const path of await draftsIn(folder)) await rm(path, { force: true });
}

async function draftsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => DRAFT.test(name)).map((name) => join(folder, name));
}
