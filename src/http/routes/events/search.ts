/**
 * Finding events through the index, and counting them. The index follows the ledger: an answer waits a moment for it to
 * catch up with what is recorded, and says how far it came.
 */

import { entryLeafHash } from "../../../entry/entry.ts";
import type { ExportRecord } from "../../../export/record.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { equal, toHex } from "../../../merkle/bytes.ts";
import { HASH_LENGTH, type Hash } from "../../../merkle/hash.ts";
import { TILE_WIDTH } from "../../../merkle/tile.ts";
import { countFilter } from "../../../query/filter-count.ts";
import type { Indexer } from "../../../query/index/indexer.ts";
import { IndexBehindError } from "../../../query/index/waiters.ts";
import { type QueryItem, query } from "../../../query/query.ts";
import { stats } from "../../../query/stats.ts";
import type { Answering } from "../../admit.ts";
import { Problem } from "../../problem.ts";
import { json } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { anchoredSize } from "../ledgers.ts";

/** Whoever has just been answered 201 finds the event: indexing takes milliseconds. */
const CATCH_UP_MS = 1000;
/** From so many neighbours on a tile of 8 KiB is less work than they are. */
const TILED_MIN = 32;
const DAY_MS = 86_400_000;
const RETRY = { "Retry-After": "5" };

/** GET …/events */
export function listEvents(services: Services): Answering<"listEvents"> {
  return async ({ ledger, query: { order, limit, after, ...filter } }) => {
    const indexer = await indexerAt(services, ledger);
    const request = { filter: withoutUndefined(filter), order, limit, ...(after !== undefined && { after }) };
    const page = await query(indexer, request);
    const { events, changed } = await checkAll(services.hash, ledger, page.items);
    const anchored = anchoredSize(await services.chains(ledger.record.id));
    const { accepted, searchable } = page.watermark;
    const { complete, next = null } = page;
    const unreadable = [...(page.unreadable ?? []), ...changed];
    const sizes = { size: accepted, searchableSize: searchable, anchoredSize: anchored };
    const { lookedAt } = page;
    return json(
      200,
      { events, lookedAt, next, complete, ...sizes, ...(unreadable.length > 0 && { unreadable }) },
      "revalidate",
    );
  };
}

/** An event as answers have it. */
type Shown = Pick<QueryItem, "index" | "recordedAt" | "event"> & { readonly leafHash: string };

type Checked = { readonly events: readonly Shown[]; readonly changed: readonly number[] };

/** Leaves out what does not lead to its leaf hash in the tree: a store that somebody edited must not speak through a search. */
export async function checkAll(hash: Hash, ledger: Ledger, items: readonly QueryItem[]): Promise<Checked> {
  const { records, changed } = await provenRecords(hash, ledger, items);
  return { events: records.map(({ entry: _, ...shown }) => shown), changed };
}

type Proven = { readonly records: readonly ExportRecord[]; readonly changed: readonly number[] };

/** What was found and leads to its leaf hash, with that; and the indexes of what does not. */
export async function provenRecords(hash: Hash, ledger: Ledger, items: readonly QueryItem[]): Promise<Proven> {
  const records: ExportRecord[] = [];
  const changed: number[] = [];
  const leaves = await leafHashes(ledger, items);
  for (const [i, { index, recordedAt, event, entry }] of items.entries()) {
    const leaf = leaves[i] as Uint8Array;
    if (!equal(entryLeafHash(hash, entry), leaf)) changed.push(index);
    else records.push({ index, recordedAt, leafHash: toHex(leaf), event, entry });
  }
  return { records, changed };
}

/** Many of one full tile are taken out of it; others are computed one by one. */
async function leafHashes(ledger: Ledger, items: readonly QueryItem[]): Promise<Uint8Array[]> {
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? first;
  if (items.length < TILED_MIN || Math.abs(last - first) > 2 * items.length) {
    return Promise.all(items.map(({ index }) => ledger.leafHash(index)));
  }
  const tiles = new Map<number, Uint8Array | undefined>();
  const leaves: Uint8Array[] = [];
  for (const { index } of items) {
    const n = Math.floor(index / TILE_WIDTH);
    if (!tiles.has(n)) tiles.set(n, await ledger.tile(0, n));
    const at = (index % TILE_WIDTH) * HASH_LENGTH;
    leaves.push(tiles.get(n)?.subarray(at, at + HASH_LENGTH) ?? (await ledger.leafHash(index)));
  }
  return leaves;
}

/** GET …/events/count */
export function countMatches(services: Services): Answering<"countMatches"> {
  return async ({ ledger, query: { after, ...filter } }) => {
    const indexer = await indexerAt(services, ledger);
    const counted = await countFilter(indexer, withoutUndefined(filter), after);
    const { watermark, next = null, ...counts } = counted;
    return json(200, { ...counts, next, size: watermark.accepted, searchableSize: watermark.searchable }, "revalidate");
  };
}

/** GET …/stats */
export function countEvents(services: Services): Answering<"countEvents"> {
  return async ({ ledger, query: { since, until = services.now(), interval, top } }) => {
    const indexer = await indexerAt(services, ledger);
    const counted = await stats(indexer, { since: since ?? until - DAY_MS, until, interval, top });
    const { watermark, ...counts } = counted;
    return json(200, { ...counts, size: watermark.accepted, searchableSize: watermark.searchable }, "revalidate");
  };
}

export async function indexerAt({ indexer }: Services, { record, size }: Ledger): Promise<Indexer> {
  const found = indexer(record.name);
  if (found === undefined) {
    throw new Problem("index_behind", "the index for search is being verified or built again; /readyz says which", {
      headers: RETRY,
    });
  }
  try {
    await found.waitFor(size, { timeoutMs: CATCH_UP_MS });
  } catch (error) {
    // The answer says how far the index is.
    if (!(error instanceof IndexBehindError)) throw error;
  }
  return found;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Fields without those that are undefined. */
export function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
