/**
 * What has come from each source: how much, when last, and how far its clock is off. Kept in memory, and written down every few
 * seconds without waiting for the disk; what a crash loses of the counts is counted again from the entries, however many.
 * Why: docs/decisions/0169.
 */

import type { Entry } from "../../entry/entry.ts";
import { readMemberText } from "../../entry/member.ts";
import { parseDateTime } from "../../entry/time.ts";
import type { Condition, Health } from "../../health.ts";
import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Store } from "../../store/store.ts";
import { type CountedEntries, readCounted, spellCounted, type Uncounted, uncountedOf } from "./counted-entries.ts";
import { Rate } from "./rate.ts";
import { type SequenceGap, type SequenceSpan, SourceSequences } from "./sequences.ts";
import { type Refused, readTally, type SourceTally, tallyKey } from "./source-count-record.ts";

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
  /** Numbers by which their sender counts them. */
  readonly sequences?: readonly SequenceSpan[] | undefined;
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
const SEQUENCES_SPACE = "sourcesequences";
const SIZES_SPACE = "sourcesizes";
const FLUSH_MS = 5000;
/** Entries that are counted again in one go, some milliseconds of work, and how long others then have the thread. */
const PIECE = 512;
const PAUSE_MS = 4;
/** While the store cannot read. */
const RETRY_MS = 1000;
/** Of a path into what was sent: its names are the sender's. */
const PATH_MAX = 200;
const UNWRITTEN: Condition = {
  code: "sources_unwritten",
  detail: "what has come from each source cannot be written down; it is kept in memory and tried again",
  isNotice: true,
};

/** What the book is kept in, and counted again from. */
type BookStore = Pick<Store, "records" | "writeRecords" | "entries">;

/** Counts that go on in place: one is changed for every request. */
type Kept = { readonly tally: { -readonly [K in keyof SourceTally]: SourceTally[K] }; readonly rate: Rate };

export class SourceBook {
  readonly #store: BookStore;
  readonly #now: () => number;
  readonly #health: Health | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();
  /** By ledger and source; and of which there is more than was written down. */
  readonly #sequences = new Map<string, SourceSequences>();
  readonly #counted = new Set<string>();
  /** The place that was counted last: most often it is the next one too, and need not be spelled again. */
  #last: { readonly place: SourcePlace; readonly key: string } | undefined;
  /** Of each ledger what was in the counts when they were last written down. */
  readonly #written = new Map<string, CountedEntries>();
  /** Ledgers that are followed, with what is still to be counted again. */
  readonly #followed = new Map<string, { readonly ledger: CountedLedger; readonly missing: Uncounted[] }>();
  readonly #counting = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Whether entries were counted again since it was last written which. */
  #hasProgress = false;

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
    for await (const [key, value] of store.records(SEQUENCES_SPACE, { onDamaged }))
      book.#sequences.set(key, new SourceSequences(value));
    for await (const [ledger, value] of store.records(SIZES_SPACE, { onDamaged })) {
      const counted = readCounted(value);
      if (counted !== undefined) book.#written.set(ledger, counted);
    }
    book.#timer = setInterval(() => void book.keep(), FLUSH_MS).unref();
    return book;
  }

  /** Counts also what this ledger recorded since its counts were last written down. */
  follow(ledger: CountedLedger): void {
    const { name } = ledger.record;
    const missing = uncountedOf(this.#written.get(name), ledger.size);
    this.#followed.set(name, { ledger, missing });
    if (missing.length === 0) return;
    // What came last is not known of them: that is no gap of their senders'.
    for (const key of this.#sequences.keys()) {
      if (readPlace(key)[0] !== name) continue;
      this.#sequences.delete(key);
      this.#counted.add(key);
    }
    const counting = this.#recount(ledger, missing).finally(() => this.#counting.delete(counting));
    this.#counting.add(counting);
  }

  /** Counts what came of one request. */
  count(place: SourcePlace, counted: Counted): void {
    const now = this.#now();
    const kept = this.#at(place);
    const { recorded, quarantined = 0, duplicates = 0, bytes, lastTime } = counted;
    const { tally } = kept;
    const time = lastTime === undefined ? undefined : parseDateTime(lastTime);
    tally.recorded += recorded;
    tally.quarantined += quarantined;
    tally.duplicates += duplicates;
    tally.bytes += bytes;
    tally.firstSeen ??= now;
    tally.lastSeen = now;
    if (time !== undefined) tally.skewMs = now - time;
    kept.rate.add(now, recorded);
    if (counted.sequences !== undefined) this.#countSequences(place, counted.sequences, now);
  }

  /** By source, the numbers of its sequences that did not come to a ledger. */
  gaps(ledger: string): { readonly source: string; readonly gaps: readonly SequenceGap[] }[] {
    return [...this.#sequences].flatMap(([key, each]) => {
      const [of, source] = readPlace(key);
      return of === ledger ? [{ source, gaps: each.gaps() }] : [];
    });
  }

  /** Counts a request of which nothing is recorded. What goes to the disk goes with the next counts, however many there are. */
  refuse(place: SourcePlace, refused: Omit<Refused, "at">): void {
    const { tally } = this.#at(place);
    const path = refused.path?.slice(0, PATH_MAX).toWellFormed();
    tally.refused++;
    tally.lastRefused = { ...refused, ...(path !== undefined && { path }), at: this.#now() };
  }

  /** What has come to a ledger, by source, format and key. */
  list(ledger: string): SourceFacts[] {
    const now = this.#now();
    return [...this.#kept.values()]
      .filter(({ tally }) => tally.ledger === ledger)
      .map(({ tally, rate }) => ({ ...tally, perMinute: rate.perMinute(now) }))
      .sort((a, b) => compare(a.source, b.source) || compare(a.format, b.format) || compare(a.key, b.key));
  }

  /** Entries of a ledger that are in no count yet: what a crash or damage took from the counts is counted again, the oldest first. */
  uncounted(ledger: string): number {
    const missing = this.#followed.get(ledger)?.missing ?? [];
    return missing.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
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
    const last = this.#last;
    const key = last !== undefined && isSamePlace(place, last.place) ? last.key : tallyKey(place);
    this.#last = { place, key };
    this.#changed.add(key);
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    const tally = { ...place, recorded: 0, quarantined: 0, duplicates: 0, refused: 0, bytes: 0 };
    const made = { tally, rate: new Rate(this.#now()) };
    this.#kept.set(key, made);
    return made;
  }

  #countSequences({ ledger, source }: SourcePlace, spans: readonly SequenceSpan[], now: number): void {
    const key = JSON.stringify([ledger, source]);
    const sequences = this.#sequences.get(key) ?? new SourceSequences();
    this.#sequences.set(key, sequences);
    sequences.take(spans, now);
    this.#counted.add(key);
  }

  async #flush(): Promise<void> {
    if (this.#changed.size === 0 && !this.#hasProgress) return;
    const keys = [...this.#changed];
    this.#changed.clear();
    this.#hasProgress = false;
    // Counts, and which entries they are of, are taken at one moment and written as one: a crash counts none twice.
    const tallies = keys.map((key) => ({ space: SPACE, key, value: JSON.stringify(this.#kept.get(key)?.tally) }));
    const sizes = [...this.#followed].map(([key, { ledger, missing }]) => {
      return { space: SIZES_SPACE, key, value: spellCounted({ size: ledger.size, missing }) };
    });
    const counted = [...this.#counted];
    this.#counted.clear();
    const sequences = counted.map((key) => ({ space: SEQUENCES_SPACE, key, value: this.#sequences.get(key)?.kept() }));
    try {
      await this.#store.writeRecords([...tallies, ...sizes, ...sequences], { durable: false });
    } catch (error) {
      for (const key of keys) this.#changed.add(key);
      for (const key of counted) this.#counted.add(key);
      this.#hasProgress = true;
      throw error;
    }
  }

  /** Counts entries again a piece at a time, and lets others have the thread in between: there may be millions. */
  async #recount({ record: { id, name: ledger } }: CountedLedger, missing: Uncounted[]): Promise<void> {
    for (let [range] = missing; range !== undefined; [range] = missing) {
      if (this.#isClosed) return;
      const isRead = await this.#recountPiece(id, ledger, range);
      if (range.from >= range.to) missing.shift();
      await pause(isRead ? PAUSE_MS : RETRY_MS);
    }
  }

  /** @returns whether the store could read */
  async #recountPiece(id: Hex, ledger: string, range: Uncounted): Promise<boolean> {
    this.#hasProgress = true;
    try {
      for await (const entry of this.#store.entries(id, range.from, Math.min(range.from + PIECE, range.to))) {
        this.#countEntry(ledger, entry);
        range.from++;
      }
      return true;
    } catch (error) {
      // Damage is told by the ledger and its audit; the counts then have what can be read.
      if (!isUnreadable(error)) return false;
      range.from++;
      return true;
    }
  }

  #countEntry(ledger: string, entry: Entry): void {
    const time = memberOf(entry, "time");
    const { source, key, format, quarantined, notes } = (memberOf(entry, "_source") ?? {}) as Readonly<
      Record<string, unknown>
    >;
    if (typeof source !== "string" || typeof format !== "string") return;
    const kept = this.#at({ ledger, source, format, key: typeof key === "string" ? key : "" });
    const { tally } = kept;
    const { recordedAt } = entry;
    const hasOwnTime = typeof time === "string" && !(Array.isArray(notes) && notes.includes("time_of_receipt"));
    const own = hasOwnTime ? parseDateTime(time) : undefined;
    tally.recorded++;
    if (quarantined === true) tally.quarantined++;
    tally.bytes += sizeOf(entry);
    tally.firstSeen = Math.min(tally.firstSeen ?? recordedAt, recordedAt);
    tally.lastSeen = Math.max(tally.lastSeen ?? recordedAt, recordedAt);
    if (own !== undefined) tally.skewMs = recordedAt - own;
  }
}

/** The value of one member: to read all of them takes several times as long. */
function memberOf({ members }: Entry, name: string): unknown {
  const start = `"${name}":`;
  const member = members.find((each) => "text" in each && each.text.startsWith(start));
  return member !== undefined && "text" in member ? readMemberText(member.text).value : undefined;
}

/** Whether an entry is damaged, in the store or in itself, and will be next time. */
function isUnreadable(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && "code" in error && error.code === "store_damaged");
}

/** Ledger and source, as they are spelled together. */
function readPlace(key: string): readonly [ledger: string, source: string] {
  return readJson(key) as [string, string];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function isSamePlace(a: SourcePlace, b: SourcePlace): boolean {
  return a.ledger === b.ledger && a.source === b.source && a.key === b.key && a.format === b.format;
}

/** About as many bytes as its sender sent. */
function sizeOf({ members }: Entry): number {
  return members.reduce((sum, member) => sum + ("text" in member ? member.text.length : 0), 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
