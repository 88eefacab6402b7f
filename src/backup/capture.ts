/**
 * What a LevelDB folder holds at one moment, while somebody may be writing to it. Sorted files never change, so that their names are enough;
 * the manifest that names them, and the logs of what came after, are read, and count when the manifest was the same before and after.
 * Nothing is changed, and no lock is taken.
 * Why: docs/decisions/0211.
 */

import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { filesIn } from "../store/leveldb/folder.ts";
import { readLog } from "../store/leveldb/log-format.ts";
import { applyEdits, type ManifestState } from "../store/leveldb/manifest.ts";
import { findStart } from "../store/leveldb/opening/restore-kept.ts";
import { DamagedStoreError } from "../store/store.ts";

/** A file that was read, by the name it has in the folder. */
export type ReadFile = { readonly name: string; readonly bytes: Uint8Array };

export type Captured = {
  /** Where its sorted files are. */
  readonly directory: string;
  /** Numbers of the sorted files, with their sizes. */
  readonly tables: ReadonlyMap<number, number>;
  /** CURRENT, the manifest, and the logs, each as far as it is whole and on the disk. */
  readonly files: readonly ReadFile[];
};

const ATTEMPTS = 100;
const PAUSE_MS = 50;
/** What systems answer that cannot make durable what was opened for reading. */
const NO_SYNC = ["EBADF", "EINVAL", "EPERM", "EROFS"];

/**
 * Captures a folder.
 * @throws DamagedStoreError when its files are not as they were written; the file system's errors
 */
export async function capture(directory: string): Promise<Captured> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await captureOnce(await findStart(directory));
    } catch (error) {
      // A compaction, or an opening, takes files away and puts others there; what stays so is no compaction.
      if (!isMoving(error) || attempt >= ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
  }
}

function isMoving(error: unknown): boolean {
  return error instanceof DamagedStoreError || (error as NodeJS.ErrnoException).code === "ENOENT";
}

async function captureOnce(directory: string): Promise<Captured> {
  const { files, state } = await readState(directory);
  const logs: ReadFile[] = [];
  for (const name of await logsOf(directory, state)) logs.push(await readLogFile(directory, name));
  const after = await readState(directory);
  const isSame = files.every(({ bytes }, i) => Buffer.compare(bytes, (after.files[i] as ReadFile).bytes) === 0);
  if (!isSame)
    throw new DamagedStoreError(`expected ${directory} to be at rest for a moment, but its files change all the time`);
  return { directory, tables: state.tables, files: [...files, ...logs] };
}

async function readState(directory: string): Promise<{ files: readonly [ReadFile, ReadFile]; state: ManifestState }> {
  const current = await readFile(join(directory, "CURRENT"));
  const name = current.toString("latin1").trimEnd();
  if (!/^MANIFEST-\d+$/.test(name))
    throw new DamagedStoreError(`expected the name of a manifest in ${directory}/CURRENT`);
  const bytes = await readFile(join(directory, name));
  const { records, end, wholeBytes } = readLog(bytes);
  if (end === "damaged" || records.length === 0)
    throw new DamagedStoreError(
      `expected ${join(directory, name)} as it was written, got damage at byte ${wholeBytes}`,
    );
  try {
    const state = applyEdits(records.map((record) => record.bytes));
    return {
      files: [
        { name: "CURRENT", bytes: current },
        { name, bytes: bytes.subarray(0, wholeBytes) },
      ],
      state,
    };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DamagedStoreError(`expected ${join(directory, name)} as LevelDB writes it: ${cause.message}`, { cause });
  }
}

/** In the order of writing. A log that is begun after this holds nothing that was acknowledged before. */
async function logsOf(directory: string, { logNumber, previousLog }: ManifestState): Promise<string[]> {
  const numberIn = (name: string) => Number.parseInt(name, 10);
  const names = (await filesIn(directory)).filter((name) => name.endsWith(".log"));
  return names
    .filter((name) => numberIn(name) >= logNumber || numberIn(name) === previousLog)
    .sort((a, b) => numberIn(a) - numberIn(b));
}

/** What is read is made durable then: a copy must not know of a write that a power cut takes from its model. */
async function readLogFile(directory: string, name: string): Promise<ReadFile> {
  const file = await open(join(directory, name), "r");
  try {
    const bytes = await file.readFile();
    await file.sync().catch((error: NodeJS.ErrnoException) => {
      if (!NO_SYNC.includes(error.code ?? "")) throw error;
    });
    const { end, wholeBytes } = readLog(bytes);
    if (end === "damaged")
      throw new DamagedStoreError(
        `expected the log ${join(directory, name)} as it was written, got damage at byte ${wholeBytes}`,
      );
    return { name, bytes: bytes.subarray(0, wholeBytes) };
  } finally {
    await file.close();
  }
}
