/** What erasing works with: the ports that the service fills. */

import type { Entry } from "../../entry/entry.ts";
import type { Health } from "../../health.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import type { Recording } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Plan } from "../../query/request.ts";
import type { Store } from "../../store/store.ts";
import type { ErasedEntry } from "../../store/values/rewrite-erased.ts";
import type { HoldGuard } from "../hold-book.ts";
import type { ErasedArchive } from "./erased-archive.ts";
import type { ErasedSubject } from "./erasure-target.ts";
import type { NamedArchives } from "./named-archives.ts";

/** The keys of an encrypted store. */
export interface ErasureKeys {
  /** Takes its key from a subject; its next event gets another. @returns ids of all its keys that are not destroyed */
  retire(ledgerId: Hex, subject: ErasedSubject): Promise<Hex[]>;
  /** Destroys keys that were taken from subjects. */
  destroy(ledgerId: Hex, ids: readonly Hex[]): Promise<void>;
  keep(ledgerId: Hex, entries: readonly ErasedEntry[]): Promise<void>;
  /** In order of their indexes. */
  kept(ledgerId: Hex): AsyncIterable<ErasedEntry>;
  /** Notes that all of an erasure is kept. */
  note(ledgerId: Hex, id: string): Promise<void>;
  noted(ledgerId: Hex): Promise<readonly string[]>;
  /** Takes off the disk what was destroyed. */
  compact(): Promise<void>;
}

/** The index for search. */
export interface ErasureIndex {
  /** Builds again what has these entries; waits until there is an index. */
  forgetAll(ledger: string, ranges: readonly EntryRange[], signal: AbortSignal): Promise<void>;
  compact(): Promise<void>;
}

/** Archives of a ledger, as far as they may have some of these entries. */
export type ArchivesAsked = {
  readonly ledgerId: Hex;
  readonly ranges: readonly EntryRange[];
  /** Those that have to be there: in which entries are that were pruned, which are told with them. */
  readonly named: NamedArchives;
  /** Is told of each that is not there, before anything is done. @throws ErasureError where it has to be */
  readonly onMissing: (name: string, until: number | undefined) => void;
};

export type ArchivesLessened = ArchivesAsked & {
  /** @throws ArchiveHeldError where that is held */
  readonly lessen: (index: number, entry: Entry) => Promise<Entry | undefined>;
  /** An archive goes only while no hold is placed, and none was since it was asked whether anything of it is held. */
  readonly holds: Pick<HoldGuard, "whileNoneIsPlaced" | "revision">;
  /** Is told, before an archive goes, what stands in its place: whoever goes on after an interruption finds nothing of one that is gone. */
  readonly onWritten?: (archive: ErasedArchive) => Promise<void>;
};

/** The archives that the service keeps. */
export interface ErasureArchives {
  /**
   * Reads what they have with its body of those entries.
   * @returns those in which something is `meant`, and those of which that cannot be told
   * @throws ErasureError archives_unavailable when the place cannot be asked, and what `onMissing` throws
   */
  search(
    asked: ArchivesAsked & { readonly isMeant: (index: number, entry: Entry) => boolean },
    signal: AbortSignal,
  ): Promise<readonly ErasedArchive[]>;
  /**
   * Writes those again that can be, with what `lessen` leaves of each entry, and removes what they were. Done again, it changes nothing.
   * @returns what became of each that had something to lose, and those of which that cannot be told
   */
  lessen(asked: ArchivesLessened, signal: AbortSignal): Promise<readonly ErasedArchive[]>;
}

export type ErasureStore = Pick<
  Store,
  "head" | "entry" | "entries" | "replaceEntries" | "settleClaims" | "compact" | "records" | "writeRecords"
>;

export type ErasureOptions = Recording & {
  readonly store: ErasureStore;
  readonly holds: HoldGuard;
  readonly index: ErasureIndex;
  /** Absent where the store is in clear. */
  readonly keys?: ErasureKeys | undefined;
  /** Absent where none are kept. */
  readonly archives?: ErasureArchives | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What a filter asks for, as a search has it; it throws where that is not understood. */
  readonly planOf: (filter: string) => Plan;
  readonly health?: Health;
  /** Pause before a step that failed is tried again, ms. */
  readonly retryMs?: number;
};
