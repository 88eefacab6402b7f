/**
 * Marks: the newest signed checkpoint of each ledger, kept in a file beside the store. A store that is older than its
 * mark was brought back from a copy: it would give out indexes, and sign roots, that are taken. This guards against
 * mistakes, and reaches further than the chain's head, which knows only what was anchored.
 *
 * A guard that cannot remember guards nothing: while marks cannot be written nothing new is signed, and a durable mark
 * is behind its ledger by at most a time and a number of entries; beyond them, commits wait for it.
 * Why: docs/decisions/0108.
 */

import { deferred } from "../../deferred.ts";
import type { Health } from "../../health.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { HeldBackError } from "../append/commit.ts";
import type { Ledger } from "../ledger.ts";
import { FolderGoneError, type MarkFolder } from "./folder.ts";
import { decodeMark, encodeMark, type Mark, markFile, missingMark, requireReached } from "./mark.ts";

/** Marks cannot be written now, so that nothing may be signed; it can be sent again. */
class MarksUnwritableError extends HeldBackError {
  override readonly name = "MarksUnwritableError";
  readonly code = "marks_unwritable";
}

export type MarksOptions = {
  /** Opened already; closed with the marks. */
  readonly folder: MarkFolder;
  readonly hash: Hash;
  readonly health?: Health;
  readonly bounds?: Partial<MarkBounds>;
};

/** Times in milliseconds. */
export type MarkBounds = {
  /** Between two writes, and between two looks at the folder: a few small files a second, however many commits. */
  readonly writeMs: number;
  /** A commit waits when one so old is not marked yet. */
  readonly lagMs: number;
  /** And when so many entries are not: more than two seconds bring at full speed. */
  readonly lagEntries: number;
  /** A write that takes longer hangs. */
  readonly hangMs: number;
};

const BOUNDS: MarkBounds = { writeMs: 1000, lagMs: 2000, lagEntries: 100_000, hangMs: 5000 };

type Followed = {
  newest: Mark;
  /** Size of the mark that is on the disk; undefined until there is one. */
  durable: number | undefined;
  /** When the first thing that is not marked yet was recorded, by performance.now. */
  since: number | undefined;
};

export class Marks {
  readonly #options: MarksOptions;
  readonly #bounds: MarkBounds;
  readonly #followed = new Map<Hex, Followed>();
  readonly #watch: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #failure: MarksUnwritableError | undefined;
  #isClosing = false;

  constructor(options: MarksOptions) {
    this.#options = options;
    this.#bounds = { ...BOUNDS, ...options.bounds };
    this.#watch = setInterval(() => void this.flush(), this.#bounds.writeMs).unref();
  }

  /**
   * Compares a ledger with its mark, and follows it from now on.
   * @throws MarkLostError when it has entries and no mark, or a damaged one
   * @throws StoreOlderError when the ledger is shorter than the mark, or has another root at that size
   */
  async follow(ledger: Ledger): Promise<void> {
    const { folder, hash } = this.#options;
    const { record, head, size } = ledger;
    const rootAt = async (of: number) => toHex(await ledger.root(of));
    const where = `${folder.path}/${markFile(record.id)}`;
    const text = await folder.read(markFile(record.id));
    if (text === undefined && size > 0) throw missingMark(record, size, where);
    const mark = text === undefined ? undefined : decodeMark(text, record, hash, where);
    if (mark !== undefined) await requireReached({ name: record.name, size, rootAt }, mark, where);
    const followed: Followed = {
      newest: head ?? { ledgerId: record.id, size: 0 },
      durable: mark?.size,
      since: undefined,
    };
    this.#followed.set(record.id, followed);
    if (followed.durable !== followed.newest.size) this.#note(followed);
    ledger.onCommit((newest) => {
      followed.newest = newest;
      this.#note(followed);
    });
  }

  /**
   * Asked before anything new of a ledger is signed.
   * @returns undefined when it may be signed at once, else a promise to wait for
   * @throws MarksUnwritableError, at once or later, when it may not
   */
  admit(ledgerId: Hex): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const followed = this.#followed.get(ledgerId);
    if (followed === undefined) throw new RangeError(`expected a ledger whose mark is followed, got ${ledgerId}`);
    const { durable, newest, since } = followed;
    const isLate = since !== undefined && performance.now() - since > this.#bounds.lagMs;
    if (durable !== undefined && !isLate && newest.size - durable < this.#bounds.lagEntries) return undefined;
    return this.#catchUp();
  }

  /** Writes what is new, or looks at the folder when nothing is; a failure is reported, and tried again by itself. */
  flush(): Promise<void> {
    if (this.#writing !== undefined && performance.now() - this.#startedAt > this.#bounds.hangMs) {
      this.#fail(new Error(`expected the marks to be written within ${this.#bounds.hangMs} ms`));
    }
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (!this.#isClosing && [...this.#followed.values()].some(({ since }) => since !== undefined)) this.#schedule();
    });
    return this.#writing;
  }

  /** Writes what is new for the last time. @throws MarksUnwritableError when something that was signed is not marked */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#watch);
    clearTimeout(this.#next);
    await this.#bounded(this.flush());
    // What came while the last write was under way.
    if (this.#unmarked().length > 0) await this.#bounded(this.flush());
    await this.#bounded(this.#options.folder.close());
    if (this.#unmarked().length > 0 && this.#failure !== undefined) throw this.#failure;
  }

  /** Lets the newest of a ledger be written soon: at once after a quiet time, else with what comes meanwhile. */
  #note(followed: Followed): void {
    followed.since ??= performance.now();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosing) return;
    const wait = Math.max(0, this.#startedAt + this.#bounds.writeMs - performance.now());
    this.#next ??= setTimeout(() => {
      this.#next = undefined;
      void this.flush();
    }, wait).unref();
  }

  async #catchUp(): Promise<void> {
    // The write under way may have begun before what has to be marked.
    await this.#bounded(this.flush());
    if (this.#unmarked().length > 0 && this.#failure === undefined) await this.#bounded(this.flush());
    if (this.#failure !== undefined) throw this.#failure;
  }

  #unmarked(): [Hex, Followed][] {
    return [...this.#followed].filter(([, { since }]) => since !== undefined);
  }

  /** One write of everything that is new. It never throws. */
  async #write(): Promise<void> {
    this.#startedAt = performance.now();
    const news = this.#unmarked().map(([ledgerId, followed]) => ({ ledgerId, followed, mark: followed.newest }));
    try {
      if (news.length === 0) await this.#options.folder.check();
      else
        await this.#options.folder.write(
          new Map(news.map(({ ledgerId, mark }) => [markFile(ledgerId), encodeMark(mark)])),
        );
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const { followed, mark } of news) {
      followed.durable = mark.size;
      followed.since = followed.newest === mark ? undefined : this.#startedAt;
    }
    this.#failure = undefined;
    this.#options.health?.report("marks", undefined);
  }

  #fail(cause: unknown): void {
    const why = cause instanceof FolderGoneError ? "their folder is not where it was" : reasonOf(cause);
    const detail = `marks cannot be written (${why}), so that nothing new is recorded until they can`;
    this.#failure = new MarksUnwritableError(`${detail}; it can be sent again`, { cause });
    this.#options.health?.report("marks", { code: "marks_unwritable", detail }, cause);
  }

  /** Waits for something on the disk, but not for ever. */
  async #bounded(work: Promise<void>): Promise<void> {
    const { promise: isLate, resolve } = deferred<true>();
    const timer = setTimeout(() => resolve(true), this.#bounds.hangMs);
    try {
      if ((await Promise.race([work, isLate])) !== true) return;
      this.#fail(new Error(`expected the marks to be written within ${this.#bounds.hangMs} ms`));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What the system calls it, such as ENOSPC; never a path. */
function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "the disk does not answer";
}
