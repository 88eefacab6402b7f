/** Reading neighbouring entries: together where they are whole, one by one where one of them is not, so that each is told. */

import { type PackedEntry, packEntry } from "../../entry/packed.ts";
import type { Hash } from "../../merkle/hash.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import { DamagedStoreError, type LedgerRecord, type Store } from "../../store/store.ts";
import type { Stretch } from "../checks/check.ts";
import type { TilesCheck } from "../checks/tiles.ts";
import { digestAll } from "./digest.ts";

export type StretchSource = {
  readonly store: Store;
  readonly record: LedgerRecord;
  readonly hash: Hash;
};

/** What was read, before it is known what the tile of it says. */
export type FoundStretch = Omit<Stretch, "stored">;

/** Reads entries [from, to) in stretches, in order, each of one tile; `from` is where a tile begins. */
export type ReadStretches = (from: number, to: number) => AsyncIterable<FoundStretch>;

/** In the thread of the caller, each when it is asked for. */
export function stretchesOf(source: StretchSource): ReadStretches {
  return async function* (from, to) {
    for (let start = from; start < to; start += TILE_WIDTH)
      yield await readStretch(source, start, Math.min(start + TILE_WIDTH, to));
  };
}

/** Entries [from, to), which lie in one tile. */
export async function readStretch(
  { store, record, hash }: StretchSource,
  from: number,
  to: number,
): Promise<FoundStretch> {
  const entries = await readEntries(store, record, from, to);
  const packed = entries.map((found) => (found instanceof Error ? undefined : found));
  return { start: from, entries, digests: digestAll(hash, packed), packed };
}

/** The leaf hashes that a tile has of entries [from, to), where it is full. */
export async function storedLeaves(tiles: TilesCheck, from: number, to: number): Promise<Uint8Array | undefined> {
  return to - from === TILE_WIDTH ? tiles.read(0, from / TILE_WIDTH) : undefined;
}

type ReadEntry = PackedEntry | DamagedStoreError | undefined;

async function readEntries(store: Store, record: LedgerRecord, from: number, to: number): Promise<ReadEntry[]> {
  const all: PackedEntry[] = [];
  try {
    for await (const some of store.packedEntries(record.id, from, to)) all.push(...some);
    return all;
  } catch (error) {
    if (foundProblem(error) === undefined) throw error;
  }
  const found: ReadEntry[] = [];
  for (let index = from; index < to; index++) found.push(await readEntry(store, record, index));
  return found;
}

/** One entry, or what is wrong with it; undefined where there is none. */
export async function readEntry(store: Store, record: LedgerRecord, index: number): Promise<ReadEntry> {
  try {
    const entry = await store.entry(record.id, index);
    return entry && packEntry(entry);
  } catch (error) {
    const problem = foundProblem(error);
    if (problem === undefined) throw error;
    return problem;
  }
}

/** What is a finding; a store that cannot be read, or a key that cannot be asked for, for now is none. */
export function foundProblem(error: unknown): DamagedStoreError | undefined {
  if (error instanceof DamagedStoreError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  return code === "key_refused" ? new DamagedStoreError(message, { cause: error }) : undefined;
}
