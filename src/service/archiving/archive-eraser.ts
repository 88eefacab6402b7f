/**
 * Takes what was erased out of the archives of a place: each that can be read and removed is written again without it, verified, put under its
 * new name, and the old one removed. What cannot be is named, and why. Nothing is archived meanwhile.
 * Why: docs/decisions/0249, 0257.
 */

import { beginsEncrypted } from "../../archive/age.ts";
import { ENCRYPTED_ENDING } from "../../archive/archive.ts";
import { bodiesOf, type Lessen, rewriteArchive } from "../../archive/erasing/rewrite-archive.ts";
import { keepMade, makeOf, rangeInName } from "../../archive/keep-archive.ts";
import { type ArchivePlace, ArchiveStaysError, type KeptArchive } from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import { removeDrafts, sha256Of } from "../../archive/places/draft.ts";
import { isIn } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { ErasedArchive } from "../../retention/erasure/erased-archive.ts";
import { ErasureError } from "../../retention/erasure/erasure-error.ts";
import type { ArchivesAsked, ArchivesLessened, ErasureArchives } from "../../retention/erasure/erasure-parts.ts";
import { ArchiveHeldError } from "../../retention/erasure/in-archives.ts";
import type { Turn } from "../../store/mutex.ts";
import type { Store } from "../../store/store.ts";
import { ArchiveNotes, type ArchiveRewrite } from "./kept-archives.ts";
import { type LocatedArchives, locateArchives, mayHave } from "./locate-archives.ts";
import { bytesOf, type ErasedPlace, isWholeArchive, whyUnread } from "./read-archives.ts";

export type ArchiveEraserOptions = {
  readonly store: Pick<Store, "record" | "writeRecords" | "entry">;
  readonly hash: Hash;
  /** @param signal ends what is asked of it */
  readonly open: (signal: AbortSignal) => ErasedPlace;
  /** That of whatever archives. */
  readonly turn: Turn;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

type Searched = Parameters<ErasureArchives["search"]>[0];
/** One that is there, what is asked of it, and in which place. */
type Lessening = { readonly opened: ErasedPlace; readonly kept: KeptArchive; readonly asked: ArchivesLessened };

export class ArchiveEraser implements ErasureArchives {
  readonly #options: ArchiveEraserOptions;
  readonly #notes: ArchiveNotes;

  constructor(options: ArchiveEraserOptions) {
    this.#options = options;
    this.#notes = new ArchiveNotes(options.store);
  }

  async search(asked: Searched, signal: AbortSignal): Promise<readonly ErasedArchive[]> {
    try {
      const opened = this.#options.open(signal);
      const located = await this.#locate(opened, asked, signal);
      const found = missingOf(located);
      for (const kept of located.archives) {
        const why = await this.#whyUnread({ opened, kept, asked }, signal, async () => {
          const isHere = await hasMeant(opened, kept, asked, signal);
          if (isHere) found.push({ name: kept.name, ...(await this.#staysOf(opened, kept)) });
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

  lessen(asked: ArchivesLessened, signal: AbortSignal): Promise<readonly ErasedArchive[]> {
    return this.#options.turn.take(async () => {
      signal.throwIfAborted();
      const opened = this.#options.open(signal);
      await dropDrafts(opened.place, asked);
      const located = await this.#locate(opened, asked, signal);
      const { archives, renamings } = located;
      if (renamings.length > 0) await this.#options.store.writeRecords(renamings, { durable: true });
      const found = missingOf(located);
      for (const kept of archives) {
        signal.throwIfAborted();
        const became = await this.#lessenOne({ opened, kept, asked }, signal);
        if (became !== undefined) found.push(became);
      }
      return found;
    });
  }

  async #locate(opened: ErasedPlace, asked: ArchivesAsked, signal: AbortSignal): Promise<LocatedArchives> {
    const { store, hash } = this.#options;
    const located = await locateArchives(opened, asked, { store, hash, notes: this.#notes, signal });
    for (const { name, until } of located.missing) asked.onMissing(name, until);
    return located;
  }

  async #lessenOne(lessening: Lessening, signal: AbortSignal): Promise<ErasedArchive | undefined> {
    const { opened, kept, asked } = lessening;
    const { name } = kept;
    let became: ErasedArchive | undefined;
    const why = await this.#whyUnread(lessening, signal, async () => {
      // Again where a hold was placed, or lifted, while it was written.
      while (became === undefined) {
        signal.throwIfAborted();
        const revision = asked.holds.revision(asked.ledgerId);
        if (!(await losesSome(opened, kept, asked, signal))) return;
        const stays = await this.#staysOf(opened, kept);
        became = stays.stays === undefined ? await this.#writeAgain(lessening, revision) : { name, ...stays };
      }
    });
    return why === undefined ? became : { name, ...this.#lockOf(kept), stays: why };
  }

  /** @returns undefined where what is held is not what it was at that revision: nothing is changed then */
  async #writeAgain(lessening: Lessening, revision: number): Promise<ErasedArchive | undefined> {
    const { opened, kept, asked } = lessening;
    const { ledgerId, holds, onWritten } = asked;
    const before = await this.#putBefore(lessening);
    const put = before ?? (await this.#putAgain(lessening));
    return holds.whileNoneIsPlaced(ledgerId, async () => {
      if (holds.revision(ledgerId) !== revision) {
        if (put.isNew) await removed(opened.place, put.rewrite.name);
        return undefined;
      }
      const { name: now } = put.rewrite;
      // Before the old one goes: whoever looks for it finds this one.
      const writes = await this.#notes.succession(ledgerId, kept.name, put.rewrite);
      await this.#options.store.writeRecords(writes, { durable: true });
      const became = { name: kept.name, now };
      await onWritten?.(became);
      return (await removed(opened.place, kept.name)) ? became : { ...became, stays: "refused" };
    });
  }

  /**
   * What was put in its place before: by a run that was ended then, or where the place did not let the old one go. Whether it has something to
   * lose itself by now is asked of it as of any other.
   */
  async #putBefore({ opened: { place }, kept }: Lessening): Promise<PutAgain | undefined> {
    let rewrite: ArchiveRewrite | undefined;
    // It may have been written again itself. Each has less than the one before, so that none comes twice.
    for (let next = await this.#notes.rewriteOf(kept.name); next !== undefined; ) {
      if ((await place.find(next.name)) !== undefined) rewrite = next;
      next = await this.#notes.rewriteOf(next.name);
    }
    if (rewrite === undefined) return undefined;
    if ((await sha256Of(place.read(rewrite.name))) !== rewrite.sha256) return undefined;
    await place.confirm(rewrite.name, termOf(kept));
    return { rewrite, isNew: false };
  }

  async #putAgain({ opened, kept, asked: { lessen } }: Lessening): Promise<PutAgain> {
    const { place, lock } = opened;
    const { hash } = this.#options;
    const made = await makeOf(rewriteArchive(bytesOf(opened, kept), lessen), { place, lock, hash });
    const { name, digest, draft } = made;
    const rewrite = { name, digest, sha256: draft.sha256, bytes: draft.bytes };
    await this.#notes.writeRewrite(kept.name, rewrite);
    const { wasThere } = await keepMade(made, { place, hash, term: termOf(kept) });
    return { rewrite, isNew: !wasThere };
  }

  /** Why one stays that has something to lose. */
  async #staysOf({ place, lock }: ErasedPlace, kept: KeptArchive): Promise<Pick<ErasedArchive, "stays" | "until">> {
    const locked = this.#lockOf(kept);
    if (locked.stays !== undefined || lock !== undefined) return locked;
    const { name } = kept;
    const isSealed = name.endsWith(ENCRYPTED_ENDING) || (await beginsEncrypted(place.read(name)));
    return isSealed ? { stays: "would_be_clear" } : {};
  }

  /** Whether a place gives it up. */
  #lockOf({ retention, legalHold = false }: KeptArchive): Pick<ErasedArchive, "stays" | "until"> {
    const isRetained = retention !== undefined && retention.until > this.#options.now();
    if (isRetained && !legalHold) return { stays: "locked", until: retention.until };
    return isRetained || legalHold ? { stays: "locked" } : {};
  }

  /** @returns why an archive cannot be read or lessened here, undefined where it was */
  async #whyUnread(
    { opened, kept, asked: { ledgerId } }: Omit<Lessening, "asked"> & { readonly asked: ArchivesAsked },
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<"encrypted" | "damaged" | "held" | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (error instanceof ErasureError) throw error;
      if (error instanceof ArchiveHeldError) return "held";
      const why = whyUnread(error);
      if (why !== undefined) return why;
      signal.throwIfAborted();
      // What reads and does not verify fails in one way or another; where it verifies, the disk or the place is at fault.
      if (await isWholeArchive(opened, kept, { hash: this.#options.hash, ledgerId })) throw error;
      return "damaged";
    }
  }
}

/** One that stands in the place of another, and whether it was put there just now. */
type PutAgain = { readonly rewrite: ArchiveRewrite; readonly isNew: boolean };

function missingOf({ missing }: LocatedArchives): ErasedArchive[] {
  return missing.map(({ name }) => ({ name, stays: "missing" }));
}

function termOf({ retention }: KeptArchive) {
  return { until: retention?.until ?? 0, isHeld: false };
}

/** What was made before, and is in no place yet, is made anew by whoever wants it. */
async function dropDrafts(place: ArchivePlace, { ledgerId, ranges }: ArchivesAsked): Promise<void> {
  await removeDrafts(place.drafts);
  if (!(place instanceof BucketPlace)) return;
  for (const name of await place.waiting())
    if (mayHave(rangeInName(name, ledgerId), ranges)) await place.forgetUpload(name);
}

/** @returns whether it is gone */
async function removed(place: ArchivePlace, name: string): Promise<boolean> {
  try {
    await place.remove(name);
    return true;
  } catch (error) {
    if (error instanceof ArchiveStaysError) return false;
    throw error;
  }
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
    if (isIn(ranges, index) && isMeant(index, entry)) isHere = true;
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
