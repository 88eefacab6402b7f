/**
 * Which archives of a place may have some entries, told by what they say themselves, and by their names where they cannot be opened; and whether
 * each is there in which pruned entries are said to be. An archive that is not looked at is never taken for one that has nothing.
 * Why: docs/decisions/0257.
 */

import { rangeInName } from "../../archive/keep-archive.ts";
import type { ArchivePlace, KeptArchive } from "../../archive/places/archive-place.ts";
import { entryLeafHash } from "../../entry/entry.ts";
import { unpackEntry } from "../../entry/packed.ts";
import { type EntryRange, isIn, overlapOf } from "../../ledger/index-ranges.ts";
import { equal, type Hex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { ArchivesAsked } from "../../retention/erasure/erasure-parts.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import { archiveNow, archiveRenaming } from "../../store/values/archive-names.ts";
import type { ArchiveNotes } from "./kept-archives.ts";
import { type ErasedPlace, headerOf, isWholeArchive, whyUnread } from "./read-archives.ts";

export type LocatedArchives = {
  /** Those that may have some of the entries that are asked for. */
  readonly archives: readonly KeptArchive[];
  /** Those that have to have some, and are not there, by the names that they have now. */
  readonly missing: readonly MissingArchive[];
  /** Of those that stand under another name than is known here, as they do beside an older copy of the store. */
  readonly renamings: readonly RecordWrite[];
};

/** @param until until when it was to be kept, ms since 1970; undefined where nobody said */
export type MissingArchive = { readonly name: string; readonly until: number | undefined };

export type LocatingParts = {
  readonly store: Pick<Store, "record" | "entry">;
  readonly hash: Hash;
  readonly notes: ArchiveNotes;
  readonly signal: AbortSignal;
};

/** One that is there, and which entries it is of. */
type Placed = {
  readonly kept: KeptArchive;
  /** As it says itself, or where it cannot be opened its name; undefined where neither does. */
  readonly range: EntryRange | "another" | undefined;
  readonly isOpened: boolean;
};

/** @throws what the place throws */
export async function locateArchives(
  opened: ErasedPlace,
  asked: ArchivesAsked,
  parts: LocatingParts,
): Promise<LocatedArchives> {
  const { ledgerId, ranges } = asked;
  const placed: Placed[] = [];
  for await (const kept of everyArchive(opened.place)) {
    parts.signal.throwIfAborted();
    placed.push(await look(opened, kept, ledgerId));
  }
  const archives = placed.filter(({ range }) => mayHave(range, ranges)).map(({ kept }) => kept);
  const there = new Set(placed.filter(({ range }) => range !== "another").map(({ kept }) => kept.name));
  const missing: MissingArchive[] = [];
  const renamings: RecordWrite[] = [];
  for (const [name, entries] of await namedIn(opened.place, asked, parts)) {
    const now = await archiveNow(parts.store, name);
    if (there.has(now)) continue;
    const found = await findUnderOther(opened, placed, { ...parts, ledgerId, name: now, entries });
    if (found === undefined) missing.push({ name: now, until: await parts.notes.until(now) });
    // Whose own name leads on was written again already.
    else if (found.isOpened && (await archiveNow(parts.store, found.kept.name)) === found.kept.name)
      renamings.push(archiveRenaming(now, found.kept.name));
  }
  return { archives, missing, renamings };
}

/** Everything in a place; a folder that is not there has nothing, and who wants something of it finds it missing. */
async function* everyArchive(place: ArchivePlace): AsyncGenerator<KeptArchive, void, void> {
  try {
    yield* place.list();
  } catch (error) {
    if (!isNoFolder(error)) throw error;
  }
}

function isNoFolder(error: unknown): boolean {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return code === "ENOENT" || cause?.code === "ENOENT";
}

async function look(opened: ErasedPlace, kept: KeptArchive, ledgerId: Hex): Promise<Placed> {
  try {
    const { ledger, range } = await headerOf(opened, kept);
    return { kept, range: ledger.id === ledgerId ? [range.from, range.to] : "another", isOpened: true };
  } catch (error) {
    if (whyUnread(error) === undefined) throw error;
    return { kept, range: rangeInName(kept.name, ledgerId), isOpened: false };
  }
}

/** Whether archives of that range may have some of the entries. */
export function mayHave(range: Placed["range"], ranges: readonly EntryRange[]): boolean {
  if (range === "another") return false;
  return range === undefined || overlapOf(ranges, ...range) !== "none";
}

/** What pruned entries say, and the newest one that was put there. */
async function namedIn(
  place: ArchivePlace,
  { ledgerId, ranges, named }: ArchivesAsked,
  { notes }: Pick<LocatingParts, "notes">,
): Promise<ReadonlyMap<string, readonly EntryRange[]>> {
  const noted = await notes.read(ledgerId);
  if (noted?.isKept !== true || noted.place !== place.description) return named;
  if (named.has(noted.name) || overlapOf(ranges, noted.from, noted.to) === "none") return named;
  return new Map([...named, [noted.name, noted.bodies]]);
}

type Sought = LocatingParts & {
  readonly ledgerId: Hex;
  readonly name: string;
  readonly entries: readonly EntryRange[];
};

/** One of the same range that has those entries with their bodies, or may have them where it cannot be opened: it is named then itself. */
async function findUnderOther(
  opened: ErasedPlace,
  placed: readonly Placed[],
  sought: Sought,
): Promise<Placed | undefined> {
  const wanted = rangeInName(sought.name, sought.ledgerId);
  const alike = placed.filter(({ range }) => isSame(range, wanted));
  for (const each of alike) if (each.isOpened && (await hasAll(opened, each.kept, sought))) return each;
  return alike.find(({ isOpened }) => !isOpened);
}

function isSame(range: Placed["range"], wanted: Placed["range"]): boolean {
  return Array.isArray(range) && Array.isArray(wanted) && range[0] === wanted[0] && range[1] === wanted[1];
}

/** Whether an archive verifies and has every one of these entries with its body, with the leaf hashes that the store has. */
async function hasAll(opened: ErasedPlace, kept: KeptArchive, sought: Sought): Promise<boolean> {
  const { store, hash, ledgerId, entries, signal } = sought;
  let left = entries.reduce((sum, [from, to]) => sum + to - from, 0);
  const isWhole = await isWholeArchive(opened, kept, {
    hash,
    ledgerId,
    onPart: async (part) => {
      signal.throwIfAborted();
      if (part.kind !== "entries") return;
      for (const [i, packed] of part.entries.entries()) {
        const index = part.first + i;
        if (packed.pruned !== undefined || !isIn(entries, index)) continue;
        const stored = await store.entry(ledgerId, index);
        if (stored === undefined) continue;
        if (equal(entryLeafHash(hash, unpackEntry(packed)), entryLeafHash(hash, stored))) left--;
      }
    },
  });
  return isWhole && left === 0;
}
