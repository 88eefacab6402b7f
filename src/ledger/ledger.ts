/**
 * A ledger: a named append-only log with its own tree and signer. This is the front; the writing is in
 * ledger/append/sequencer.ts, opening in recovery.ts, idempotency in ledger/append/idempotency.ts, the nodes of proofs
 * in proof-nodes.ts.
 */

import { type Entry, entryLeafHash } from "../entry/entry.ts";
import type { PackedEntry } from "../entry/packed.ts";
import type { CheckpointSigner } from "../keys/signer.ts";
import { equal } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import { emptyRoot, type Hash } from "../merkle/hash.ts";
import { consistencyRanges, inclusionRanges } from "../merkle/proof.ts";
import { TILE_WIDTH } from "../merkle/tile.ts";
import { DamagedStoreError, type LedgerRecord, type Store } from "../store/store.ts";
import type { Appended } from "./append/answer.ts";
import type { AppendRequest } from "./append/idempotency.ts";
import { QUEUE_LIMITS } from "./append/queue.ts";
import { Sequencer, type SequencerOptions } from "./append/sequencer.ts";
import { DamageList, type OnDamage } from "./damage.ts";
import { NodeReader } from "./proof-nodes.ts";
import { recover } from "./recovery.ts";
import { type OnTileMade, TileReader } from "./tiles.ts";

export type LedgerLimits = SequencerOptions["limits"] & {
  /** Expanded tiles kept for proofs, about 60 kB each. */
  readonly tilesMax: number;
};

const LIMITS: LedgerLimits = {
  ...QUEUE_LIMITS,
  signTimeoutMs: 10_000,
  commitTimeoutMs: 60_000,
  tilesMax: 64,
};

/** An entry that leads to its leaf hash in the tree. */
export type LeafEntry = { readonly entry: Entry; readonly leafHash: Uint8Array };

export type LedgerOptions = {
  readonly store: Store;
  /** As the store has it; its signer is the address of `signer`. */
  readonly record: LedgerRecord;
  readonly signer: CheckpointSigner;
  readonly hash: Hash;
  /** Milliseconds since 1970; Date.now when omitted. */
  readonly clock?: () => number;
  /** See ledger/append/commit.ts; nobody is asked when omitted. */
  readonly admit?: SequencerOptions["admit"];
  readonly onDamage?: OnDamage | undefined;
  readonly onTileMade?: OnTileMade | undefined;
  readonly limits?: Partial<LedgerLimits>;
};

export class Ledger {
  readonly #store: Store;
  readonly #hash: Hash;
  readonly #tiles: TileReader;
  readonly #damage: DamageList;
  readonly #nodes: NodeReader;
  readonly #sequencer: Sequencer;

  /**
   * Opens a ledger of the store, recovering it on the way.
   * @throws RangeError when the signer is not the ledger's
   * @throws RecoveryError when what the store holds does not fit together, DamagedStoreError when it cannot be read
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { store, record, signer, hash } = options;
    if (signer.address !== record.signer) {
      throw new RangeError(`expected the signer ${record.signer} of ledger ${record.name}, got ${signer.address}`);
    }
    const limits = { ...LIMITS, ...options.limits };
    const state = await recover(store, record, hash, options.onTileMade);
    return new Ledger({ ...options, clock: options.clock ?? Date.now, limits, state });
  }

  private constructor(options: SequencerOptions & Pick<LedgerOptions, "onDamage"> & { readonly limits: LedgerLimits }) {
    this.#store = options.store;
    this.#hash = options.hash;
    this.#tiles = new TileReader(options.store, options.record.id, options.hash, options.onTileMade);
    this.#damage = new DamageList(options.record.id, options.onDamage);
    this.#nodes = new NodeReader(this.#tiles, options.hash, options.limits.tilesMax);
    this.#sequencer = new Sequencer(options, this);
  }

  /** The ledger as it is now; the signer in force is in it. */
  get record(): LedgerRecord {
    return this.#sequencer.record;
  }

  /** Newest durable checkpoint; undefined while the ledger is empty. */
  get head(): SignedCheckpoint | undefined {
    return this.#sequencer.state.head;
  }

  /** Number of durable entries. */
  get size(): number {
    return this.head?.size ?? 0;
  }

  /** Time of the newest entry, ms since 1970; 0 for none. Later entries have no earlier one. */
  get lastRecordedAt(): number {
    return this.#sequencer.state.lastRecordedAt;
  }

  /** What waits to be recorded, the group that is being committed included. */
  get queue(): { readonly events: number; readonly bytes: number } {
    return this.#sequencer.load;
  }

  /** Why the ledger stopped by itself; undefined while it runs. */
  get stopped(): Error | undefined {
    return this.#sequencer.stopped;
  }

  /**
   * Records events, all or none; they are durable when the promise resolves.
   * @throws RangeError when there are none, or one has not a digest for each member
   * @throws HeldBackError when nothing may be signed now, QueueFullError when too much waits, IdempotencyConflictError when a key stands for something else,
   *   NotRecordedError when it failed for a reason that may pass: nothing was recorded in these three cases
   * @throws LedgerStoppedError when the ledger is closed, or stopped because the outcome of a commit is unknown
   */
  append(request: AppendRequest): Promise<Appended> {
    const ready = this.#store.ready(this.record.id, request.entries);
    return ready === undefined ? this.#sequencer.append(request) : ready.then(() => this.#sequencer.append(request));
  }

  /**
   * Path of an entry in the tree of a size, RFC 9162 §2.1.3.
   * @throws RangeError unless 0 <= index < size <= the ledger's size
   */
  async inclusionPath(index: number, size: number): Promise<Uint8Array[]> {
    this.#requireSize(size);
    return this.#nodes.path(this.#sequencer.state.edge, inclusionRanges(index, size));
  }

  /**
   * Proof that the tree of one size begins with the tree of another, RFC 9162 §2.1.4.
   * @throws RangeError unless 0 <= from <= to <= the ledger's size
   */
  async consistencyPath(from: number, to: number): Promise<Uint8Array[]> {
    this.#requireSize(to);
    return this.#nodes.path(this.#sequencer.state.edge, consistencyRanges(from, to));
  }

  /** Root of the tree of a size. @throws RangeError unless 0 <= size <= the ledger's size */
  async root(size: number): Promise<Uint8Array> {
    this.#requireSize(size);
    if (size === 0) return emptyRoot(this.#hash);
    return this.#nodes.range(this.#sequencer.state.edge, { start: 0, end: size });
  }

  /** Leaf hash of an entry. @throws RangeError unless 0 <= index < the ledger's size */
  async leafHash(index: number): Promise<Uint8Array> {
    if (!isIndexUnder(index, this.size)) throw new RangeError(`expected an index in 0..${this.size - 1}, got ${index}`);
    return this.#nodes.range(this.#sequencer.state.edge, { start: index, end: index + 1 });
  }

  /** An entry; undefined when the ledger has none of that index. @throws DamagedStoreError when it cannot be read */
  async entry(index: number): Promise<Entry | undefined> {
    if (!isIndexUnder(index, this.size)) return undefined;
    return this.#damage.reading(this.#place("entry", index), () => this.#store.entry(this.record.id, index));
  }

  /**
   * An entry that leads to its leaf hash in the tree, and that hash; undefined when the ledger has none of that index.
   * @throws DamagedStoreError when it cannot be read, or leads to another leaf hash than when it was recorded
   */
  async provenEntry(index: number): Promise<LeafEntry | undefined> {
    if (!isIndexUnder(index, this.size)) return undefined;
    const read = async () => {
      const [now, leaf] = await Promise.all([this.entry(index), this.leafHash(index)]);
      if (now !== undefined && equal(entryLeafHash(this.#hash, now), leaf)) return { entry: now, leafHash: leaf };
      throw new DamagedStoreError(`entry ${index} leads to another leaf hash than when it was recorded: run an audit`);
    };
    return this.#damage.reading(this.#place("the leaf hash of entry", index), read);
  }

  /**
   * Entries [from, to) in order.
   * @throws RangeError unless 0 <= from <= to <= the ledger's size, DamagedStoreError when one cannot be read
   */
  entries(from: number, to: number): AsyncIterable<Entry> {
    this.#requireSize(to);
    if (!isIndexUnder(from, to + 1)) throw new RangeError(`expected 0 <= from <= ${to}, got ${from}`);
    return this.#watched(from, this.#store.entries(this.record.id, from, to), () => 1);
  }

  /** The same as they are stored, whole but not decoded, some at a time. */
  packedEntries(from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    this.#requireSize(to);
    return this.#watched(from, this.#store.packedEntries(this.record.id, from, to), ({ length }) => length);
  }

  /** The first of the entries [from, to), as commits brought them just now; undefined where they have to be read. */
  takeRecent(from: number, to: number): readonly PackedEntry[] | undefined {
    return this.#store.takeRecent(this.record.id, from, to);
  }

  /** Entries as they are read, without a generator around each: damage at one of them is remembered. */
  #watched<T>(from: number, read: AsyncIterable<T>, countOf: (value: T) => number): AsyncIterable<T> {
    const entries = read[Symbol.asyncIterator]();
    let index = from;
    const counted = (result: IteratorResult<T>) => {
      if (result.done !== true) index += countOf(result.value);
      return result;
    };
    const failed = (error: unknown): never => {
      const at = index;
      const read = () => this.#store.entry(this.record.id, at);
      if (error instanceof DamagedStoreError) this.#damage.add(this.#place("entry", at), error, read);
      throw error;
    };
    const ended: IteratorResult<T> = { done: true, value: undefined };
    const iterator: AsyncIterator<T> = {
      next: () => entries.next().then(counted, failed),
      return: () => entries.return?.() ?? Promise.resolve(ended),
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** The checkpoint of exactly this size. */
  async checkpoint(size: number): Promise<SignedCheckpoint | undefined> {
    return isIndexUnder(size - 1, this.size) ? this.#store.checkpoint(this.record.id, size) : undefined;
  }

  /** The first checkpoint that covers an entry: the one that its answer carried. */
  async checkpointCovering(index: number): Promise<SignedCheckpoint | undefined> {
    if (!isIndexUnder(index, this.size)) return undefined;
    const read = () => this.#store.checkpointCovering(this.record.id, index);
    return this.#damage.reading(this.#place("the checkpoint over entry", index), read);
  }

  /** Looks again at what was found damaged. @throws DamagedStoreError when something of it still is */
  settleDamage(): Promise<void> {
    return this.#damage.settle();
  }

  /**
   * Hashes of a full tile, 8192 bytes; undefined when it is not full yet.
   * @throws DamagedStoreError when neither it nor the entries under it can be read
   */
  async tile(level: number, n: number): Promise<Uint8Array | undefined> {
    const end = (n + 1) * TILE_WIDTH ** (level + 1);
    return isIndexUnder(n, this.size) && isIndexUnder(level, 7) && end <= this.size
      ? this.#tiles.read(level, n)
      : undefined;
  }

  /** Calls a listener after each commit, with its checkpoint; returns what ends that. */
  onCommit(listener: (head: SignedCheckpoint) => void): () => void {
    return this.#sequencer.onCommit(listener);
  }

  /** Calls a listener when the ledger stops by itself; returns what ends that. */
  onStop(listener: (cause: Error) => void): () => void {
    return this.#sequencer.onStop(listener);
  }

  /** Signs with another key from now on; checkpoints of the former signers stay valid. */
  rotateSigner(signer: CheckpointSigner): Promise<void> {
    return this.#sequencer.rotateSigner(signer);
  }

  /** Takes no more events, and resolves when all that waited are answered. The store stays open. */
  close(): Promise<void> {
    return this.#sequencer.close();
  }

  #place(what: string, index: number): string {
    return `${what} ${index} of ledger ${this.record.id}`;
  }

  #requireSize(size: number): void {
    if (!isIndexUnder(size, this.size + 1)) throw new RangeError(`expected a size in 0..${this.size}, got ${size}`);
  }
}

function isIndexUnder(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && index >= 0 && index < size;
}
