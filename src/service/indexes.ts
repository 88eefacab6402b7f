/**
 * The indexes for search of a service's ledgers, and the database they share. All of it is derived: when it fails, or cannot be
 * opened, the service goes on without, and it is thrown away and built again until that succeeds.
 */

import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Health } from "../health.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { Indexer, type IndexLog } from "../query/index/indexer.ts";
import { LevelIndexStore } from "../store/level-index.ts";
import { type Store, StoreLockedError } from "../store/store.ts";

export type IndexesOptions = {
  readonly directory: string;
  readonly log: IndexLog;
  readonly health: Health;
};

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 30_000;

export class Indexes {
  readonly #options: IndexesOptions;
  readonly #ledgers: Ledger[] = [];
  readonly #indexers = new Map<string, Indexer>();
  readonly #stopping = new AbortController();
  #store: LevelIndexStore | undefined;
  #renewing: Promise<void> | undefined;

  /** @throws StoreLockedError when another process has the database open */
  static async open(options: IndexesOptions): Promise<Indexes> {
    const indexes = new Indexes(options);
    try {
      await indexes.#openStore();
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
    if (this.#renewing !== undefined) return;
    await this.#begin(ledger).catch((error: Error) => this.#renew(error));
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#renewing;
    await this.#end();
  }

  async #openStore(): Promise<void> {
    const { directory } = this.#options;
    this.#store = await LevelIndexStore.open(directory, { onFailure: (cause) => this.#renew(cause) });
  }

  async #begin(ledger: Ledger): Promise<void> {
    const { log, health } = this.#options;
    const indexStore = this.#store;
    if (indexStore === undefined) return;
    const indexer = await Indexer.open({ store: readThrough(ledger), indexStore, ledger, log, health });
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

  /** Begins anew with an empty database, however long it takes until there can be one. */
  #renew(cause: Error): void {
    if (this.#renewing !== undefined || this.#stopping.signal.aborted) return;
    const detail =
      "the index for search failed, is thrown away and built again from the entries; recording and proofs go on, searches are " +
      "answered 503 until it is there; see the log for the cause, and whether the disk is full";
    this.#options.health.report("index", { code: "index_unavailable", detail }, cause);
    this.#renewing = this.#tryRenewing().finally(() => {
      this.#renewing = undefined;
    });
  }

  async #tryRenewing(): Promise<void> {
    const { directory, health } = this.#options;
    const { signal } = this.#stopping;
    for (let pauseMs = RETRY_MIN_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS)) {
      try {
        await this.#end();
        await rm(directory, { recursive: true, force: true });
        await this.#openStore();
        for (const ledger of this.#ledgers) await this.#begin(ledger);
        health.report("index", undefined);
        return;
      } catch (error) {
        this.#options.log.warn({ err: error, pauseMs }, "the index cannot be begun anew yet; trying again");
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** The index reads entries as everybody does, so that it tells of damage as well. */
function readThrough(ledger: Ledger): Pick<Store, "entry" | "entries"> {
  return {
    entry: (_, index) => ledger.entry(index),
    entries: (_, from, to) => ledger.entries(from, to),
  };
}
