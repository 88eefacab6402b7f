/**
 * Intents without results, from the oldest on. A result is never taken back, so what was found done once is not looked at
 * again: of what was examined only the open ones are remembered, with how far results of each were looked for. In memory
 * alone; after a start pages go through all intents once. Why: docs/decisions/0170.
 */

import { spellValue } from "../entry/spelled-value.ts";
import { decodeCursor, encodeCursor, queryDigest } from "./cursor.ts";
import type { Indexer } from "./index/indexer.ts";
import { IndexBehindError } from "./index/waiters.ts";
import { type QueryItem, type QueryPage, query } from "./query.ts";
import { planCursor } from "./request.ts";

/** Of more open ones than these, the rest is examined anew each time. */
const REMEMBERED_MAX = 100_000;
/** Intents that are looked at for one page, open or not. */
const LOOKED_AT_MAX = 500;
const INTENTS = { intent: "*" };

export type OpenIntentsRequest = {
  /** Recorded before, milliseconds since 1970. */
  readonly until: number;
  readonly limit: number;
  readonly after?: string | undefined;
};

class OpenIntents {
  readonly #indexer: Indexer;
  /** All intents below are examined. */
  #examined = 0;
  /** Those of them that were open, in their order, and up to where results were looked for. */
  readonly #open = new Map<number, number>();

  constructor(indexer: Indexer) {
    this.#indexer = indexer;
  }

  /** A page of those that are open. @throws QueryError, IndexBehindError */
  async page({ until, limit, after }: OpenIntentsRequest): Promise<Omit<QueryPage, "lookedAt">> {
    const { id } = this.#indexer.ledger.record;
    const digest = queryDigest(id, "asc", planCursor({ filter: INTENTS, order: "asc", limit }));
    const from = after === undefined ? 0 : decodeCursor(after, digest);
    const { watermark } = this.#indexer;
    if (from > watermark) throw new IndexBehindError(`expected an index of ${from} entries, got ${watermark}`);
    const page = new Page(until, limit, LOOKED_AT_MAX, from);
    await this.#lookAgain(page);
    if (!page.isDone) await this.#examine(page);
    const accepted = this.#indexer.ledger.size;
    return {
      items: page.items,
      ...(!page.isLast && { next: encodeCursor(page.from, digest) }),
      watermark: { accepted, searchable: Math.min(accepted, this.#indexer.watermark) },
      complete: page.isLast || page.items.length >= limit,
      ...(page.unreadable.length > 0 && { unreadable: page.unreadable }),
    };
  }

  /** Those that were open when they were last looked at. */
  async #lookAgain(page: Page): Promise<void> {
    // Two pages that were made at once may have remembered some out of order.
    for (const index of [...this.#open.keys()].sort((a, b) => a - b)) {
      if (page.isDone) return;
      if (index < page.from) continue;
      const found = await query(this.#indexer, {
        filter: { ...INTENTS, from: index, to: index + 1 },
        order: "asc",
        limit: 1,
      });
      const [item] = found.items;
      page.unreadable.push(...(found.unreadable ?? []));
      if (item !== undefined && (await this.#isOpen(item))) page.show(item);
      else page.pass(index);
    }
    if (!page.isDone) page.from = Math.max(page.from, this.#examined);
  }

  /** Those that nobody has looked at yet. */
  async #examine(page: Page): Promise<void> {
    const room = REMEMBERED_MAX - this.#open.size;
    const isNext = page.from === this.#examined && room > 0;
    const limit = isNext ? Math.min(page.left, room) : page.left;
    const found = await query(this.#indexer, { filter: { ...INTENTS, from: page.from }, order: "asc", limit });
    for (const index of found.unreadable ?? []) {
      page.unreadable.push(index);
      if (isNext) this.#remember(index, index + 1);
    }
    for (const item of found.items) {
      const isOpen = await this.#isOpen(item, isNext);
      if (page.isDone) continue;
      if (isOpen) page.show(item);
      else page.pass(item.index);
    }
    const end = found.nextIndex ?? found.watermark.searchable;
    if (isNext) this.#examined = Math.max(this.#examined, end);
    if (page.isDone) return;
    page.from = Math.max(page.from, end);
    page.isLast = found.next === undefined;
  }

  /** Whether nobody has said how it ended; looks only where it was not looked yet. */
  async #isOpen({ index, event }: QueryItem, isRemembered = true): Promise<boolean> {
    const resultOf = spellValue(String(event.intent));
    for (let from = this.#open.get(index) ?? index + 1; ; ) {
      if (from >= this.#indexer.watermark) {
        if (isRemembered) this.#remember(index, from);
        return true;
      }
      const found = await query(this.#indexer, { filter: { resultOf, from }, order: "asc", limit: 1 });
      if (found.items.length > 0) {
        this.#open.delete(index);
        return false;
      }
      from = found.nextIndex ?? Math.max(from, found.watermark.searchable);
    }
  }

  #remember(index: number, from: number): void {
    if (this.#open.has(index) || this.#open.size < REMEMBERED_MAX) this.#open.set(index, from);
  }
}

const known = new WeakMap<Indexer, OpenIntents>();

/** Those of a ledger. */
export function openIntentsOf(indexer: Indexer): OpenIntents {
  const found = known.get(indexer) ?? new OpenIntents(indexer);
  known.set(indexer, found);
  return found;
}

/** A page in the making. */
class Page {
  readonly items: QueryItem[] = [];
  readonly unreadable: number[] = [];
  readonly #until: number;
  readonly #limit: number;
  /** Where the next page begins. */
  from: number;
  /** How many may still be looked at. */
  left: number;
  isLast = false;

  constructor(until: number, limit: number, left: number, from: number) {
    this.#until = until;
    this.#limit = limit;
    this.left = left;
    this.from = from;
  }

  get isDone(): boolean {
    return this.isLast || this.items.length >= this.#limit || this.left <= 0;
  }

  show(item: QueryItem): void {
    // Times of recording never run backwards: all that follows is too young as well.
    if (item.recordedAt >= this.#until) this.isLast = true;
    else this.items.push(item);
    this.pass(item.index);
  }

  pass(index: number): void {
    this.left--;
    this.from = index + 1;
  }
}
