/**
 * LevelDB's folder, read by ourselves before LevelDB opens it: what there is, and whether all of it is as it was written.
 * CURRENT names the manifest, the manifest names the sorted files and the oldest log that counts. Nothing is changed here.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DamagedStoreError } from "../store.ts";
import { type LogContents, readLog } from "./log-format.ts";
import { applyEdits, type ManifestState } from "./manifest.ts";
import { batchNumbers } from "./write-batch.ts";

/** What every message about damage ends with; the command shows what it would keep before it changes anything. */
export const WAY_OUT =
  "nothing was changed; `holdfast recover` shows what can be kept, or bring back a newer copy of the folder";

/** A log that counts, with its contents. */
export type LogFile = LogContents & { readonly number: number; readonly path: string; readonly bytes: number };

/** A folder whose manifest could be read. */
export type FolderState = {
  readonly manifest: ManifestState;
  /** In the order of writing. */
  readonly logs: readonly LogFile[];
  /** Number of the last write in the manifest and the whole part of the logs. */
  readonly lastSequence: number;
};

/** Where LevelDB keeps a sorted file. */
export function tablePath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(6, "0")}.ldb`);
}

/** Names of the files that belong to LevelDB, without the lock. */
export async function filesIn(directory: string): Promise<string[]> {
  const names = await namesIn(directory);
  return names.filter((name) => /^(?:\d+\.(?:log|ldb|sst)|MANIFEST-\d+|CURRENT)$/.test(name));
}

/**
 * Reads manifest and logs; undefined when the folder holds no database yet.
 * @throws DamagedStoreError when something is missing or is not as it was written, torn ends of logs apart
 */
export async function readFolder(directory: string): Promise<FolderState | undefined> {
  const names = await filesIn(directory);
  if (!names.includes("CURRENT")) {
    await requireEmpty(directory, names);
    return undefined;
  }
  const manifest = await readManifest(directory);
  await requireTables(directory, manifest);
  const logs = await readLogs(directory, names, manifest);
  for (const { path, end, wholeBytes } of logs) {
    if (end !== "damaged") continue;
    const expected = `expected the log ${path} as it was written, got damage at byte ${wholeBytes} with more behind it`;
    throw new DamagedStoreError(`${expected}: opening it would drop what came after; ${WAY_OUT}`);
  }
  return { manifest, logs, lastSequence: Math.max(manifest.lastSequence, ...logs.map(lastSequenceOf)) };
}

/** State that the manifest named by CURRENT leads to. @throws DamagedStoreError when it cannot be told */
export async function readManifest(directory: string): Promise<ManifestState> {
  const { path, edits } = await manifestEdits(directory);
  return decoded(path, () => applyEdits(edits));
}

/**
 * State that the opening found which made the manifest, and the number of the last write after it read the logs: the
 * first record of a manifest is a snapshot, the second what the opening added.
 */
export async function readOpening(directory: string): Promise<{ found: ManifestState; opened: ManifestState }> {
  const { path, edits } = await manifestEdits(directory);
  return decoded(path, () => ({ found: applyEdits(edits.slice(0, 1)), opened: applyEdits(edits.slice(0, 2)) }));
}

/** Logs that count, in the order of writing. */
export async function readLogs(
  directory: string,
  names: readonly string[],
  { logNumber, previousLog }: Pick<ManifestState, "logNumber" | "previousLog">,
): Promise<LogFile[]> {
  const numbers = names.flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []));
  const counting = numbers.filter((number) => number >= logNumber || number === previousLog).sort((a, b) => a - b);
  const logs: LogFile[] = [];
  for (const number of counting) {
    const path = join(directory, `${String(number).padStart(6, "0")}.log`);
    const bytes = await readWhole(path);
    const { records, end, wholeBytes } = readLog(bytes);
    logs.push({ number, path, bytes: bytes.length, records, end, wholeBytes });
  }
  return logs;
}

/** Number of the last write in the whole part of a log; 0 when there is none. */
function lastSequenceOf({ records, path }: LogFile): number {
  const last = records.at(-1);
  if (last === undefined) return 0;
  const { sequence, count } = decoded(path, () => batchNumbers(last.bytes));
  return sequence + count - 1;
}

async function manifestEdits(directory: string): Promise<{ path: string; edits: Uint8Array[] }> {
  const path = join(directory, await currentManifest(directory));
  return { path, edits: await editsIn(path) };
}

async function currentManifest(directory: string): Promise<string> {
  const current = join(directory, "CURRENT");
  const name = (await readWhole(current)).toString("latin1").replace(/\n$/, "");
  if (/^MANIFEST-\d+$/.test(name)) return name;
  throw new DamagedStoreError(`expected the name of a manifest in ${current}, got ${show(name)}; ${WAY_OUT}`);
}

async function editsIn(path: string): Promise<Uint8Array[]> {
  const bytes = await readWhole(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new DamagedStoreError(`expected the file ${path} that CURRENT names, got none; ${WAY_OUT}`, { cause });
  });
  const { records, end, wholeBytes } = readLog(bytes);
  if (end === "damaged" || records.length === 0) {
    throw new DamagedStoreError(`expected ${path} as it was written, got damage at byte ${wholeBytes}; ${WAY_OUT}`);
  }
  return records.map((record) => record.bytes);
}

/**
 * State of the manifest that CURRENT names, or of the newest one where CURRENT names none; undefined when that one cannot be
 * read. An older one would name files that are of no use any more.
 */
export async function findManifest(directory: string): Promise<ManifestState | undefined> {
  const names = (await filesIn(directory)).filter((name) => name.startsWith("MANIFEST"));
  const numberOf = (name: string) => Number(name.slice("MANIFEST-".length));
  const newest = names.sort((a, b) => numberOf(a) - numberOf(b)).at(-1);
  const isUnreadable = (error: NodeJS.ErrnoException) => error instanceof DamagedStoreError || error.code === "ENOENT";
  const name = await currentManifest(directory).catch((error: NodeJS.ErrnoException) => {
    if (isUnreadable(error)) return newest;
    throw error;
  });
  if (name === undefined) return undefined;
  const path = join(directory, name);
  try {
    const edits = await editsIn(path);
    return decoded(path, () => applyEdits(edits));
  } catch (error) {
    if (isUnreadable(error as Error)) return undefined;
    throw error;
  }
}

/** Sizes are compared too: a sorted file that was cut off would end the process, as LevelDB maps it into memory. */
async function requireTables(directory: string, { tables }: ManifestState): Promise<void> {
  for (const [number, size] of tables) {
    const path = tablePath(directory, number);
    const got = await sizeOf(path);
    if (got === size) continue;
    const what = got === undefined ? "none" : `${got} bytes`;
    throw new DamagedStoreError(`expected the sorted file ${path} of ${size} bytes, got ${what}; ${WAY_OUT}`);
  }
}

/** Without CURRENT, LevelDB takes a folder for a new one, and deletes every sorted file that it finds there. */
async function requireEmpty(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (name.startsWith("MANIFEST") || (await sizeOf(join(directory, name))) === 0) continue;
    const message = `expected the file CURRENT in ${directory}, got ${name} without it; opening it would delete what is there`;
    throw new DamagedStoreError(`${message}; ${WAY_OUT}`);
  }
}

/** Reads a file to its end: one read that ends early must not make it shorter than it is. */
async function readWhole(path: string): Promise<Buffer> {
  // Asked before: LevelDB may append to its manifest meanwhile.
  const size = (await sizeOf(path)) ?? 0;
  const bytes = await readFile(path);
  if (bytes.length < size) {
    throw new Error(`expected to read ${size} bytes of ${path}, got ${bytes.length}; nothing was changed: try again`);
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function decoded<T>(path: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DamagedStoreError(`expected ${path} as LevelDB writes it, got: ${cause.message}; ${WAY_OUT}`, { cause });
  }
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
