/**
 * Opening a LevelDB folder as a transaction. LevelDB ignores an error while it reads its log, goes on with what it has, and
 * deletes the log: one passing EIO would take acknowledged entries along. So every file is kept until the opened database
 * is seen to hold what the files held:
 *
 *   put back ─▶ read ─▶ keep (hard links in NAME.kept) ─▶ LevelDB opens ─▶ compare ─▶ let go (rename to NAME.gone, remove)
 *      ▲                                                        │ it failed, or holds less
 *      └──────────────── NAME.kept takes the folder's place ◀───┘
 *
 * Nobody writes before the comparison, so whatever ends the process on the way, putting back loses nothing. The caller holds
 * the lock of the folder (lock.ts), since LevelDB's own begins only when it opens.
 * Why: docs/decisions/0085.
 */

import { equal } from "../../../merkle/bytes.ts";
import { StoreLockedError } from "../../store.ts";
import { type FolderState, readFolder, readOpening } from "../folder.ts";
import { type BatchWrite, decodeBatch } from "../write-batch.ts";
import { LOOK, notOpened, OpeningFailedError } from "./open-errors.ts";
import { keep, letGo, putBack } from "./restore-kept.ts";

/** What has to be asked of a database to compare it with its files. */
export interface OpenedDatabase {
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  close(): Promise<void>;
}

/** A database that was opened, and the number of the last write in it. */
export type OpenedStore<T> = { readonly database: T; readonly lastSequence: number; readonly tornBytes: number };

/** An opening that meets a passing error is tried again. */
const ATTEMPTS = 3;
const PAUSE_MS = 50;
/** Keys asked at once. */
const CHUNK = 1000;
/**
 * Opens a folder, trying again where an error may pass.
 * @throws DamagedStoreError when its files are not as they were written, StoreLockedError when somebody else has it open,
 *   OpeningFailedError when LevelDB finds less than they hold, each time
 */
export async function openSafely<T extends OpenedDatabase>(
  directory: string,
  openDatabase: () => Promise<T>,
): Promise<OpenedStore<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(directory, openDatabase);
    } catch (error) {
      if (error instanceof StoreLockedError) throw error;
      if (attempt === ATTEMPTS) throw isFileError(error) ? notOpened(directory, error) : error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

async function openOnce<T extends OpenedDatabase>(
  directory: string,
  openDatabase: () => Promise<T>,
): Promise<OpenedStore<T>> {
  await putBack(directory);
  const held = await readFolder(directory);
  if (held === undefined) return { database: await openDatabase(), lastSequence: 0, tornBytes: 0 };
  await keep(directory);
  let database: T | undefined;
  try {
    database = await openDatabase();
    await requireHeld(directory, database, held);
    await letGo(directory);
  } catch (cause) {
    await database?.close();
    // Whoever has it open goes on with these files: they are not ours to exchange, and LevelDB touched none of them.
    await (cause instanceof StoreLockedError ? letGo(directory) : putBack(directory));
    throw cause;
  }
  return { database, lastSequence: held.lastSequence, tornBytes: tornBytesOf(held) };
}

/** @throws OpeningFailedError unless the opened database holds what the manifest and the logs held */
async function requireHeld(directory: string, database: OpenedDatabase, held: FolderState): Promise<void> {
  const { found, opened } = await readOpening(directory);
  const lost = [...held.manifest.tables.keys()].find((number) => !found.tables.has(number));
  if (lost !== undefined) throw heldLess(directory, `the sorted file ${lost}`, "it left that out");
  // More than we read is as suspicious as less: then it was our reading that missed something.
  if (opened.lastSequence !== held.lastSequence) {
    throw heldLess(directory, `write ${held.lastSequence}`, `its last one is ${opened.lastSequence}`);
  }
  const writes = lastWrites(held);
  for (let from = 0; from < writes.length; from += CHUNK) {
    const chunk = writes.slice(from, from + CHUNK);
    const values = await database.getMany(chunk.map(({ key }) => key));
    const differing = chunk.findIndex(({ value }, i) => !isSame(value, values[i]));
    if (differing < 0) continue;
    throw heldLess(
      directory,
      "every write of its log",
      `write ${from + differing + 1} of ${writes.length} is not there`,
    );
  }
}

/** The last write of every key in the logs. */
function lastWrites({ logs }: FolderState): BatchWrite[] {
  const writes = new Map<string, BatchWrite>();
  for (const { records } of logs) {
    for (const { bytes } of records) {
      for (const write of decodeBatch(bytes).writes) writes.set(spell(write.key), write);
    }
  }
  return [...writes.values()];
}

function heldLess(directory: string, expected: string, got: string): OpeningFailedError {
  return new OpeningFailedError(
    `expected LevelDB to find ${expected} when it opened ${directory}, but ${got}; the folder was put back as it was. ` +
      LOOK,
  );
}

function tornBytesOf({ logs }: FolderState): number {
  return logs.reduce((sum, { end, bytes, wholeBytes }) => sum + (end === "torn" ? bytes - wholeBytes : 0), 0);
}

function isSame(expected: Uint8Array | undefined, got: Uint8Array | undefined): boolean {
  return expected === undefined || got === undefined ? expected === got : equal(expected, got);
}

/** A key as a key of a map. */
function spell(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
