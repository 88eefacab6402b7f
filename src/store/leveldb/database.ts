/**
 * A LevelDB database that a failed write cannot poison. LevelDB 1.20 goes on after a failed append, and what it says is
 * written from then on stands where its own recovery does not look. So one failed write ends all writing until the files
 * were checked and opened anew:
 *
 *   writing ──a write fails──▶ suspect ──what nobody was told is cut off, the disk has room──▶ closed
 *      ▲                          │  ▲                                                          │
 *      │                          └──┘ not yet: tried again, reads go on                        ▼
 *      └── every acknowledged write is there ── opened as a transaction (opening.ts) ◀───── (tried again)
 *      ▲                                            │ files are damaged
 *      └── it was a read that failed ───────── refused: says why, until a person has looked
 *
 * One write is under way at a time: one that LevelDB took behind a failed one, in another thread, would say OK and be lost.
 * Whatever waits meanwhile shares the next batch. Writes that fail wait for the reopening, up to `waitMs`, and are then done
 * again: a passing error costs a moment, not a request.
 * Why: docs/decisions/0084.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Level } from "level";
import { deferred } from "../../deferred.ts";
import { DamagedStoreError, StoreUnavailableError } from "../store.ts";
import { compactDatabase } from "./compact/compact-database.ts";
import { OlderVersions } from "./compact/older-versions.ts";
import { AcknowledgedMissingError, cutLogs } from "./log-end.ts";
import { requireRoom } from "./opening/disk-room.ts";
import { FolderLock } from "./opening/lock.ts";
import { openHandle } from "./opening/open-level.ts";
import { type OpenedStore, openSafely } from "./opening/opening.ts";
import { putBack } from "./opening/restore-kept.ts";
import { type Bounds, behind, codeOf, readError } from "./reading.ts";
import {
  FAILED,
  sayUnwritable,
  type UnderWay,
  WriteUnderWay,
  type WritingState,
  type WritingStatus,
} from "./writing-state.ts";

type Handle = Level<Uint8Array, Uint8Array>;
export type LevelBatch = ReturnType<Handle["batch"]>;

export type DatabaseOptions = {
  readonly writeBufferSize: number;
  /** How long a write, or a read while the database is closed, waits for it to be opened anew; 3000 when left out. */
  readonly waitMs?: number;
  readonly onStatus?: (status: WritingStatus) => void;
  /** Called under the lock, before the folder is opened for the first time. */
  readonly onLocked?: () => Promise<void>;
};

type Waiting = {
  readonly sync: boolean;
  readonly fill: (batch: LevelBatch) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** LevelDB was asked to write it, and it is not known yet that it was not. */
  isTried: boolean;
};

const WAIT_MS = 3000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5000;
/** Writes in one batch, about; one request alone may have more. */
const GROUP_WRITES = 20_000;
/** Items and bytes read ahead by one call into LevelDB. */
const READ_AHEAD = 256;
const READ_AHEAD_BYTES = 256 * 1024;

export class Database {
  readonly directory: string;
  readonly #options: DatabaseOptions;
  readonly #lock: FolderLock;
  readonly #stopping = new AbortController();
  readonly #older: OlderVersions;
  #handle: Handle | undefined;
  /** Resolves when the handle is there again. */
  #reopened = deferred<void>();
  /** Sequence number of the last write that was acknowledged. */
  #acknowledged: number;
  #status: WritingStatus = { state: "writing" };
  readonly #underWay = new WriteUnderWay();
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #mending: Promise<void> | undefined;
  /** No request waits any longer for the reopening that is under way. */
  #isOverdue = false;
  /** Bytes of a torn end that the first opening found: a write that was never acknowledged. */
  readonly tornBytes: number;

  /**
   * Opens the database of a folder, and makes it when there is none.
   * @throws StoreLockedError when another process has it, DamagedStoreError when its files are not as they were written
   */
  static async open(directory: string, options: DatabaseOptions): Promise<Database> {
    const lock = await FolderLock.take(directory);
    try {
      await putBack(directory);
      await options.onLocked?.();
      const opening = await openSafely(directory, () => openHandle(directory, options));
      return new Database(directory, options, lock, opening);
    } catch (error) {
      await lock.free();
      throw error;
    }
  }

  private constructor(directory: string, options: DatabaseOptions, lock: FolderLock, opening: OpenedStore<Handle>) {
    this.directory = directory;
    this.#options = options;
    this.#lock = lock;
    this.#older = new OlderVersions(directory);
    this.#handle = opening.database;
    this.#acknowledged = opening.lastSequence;
    this.tornBytes = opening.tornBytes;
  }

  get status(): WritingStatus {
    return this.#status;
  }

  /** What nobody knows of yet whether it is written. */
  get underWay(): UnderWay | undefined {
    return this.#underWay.facts;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#reading((handle) => handle.get(key));
  }

  async getMany(asked: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#reading((handle) => handle.getMany([...asked]));
  }

  /**
   * Keys and values of a range in order; goes on where it was when the database is opened anew meanwhile.
   * @param failed makes the error of a read that fails
   */
  async *range(bounds: Bounds, failed: (cause: unknown) => unknown): AsyncGenerator<[Uint8Array, Uint8Array]> {
    for await (const some of this.ranges(bounds, failed)) yield* some;
  }

  /**
   * The same, as many at once as were read at once.
   * @param count how many there are: then none of them is kept by LevelDB's iterator, which lets go of what it read last
   *   when it is asked for more, or else when the garbage collector comes to it, which is not told how much that is
   */
  async *ranges(
    bounds: Bounds,
    failed: (cause: unknown) => unknown,
    count = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<[Uint8Array, Uint8Array][]> {
    let rest = bounds;
    let left = count;
    for (;;) {
      const handle = await this.#opened();
      const iterator = handle.iterator({ ...rest, highWaterMarkBytes: READ_AHEAD_BYTES });
      let last: Uint8Array | undefined;
      let given = 0;
      try {
        for (;;) {
          // Not one more than there are: it would find the end together with the last, and not be asked again.
          const found = await iterator.nextv(Math.max(1, Math.min(READ_AHEAD, left)));
          if (found.length === 0) return;
          last = found.at(-1)?.[0];
          given += found.length;
          left -= found.length;
          yield found;
        }
      } catch (error) {
        if (!this.#wasClosed(handle, error)) throw failed(readError(error));
        if (last !== undefined) rest = behind(rest, last, given);
      } finally {
        await iterator.close();
      }
    }
  }

  /**
   * Writes a batch, all or nothing; it is on the disk when the promise resolves, if `sync`.
   * @param fill puts the writes into the batch, and is called again when they have to be done again
   * @throws whatever `fill` throws; StoreUnavailableError when the database cannot be written for now: nothing is written
   */
  write(options: { readonly sync: boolean }, fill: (batch: LevelBatch) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopping.signal.aborted || this.#isOverdue) return reject(this.#unavailable());
      this.#queue.push({ sync: options.sync, fill, resolve, reject, isTried: false });
      this.#start();
    });
  }

  /** Takes off the disk what was removed and written over. @throws CompactError */
  compact(): Promise<void> {
    const write = (fill: Waiting["fill"]) => this.write({ sync: false }, fill);
    const reading = (read: (handle: Handle) => Promise<void>) => this.#reading(read);
    const { directory } = this;
    return compactDatabase({ directory, older: this.#older, write, reading, opening: () => this.#handle });
  }

  /** Ends all writing, and closes; what waits for a reopening is refused. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#mending;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    try {
      // Closing writes what LevelDB holds of a failed write.
      if (this.#status.state !== "writing") await this.#cut();
    } finally {
      this.#refuseWaiting();
      for (const { reject } of this.#queue.splice(0))
        reject(new Error("the store failed, and whether this was written is not known"));
      await this.#lock.free();
    }
  }

  /** Writes what waits, unless that is happening already or has to wait for a reopening. */
  #start(): void {
    if (this.#running !== undefined || this.#queue.length === 0 || this.#status.state !== "writing") return;
    if (this.#stopping.signal.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 && this.#status.state === "writing" && !this.#stopping.signal.aborted) {
      await this.#writeGroup(this.#handle as Handle);
    }
  }

  /** One batch of whatever waits, and its answers. */
  async #writeGroup(handle: Handle): Promise<void> {
    const batch = handle.batch();
    const group: Waiting[] = [];
    while (this.#queue.length > 0 && batch.length < GROUP_WRITES) {
      const next = this.#queue.shift() as Waiting;
      const before = batch.length;
      try {
        next.fill(batch);
        group.push(next);
      } catch (error) {
        next.reject(error);
        if (batch.length === before) continue;
        // What it had put in cannot be taken out again: the others begin anew.
        await batch.close();
        this.#queue.unshift(...group);
        return;
      }
    }
    const writes = batch.length;
    if (group.length === 0) return batch.close();
    for (const waiting of group) waiting.isTried = true;
    try {
      await this.#underWay.follow(group.length, writes, batch.write({ sync: group.some(({ sync }) => sync) }));
    } catch (error) {
      this.#queue.unshift(...group);
      this.#suspect(error as Error);
      return;
    }
    this.#acknowledged += writes;
    for (const { resolve } of group) resolve();
  }

  #suspect(cause: Error): void {
    this.#setStatus({ state: "suspect", cause });
    const timer = setTimeout(() => this.#expire(), this.#options.waitMs ?? WAIT_MS);
    this.#mending = this.#mend(cause).finally(() => {
      clearTimeout(timer);
      this.#mending = undefined;
      if (this.#status.state !== "writing") return this.#expire();
      this.#isOverdue = false;
      this.#start();
    });
  }

  /** From here on nothing waits for the reopening that is under way. */
  #expire(): void {
    this.#isOverdue = true;
    this.#refuseWaiting();
  }

  #unwritable(): WritingState {
    return this.#handle === undefined ? "closed" : "suspect";
  }

  /** From suspect to writing, however long the disk takes; or to refused. */
  async #mend(cause: Error): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = RETRY_MIN_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS)) {
      try {
        // An opening that failed may have failed to put the folder back as well.
        if (this.#handle === undefined) await putBack(this.directory);
        await this.#cut();
        if (this.#handle !== undefined) await this.#closeHandle(cause);
        await this.#reopen();
        return;
      } catch (error) {
        // Damage may be a read that failed for a moment as well: it is looked at again, but nobody has to wait for that.
        const state = error instanceof DamagedStoreError ? "refused" : this.#unwritable();
        if (state === "refused") this.#expire();
        this.#setStatus({ state, cause: error as Error });
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** From here on it is known that the writes which failed are not written. */
  async #cut(): Promise<void> {
    await cutLogs(this.directory, this.#acknowledged);
    for (const waiting of this.#queue) waiting.isTried = false;
    if (this.#isOverdue) this.#refuseWaiting();
  }

  /** Readers keep the handle until the disk has shown that another one can be opened. */
  async #closeHandle(cause: Error): Promise<void> {
    await requireRoom(this.directory);
    this.#setStatus({ state: "closed", cause });
    const handle = this.#handle;
    this.#handle = undefined;
    this.#reopened = deferred();
    await handle?.close();
    await this.#cut();
  }

  async #reopen(): Promise<void> {
    const opening = await openSafely(this.directory, () => openHandle(this.directory, this.#options));
    if (opening.lastSequence < this.#acknowledged) {
      await opening.database.close();
      const message = `expected write ${this.#acknowledged}, which was acknowledged, in ${this.directory}, got ${opening.lastSequence} as the last one`;
      throw new AcknowledgedMissingError(message);
    }
    this.#handle = opening.database;
    this.#acknowledged = opening.lastSequence;
    this.#setStatus({ state: "writing" });
    this.#reopened.resolve();
  }

  /** Refuses what waits, but for writes of which nobody knows yet: their promise tells when it is known. */
  #refuseWaiting(): void {
    const refused = this.#queue.filter(({ isTried }) => !isTried);
    this.#queue = this.#queue.filter(({ isTried }) => isTried);
    for (const { reject } of refused) reject(this.#unavailable());
  }

  #unavailable(): StoreUnavailableError {
    const { cause } = this.#status;
    const message = sayUnwritable(this.#status, this.directory, this.#stopping.signal.aborted);
    return new StoreUnavailableError(message, { cause });
  }

  #setStatus(status: WritingStatus): void {
    this.#status = status;
    this.#options.onStatus?.(status);
  }

  /** Reads, again when the database is closed meanwhile to be opened anew. */
  async #reading<T>(read: (handle: Handle) => Promise<T>): Promise<T> {
    for (;;) {
      const handle = await this.#opened();
      try {
        return await read(handle);
      } catch (error) {
        if (!this.#wasClosed(handle, error)) throw readError(error);
      }
    }
  }

  async #opened(): Promise<Handle> {
    await this.#underWay.wait();
    if (this.#handle !== undefined) return this.#handle;
    const waited = new AbortController();
    const timer = delay(this.#options.waitMs ?? WAIT_MS, undefined, { signal: waited.signal, ref: false });
    await Promise.race([this.#reopened.promise, timer]).catch(() => undefined);
    waited.abort();
    if (this.#handle !== undefined) return this.#handle;
    throw new StoreUnavailableError(`the store cannot be read now: ${FAILED[this.#status.state]}`, {
      cause: this.#status.cause,
    });
  }

  #wasClosed(handle: Handle, error: unknown): boolean {
    const code = codeOf(error);
    const isClosing = code === "LEVEL_DATABASE_NOT_OPEN" || code === "LEVEL_ITERATOR_NOT_OPEN";
    return isClosing && this.#handle !== handle && !this.#stopping.signal.aborted;
  }
}
