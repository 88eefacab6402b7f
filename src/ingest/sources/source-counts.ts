/**
 * What has come from each source: how much, when last, and how far its clock is off. Kept in memory, and written down every few
 * seconds without waiting for the disk; what a crash loses of the counts is counted again from the entries.
 */

import type { Entry } from "../../entry/entry.ts";
import { readMembers } from "../../entry/prepare.ts";
import { parseDateTime } from "../../entry/time.ts";
import type { Condition, Health } from "../../health.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Store } from "../../store/store.ts";
import { Rate } from "./rate.ts";
import { readTally, type SourceTally, tallyKey } from "./source-count-record.ts";

/** Which counts something belongs to: a source sends in a format, with a key, to a ledger. */
export type SourcePlace = {
  /** Name of the ledger. */
  readonly ledger: string;
  readonly source: string;
  /** Id of the API key; "" for listeners, which have none. */
  readonly key: string;
  readonly format: string;
};

/** What became of a request, or of what a listener got. */
export type Counted = {
  readonly recorded: number;
  readonly quarantined?: number;
  readonly duplicates?: number;
  /** Of the body, decompressed. */
  readonly bytes: number;
  /** The time of its last event as the event has it, where it has one of its own. */
  readonly lastTime?: string | undefined;
};

/** What is told of one of them. */
export type SourceFacts = SourcePlace &
  Omit<SourceTally, keyof SourcePlace> & {
    /** Events a minute, over the last ten minutes. */
    readonly perMinute: number;
  };

/** A ledger whose entries can be counted again. */
export type CountedLedger = { readonly record: { readonly id: Hex; readonly name: string }; readonly size: number };

const SPACE = "sources";
const SIZES_SPACE = "sourcesizes";
const FLUSH_MS = 5000;
/** Of a store that never had counts, only so many of its newest entries are counted. */
const RECOUNTED_MAX = 100_000;
const UNWRITTEN: Condition = {
  code: "sources_unwritten",
  detail: "what has come from each source cannot be written down; it is kept in memory and tried again",
  isNotice: true,
};

/** What the book is kept in, and counted again from. */
type BookStore = Pick<Store, "records" | "writeRecords" | "entries">;

type Kept = { tally: SourceTally; readonly rate: Rate };

export class SourceBook {
  readonly #store: BookStore;
  readonly #now: () => number;
  readonly #health: Health | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();
  /** Of each ledger the size up to which its entries are in the counts. */
  readonly #sizes = new Map<string, number>();
  readonly #ledgers = new Map<string, CountedLedger>();
  readonly #counting = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Whether old entries are not counted after all, so that nothing may be written that says they are. */
  #isCutShort = false;

  private constructor(store: BookStore, now: () => number, health: Health | undefined) {
    this.#store = store;
    this.#now = now;
    this.#health = health;
  }

  /** Reads what was written down. */
  static async open(store: BookStore, now: () => number = Date.now, health?: Health): Promise<SourceBook> {
    const book = new SourceBook(store, now, health);
    const onDamaged = (): void => undefined;
    for await (const [key, value] of store.records(SPACE, { onDamaged })) {
      const tally = readTally(value);
      if (tally !== undefined) book.#kept.set(key, { tally, rate: new Rate(now()) });
    }
    for await (const [ledger, size] of store.records(SIZES_SPACE, { onDamaged })) {
      if (Number.isSafeInteger(Number(size))) book.#sizes.set(ledger, Number(size));
    }
    book.#timer = setInterval(() => void book.keep(), FLUSH_MS).unref();
    return book;
  }

  /** Counts also what this ledger recorded since its counts were last written down. */
  follow(ledger: CountedLedger): void {
    const { name } = ledger.record;
    const to = ledger.size;
    const from = Math.max(this.#sizes.get(name) ?? 0, to - RECOUNTED_MAX);
    this.#ledgers.set(name, ledger);
    if (from >= to) return;
    const counting = this.#recount(ledger, from, to).finally(() => this.#counting.delete(counting));
    this.#counting.add(counting);
  }

  /** Counts what came of one request. */
  count(place: SourcePlace, counted: Counted): void {
    const now = this.#now();
    const kept = this.#at(place);
    const { recorded, quarantined = 0, duplicates = 0, bytes, lastTime } = counted;
    const { tally } = kept;
    const time = lastTime === undefined ? undefined : parseDateTime(lastTime);
    kept.tally = {
      ...tally,
      recorded: tally.recorded + recorded,
      quarantined: tally.quarantined + quarantined,
      duplicates: tally.duplicates + duplicates,
      bytes: tally.bytes + bytes,
      firstSeen: tally.firstSeen ?? now,
      lastSeen: now,
      ...(time !== undefined && { skewMs: now - time }),
    };
    kept.rate.add(now, recorded);
  }

  /** What has come to a ledger, by source, format and key. */
  list(ledger: string): SourceFacts[] {
    const now = this.#now();
    return [...this.#kept.values()]
      .filter(({ tally }) => tally.ledger === ledger)
      .map(({ tally, rate }) => ({ ...tally, perMinute: rate.perMinute(now) }))
      .sort((a, b) => compare(a.source, b.source) || compare(a.format, b.format) || compare(a.key, b.key));
  }

  /** Resolves when all that was recorded before the start is counted. */
  async settled(): Promise<void> {
    await Promise.all(this.#counting);
  }

  /** Writes down what changed; for a timer: it never throws, and says when it fails. */
  async keep(): Promise<void> {
    try {
      await this.#flush();
      this.#health?.report("sources", undefined);
    } catch (error) {
      this.#health?.report("sources", UNWRITTEN, error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.settled();
    await this.keep();
  }

  #at(place: SourcePlace): Kept {
    const key = tallyKey(place);
    this.#changed.add(key);
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    const tally = { ...place, recorded: 0, quarantined: 0, duplicates: 0, bytes: 0 };
    const made = { tally, rate: new Rate(this.#now()) };
    this.#kept.set(key, made);
    return made;
  }

  async #flush(): Promise<void> {
    // While old entries are counted, a size that was written would say that they are in the counts.
    if (this.#changed.size === 0 || this.#counting.size > 0 || this.#isCutShort) return;
    const keys = [...this.#changed];
    this.#changed.clear();
    const tallies = keys.map((key) => ({ space: SPACE, key, value: JSON.stringify(this.#kept.get(key)?.tally) }));
    const sizes = [...this.#ledgers].map(([key, { size }]) => ({ space: SIZES_SPACE, key, value: String(size) }));
    try {
      await this.#store.writeRecords([...tallies, ...sizes], { durable: false });
    } catch (error) {
      for (const key of keys) this.#changed.add(key);
      throw error;
    }
  }

  async #recount({ record: { id, name: ledger } }: CountedLedger, from: number, to: number): Promise<void> {
    try {
      for await (const entry of this.#store.entries(id, from, to)) {
        if (this.#isClosed) {
          this.#isCutShort = true;
          return;
        }
        this.#countEntry(ledger, entry);
      }
    } catch {
      // Damage is told by the ledger and its audit; the counts then have what could be read.
    }
  }

  #countEntry(ledger: string, entry: Entry): void {
    const { _source, time } = readMembers(entry) as { readonly _source?: unknown; readonly time?: unknown };
    const { source, key, format, quarantined, notes } = (_source ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof source !== "string" || typeof format !== "string") return;
    const kept = this.#at({ ledger, source, format, key: typeof key === "string" ? key : "" });
    const { tally } = kept;
    const { recordedAt } = entry;
    const hasOwnTime = typeof time === "string" && !(Array.isArray(notes) && notes.includes("time_of_receipt"));
    const own = hasOwnTime ? parseDateTime(time) : undefined;
    kept.tally = {
      ...tally,
      recorded: tally.recorded + 1,
      quarantined: tally.quarantined + (quarantined === true ? 1 : 0),
      bytes: tally.bytes + sizeOf(entry),
      firstSeen: Math.min(tally.firstSeen ?? recordedAt, recordedAt),
      lastSeen: Math.max(tally.lastSeen ?? recordedAt, recordedAt),
      ...(own !== undefined && { skewMs: recordedAt - own }),
    };
  }
}

/** About as many bytes as its sender sent. */
function sizeOf({ members }: Entry): number {
  return members.reduce((sum, member) => sum + ("text" in member ? member.text.length : 0), 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
