/**
 * What a thread of an audit is asked, and what it answers: of entries that it opens, hashes and indexes, few large pieces of memory, as
 * copying many small ones costs more than what is done with them.
 */

import type { KeyObject } from "node:crypto";
import type { PackedDigests } from "../../audit/walk/packed-digests.ts";
import type { Pruned } from "../../entry/entry.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { EncodedSegment } from "../../query/index/open-segment.ts";
import type { FileDamage } from "../../store/leveldb/inspect.ts";
import type { ClaimSum } from "../../store/values/claim-sums.ts";
import type { ClaimSpan, SummedSpan } from "../../store/values/claims.ts";
import type { PackedValues } from "../../store/values/packed-values.ts";

/**
 * What is asked of a thread:
 *   ground   what it has to know of a ledger; not answered
 *   stretch  answered with a StretchAnswer
 *   files    whether sorted files are as they were written: FileDamage[], undefined where it cannot look at them
 *   claims   the sums of some claims: SummedSpan, undefined where it cannot read them
 */
export type ThreadQuestion =
  | { readonly kind: "ground"; readonly ground: StretchGround }
  | { readonly kind: "stretch"; readonly task: StretchTask }
  | { readonly kind: "files"; readonly directory: string; readonly numbers: readonly number[] }
  | { readonly kind: "claims"; readonly directory: string; readonly span: ClaimSpan };

export type ThreadAnswer = StretchAnswer | readonly FileDamage[] | SummedSpan | undefined;

/** Told once, before the first stretch of a ledger. */
export type StretchGround = {
  readonly ledgerId: Hex;
  /** What terms of the index are hashed with; undefined where no index is looked at. */
  readonly seed: Uint8Array | undefined;
  /** How claims were summed; undefined where they were not. */
  readonly claims: ClaimGround | undefined;
};

export type ClaimGround = {
  readonly seed: Int32Array;
  /** What the keys of claims are digested with; undefined where they stand in clear. */
  readonly key: Uint8Array | undefined;
};

/** In the place of the number of a key, where there is none. */
export const NONE = -1;

/** Neighbouring entries, of one tile. */
export type StretchTask = {
  readonly start: number;
  /** Their values as they are stored; an empty one of an entry that cannot be read. */
  readonly values: PackedValues;
  /** The number of the key by which the thread opens each; NONE for one in clear. */
  readonly keys: Int32Array<ArrayBuffer>;
  /** Whether it lets go of the keys that it has. */
  readonly forgetsKeys: boolean;
  /** Keys that it gets to those, and their numbers in the same order. */
  readonly newKeys: readonly KeyObject[];
  readonly newNumbers: readonly number[];
  /** Where segments of the index end among them, ascending. */
  readonly segmentEnds: readonly number[];
  /** Those from here on are in no closed segment. */
  readonly indexedTo: number;
  /** The sum of all claims that stand for one of them; undefined where it is not known. */
  readonly claimSum: ClaimSum | undefined;
};

export type StretchAnswer = {
  /** With those claims that have to be looked up. */
  readonly digests: PackedDigests;
  /** How many have not. */
  readonly claimsSeen: number;
  /** When each was recorded; NaN for one that could not be opened. */
  readonly times: Float64Array<ArrayBuffer>;
  readonly pruned: readonly (readonly [place: number, pruned: Pruned])[];
  /** Segments that end among them. */
  readonly segments: readonly EncodedSegment[];
};
