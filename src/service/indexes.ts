/**
 * The indexes for search of a service's ledgers, and the database they share. All of it is derived: when it fails, or cannot be
 * opened, the service goes on without, and it is thrown away and built again until that succeeds.
 * Why: docs/decisions/0115.
 */

import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Condition, Health } from "../health.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type EntryReader, Indexer, type IndexLog } from "../query/index/indexer.ts";
import { ScanTurns } from "../query/text/scan-turns.ts";
import { type IndexCipher, indexBytes, LevelIndexStore } from "../store/level-index.ts";
import { StoreLockedError } from "../store/store.ts";

export type IndexesOptions = {
  readonly directory: string;
  readonly log: IndexLog;
  readonly health: Health;
  /** What encrypts the values, where they are. */
  readonly cipher?: IndexCipher | undefined;
  /** Files up to so many bytes are verified before a start goes on, those of a larger index behind it; 128 MiB when left out. */
  readonly startBytes?: number;
};

/** 0.3 s of processor; segments of some million entries. */
const START_BYTES = 128 * 1024 ** 2;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 30_000;

const RENEWING: Condition = {
  code: "index_unavailable",
  detail:
    "the index for search failed, is thrown away and built again from the entries; recording and proofs go on, searches are " +
    "answered 503 until it is there; see the log for the cause, and whether the disk is full",
};
const VERIFYING: Condition = {
  code: "index_verifying",
  detail:
    "the files of the index for search are verified before it is used, which takes some seconds for each GiB; recording and " +
    "proofs go on, searches are answered 503 until it is done",
  isNotice: true,
};

export class Indexes {
  readonly #options: IndexesOptions;
  readonly #ledgers: Ledger[] = [];
  /** Recording in any ledger goes before scans of all. */
  readonly #scanTurns = new ScanTurns();
  readonly #indexers = new Map<string, Indexer>();
  readonly #stopping = new AbortController();
  #store: LevelIndexStore | undefined;
  #renewing: Promise<void> | undefined;
  /** Ledgers that are followed from now on are begun by whoever opens the database. */
  #isBeginning = false;

  /** @throws StoreLockedError when another process has the database open */
  static async open(options: IndexesOptions): Promise<Indexes> {
    const indexes = new Indexes(options);
    try {
      const { directory, health, startBytes = START_BYTES } = options;
      if ((await indexBytes(directory)) <= startBytes) await indexes.#openStore({ isPatient: false });
      else {
        health.report("index", VERIFYING);
        indexes.#beginLater({ isBelieved: true });
      }
    } catch (error) {
      if (error instanceof StoreLockedError) throw error;
      indexes.#renew(error as Error);
    }
    return indexes;
  }

  private constructor(options: IndexesOptions) {
    this.#options = options;
  }

  /** The index of a ledger; undefined while there is none to ask. */
  get(name: string): Indexer | undefined {
    return this.#indexers.get(name);
  }

  /** Begins to follow a ledger. */
  async follow(ledger: Ledger): Promise<void> {
    this.#ledgers.push(ledger);
    if (this.#isBeginning) return;
    await this.#begin(ledger).catch((error: Error) => this.#renew(error));
  }

  /**
   * Builds anew what the index of a ledger has of some ranges, in ascending order, which have less in them now; waits until there is an
   * index, since one that is verified is from before.
   */
  async forgetAll(
    ledger: string,
    ranges: readonly (readonly [from: number, to: number])[],
    signal: AbortSignal,
  ): Promise<void> {
    const indexer = await this.#waitForOne(ledger, signal);
    await indexer.forgetAll(ranges);
  }

  /**
   * Takes off the disk what was removed and written over.
   * @throws Error while an index is begun anew: files of the one before may be there still
   */
  async compact(): Promise<void> {
    if (this.#renewing !== undefined)
      throw new Error("expected an index that is there, got one that is verified or begun anew; try again");
    await this.#store?.compact();
  }

  async #waitForOne(name: string, signal: AbortSignal): Promise<Indexer> {
    for (;;) {
      const indexer = this.#indexers.get(name);
      if (indexer !== undefined && !this.#isBeginning) return indexer;
      await delay(RETRY_MIN_MS, undefined, { signal, ref: false });
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#renewing;
    await this.#end();
  }

  async #openStore({ isPatient }: { readonly isPatient: boolean }): Promise<void> {
    const onFailure = (cause: Error) => this.#renew(cause);
    const { signal } = this.#stopping;
    const { directory, cipher } = this.#options;
    this.#store = await LevelIndexStore.open(directory, { onFailure, signal, isPatient, cipher });
  }

  async #begin(ledger: Ledger): Promise<void> {
    const { log, health } = this.#options;
    const indexStore = this.#store;
    if (indexStore === undefined) return;
    const indexer = await Indexer.open({
      store: readThrough(ledger),
      indexStore,
      ledger,
      log,
      health,
      scanTurns: this.#scanTurns,
    });
    this.#indexers.set(ledger.record.name, indexer);
    indexer.start();
  }

  /** Stops all that uses the database, and closes it. */
  async #end(): Promise<void> {
    const indexers = [...this.#indexers.values()];
    this.#indexers.clear();
    await Promise.all(indexers.map((indexer) => indexer.stop()));
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Begins anew with an empty database. */
  #renew(cause: Error): void {
    // What fails while it is begun anew is seen when that ends.
    if (this.#renewing !== undefined || this.#stopping.signal.aborted) return;
    this.#options.health.report("index", RENEWING, cause);
    this.#beginLater({ isBelieved: false });
  }

  #beginLater(first: { readonly isBelieved: boolean }): void {
    this.#isBeginning = true;
    this.#renewing = this.#tryBeginning(first).finally(() => {
      this.#renewing = undefined;
      const failure = this.#store?.failure;
      if (failure !== undefined) this.#renew(failure);
    });
  }

  /**
   * Opens the database and begins to follow all ledgers, however long it takes until that can be.
   * @param isBelieved whether what is there is used when it is as it was written; what failed once is not
   */
  async #tryBeginning({ isBelieved }: { readonly isBelieved: boolean }): Promise<void> {
    const { directory, health, log } = this.#options;
    const { signal } = this.#stopping;
    let isKept = isBelieved;
    for (let pauseMs = RETRY_MIN_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS)) {
      try {
        await this.#end();
        if (!isKept) await rm(directory, { recursive: true, force: true });
        isKept = false;
        await this.#openStore({ isPatient: true });
        for (const ledger of this.#ledgers) await this.#begin(ledger);
        // Whatever began first writes already, and may have failed meanwhile.
        if (this.#store?.failure !== undefined) throw this.#store.failure;
        this.#isBeginning = false;
        health.report("index", undefined);
        return;
      } catch (error) {
        if (signal.aborted) return;
        health.report("index", RENEWING, error);
        log.warn({ err: error, pauseMs }, "the index cannot be begun anew yet; trying again");
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** What the index reads it reads as everybody does, so that it tells of damage as well. */
function readThrough(ledger: Ledger): EntryReader {
  return {
    entry: (_, index) => ledger.entry(index),
    entries: (_, from, to) => ledger.entries(from, to),
    packedEntries: (_, from, to) => ledger.packedEntries(from, to),
    takeRecent: (_, from, to) => ledger.takeRecent(from, to),
  };
}
