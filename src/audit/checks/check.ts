/**
 * The port of a check: it is handed what was read of a ledger, once and in order, and says what is wrong. What several checks
 * need of an entry is computed once, for all of them.
 */

import type { PackedEntry } from "../../entry/packed.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { DamagedStoreError, LedgerRecord, Store } from "../../store/store.ts";
import type { FindingKind } from "../findings.ts";

const CHECKS = [
  "entries",
  "gaps",
  "clock",
  "claims",
  "tiles",
  "checkpoints",
  "memory",
  "anchors",
  "index",
  "archives",
  "keys",
] as const;

/** What is looked at; docs/audit.md says what each means. */
export type AuditCheckName = (typeof CHECKS)[number];

/** The claim of an event, as it follows from the entry. */
export type ExpectedClaim = { readonly id: string; readonly key: Uint8Array };

/** What follows from the values of an entry. */
export type Digest = {
  /** Leaf hash that its values lead to; of one that was pruned, as it is kept. */
  readonly leaf: Uint8Array;
  readonly claim?: ExpectedClaim;
  /** Members that were withheld or erased, so that their digests alone could be looked at. */
  readonly withheld: number;
};

/** What most checks look at of an entry. */
export type EntryHead = Pick<PackedEntry, "recordedAt" | "pruned">;

/** An entry as it was read: what there is of it, or why it cannot be read; undefined where there is none. */
export type FoundEntry = EntryHead | DamagedStoreError | undefined;

/** A segment of the index as its entries [start, end) lead to it. */
export type BuiltSegment = { readonly start: number; readonly end: number };

/** Neighbouring entries, of one tile, as they were read. */
export type Stretch = {
  readonly start: number;
  readonly entries: readonly FoundEntry[];
  /** In the same order; undefined where there is no entry, and a text where its values have no form. */
  readonly digests: readonly (Digest | string | undefined)[];
  /** Leaf hashes as a full tile has them, 32 bytes each; undefined where there is none. */
  readonly stored: Uint8Array | undefined;
  /** Leaf hashes of the digests, one after another, where they are at hand so. */
  readonly leaves?: Uint8Array;
  /** The entries with their members, undefined where one cannot be read; absent where `segments` were built elsewhere, of all of them. */
  readonly packed?: readonly (PackedEntry | undefined)[];
  /** Claims that were found, each standing for its entry: digests have those alone that are still to be looked up. */
  readonly claimsSeen?: number;
  /** Segments of the index that end among them. */
  readonly segments?: readonly BuiltSegment[];
};

export type AddFinding = (kind: FindingKind, from: number, to: number, detail: string) => void;

/** What checks look at, and where they tell what is wrong. */
export type Ground = {
  readonly store: Store;
  readonly record: LedgerRecord;
  readonly hash: Hash;
  readonly add: AddFinding;
};

export interface AuditCheck {
  readonly name: AuditCheckName;
  /** How many it looked at: entries, tiles, checkpoints, claims, anchors … */
  readonly looked: number;
  /** Why it did not look at all that it is for; undefined when it did. */
  readonly skipped: string | undefined;
  /** Stretches come in order, without gaps but in a sample. */
  look?(stretch: Stretch): Promise<void> | void;
  /** Behind the last one. */
  finish?(): Promise<void> | void;
  /** What is needed to go on behind the last stretch, as JSON has it. */
  keep(): unknown;
}

/** Whether something was read. */
export function isEntry(found: FoundEntry): found is EntryHead {
  return found !== undefined && !(found instanceof Error);
}
