/**
 * What is written down of the newest archive of a ledger before it is put in its place: what it is of, what it is called, and the
 * SHA-256 of the file that was verified. Whoever is killed after that knows it again, though it is encrypted to others.
 */

import { rm } from "node:fs/promises";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import { archiveRenaming } from "../../store/values/archive-names.ts";

export type NotedArchive = {
  readonly from: number;
  readonly to: number;
  /** Entries that are in it with their bodies, ascending. */
  readonly bodies: readonly EntryRange[];
  readonly name: string;
  readonly digest: Hex;
  readonly sha256: string;
  readonly bytes: number;
  /** In words, as the place says it: what goes elsewhere from now on begins anew. */
  readonly place: string;
  /** Where the file is until it is put. */
  readonly draft: string;
  /** Until when somebody asked for it, ms since 1970; 0 where nobody did. */
  readonly until: number;
  /** Whether it was read back from its place. */
  readonly isKept: boolean;
  /** Up to where the archives before it in this place reach without a gap. */
  readonly reached: number;
  /** Erasures of the ledger when it was made. */
  readonly erasures: number;
};

/** What is known of an archive that was written again, as {@link NotedArchive} has it. */
export type ArchiveRewrite = Pick<NotedArchive, "name" | "digest" | "sha256" | "bytes">;

const SPACE = "archiving";
const TERMS = "archive-terms";
const REWRITES = "archive-rewrites";

function noteWrites(ledgerId: Hex, noted: NotedArchive): RecordWrite[] {
  return [{ space: SPACE, key: ledgerId, value: canonicalJson(noted) }, termWrite(noted.name, noted.until)];
}

function termWrite(name: string, until: number): RecordWrite {
  return { space: TERMS, key: name, value: String(until) };
}

/** Removes what will not be put any more. */
export async function discard({ name, draft }: NotedArchive, place: ArchivePlace): Promise<void> {
  await rm(draft, { force: true });
  if (place instanceof BucketPlace) await place.forgetUpload(name);
}

export class ArchiveNotes {
  readonly #store: Pick<Store, "record" | "writeRecords">;

  constructor(store: Pick<Store, "record" | "writeRecords">) {
    this.#store = store;
  }

  async read(ledgerId: Hex): Promise<NotedArchive | undefined> {
    const text = await this.#store.record(SPACE, ledgerId);
    return text === undefined ? undefined : (readJson(text) as NotedArchive);
  }

  /** Durably. */
  write(ledgerId: Hex, noted: NotedArchive): Promise<void> {
    return this.#store.writeRecords(noteWrites(ledgerId, noted), { durable: true });
  }

  /** Until when somebody asked for an archive, ms since 1970; 0 where nobody did, undefined where that is not known. */
  async until(name: string): Promise<number | undefined> {
    const text = await this.#store.record(TERMS, name);
    return text === undefined ? undefined : Number(text);
  }

  /** What was made to stand in the place of an archive. */
  async rewriteOf(name: string): Promise<ArchiveRewrite | undefined> {
    const text = await this.#store.record(REWRITES, name);
    return text === undefined ? undefined : (readJson(text) as ArchiveRewrite);
  }

  /** Durably, before it is put: whoever is killed after that goes on with it. */
  writeRewrite(was: string, rewrite: ArchiveRewrite): Promise<void> {
    const value = canonicalJson(rewrite);
    return this.#store.writeRecords([{ space: REWRITES, key: was, value }], { durable: true });
  }

  /** What an archive leaves to the one that stands in its place: its name, its time, and what is noted of it where it is the newest. */
  async succession(ledgerId: Hex, was: string, now: ArchiveRewrite): Promise<RecordWrite[]> {
    const writes = [archiveRenaming(was, now.name)];
    const until = await this.until(was);
    if (until !== undefined) writes.push(termWrite(now.name, until));
    const noted = await this.read(ledgerId);
    if (noted?.name === was) writes.push(...noteWrites(ledgerId, { ...noted, ...now }));
    return writes;
  }
}
