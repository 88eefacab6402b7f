/**
 * A LevelDB folder into a backup, while its service goes on. Sorted files are copied first, with pauses; those that a compaction took away
 * meanwhile are not missed, since a newer state names others, of which there are fewer each time.
 */

import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tablePath } from "../store/leveldb/folder.ts";
import { findBadRanges } from "../store/leveldb/tables/table.ts";
import { DamagedStoreError } from "../store/store.ts";
import type { BackupPlace } from "./backup-place.ts";
import { type Captured, capture } from "./capture.ts";
import type { BackedFile } from "./point.ts";

export type CopyOptions = {
  readonly to: BackupPlace;
  /** Name of the folder in the data folder. */
  readonly as: "store" | "keyring";
  readonly onProgress: (done: number, all: number) => void;
};

type Copied = { readonly file: BackedFile; readonly identity: string };

/** A store that writes faster than it can be copied, so many times over. */
const ROUNDS_MAX = 50;
/** A backup takes as long to rest as to work, so that others have the disk. */
const PAUSE_MAX_MS = 1000;

/** More was written meanwhile than could be copied. */
class BackupUnsettledError extends Error {
  override readonly name = "BackupUnsettledError";
  readonly code = "backup_unsettled";
}

/**
 * Copies all that a folder holds at a moment after this was called.
 * @throws DamagedStoreError when a file of it is not as it was written, BackupUnsettledError, FileRefusedError
 */
export async function copyDatabase(directory: string, options: CopyOptions): Promise<BackedFile[]> {
  const { to, as } = options;
  const tables = new Map<number, Copied>();
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const captured = await capture(directory);
    if (!(await copyTables(captured, tables, { ...options, isPaced: round === 1 }))) continue;
    const files: BackedFile[] = [];
    for (const number of captured.tables.keys()) files.push((tables.get(number) as Copied).file);
    for (const { name, bytes } of captured.files) files.push(await to.put(`${as}/${name}`, bytes));
    return files;
  }
  throw new BackupUnsettledError(
    `expected to copy the files of ${directory} before they were gone, ${ROUNDS_MAX} times; try again when less is written, or to a faster disk`,
  );
}

/** @returns whether every one was there */
async function copyTables(
  captured: Captured,
  tables: Map<number, Copied>,
  { to, as, onProgress, isPaced }: CopyOptions & { readonly isPaced: boolean },
): Promise<boolean> {
  let done = 0;
  let isWhole = true;
  for (const [number, size] of captured.tables) {
    const began = performance.now();
    const path = tablePath(captured.directory, number);
    try {
      if (tables.get(number)?.identity !== (await identityOf(path))) {
        const { bytes, identity } = await readTable(path, size);
        tables.set(number, { file: await to.put(`${as}/${basename(path)}`, bytes, path), identity });
        if (isPaced) await delay(Math.min(performance.now() - began, PAUSE_MAX_MS));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      isWhole = false;
    }
    onProgress(++done, captured.tables.size);
  }
  return isWhole;
}

/** Every checksum in it is verified: what is damaged already is no backup. */
async function readTable(path: string, size: number): Promise<{ bytes: Uint8Array; identity: string }> {
  const file = await open(path, "r");
  try {
    const identity = spell(await file.stat({ bigint: true }));
    const bytes = await file.readFile();
    if (bytes.length !== size)
      throw new DamagedStoreError(`expected the sorted file ${path} of ${size} bytes, got ${bytes.length}`);
    const [bad] = findBadRanges(bytes);
    if (bad !== undefined)
      throw new DamagedStoreError(`${path} is damaged: ${bad.why}; \`holdfast audit\` tells what is in it`);
    return { bytes, identity };
  } finally {
    await file.close();
  }
}

/** A number is used again where an opening was put back. */
async function identityOf(path: string): Promise<string> {
  return spell(await stat(path, { bigint: true }));
}

function spell({ dev, ino, size, mtimeNs }: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return [dev, ino, size, mtimeNs].join(" ");
}
