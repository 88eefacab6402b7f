/**
 * Follows a ledger and keeps its index: behind the acknowledgement, never in the way of an append. It takes entries from
 * the commits that brought them, or reads them back from the store, puts them into the open segment, and writes a segment
 * when it is full. How far it has come is the watermark. Everything it keeps can be deleted; it is built again from the entries.
 * Why: docs/decisions/0215.
 */

import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { type PackedEntry, packEntry } from "../../entry/packed.ts";
import type { Condition, Health } from "../../health.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { Turn } from "../../store/mutex.ts";
import type { Store } from "../../store/store.ts";
import { ScanTurns } from "../text/scan-turns.ts";
import { IndexDamagedError } from "./checksum.ts";
import type { IndexStore } from "./index-store.ts";
import { OpenSegment } from "./open-segment.ts";
import { countPositions, intersect, type Mask, rangeMask, SEGMENT_LENGTH } from "./positions.ts";
import { Segments } from "./segments.ts";
import { PRUNED } from "./terms.ts";
import { Waiters } from "./waiters.ts";

/** The ledger that is followed. */
export interface IndexedLedger {
  readonly record: { readonly id: Hex };
  /** Recorded entries; they can be read from the store. */
  readonly size: number;
  leafHash(index: number): Promise<Uint8Array>;
  /** Calls back after every commit; returns how to stop that. */
  onCommit(listener: () => void): () => void;
}

/** Where events of the indexer are told; a pino logger will do. */
export interface IndexLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Where entries are read. */
export type EntryReader = Pick<Store, "entry" | "entries" | "packedEntries"> & Partial<Pick<Store, "takeRecent">>;

export type IndexerParts = {
  readonly store: EntryReader;
  readonly indexStore: IndexStore;
  readonly ledger: IndexedLedger;
  readonly log?: IndexLog;
  readonly health?: Health;
  /** Shared by all of a process. */
  readonly scanTurns?: ScanTurns;
  /** Entries of a segment, 1..16384; fewer are for tests. */
  readonly segmentLength?: number;
};

/** Entries that are taken at once; indexing them takes about 2 ms. */
const BATCH = 256;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 30_000;
/** How often a damaged segment is built again while one search waits for it. */
const HEALING_MAX = 3;

export class Indexer {
  readonly ledger: IndexedLedger;
  readonly store: EntryReader;
  readonly segments: Segments;
  readonly scanTurns: ScanTurns;
  readonly #log: IndexLog | undefined;
  readonly #health: Health | undefined;
  readonly #segmentLength: number;
  readonly #waiters = new Waiters();
  readonly #stopping = new AbortController();
  /** What changes segments happens one after the other. */
  readonly #steps = new Turn();
  #open: OpenSegment;
  #failure: Error | undefined;
  #unsubscribe: (() => void) | undefined;
  #following: Promise<void> | undefined;

  private constructor(parts: IndexerParts, segments: Segments) {
    this.ledger = parts.ledger;
    this.store = parts.store;
    this.segments = segments;
    this.scanTurns = parts.scanTurns ?? new ScanTurns();
    this.#log = parts.log;
    this.#health = parts.health;
    this.#segmentLength = parts.segmentLength ?? SEGMENT_LENGTH;
    this.#open = this.#begin(segments.end);
  }

  /** Opens the index of a ledger; what is damaged, outdated or of another history is dropped. */
  static async open(parts: IndexerParts): Promise<Indexer> {
    const segments = await Segments.load(parts.indexStore, parts.ledger.record.id);
    const dropped = await segments.dropForeign(parts.ledger);
    if (dropped > 0) parts.log?.warn({ dropped }, "the index had segments that are not of this ledger; rebuilding");
    return new Indexer(parts, segments);
  }

  /** How many entries can be searched: all with an index below it. */
  get watermark(): number {
    return this.#open.end;
  }

  /** The segment that is not closed yet. */
  get openSegment(): OpenSegment {
    return this.#open;
  }

  /** Why indexing does not get on at the moment; it is tried again. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Begins to follow the ledger. */
  start(): void {
    if (this.#unsubscribe !== undefined || this.#stopping.signal.aborted) return;
    let { size } = this.ledger;
    this.#unsubscribe = this.ledger.onCommit(() => {
      this.scanTurns.recorded(this.ledger.size - size);
      size = this.ledger.size;
      this.#wake();
    });
    this.#wake();
  }

  /** Stops following, for good; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#unsubscribe?.();
    this.#waiters.stop();
    await this.#following;
    await this.#steps.take(async () => undefined);
  }

  /**
   * Resolves when the first `size` entries can be searched.
   * @throws IndexBehindError after `timeoutMs` or when the indexer stops
   */
  async waitFor(size: number, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.watermark >= size) return;
    await this.#waiters.wait(size, options.timeoutMs ?? 10_000);
  }

  /** Runs something that reads segments; a damaged segment is built again and the reading repeated. */
  async healing<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read();
      } catch (error) {
        const segment = error instanceof IndexDamagedError ? error.segment : undefined;
        if (segment === undefined || attempt > HEALING_MAX) throw error;
        this.#log?.warn({ err: error, segment }, "a segment of the index is damaged; rebuilding it");
        await this.#steps.take(() => this.#rebuild(segment));
      }
    }
  }

  /** Builds anew what the index has of entries [from, to). @returns up to where it was built */
  async #forget(from: number, to: number): Promise<number> {
    // Whoever is taking entries in may have read them before.
    await this.#steps.take(async () => undefined);
    let at = from;
    const end = Math.min(to, this.watermark);
    while (at < end) {
      at = await this.#steps.take(async () => {
        if (at >= this.#open.start) {
          this.#open = await this.#build(this.#open.start, this.#open.end);
          return this.#open.end;
        }
        const segment = this.segments.locate(at);
        const { start, length } = this.segments.header(segment);
        await this.#rebuild(segment);
        return start + length;
      });
    }
    return at;
  }

  /** Builds anew what the index has of some ranges, in ascending order, of which some have less in them now: nothing of that stays. */
  async forgetAll(ranges: readonly (readonly [from: number, to: number])[]): Promise<void> {
    let done = 0;
    for (const [from, to] of ranges) if (to > done) done = await this.#forget(Math.max(from, done), to);
    this.segments.terms.forgetTexts();
  }

  /** How many of the entries [from, to) were pruned, as far as they can be searched. */
  async countPruned(from: number, to: number): Promise<number> {
    let count = 0;
    const add = (mask: Mask, start: number, length: number): void => {
      intersect(mask, rangeMask(Math.max(0, from - start), Math.min(length, to - start)));
      count += countPositions(mask);
    };
    for (let number = 0; number < this.segments.count; number++) {
      const { start, length, hasPruned } = this.segments.header(number);
      if (hasPruned !== true || start >= to || start + length <= from) continue;
      const [mask] = await this.healing(() => this.segments.postings([number], PRUNED));
      add(mask as Mask, start, length);
    }
    if (this.#open.hasPruned) add(this.#open.postings(PRUNED), this.#open.start, this.#open.length);
    return count;
  }

  #wake(): void {
    if (this.#following !== undefined || this.#stopping.signal.aborted) return;
    this.#following = this.#follow().finally(() => {
      this.#following = undefined;
      // A commit may have come after the last look at the size.
      if (this.watermark < this.ledger.size) this.#wake();
    });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let retryMs = RETRY_MIN_MS;
    while (this.watermark < this.ledger.size && !signal.aborted) {
      try {
        await this.#steps.take(() => this.#advance());
        this.#tell(undefined);
        retryMs = RETRY_MIN_MS;
        await setImmediate();
      } catch (error) {
        this.#tell(error instanceof Error ? error : new Error(String(error)));
        this.#log?.error({ err: error, watermark: this.watermark, retryMs }, "indexing failed; trying again");
        await pause(retryMs, signal);
        retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
      }
    }
  }

  #tell(failure: Error | undefined): void {
    this.#failure = failure;
    const { id } = this.ledger.record;
    const detail = `entries of ledger ${id} cannot be indexed, so that searches do not find the newest; it is tried again`;
    const condition: Condition = { code: "index_failing", detail, isNotice: true, isLogged: true };
    this.#health?.report(`index/${id}`, failure === undefined ? undefined : condition);
  }

  /** One batch further. If we crash anywhere in here, the open segment is built again from the last closed one on. */
  async #advance(): Promise<void> {
    if (this.#open.full) await this.#close();
    const from = this.watermark;
    const to = Math.min(this.ledger.size, from + BATCH, this.#open.start + this.#segmentLength);
    const { id } = this.ledger.record;
    for (const entry of this.store.takeRecent?.(id, from, to) ?? (await this.#read(from, to))) {
      this.#add(this.#open, entry);
      if (this.#open.full) break;
    }
    this.#waiters.reached(this.watermark);
    if (this.#open.full) await this.#close();
  }

  async #close(): Promise<void> {
    const { end } = this.#open;
    await this.segments.write(this.#open, await this.ledger.leafHash(end - 1));
    this.#open = this.#begin(end);
  }

  #begin(start: number): OpenSegment {
    return new OpenSegment(start, this.segments.terms, this.#segmentLength);
  }

  async #rebuild(segment: number): Promise<void> {
    const { start, length } = this.segments.header(segment);
    const built = await this.#build(start, start + length);
    await this.segments.write(built, await this.ledger.leafHash(start + length - 1));
  }

  async #build(start: number, end: number): Promise<OpenSegment> {
    const segment = this.#begin(start);
    while (segment.end < end) {
      const entries = await this.#read(segment.end, Math.min(end, segment.end + BATCH));
      for (const entry of entries) this.#add(segment, entry);
      await setImmediate();
    }
    return segment;
  }

  #add(segment: OpenSegment, entry: PackedEntry | undefined): void {
    try {
      segment.add(entry);
    } catch (error) {
      if (!(error instanceof RangeError) || entry === undefined) throw error;
      this.#leaveOut(segment.end, error);
      segment.add(undefined);
    }
  }

  /**
   * The entries [from, to), or the first of them. One that the store cannot read any more is undefined: a damaged
   * entry is the audit's business, and must not end the search for all that came later.
   */
  async #read(from: number, to: number): Promise<(PackedEntry | undefined)[]> {
    const entries: (PackedEntry | undefined)[] = [];
    try {
      for await (const some of this.store.packedEntries(this.ledger.record.id, from, to)) entries.push(...some);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // A store may read ahead, and fail for an entry further on: then this one can still be read alone.
      if (entries.length === 0) entries.push(await this.#readOne(from));
    }
    return entries;
  }

  async #readOne(index: number): Promise<PackedEntry | undefined> {
    try {
      const entry = await this.store.entry(this.ledger.record.id, index);
      return entry && packEntry(entry);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#leaveOut(index, error);
      return undefined;
    }
  }

  #leaveOut(index: number, error: unknown): void {
    this.#log?.error({ err: error, index }, "an entry cannot be read; it is left out of the index");
  }
}

/** Whether the store says that something written cannot be read back. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "store_damaged";
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
