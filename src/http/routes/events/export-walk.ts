/**
 * All events that a filter finds among the first entries of a ledger, in order, a bounded piece at a time. What is recorded
 * meanwhile is not among them, so that the same walk finds the same events again.
 */

import type { Indexer } from "../../../query/index/indexer.ts";
import { IndexBehindError } from "../../../query/index/waiters.ts";
import { type QueryBounds, type QueryItem, query } from "../../../query/query.ts";
import { type Filter, planFilter } from "../../../query/request.ts";

/** What was found in a stretch of entries. */
export type WalkedRange = {
  readonly items: readonly QueryItem[];
  /** Indexes that the store cannot read. */
  readonly unreadable: readonly number[];
  /** Everything below it was looked at. */
  readonly upTo: number;
};

/** Small, because nothing else happens while a piece is made. */
const BOUNDS: QueryBounds = { workMax: 1024, bytesMax: 512 * 1024 };
const ITEMS_MAX = 250;
const WAIT_MS = 1000;
/** Waits without that the index gets on, before it is given up. */
const WAITS_MAX = 30;

export class Walk {
  readonly #indexer: Indexer;
  readonly #filter: Filter;
  readonly #end: number;
  readonly #begin: number;
  #upTo: number;
  #waits = 0;

  /**
   * @param size how many entries of the ledger are looked at
   * @throws QueryError with what is wrong with the filter
   */
  constructor(indexer: Indexer, filter: Filter, size: number) {
    const { from, to } = planFilter(filter);
    this.#indexer = indexer;
    this.#filter = filter;
    this.#end = Math.min(to, size);
    this.#begin = from;
    this.#upTo = from;
  }

  /** Everything below it was looked at. */
  get upTo(): number {
    return this.#upTo;
  }

  /**
   * Waits a moment for the index to have what comes next, which is no work.
   * @returns whether it has
   * @throws IndexBehindError when the index does not come as far and stands still
   */
  async ready(): Promise<boolean> {
    return this.#upTo >= this.#end || this.#upTo < this.#indexer.watermark || this.#isIndexed();
  }

  /** The next piece, which may have nothing; undefined at the end. To be called when it is ready. */
  async next(): Promise<WalkedRange | undefined> {
    if (this.#upTo >= this.#end) return undefined;
    const filter = { ...this.#filter, from: this.#upTo, to: this.#end };
    const page = await query(this.#indexer, { filter, order: "asc", limit: ITEMS_MAX }, { bounds: BOUNDS });
    this.#upTo = page.lookedAt.to;
    return { items: page.items, unreadable: page.unreadable ?? [], upTo: this.#upTo };
  }

  /** How many of the entries that are looked at were pruned. */
  countPruned(): Promise<number> {
    return this.#indexer.countPruned(this.#begin, this.#end);
  }

  async #isIndexed(): Promise<boolean> {
    try {
      await this.#indexer.waitFor(this.#upTo + 1, { timeoutMs: WAIT_MS });
      this.#waits = 0;
      return true;
    } catch (error) {
      if (!(error instanceof IndexBehindError) || ++this.#waits >= WAITS_MAX) throw error;
      return false;
    }
  }
}
