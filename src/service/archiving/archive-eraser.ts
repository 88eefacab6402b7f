/**
 * Takes what was erased out of the archives of a place: each that can be read and removed is written again without it, verified, put under its
 * new name, and the old one removed. What cannot be is named, and why. Nothing is archived meanwhile.
 * Why: docs/decisions/0249.
 */

import { ArchiveLockedError, type ArchiveOpener, openArchive } from "../../archive/age.ts";
import { ArchiveError, ENCRYPTED_ENDING } from "../../archive/archive.ts";
import { bodiesOf, type Lessen, rewriteArchive } from "../../archive/erasing/rewrite-archive.ts";
import { keepMade, type MadeArchive, makeOf, rangeInName } from "../../archive/keep-archive.ts";
import { type ArchivePlace, ArchiveStaysError, type KeptArchive } from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import { removeDrafts } from "../../archive/places/draft.ts";
import { type EntryRange, overlapOf } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { ErasedArchive } from "../../retention/erasure/erased-archive.ts";
import { ErasureError } from "../../retention/erasure/erasure-error.ts";
import type { ErasureArchives } from "../../retention/erasure/erasure-parts.ts";
import type { Turn } from "../../store/mutex.ts";
import type { Store } from "../../store/store.ts";
import { archiveRenaming } from "../../store/values/archive-names.ts";
import { ArchiveNotes, discard } from "./kept-archives.ts";
import type { OpenedPlace } from "./service-archiver.ts";

export type ErasedPlace = OpenedPlace & {
  /** What opens archives that are encrypted. */
  readonly opener: ArchiveOpener;
};

export type ArchiveEraserOptions = {
  readonly store: Pick<Store, "record" | "writeRecords">;
  readonly hash: Hash;
  /** @param signal ends what is asked of it */
  readonly open: (signal: AbortSignal) => ErasedPlace;
  /** That of whatever archives. */
  readonly turn: Turn;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

type Searched = Parameters<ErasureArchives["search"]>[0];
type Lessened = Parameters<ErasureArchives["lessen"]>[0];

export class ArchiveEraser implements ErasureArchives {
  readonly #options: ArchiveEraserOptions;
  readonly #notes: ArchiveNotes;

  constructor(options: ArchiveEraserOptions) {
    this.#options = options;
    this.#notes = new ArchiveNotes(options.store);
  }

  async search({ ledgerId, ranges, isMeant }: Searched, signal: AbortSignal): Promise<readonly ErasedArchive[]> {
    try {
      const opened = this.#options.open(signal);
      const found: ErasedArchive[] = [];
      for await (const kept of archivesOf(opened.place, ledgerId, ranges)) {
        const why = await whyUnread(async () => {
          const isHere = await hasMeant(opened, kept, { ledgerId, ranges, isMeant }, signal);
          if (isHere) found.push({ name: kept.name, ...this.#lockOf(kept) });
        });
        if (why !== undefined) found.push({ name: kept.name, ...this.#lockOf(kept), stays: why });
      }
      return found;
    } catch (cause) {
      if (cause instanceof ErasureError) throw cause;
      signal.throwIfAborted();
      const message = `expected to look into the archives, which may have something of it, got: ${(cause as Error).message}`;
      throw new ErasureError("archives_unavailable", message, { cause });
    }
  }

  lessen(asked: Lessened, signal: AbortSignal): Promise<readonly ErasedArchive[]> {
    return this.#options.turn.take(async () => {
      signal.throwIfAborted();
      const opened = this.#options.open(signal);
      await this.#dropDrafts(opened.place, asked);
      // What is put meanwhile is not come across.
      const kept: KeptArchive[] = [];
      for await (const each of archivesOf(opened.place, asked.ledgerId, asked.ranges)) kept.push(each);
      const found: ErasedArchive[] = [];
      for (const each of kept) {
        signal.throwIfAborted();
        const became = await this.#lessenOne(opened, each, asked, signal);
        if (became !== undefined) found.push(became);
      }
      return found;
    });
  }

  async #lessenOne(
    opened: ErasedPlace,
    kept: KeptArchive,
    asked: Lessened,
    signal: AbortSignal,
  ): Promise<ErasedArchive | undefined> {
    const { name } = kept;
    const lock = this.#lockOf(kept);
    let became: ErasedArchive | undefined;
    const why = await whyUnread(async () => {
      if (!(await losesSome(opened, kept, asked, signal))) return;
      became = lock.stays === undefined ? await this.#writeAgain(opened, kept, asked) : { name, ...lock };
    });
    return why === undefined ? became : { name, ...lock, stays: why };
  }

  async #writeAgain(opened: ErasedPlace, kept: KeptArchive, { ledgerId, lessen }: Lessened): Promise<ErasedArchive> {
    const { place, lock } = opened;
    const { hash, store } = this.#options;
    const term = { until: kept.retention?.until ?? 0, isHeld: false };
    const made = await makeOf(rewriteArchive(bytesOf(opened, kept), lessen), { place, lock, hash });
    await keepMade(made, { place, hash, term });
    // Before the old one goes: whoever looks for it finds this one.
    await store.writeRecords([archiveRenaming(kept.name, made.name)], { durable: true });
    await this.#noteAgain(ledgerId, kept, made);
    try {
      await place.remove(kept.name);
      return { name: kept.name, now: made.name };
    } catch (error) {
      if (!(error instanceof ArchiveStaysError)) throw error;
      return { name: kept.name, now: made.name, stays: "refused" };
    }
  }

  /** The archiver knows its newest one by what it noted. */
  async #noteAgain(ledgerId: Hex, { name }: KeptArchive, { name: now, digest, draft }: MadeArchive): Promise<void> {
    const noted = await this.#notes.read(ledgerId);
    if (noted?.name !== name) return;
    const { sha256, bytes } = draft;
    await this.#notes.write(ledgerId, { ...noted, name: now, digest, sha256, bytes });
  }

  /** What was made before, and is in no place yet, is made anew by whoever wants it. */
  async #dropDrafts(place: ArchivePlace, { ledgerId, ranges }: Lessened): Promise<void> {
    await removeDrafts(place.drafts);
    const noted = await this.#notes.read(ledgerId);
    if (noted?.isKept === false && noted.place === place.description) await discard(noted, place);
    if (!(place instanceof BucketPlace)) return;
    for (const name of await place.waiting()) if (mayHave(name, ledgerId, ranges)) await place.forgetUpload(name);
  }

  /** Whether a place gives it up. */
  #lockOf({ retention, legalHold = false }: KeptArchive): Pick<ErasedArchive, "stays" | "until"> {
    const isRetained = retention !== undefined && retention.until > this.#options.now();
    if (isRetained && !legalHold) return { stays: "locked", until: retention.until };
    return isRetained || legalHold ? { stays: "locked" } : {};
  }
}

/** Archives that may be of the ledger and have some of the entries. */
async function* archivesOf(
  place: ArchivePlace,
  ledgerId: Hex,
  ranges: readonly EntryRange[],
): AsyncGenerator<KeptArchive, void, void> {
  try {
    for await (const kept of place.list()) if (mayHave(kept.name, ledgerId, ranges)) yield kept;
  } catch (error) {
    // Nothing was archived yet.
    if (!isNoFolder(error)) throw error;
  }
}

function isNoFolder(error: unknown): boolean {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return code === "ENOENT" || cause?.code === "ENOENT";
}

function mayHave(name: string, ledgerId: Hex, ranges: readonly EntryRange[]): boolean {
  const range = rangeInName(name, ledgerId);
  if (range === "another") return false;
  return range === undefined || overlapOf(ranges, ...range) !== "none";
}

function bytesOf({ place, opener }: ErasedPlace, { name }: KeptArchive): AsyncIterable<Uint8Array> {
  if (name.endsWith(ENCRYPTED_ENDING) && opener.identities.length + opener.passphrases.length === 0)
    throw new ArchiveLockedError("expected a key of this archive, which is encrypted, got none");
  return openArchive(place.read(name), opener);
}

async function hasMeant(
  opened: ErasedPlace,
  kept: KeptArchive,
  { ledgerId, ranges, isMeant }: Searched,
  signal: AbortSignal,
): Promise<boolean> {
  let isHere = false;
  for await (const { index, entry } of bodiesOf(bytesOf(opened, kept), ledgerId)) {
    signal.throwIfAborted();
    // All of it is read: what is pruned is found in archives alone.
    if (overlapOf(ranges, index, index + 1) === "all" && isMeant(index, entry)) isHere = true;
  }
  return isHere;
}

async function losesSome(
  opened: ErasedPlace,
  kept: KeptArchive,
  { ledgerId, lessen }: { readonly ledgerId: Hex; readonly lessen: Lessen },
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { index, entry } of bodiesOf(bytesOf(opened, kept), ledgerId)) {
    signal.throwIfAborted();
    if ((await lessen(index, entry)) !== undefined) return true;
  }
  return false;
}

/** @returns why an archive cannot be read here, undefined where it can */
async function whyUnread(read: () => Promise<void>): Promise<"encrypted" | "damaged" | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveLockedError) return "encrypted";
    if (error instanceof ArchiveError) return "damaged";
    throw error;
  }
}
