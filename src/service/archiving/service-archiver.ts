/**
 * Archives what is pruned afterwards: written, verified by reading it back, noted, put in its place, and read back from there. A
 * process that is killed in between finds by the note what there is, and keeps no second archive of the same.
 * Why: docs/decisions/0213.
 */

import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { ArchiveLock } from "../../archive/age.ts";
import { makeArchive } from "../../archive/keep-archive.ts";
import {
  ArchiveExistsError,
  ArchiveNotKeptError,
  type ArchivePlace,
  type DraftFile,
  type KeepingTerm,
} from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import { sha256Of } from "../../archive/places/draft.ts";
import type { ArchiveSource } from "../../archive/write-archive.ts";
import { isIn, overlapOf } from "../../ledger/index-ranges.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import { ArchiveRefusal, type Archiver, type ArchiveWish, type KeptBodies } from "../../retention/pruning/archiver.ts";
import { rest } from "../../retention/pruning/due-entries.ts";
import { exists } from "../../store/durable-file.ts";
import { Turn } from "../../store/mutex.ts";
import type { Store } from "../../store/store.ts";
import { ArchiveNotes, discard, type NotedArchive } from "./kept-archives.ts";

/** Steps before which a process may end; tests end it there. */
export const ARCHIVING_STEPS = ["writing", "noting", "putting", "reading", "settling"] as const;
type ArchivingStep = (typeof ARCHIVING_STEPS)[number];

export type OpenedPlace = { readonly place: ArchivePlace; readonly lock: ArchiveLock };

export type ServiceArchiverOptions = {
  readonly store: Store;
  readonly hash: Hash;
  /** Opens the place as it is configured; what it throws is told. @param signal ends what is asked of it */
  readonly open: (signal: AbortSignal) => OpenedPlace;
  /** How many erasures a ledger has had: what was made before one is not put any more. */
  readonly erasures: (ledgerId: Hex) => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** That of whatever takes something out of archives: never both at once. */
  readonly turn?: Turn;
  readonly onStep?: (step: ArchivingStep) => void | Promise<void>;
};

export class ServiceArchiver implements Archiver {
  readonly #options: ServiceArchiverOptions;
  readonly #notes: ArchiveNotes;
  readonly #turn: Turn;
  readonly #ledgers = new Map<Hex, Ledger>();
  #opened: OpenedPlace | undefined;
  /** What a bucket lets pass that has to be refused; undefined until it was tried. */
  #faults: readonly string[] | undefined;

  constructor(options: ServiceArchiverOptions) {
    this.#options = options;
    this.#notes = new ArchiveNotes(options.store);
    this.#turn = options.turn ?? new Turn();
  }

  follow(ledger: Ledger): void {
    this.#ledgers.set(ledger.record.id, ledger);
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await refusing(() => this.#prepared(signal));
  }

  archive(wish: ArchiveWish, signal: AbortSignal): Promise<KeptBodies> {
    return this.#turn.take(() => this.#archive(wish, signal));
  }

  #archive(wish: ArchiveWish, signal: AbortSignal): Promise<KeptBodies> {
    return refusing(async () => {
      signal.throwIfAborted();
      const opened = await this.#prepared(signal);
      const before = await this.#noted(wish, opened.place);
      if (before !== undefined) {
        const found = await this.#goOn(wish, before, opened.place, signal);
        if (found !== undefined) return found;
      }
      return this.#make(wish, before, opened, signal);
    });
  }

  /** The place, once it is known to keep what it is given. */
  async #prepared(signal: AbortSignal): Promise<OpenedPlace> {
    this.#opened ??= this.#options.open(signal);
    const { place } = this.#opened;
    if (place instanceof BucketPlace && place.isLocking) {
      // Once: each test leaves an object there for a minute.
      this.#faults ??= (await place.test()).flatMap(({ name, passed, detail }) =>
        passed ? [] : [`${name} (${detail})`],
      );
      if (this.#faults.length > 0) throw notWriteOnce(place, this.#faults);
    }
    return this.#opened;
  }

  /** What was noted of the archive that the wish is about, or of the one before; undefined where another place has it. */
  async #noted({ ledgerId }: ArchiveWish, place: ArchivePlace): Promise<NotedArchive | undefined> {
    const noted = await this.#notes.read(ledgerId);
    return noted?.place === place.description ? noted : undefined;
  }

  /** An archive that was made before, as far as it has what is wanted, to its end. @returns undefined where there is none to go on with */
  async #goOn(
    wish: ArchiveWish,
    noted: NotedArchive,
    place: ArchivePlace,
    signal: AbortSignal,
  ): Promise<KeptBodies | undefined> {
    const has = wish.wanted.some(([from, to]) => overlapOf(noted.bodies, from, to) !== "none");
    if (!has) {
      if (!noted.isKept) await discard(noted, place);
      return undefined;
    }
    const { name, sha256, bytes, isKept, until } = noted;
    const term = termOf(wish);
    const isStale = !isKept && noted.erasures !== this.#options.erasures(wish.ledgerId);
    if (isStale) await discard(noted, place);
    else if (place instanceof BucketPlace) await place.resume();
    if ((await place.find(name)) === undefined) {
      if (isStale || (isKept && until > 0 && until < this.#options.now())) return undefined;
      if (isKept) throw missing(noted);
      const draft = { path: noted.draft, bytes, sha256 };
      if (!(await isWhole(draft))) return undefined;
      await this.#put(place, noted, draft, term);
    }
    return this.#settle(wish, noted, place, signal);
  }

  async #make(
    wish: ArchiveWish,
    before: NotedArchive | undefined,
    { place, lock }: OpenedPlace,
    signal: AbortSignal,
  ): Promise<KeptBodies> {
    const { ledgerId, to, wanted, retainUntil } = wish;
    await this.#options.onStep?.("writing");
    // Whoever restores all of them needs the leaves in between, too.
    const reached = before?.isKept === true ? Math.max(before.reached, before.to) : (before?.reached ?? 0);
    const from = Math.min(wish.from, reached);
    const isWanted = (index: number): boolean => isIn(wanted, index);
    const pace = <Piece>(pieces: AsyncIterable<Piece>) => slowly(pieces, signal);
    const erasures = this.#options.erasures(ledgerId);
    const { name, draft, digest } = await makeArchive(this.#sourceOf(ledgerId), {
      from,
      to,
      place,
      lock,
      isWanted,
      pace,
    });
    const { path, bytes, sha256 } = draft;
    if (erasures !== this.#options.erasures(ledgerId)) {
      await rm(path, { force: true });
      throw new Error("expected nothing to be erased while an archive was written, got an erasure: it is written anew");
    }
    const noted: NotedArchive = {
      from,
      to,
      bodies: wanted,
      name,
      digest,
      sha256,
      bytes,
      place: place.description,
      draft: path,
      until: retainUntil,
      isKept: false,
      reached,
      erasures,
    };
    await this.#options.onStep?.("noting");
    await this.#notes.write(ledgerId, noted);
    await this.#put(place, noted, draft, termOf(wish));
    return this.#settle(wish, noted, place, signal);
  }

  async #put(place: ArchivePlace, { name }: NotedArchive, draft: DraftFile, term: KeepingTerm): Promise<void> {
    await this.#options.onStep?.("putting");
    try {
      await place.put(name, draft, term);
    } catch (error) {
      // What is there is read back now, whoever put it.
      if (!(error instanceof ArchiveExistsError)) throw error;
    }
  }

  /** Reads it back from its place, whoever put it there and when. */
  async #settle(wish: ArchiveWish, noted: NotedArchive, place: ArchivePlace, signal: AbortSignal): Promise<KeptBodies> {
    const { name, sha256, draft } = noted;
    await this.#options.onStep?.("reading");
    const got = await sha256Of(slowly(place.read(name), signal));
    if (got !== sha256) {
      throw new ArchiveNotKeptError(
        `expected ${name} in ${place.description} as it was written, with the SHA-256 ${sha256}, got ${got}: ${UNTIL_THEN}`,
      );
    }
    await place.confirm(name, termOf(wish));
    await rm(draft, { force: true });
    await this.#options.onStep?.("settling");
    const until = Math.max(noted.until, wish.retainUntil);
    await this.#notes.write(wish.ledgerId, { ...noted, isKept: true, until });
    return { name, archived: noted.bodies };
  }

  #sourceOf(ledgerId: Hex): ArchiveSource {
    const { store, hash } = this.#options;
    const ledger = this.#ledgers.get(ledgerId);
    if (ledger === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return { ledger, store, hash };
  }
}

const UNTIL_THEN =
  "bring it back as it was; until then, or until archives go to another place, nothing more is pruned that is to be archived";

function termOf({ retainUntil, isHeld }: ArchiveWish): KeepingTerm {
  return { until: retainUntil, isHeld };
}

async function isWhole({ path, sha256 }: DraftFile): Promise<boolean> {
  if (!(await exists(path))) return false;
  if ((await sha256Of(createReadStream(path))) === sha256) return true;
  await rm(path, { force: true });
  return false;
}

function missing({ name, place }: NotedArchive): ArchiveNotKeptError {
  return new ArchiveNotKeptError(
    `expected ${name} in ${place}, where it was read back before, got nothing: ${UNTIL_THEN}`,
  );
}

function notWriteOnce(place: ArchivePlace, faults: readonly string[]): ArchiveRefusal {
  const message = `expected a bucket that refuses what would undo a lock, got ${place.description}, which does not pass: ${faults.join("; ")}; its locks are tried once in each start`;
  return new ArchiveRefusal("archive_not_write_once", message);
}

/** Every failure as what it means for pruning; one that ends the process is none. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveRefusal) throw error;
    const code = error instanceof ArchiveNotKeptError ? "archive_not_kept" : "archive_unavailable";
    throw new ArchiveRefusal(code, (error as Error).message, { cause: error });
  }
}

/** Leaves others twice as long as reading and handling each piece took. */
async function* slowly<Piece>(pieces: AsyncIterable<Piece>, signal: AbortSignal): AsyncGenerator<Piece, void, void> {
  let began = performance.now();
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
    await rest(performance.now() - began, signal);
    began = performance.now();
  }
}
