/**
 * Makes a new database of everything in a folder that is as it was written, whatever else is damaged or missing; the folder
 * itself is only read. Sorted files and logs are read by ourselves, so that nothing passes whose checksum does not fit.
 *
 * Most keys are written once. Those that may be written again are few, and of them the newest version counts: they are held
 * until the end, deletions included. They are taken only from files that the manifest names: in others, which LevelDB had not
 * removed yet, is what was deleted meanwhile, and compaction has forgotten the deletion.
 */

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { filesIn, findManifest, tablePath } from "./folder.ts";
import { type LogRecord, salvageLog } from "./log-format.ts";
import type { ManifestState } from "./manifest.ts";
import { type BadRange, readTable } from "./tables/table.ts";
import { decodeBatch } from "./write-batch.ts";

/** What could not be kept, by file. */
export type Loss = { readonly path: string; readonly detail: string; readonly ranges: readonly BadRange[] };

export type Salvaged = {
  readonly losses: readonly Loss[];
  /** Whether a manifest tells which files count; else all do, and what was deleted may be back. */
  readonly isListed: boolean;
};

export type SalvageOptions = {
  /** Whether a key may be written again, so that its newest version has to be found. */
  readonly isRewritable: (key: Uint8Array) => boolean;
  /** Takes what is kept; called with at most a few thousand at a time. */
  readonly put: (kept: readonly Kept[]) => Promise<void>;
  readonly onProgress?: (done: number, all: number) => void;
};

export type Kept = { readonly key: Uint8Array; readonly value: Uint8Array };
type Version = { readonly key: Uint8Array; readonly sequence: number; readonly value: Uint8Array | undefined };

const CHUNK = 4096;

/** Reads all that can be kept of a folder; returns what cannot. @throws the file system's errors */
export async function salvage(directory: string, options: SalvageOptions): Promise<Salvaged> {
  const names = (await filesIn(directory)).filter((name) => /\.(ldb|log)$/.test(name)).sort();
  const manifest = await findManifest(directory);
  const losses = manifest === undefined ? [] : missingTables(directory, manifest, names);
  const newest = new Map<string, Version>();
  let chunk: Kept[] = [];
  const flush = async () => {
    await options.put(chunk);
    chunk = [];
  };
  for (const [i, name] of names.entries()) {
    const path = name.endsWith(".ldb") ? tablePath(directory, numberIn(name)) : join(directory, name);
    const isLive = manifest === undefined || isNamed(name, manifest);
    // Nothing is lost with a file that is of no use any more.
    for (const version of versionsIn(path, await readFile(path), isLive ? losses : [])) {
      const { key, value } = version;
      if (options.isRewritable(key)) {
        if (isLive) keepNewest(newest, version);
      } else if (value !== undefined) chunk.push({ key, value });
      if (chunk.length >= CHUNK) await flush();
    }
    options.onProgress?.(i + 1, names.length);
  }
  for (const { key, value } of newest.values()) {
    if (value !== undefined) chunk.push({ key, value });
    if (chunk.length >= CHUNK) await flush();
  }
  await flush();
  return { losses, isListed: manifest !== undefined };
}

function numberIn(name: string): number {
  return Number.parseInt(name, 10);
}

function isNamed(name: string, { tables, logNumber, previousLog }: ManifestState): boolean {
  const number = numberIn(name);
  return name.endsWith(".ldb") ? tables.has(number) : number >= logNumber || number === previousLog;
}

function missingTables(directory: string, { tables }: ManifestState, names: readonly string[]): Loss[] {
  const there = new Set(names.filter((name) => name.endsWith(".ldb")).map(numberIn));
  const missing = [...tables.keys()].filter((number) => !there.has(number));
  return missing.map((number) => {
    const path = tablePath(directory, number);
    const detail = `the sorted file ${basename(path)} is missing`;
    return { path, detail, ranges: [{ kind: "keys", after: undefined, upTo: undefined, why: detail }] };
  });
}

function versionsIn(path: string, bytes: Uint8Array, losses: Loss[]): Iterable<Version> {
  return path.endsWith(".ldb") ? versionsInTable(path, bytes, losses) : versionsInLog(path, bytes, losses);
}

function* versionsInTable(path: string, bytes: Uint8Array, losses: Loss[]): Generator<Version> {
  const ranges: BadRange[] = [];
  yield* readTable(bytes, ranges);
  if (ranges.length > 0)
    losses.push({ path, detail: `${ranges.length} blocks of ${basename(path)} are damaged`, ranges });
}

function* versionsInLog(path: string, bytes: Uint8Array, losses: Loss[]): Generator<Version> {
  const { records, lostBytes } = salvageLog(bytes);
  for (const record of records) yield* versionsInBatch(record);
  if (lostBytes === 0) return;
  losses.push({
    path,
    detail: `${lostBytes} bytes of ${basename(path)} are damaged or were never finished`,
    ranges: [],
  });
}

function* versionsInBatch({ bytes }: LogRecord): Generator<Version> {
  const { sequence, writes } = decodeBatch(bytes);
  for (const [i, { key, value }] of writes.entries()) yield { key, sequence: sequence + i, value };
}

function keepNewest(newest: Map<string, Version>, version: Version): void {
  const name = Buffer.from(version.key).toString("latin1");
  const before = newest.get(name);
  if (before !== undefined && before.sequence >= version.sequence) return;
  // A copy: the file that it lies in is let go.
  const value = version.value && Uint8Array.from(version.value);
  newest.set(name, { key: Uint8Array.from(version.key), sequence: version.sequence, value });
}
