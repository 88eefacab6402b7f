/** Reading neighbouring entries: together where they are whole, one by one where one of them is not, so that each is told. */

import { type PackedEntry, packEntry } from "../../entry/packed.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import { DamagedStoreError, type LedgerRecord, type Store } from "../../store/store.ts";
import { type FoundEntry, isEntry, type Stretch } from "../checks/check.ts";
import type { TilesCheck } from "../checks/tiles.ts";
import type { Digester } from "./digest.ts";

export type StretchSource = {
  readonly store: Store;
  readonly record: LedgerRecord;
  readonly digester: Digester;
};

/** Entries [from, to), which lie in one tile. */
export async function readStretch(
  { store, record, digester }: StretchSource,
  from: number,
  to: number,
): Promise<Omit<Stretch, "stored">> {
  const entries = await readEntries(store, record, from, to);
  const whole = entries.every(isEntry) ? entries : entries.map((found) => (isEntry(found) ? found : undefined));
  return { start: from, entries, digests: await digester.digest(whole as readonly (PackedEntry | undefined)[]) };
}

/** The leaf hashes that a tile has of entries [from, to), where it is full. */
export async function storedLeaves(tiles: TilesCheck, from: number, to: number): Promise<Uint8Array | undefined> {
  return to - from === TILE_WIDTH ? tiles.read(0, from / TILE_WIDTH) : undefined;
}

async function readEntries(store: Store, record: LedgerRecord, from: number, to: number): Promise<FoundEntry[]> {
  const all: PackedEntry[] = [];
  try {
    for await (const some of store.packedEntries(record.id, from, to)) all.push(...some);
    return all;
  } catch (error) {
    if (foundProblem(error) === undefined) throw error;
  }
  const found: FoundEntry[] = [];
  for (let index = from; index < to; index++) found.push(await readEntry(store, record, index));
  return found;
}

async function readEntry(store: Store, record: LedgerRecord, index: number): Promise<FoundEntry> {
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
function foundProblem(error: unknown): DamagedStoreError | undefined {
  if (error instanceof DamagedStoreError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  return code === "key_refused" ? new DamagedStoreError(message, { cause: error }) : undefined;
}
