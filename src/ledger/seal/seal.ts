/**
 * Sealing: before a root goes to a chain, the entries since the last seal are read back from the store, their
 * members hashed again, and the root rebuilt by code that the append path does not share (second-tree.ts). Only a
 * checkpoint that both agree on is sealed. What is in memory is bounded: a chunk of entries and the frontier.
 * Why: docs/decisions/0033.
 */

import type { PackedEntry } from "../../entry/packed.ts";
import { readJson } from "../../json/read.ts";
import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { Turn } from "../../store/mutex.ts";
import { DamagedStoreError, type Store } from "../../store/store.ts";
import type { Ledger } from "../ledger.ts";
import { RebuildError, Rebuilder } from "./rebuilder.ts";

/** Entries [from, to). */
type Range = { readonly from: number; readonly to: number };

/** The store does not hold what the checkpoint says; nothing may be anchored. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly code = "seal_failed";
  /** First entry that differs, or may. */
  readonly from: number;
  /** Behind the last entry that differs, or may. */
  readonly to: number;

  constructor(message: string, range: Range, options?: ErrorOptions) {
    super(message, options);
    this.from = range.from;
    this.to = range.to;
  }
}

/** A checkpoint that was rebuilt from the store; entries from `from` on were read for it. */
export type Sealed = { readonly checkpoint: SignedCheckpoint; readonly from: number };

/** Where the last seal ended: derived data, kept so that the next need not begin at the first entry. */
type SealState = { readonly size: number; readonly root: Hex; readonly frontier: readonly Hex[] };

const SPACE = "seals";
const CHUNK_MAX = 1024;
const HASH_LENGTH = 32;
const TILE_WIDTH = 256;

/** Size and root of the last seal of a ledger; undefined when there is none that can be read. */
export async function sealedSize(store: Store, ledgerId: Hex): Promise<{ size: number; root: Hex } | undefined> {
  const state = await keptState(store, ledgerId);
  return state && { size: state.size, root: state.root };
}

/** It is derived, so that a damaged one is as good as none: the next seal begins at the first entry. */
async function keptState(store: Store, ledgerId: Hex): Promise<SealState | undefined> {
  try {
    return readState(await store.record(SPACE, ledgerId));
  } catch (error) {
    if (error instanceof DamagedStoreError) return undefined;
    throw error;
  }
}

export class Sealer {
  readonly #store: Store;
  readonly #rebuilder = new Rebuilder();
  readonly #turn = new Turn();

  constructor({ store }: { readonly store: Store }) {
    this.#store = store;
  }

  /**
   * Rebuilds the newest checkpoint of a ledger from the store; seals run one after the other.
   * @throws SealError when the store says something else, with the range of entries concerned
   * @throws DamagedStoreError while something of the ledger that was found damaged still is
   * @throws RangeError when the ledger is empty
   */
  seal(ledger: Ledger): Promise<Sealed> {
    return this.#turn.take(() => this.#seal(ledger));
  }

  /** Ends the thread; a seal under way fails. */
  close(): Promise<void> {
    return this.#rebuilder.close();
  }

  async #seal(ledger: Ledger): Promise<Sealed> {
    const checkpoint = ledger.head;
    if (checkpoint === undefined) throw new RangeError("expected a ledger with entries to seal, got an empty one");
    requireSignature(ledger, checkpoint);
    await ledger.settleDamage();
    const from = await this.#start(ledger, checkpoint);
    const edge = await this.#rebuild(ledger, from, checkpoint.size);
    const { root, frontier } = await this.#rebuilder.finish();
    if (toHex(root) !== checkpoint.root) throw await explain(ledger, { from, checkpoint, edge, root: toHex(root) });
    const state: SealState = { size: checkpoint.size, root: checkpoint.root, frontier: frontier.map(toHex) };
    const write = { space: SPACE, key: ledger.record.id, value: JSON.stringify(state) };
    await this.#store.writeRecords([write], { durable: true });
    return { checkpoint, from };
  }

  /** Puts the rebuilder where the last seal ended, if that can be trusted; gives the first entry to read. */
  async #start(ledger: Ledger, checkpoint: SignedCheckpoint): Promise<number> {
    const state = await keptState(this.#store, ledger.record.id);
    if (state !== undefined && (await this.#restores(state))) {
      await requireKnown(ledger, checkpoint, state);
      return state.size;
    }
    await this.#rebuilder.start(0, []);
    return 0;
  }

  /** Whether the frontier leads to the root it was kept with; a damaged one costs a rebuild from the first entry. */
  async #restores(state: SealState): Promise<boolean> {
    try {
      const frontier = state.frontier.map((hash) => fromHex(hash, HASH_LENGTH));
      return toHex((await this.#rebuilder.start(state.size, frontier)).root) === state.root;
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError || error instanceof RebuildError) return false;
      throw error;
    }
  }

  /** Reads entries [from, to) and rebuilds them; gives the leaf hashes that no full tile has. */
  async #rebuild(ledger: Ledger, from: number, to: number): Promise<{ from: number; leaves: Uint8Array }> {
    const edge: Uint8Array[] = [];
    const edgeFrom = Math.max(from, to - (to % TILE_WIDTH));
    for await (const { start, entries } of chunks(ledger, from, to)) {
      const leaves = await this.#leavesOf(ledger, start, entries);
      await compareTiles(ledger, start, leaves, to);
      if (start >= edgeFrom) edge.push(leaves);
    }
    return { from: edgeFrom, leaves: Buffer.concat(edge) };
  }

  /** Leaf hashes from the other hand, which alone reads the members. @throws SealError with the entry that cannot be read */
  async #leavesOf(ledger: Ledger, start: number, entries: readonly PackedEntry[]): Promise<Uint8Array> {
    try {
      return await this.#rebuilder.add(entries);
    } catch (error) {
      if (error instanceof RebuildError || error instanceof RangeError)
        await requireReadable(ledger, start, start + entries.length);
      throw error;
    }
  }
}

/** @throws SealError with the first of the entries [from, to) that cannot be read */
async function requireReadable(ledger: Ledger, from: number, to: number): Promise<void> {
  let at = from;
  try {
    for await (const _ of ledger.entries(from, to)) at++;
  } catch (cause) {
    throw unreadable(ledger, at, cause);
  }
}

function unreadable(ledger: Ledger, at: number, cause: unknown): unknown {
  if (!(cause instanceof DamagedStoreError)) return cause;
  const message = `ledger ${ledger.record.name}: entry ${at} cannot be read back: ${cause.message}`;
  return new SealError(message, { from: at, to: at + 1 }, { cause });
}

function requireSignature(ledger: Ledger, checkpoint: SignedCheckpoint): void {
  const { name, signer, formerSigners = [] } = ledger.record;
  const found = recoverSigner(checkpoint);
  if (found === signer || formerSigners.includes(found)) return;
  const message = `ledger ${name}: expected a signature of ${signer} on checkpoint ${checkpoint.size}, got one of ${found}`;
  throw new SealError(message, { from: 0, to: checkpoint.size });
}

/** The last seal must be part of this ledger: its size and its root are those of a checkpoint that is still there. */
async function requireKnown(ledger: Ledger, checkpoint: SignedCheckpoint, state: SealState): Promise<void> {
  const { name } = ledger.record;
  const range = { from: 0, to: state.size };
  if (state.size > checkpoint.size) {
    const message = `ledger ${name}: expected the ${state.size} entries that were sealed before, got ${checkpoint.size}`;
    throw new SealError(message, { from: checkpoint.size, to: state.size });
  }
  const known = await ledger.checkpoint(state.size);
  if (known?.root !== state.root) {
    const got = known === undefined ? "no such checkpoint" : known.root;
    throw new SealError(`ledger ${name}: expected the root ${state.root} sealed at ${state.size}, got ${got}`, range);
  }
  requireSignature(ledger, known);
}

type Chunk = { readonly start: number; readonly entries: readonly PackedEntry[] };

/** Entries [from, to) as they are stored, in perfect subtrees of at most 1024 entries. */
async function* chunks(ledger: Ledger, from: number, to: number): AsyncGenerator<Chunk> {
  let start = from;
  let width = chunkWidth(start, to);
  let entries: PackedEntry[] = [];
  try {
    for await (const some of ledger.packedEntries(from, to)) {
      for (const entry of some) {
        entries.push(entry);
        if (entries.length < width) continue;
        yield { start, entries };
        start += width;
        width = chunkWidth(start, to);
        entries = [];
      }
    }
  } catch (cause) {
    throw unreadable(ledger, start + entries.length, cause);
  }
}

function chunkWidth(start: number, to: number): number {
  let width = 1;
  while (width < CHUNK_MAX && start % (2 * width) === 0 && start + 2 * width <= to) width *= 2;
  return width;
}

/** Compares rebuilt leaf hashes with those of the full tiles, from which proofs are made. */
async function compareTiles(ledger: Ledger, start: number, leaves: Uint8Array, size: number): Promise<void> {
  const end = start + leaves.length / HASH_LENGTH;
  for (let n = Math.floor(start / TILE_WIDTH); n * TILE_WIDTH < end; n++) {
    const tileFrom = n * TILE_WIDTH;
    if (tileFrom + TILE_WIDTH > size) return;
    const from = Math.max(start, tileFrom);
    const to = Math.min(end, tileFrom + TILE_WIDTH);
    const tile = await ledger.tile(0, n);
    if (tile === undefined) {
      throw new SealError(`ledger ${ledger.record.name}: tile 0/${n} is missing`, { from: tileFrom, to });
    }
    const stored = tile.subarray((from - tileFrom) * HASH_LENGTH, (to - tileFrom) * HASH_LENGTH);
    const rebuilt = leaves.subarray((from - start) * HASH_LENGTH, (to - start) * HASH_LENGTH);
    const other = difference(from, stored, rebuilt);
    if (other !== undefined) throw leafError(ledger, other);
  }
}

/** From the first leaf hash that differs to behind the last; undefined when all are the same. */
function difference(from: number, stored: Uint8Array, rebuilt: Uint8Array): Range | undefined {
  if (Buffer.compare(stored, rebuilt) === 0) return undefined;
  const at = (hashes: Uint8Array, i: number) => hashes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
  const indexes = Array.from({ length: rebuilt.length / HASH_LENGTH }, (_, i) => i);
  const isOther = (i: number) => Buffer.compare(at(stored, i), at(rebuilt, i)) !== 0;
  return { from: from + indexes.findIndex(isOther), to: from + indexes.findLastIndex(isOther) + 1 };
}

function leafError(ledger: Ledger, range: Range): SealError {
  const which =
    range.to - range.from === 1 ? `entry ${range.from} has` : `entries ${range.from} to ${range.to - 1} have`;
  const message = `ledger ${ledger.record.name}: ${which} another leaf hash, read back from the store, than when recorded`;
  return new SealError(message, range);
}

type Difference = {
  readonly from: number;
  readonly checkpoint: SignedCheckpoint;
  readonly edge: { readonly from: number; readonly leaves: Uint8Array };
  readonly root: Hex;
};

/** Names what differs when the roots do: an entry of the unfinished tile, or else no single one. */
async function explain(ledger: Ledger, { from, checkpoint, edge, root }: Difference): Promise<SealError> {
  const { size } = checkpoint;
  const count = edge.leaves.length / HASH_LENGTH;
  const recorded = await Promise.all(Array.from({ length: count }, (_, i) => ledger.leafHash(edge.from + i)));
  const other = difference(edge.from, Buffer.concat(recorded), edge.leaves);
  if (other !== undefined) return leafError(ledger, other);
  const message = `ledger ${ledger.record.name}: expected the root ${checkpoint.root} of checkpoint ${size}, got ${root} from the entries`;
  return new SealError(message, { from, to: size });
}

/** The state of the last seal; undefined when there is none, or one that nobody can read. */
function readState(text: string | undefined): SealState | undefined {
  let state: unknown;
  try {
    state = text === undefined ? undefined : readJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof state !== "object" || state === null) return undefined;
  const { size, root, frontier } = state as Partial<SealState>;
  if (!Number.isSafeInteger(size) || typeof root !== "string" || !Array.isArray(frontier)) return undefined;
  return state as SealState;
}
