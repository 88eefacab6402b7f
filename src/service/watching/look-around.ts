/** How things stand in a service, as the rules of alerts want to know it. */

import { statfs } from "node:fs/promises";
import type { AnchoringSeen, DiskSeen, EndedKeySeen, Facts, IntentsSeen, SourceSeen } from "../../alerts/facts.ts";
import type { WatcherBook } from "../../alerts/watchers/watcher-book.ts";
import type { AnchoringStatus } from "../../anchor/status.ts";
import { OF_THE_SERVICE } from "../../entry/prepare.ts";
import { groupBy } from "../../group-by.ts";
import type { Health } from "../../health.ts";
import type { KeyRing } from "../../http/auth/api-keys.ts";
import { filterOfText } from "../../http/routes/events/filter-text.ts";
import type { SourceBook, SourceFacts } from "../../ingest/sources/source-counts.ts";
import type { Log } from "../../log.ts";
import { countFilter, type FilterCount } from "../../query/filter-count.ts";
import type { Indexer } from "../../query/index/indexer.ts";
import { openIntentsOf } from "../../query/open-intents.ts";
import { type AccessSurroundings, lookAtAccesses } from "./look-at-accesses.ts";
import { auditsSeen, type KeepingSurroundings, pruningSeen } from "./look-at-keeping.ts";
import { watcherSeen } from "./look-at-watchers.ts";

/** An intent may be without a result for so long. */
const INTENT_MS = 3_600_000;
const INTENTS_MAX = 100;
/** Pages of intents that are gone through in one look: after a start none of them is known. */
const PAGES_MAX = 20;
/** Entries that are looked through for a text at a time, and how often that goes on. */
const WORK_MAX = 200_000;
const COUNTS_MAX = 5;

export type Surroundings = KeepingSurroundings &
  AccessSurroundings & {
    readonly data: string;
    readonly now: () => number;
    readonly health: Health;
    readonly log: Pick<Log, "warn" | "info">;
    readonly sources: SourceBook;
    readonly keys: Pick<KeyRing, "list" | "refusals">;
    readonly anchoring: () => Promise<readonly AnchoringStatus[]>;
    readonly indexer: (name: string) => Indexer | undefined;
    readonly watchers: Pick<WatcherBook, "all">;
  };

/** Looks at how things stand, as often as it is asked. */
export class LookAround {
  readonly #parts: Surroundings;
  /** What could not be found out when it was last looked at. */
  readonly #unknown = new Set<string>();

  constructor(parts: Surroundings) {
    this.#parts = parts;
  }

  /** Each part by itself: what cannot be found out is left out, and the others are judged all the same. */
  async look(): Promise<Facts> {
    const parts = this.#parts;
    const { data, now, health, registry, sources, keys } = parts;
    const ledgers = registry.list().map(({ record }) => record.name);
    const [anchoring, disk, intents, audits, pruning, accesses] = await Promise.all([
      this.#known("anchoring", () => anchoringSeen(parts)),
      this.#known("disk", () => lookAtDisk(data)),
      this.#known("intents", () => lookAtIntents(parts, ledgers)),
      this.#known("audits", () => auditsSeen(parts)),
      this.#known("pruning", () => pruningSeen(parts)),
      this.#known("accesses", () => lookAtAccesses(parts)),
    ]);
    return {
      now: now(),
      conditions: health.conditions(),
      sources: ledgers.flatMap((ledger) => bySource(sources.list(ledger))),
      sequences: ledgers.flatMap((ledger) => sources.gaps(ledger).map((each) => ({ ledger, ...each }))),
      endedKeys: endedKeys(keys),
      watchers: parts.watchers.all().map(watcherSeen),
      ...(anchoring !== undefined && { anchoring }),
      ...(disk !== undefined && { disk }),
      ...(intents !== undefined && { intents }),
      ...(audits !== undefined && { audits }),
      ...(pruning !== undefined && { pruning }),
      ...(accesses !== undefined && { accesses }),
      countEvents: (ledger, filter, since, enough) =>
        this.#known(`events of ${ledger}`, () => countEvents(parts, ledger, { filter, since, enough })),
    };
  }

  /** @returns undefined when it cannot be found out, the cause of which is logged when that begins */
  async #known<T>(what: string, looking: () => Promise<T> | T): Promise<T | undefined> {
    const { log } = this.#parts;
    try {
      const found = await looking();
      if (this.#unknown.delete(what)) log.info({ what }, "alerts can be judged by this again");
      return found;
    } catch (err) {
      if (!this.#unknown.has(what))
        log.warn({ err, what }, "this cannot be found out, so alerts that need it are left as they are");
      this.#unknown.add(what);
      return undefined;
    }
  }
}

/** Keys that were used after their end, since the start. */
function endedKeys(keys: Surroundings["keys"]): EndedKeySeen[] {
  return keys.list().flatMap(({ id: key, source, revokedAt, expiresAt }) => {
    const refusals = keys.refusals(key);
    const endedAt = revokedAt ?? expiresAt;
    if (refusals === undefined || endedAt === undefined) return [];
    return [{ key, source, how: revokedAt === undefined ? "expired" : "revoked", endedAt, ...refusals }];
  });
}

/** Over all keys and formats of a source, but for what the service records by itself. */
function bySource(all: readonly SourceFacts[]): SourceSeen[] {
  const others = all.filter(({ source }) => source !== OF_THE_SERVICE);
  return [...groupBy(others, ({ source }) => source).values()].map((of) => {
    const [first] = of as [SourceFacts, ...SourceFacts[]];
    const newest = of.reduce((a, b) => ((b.lastSeen ?? 0) > (a.lastSeen ?? 0) ? b : a));
    const refused = of.reduce((a, b) => ((b.lastRefused?.at ?? 0) > (a.lastRefused?.at ?? 0) ? b : a)).lastRefused;
    return {
      ledger: first.ledger,
      source: first.source,
      recorded: of.reduce((sum, each) => sum + each.recorded, 0),
      quarantined: of.reduce((sum, each) => sum + each.quarantined, 0),
      ...(newest.lastSeen !== undefined && { lastSeen: newest.lastSeen }),
      ...(newest.skewMs !== undefined && { skewMs: newest.skewMs }),
      ...(refused !== undefined && { lastRefused: refused }),
    };
  });
}

async function anchoringSeen({ anchoring }: Surroundings): Promise<AnchoringSeen[]> {
  return (await anchoring()).flatMap(({ name: chain, intervalMs, ledgers }) =>
    ledgers.map(({ name: ledger, oldestUnanchoredS, state, note }) => ({
      chain,
      ledger,
      intervalMs,
      oldestUnanchoredS,
      ...(state === "halted" && { halted: note?.message ?? "see holdfast status" }),
    })),
  );
}

async function lookAtDisk(data: string): Promise<DiskSeen> {
  const { bavail, blocks, bsize } = await statfs(data);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

async function lookAtIntents({ indexer, now }: Surroundings, ledgers: readonly string[]): Promise<IntentsSeen[]> {
  const seen: IntentsSeen[] = [];
  for (const ledger of ledgers) {
    const of = indexer(ledger);
    if (of === undefined) continue;
    const intents = openIntentsOf(of);
    const items = await firstOpen(() => intents.page({ until: now() - INTENT_MS, limit: INTENTS_MAX }));
    const [oldest] = items;
    if (oldest !== undefined) seen.push({ ledger, count: items.length, oldestAt: oldest.entry.recordedAt });
  }
  return seen;
}

/** @param page goes on where the one before ended. @throws Error when not all was looked at and none was found: that is not to say that there is none */
export async function firstOpen<Item>(
  page: () => Promise<{ readonly items: readonly Item[]; readonly complete: boolean }>,
): Promise<readonly Item[]> {
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const { items, complete } = await page();
    if (complete || items.length > 0) return items;
  }
  throw new Error("expected to go through all intents, got not yet to their end");
}

type CountedEvents = { readonly filter: string; readonly since: number; readonly enough: number };

async function countEvents({ indexer }: Surroundings, ledger: string, { filter, since, enough }: CountedEvents) {
  const of = indexer(ledger);
  // Nothing is known of a ledger that is not there: a search that names it would never tell, and nobody would know.
  if (of === undefined) return undefined;
  const asked = { ...filterOfText(filter), since };
  return countUntil(enough, (after) => countFilter(of, asked, after, WORK_MAX));
}

/** @returns undefined when not all was looked at and not enough was found: whoever sends very much would hide something else by it */
export async function countUntil(
  enough: number,
  count: (after: string | undefined) => Promise<Pick<FilterCount, "count" | "complete" | "next">>,
): Promise<number | undefined> {
  let sum = 0;
  let after: string | undefined;
  for (let times = 0; times < COUNTS_MAX; times++) {
    const found = await count(after);
    sum += found.count;
    if (found.complete || sum >= enough) return sum;
    after = found.next;
  }
  return undefined;
}
