/**
 * The full audit of a ledger in its store: every entry is read and hashed again from its values, every tile and
 * every checkpoint compared. It does not open the ledger, because a damaged one cannot be opened, and it goes on
 * after each finding, because where one thing is wrong there may be more. One tile of entries is in memory.
 */

import { type Entry, entryLeafHash } from "../entry/entry.ts";
import { RecoveryError, requireSigner } from "../ledger/recovery.ts";
import { TreeEdge } from "../merkle/append.ts";
import { equal, type Hex, toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import { HASH_LENGTH, type Hash } from "../merkle/hash.ts";
import { TILE_WIDTH } from "../merkle/tile.ts";
import { DamagedStoreError, type LedgerRecord, type Store } from "../store/store.ts";
import { findClaimFaults } from "./claims.ts";
import { type Finding, type FindingKind, FindingList } from "./findings.ts";

export type AuditReport = {
  readonly ledgerId: Hex;
  /** Newest checkpoint that can be read; undefined when there is none. */
  readonly head: SignedCheckpoint | undefined;
  /** How many were read and compared; a report over nothing proves nothing. */
  readonly entries: number;
  readonly tiles: number;
  readonly checkpoints: number;
  /** Size of the last checkpoint up to which nothing that was recorded is missing or changed. */
  readonly wholeSize: number;
  /** What is wrong, in the order it was found; empty when the ledger is whole. */
  readonly findings: readonly Finding[];
};

/** That the ledger had a root at a size, and who remembers it, as in "the mark beside the store". */
export type Remembered = { readonly size: number; readonly root: Hex; readonly by: string };

export type AuditOptions = {
  readonly store: Store;
  readonly record: LedgerRecord;
  readonly hash: Hash;
  /** What is remembered of the ledger beside its entries: marks, and anchors. */
  readonly remembered?: readonly Remembered[];
  /** Called for every 256 entries, with how many are done. */
  readonly onProgress?: (done: number, size: number) => void;
};

/** Audits a ledger from its first entry to its last; only failures of the store itself are thrown. */
export async function auditLedger(options: AuditOptions): Promise<AuditReport> {
  return new Audit(options).run();
}

class Audit {
  readonly #options: AuditOptions;
  readonly #findings = new FindingList();
  readonly #edge: TreeEdge;
  readonly #done = { entries: 0, tiles: 0, checkpoints: 0 };
  #lastTime = 0;
  #lastSignedAt = 0;
  #lastSize = 0;
  #wholeSize = 0;
  /** First entry that is missing, changed, or under a checkpoint that does not fit. */
  #firstWrong = Number.POSITIVE_INFINITY;
  /** Cleared once a leaf hash is nowhere to be found: from there on no root can be compared. */
  #isRootKnown = true;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#edge = new TreeEdge(options.hash);
  }

  async run(): Promise<AuditReport> {
    const { record, onProgress } = this.#options;
    const head = await this.#head();
    const size = head?.size ?? 0;
    let next = await this.#nextCheckpoint(0, size);
    for (let start = 0; start < size; start += TILE_WIDTH) {
      const end = Math.min(start + TILE_WIDTH, size);
      const entries = await this.#readEntries(start, end);
      await this.#compareClaims(start, entries);
      const stored = end - start === TILE_WIDTH ? await this.#tile(0, start / TILE_WIDTH) : undefined;
      let leaves: Uint8Array[] = [];
      for (const [i, entry] of entries.entries()) {
        leaves.push(this.#leafOf(start + i, entry, stored?.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)));
        if (next === undefined || this.#edge.size + leaves.length < next.size) continue;
        this.#edge.appendAll(leaves);
        leaves = [];
        this.#compareCheckpoint(next);
        next = await this.#nextCheckpoint(this.#edge.size, size);
      }
      this.#edge.appendAll(leaves);
      await this.#compareTiles();
      onProgress?.(end, size);
    }
    await this.#lookBeyond(size);
    for (const each of this.#options.remembered ?? []) await this.#compareRemembered(each, size);
    return { ledgerId: record.id, head, ...this.#done, wholeSize: this.#wholeSize, findings: this.#findings.all };
  }

  #add(kind: FindingKind, from: number, to: number, detail: string): void {
    this.#findings.add(kind, from, to, detail);
    if (!isBesideEntries(kind)) this.#firstWrong = Math.min(this.#firstWrong, from);
  }

  async #compareClaims(start: number, entries: readonly (Entry | undefined)[]): Promise<void> {
    const { store, record, hash } = this.#options;
    for (const { kind, index, detail } of await findClaimFaults({ store, record, hash }, start, entries)) {
      this.#add(kind, index, index + 1, detail);
    }
  }

  /** The newest checkpoint; when that one is damaged, the last before it. */
  async #head(): Promise<SignedCheckpoint | undefined> {
    const { store, record } = this.#options;
    const newest = await readable(store.head(record.id));
    if (!(newest instanceof DamagedStoreError)) return newest;
    let last: SignedCheckpoint | undefined;
    for (;;) {
      const next = await readable(store.checkpointCovering(record.id, last?.size ?? 0));
      if (next instanceof DamagedStoreError || next === undefined) break;
      last = next;
    }
    const size = last?.size ?? 0;
    this.#add("checkpoint_damaged", size, size + 1, `the newest checkpoint: ${newest.message}`);
    return last;
  }

  /** The next checkpoint behind a size that can be read. */
  async #nextCheckpoint(from: number, size: number): Promise<SignedCheckpoint | undefined> {
    const { store, record } = this.#options;
    for (let index = from; index < size; index++) {
      const found = await readable(store.checkpointCovering(record.id, index));
      if (!(found instanceof DamagedStoreError)) return found;
      this.#add("checkpoint_damaged", index, index + 1, found.message);
    }
    return undefined;
  }

  /** Entries [from, to), undefined for each that is missing or damaged. */
  async #readEntries(from: number, to: number): Promise<(Entry | undefined)[]> {
    const { store, record } = this.#options;
    const all = await readable(collect(store.entries(record.id, from, to)));
    if (!(all instanceof DamagedStoreError)) return all;
    const entries: (Entry | undefined)[] = [];
    for (let index = from; index < to; index++) {
      const entry = await readable(store.entry(record.id, index));
      const isDamaged = entry instanceof DamagedStoreError;
      entries.push(isDamaged ? undefined : entry);
      if (isDamaged) this.#add("entry_damaged", index, index + 1, entry.message);
      else if (entry === undefined) this.#add("entry_missing", index, index + 1, `entry ${index} is missing`);
    }
    return entries;
  }

  async #tile(level: number, n: number): Promise<Uint8Array | undefined> {
    const { store, record } = this.#options;
    const tile = await readable(store.tile(record.id, level, n));
    const width = TILE_WIDTH ** (level + 1);
    const range = [n * width, (n + 1) * width] as const;
    if (tile === undefined) this.#add("tile_missing", ...range, `tile ${level}/${n} is missing`);
    if (!(tile instanceof DamagedStoreError)) return tile;
    this.#add("tile_damaged", ...range, tile.message);
    return undefined;
  }

  /**
   * The leaf hash that stands for an entry in the tree. Where the entry and the stored leaf hash disagree, the stored one goes
   * on, so that the roots tell which of the two is the old one: roots that fit accuse the entry, roots that do not
   * the tile.
   */
  #leafOf(index: number, entry: Entry | undefined, stored: Uint8Array | undefined): Uint8Array {
    const { hash } = this.#options;
    const leaf = entry && entryLeafHash(hash, entry);
    if (entry !== undefined) {
      this.#done.entries++;
      if (entry.recordedAt < this.#lastTime) {
        const detail = `entry ${index} has the time ${entry.recordedAt}, which is before ${this.#lastTime} of the one before`;
        this.#add("time_backwards", index, index + 1, detail);
      }
      this.#lastTime = entry.recordedAt;
    }
    if (leaf !== undefined && stored !== undefined && !equal(leaf, stored)) {
      const detail = `entry ${index} leads to the leaf hash ${toHex(leaf)}, its tile says ${toHex(stored)}`;
      this.#add("entry_changed", index, index + 1, detail);
    }
    const known = stored ?? leaf;
    if (known === undefined) this.#isRootKnown = false;
    return known ?? new Uint8Array(HASH_LENGTH);
  }

  /** Compares the tiles above the leaves, which the leaves lead to. */
  async #compareTiles(): Promise<void> {
    for (const { level, n, hashes } of this.#edge.takeTiles()) {
      this.#done.tiles++;
      if (level === 0) continue;
      const stored = await this.#tile(level, n);
      if (stored === undefined || !this.#isRootKnown || equal(stored, hashes)) continue;
      const width = TILE_WIDTH ** (level + 1);
      const detail = `tile ${level}/${n} is not what the tiles under it lead to`;
      this.#add("tile_changed", n * width, (n + 1) * width, detail);
    }
    this.#edge.forget();
  }

  #compareCheckpoint(checkpoint: SignedCheckpoint): void {
    const { record, hash } = this.#options;
    const { size, root, signedAt } = checkpoint;
    const range = [this.#lastSize, size] as const;
    this.#lastSize = size;
    this.#done.checkpoints++;
    if (!this.#isRootKnown) {
      this.#add("checkpoint_unchecked", ...range, `the root of checkpoint ${size} cannot be compared`);
    } else {
      const rebuilt = toHex(this.#edge.root());
      const detail = `checkpoint ${size} has the root ${root}, the entries lead to ${rebuilt}`;
      if (rebuilt !== root) this.#add("checkpoint_root", ...range, detail);
    }
    try {
      requireSigner(record, checkpoint, hash);
    } catch (error) {
      if (!(error instanceof RecoveryError)) throw error;
      this.#add("checkpoint_signature", ...range, error.message);
    }
    if (signedAt < this.#lastSignedAt) {
      const detail = `checkpoint ${size} was signed at ${signedAt}, the one before at ${this.#lastSignedAt}`;
      this.#add("checkpoint_time", ...range, detail);
    }
    this.#lastSignedAt = signedAt;
    if (size <= this.#firstWrong) this.#wholeSize = size;
  }

  /** A store without its last writes, and one that was signed anew from the first entry on, are whole in themselves. */
  async #compareRemembered({ size, root, by }: Remembered, whole: number): Promise<void> {
    const { store, record } = this.#options;
    if (size > whole) {
      this.#add("entry_lost", whole, size, `${by} remembers ${size} entries, the store has ${whole}`);
      return;
    }
    const checkpoint = await readable(store.checkpoint(record.id, size));
    if (checkpoint instanceof DamagedStoreError || checkpoint?.root === root) return;
    const held = checkpoint === undefined ? "no checkpoint of that size" : `the root ${checkpoint.root}`;
    this.#add("checkpoint_other", 0, size, `${by} remembers the root ${root} of size ${size}, the store has ${held}`);
  }

  /** Entries behind the newest checkpoint: what a store has whose last checkpoints were taken away. */
  async #lookBeyond(size: number): Promise<void> {
    const { store, record } = this.#options;
    for (let index = size; ; index++) {
      if ((await readable(store.entry(record.id, index))) === undefined) return;
      this.#add("entry_beyond_head", index, index + 1, `entry ${index} is behind the newest checkpoint, ${size}`);
    }
  }
}

/** Whether a finding leaves the entries and their order as they were recorded. */
function isBesideEntries(kind: FindingKind): boolean {
  return /^(tile|claim|time)_|^checkpoint_(damaged|time)$/.test(kind);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What was read, or the error that says that it is damaged. */
async function readable<T>(reading: Promise<T>): Promise<T | DamagedStoreError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DamagedStoreError) return error;
    throw error;
  }
}
