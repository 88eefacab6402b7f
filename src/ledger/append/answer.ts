/** What an append is answered with: receipts, and the checkpoint that covers them. */

import type { Entry, Pruned } from "../../entry/entry.ts";
import { type PackedEntry, unpackMembers } from "../../entry/packed.ts";
import type { TreeEdge } from "../../merkle/append.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import { inclusionRanges, provePath } from "../../merkle/proof.ts";
import { DamagedStoreError } from "../../store/store.ts";
import type { Placement } from "./idempotency.ts";

/** That an event is recorded, and where. */
export type Receipt = {
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly leafHash: Uint8Array;
  /** It was recorded before, by another event of the same content under the same key. */
  readonly duplicate: boolean;
  /** Of a duplicate whose body was pruned since. */
  readonly pruned?: Pruned;
  /** Path to the root of the answer's checkpoint; for a request with one event. */
  readonly path?: readonly Uint8Array[];
  /** What was recorded; for a request with one event. */
  readonly entry?: Entry;
};

/** `replayed`: all of it was there before; the checkpoint is then the one that first covered it. */
export type Appended = {
  readonly outcome: "recorded" | "replayed";
  /** One for each event, in the order of the request. */
  readonly receipts: readonly Receipt[];
  readonly checkpoint: SignedCheckpoint;
};

/** What a commit recorded, while its nodes are still at the edge. */
export type Committed = {
  readonly from: number;
  readonly recordedAt: number;
  readonly entries: readonly PackedEntry[];
  readonly leafHashes: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
  readonly edge: TreeEdge;
};

/** How to read what earlier commits recorded. */
export type RecordedReader = {
  entry(index: number): Promise<Entry | undefined>;
  leafHash(index: number): Promise<Uint8Array>;
  inclusionPath(index: number, size: number): Promise<Uint8Array[]>;
  checkpointCovering(index: number): Promise<SignedCheckpoint | undefined>;
};

/** Entries that are read at once, some milliseconds of work: a request may repeat 10,000, and others wait meanwhile. */
const READ_AT_ONCE = 128;

/** The answer without any reading; undefined when some of the events are of earlier commits. */
export function answerNow(hash: Hash, placement: Placement, committed: Committed): Appended | undefined {
  const { from, recordedAt, checkpoint, edge } = committed;
  const { indexes, repeated } = placement;
  if (indexes.some((index) => index < from)) return undefined;
  const receipts = indexes.map((index, position) => {
    const leafHash = committed.leafHashes[index - from] as Uint8Array;
    return { index, recordedAt, leafHash, duplicate: repeated.has(position) };
  });
  const outcome = repeated.size < indexes.length ? "recorded" : "replayed";
  const [receipt] = receipts;
  if (receipt === undefined || receipts.length > 1) return { outcome, receipts, checkpoint };
  const ranges = inclusionRanges(receipt.index, checkpoint.size);
  const path = provePath(hash, ranges, (level, index) => edge.node(level, index));
  const { members } = committed.entries[receipt.index - from] as PackedEntry;
  const entry = { recordedAt, members: unpackMembers(members) };
  return { outcome, receipts: [{ ...receipt, path, entry }], checkpoint };
}

/**
 * The answer with what earlier commits recorded, under the first checkpoint that covers all of it: that of this
 * commit if it recorded any of it.
 * @throws DamagedStoreError when something of it is missing
 */
export async function answerLater(recorded: RecordedReader, { indexes, repeated }: Placement): Promise<Appended> {
  const isAlone = indexes.length === 1;
  const read = async (index: number, position: number): Promise<Receipt> => {
    const [entry, leafHash] = await Promise.all([recorded.entry(index), recorded.leafHash(index)]);
    if (entry === undefined)
      throw new DamagedStoreError(`entry ${index} is missing, although an id or Idempotency-Key stands for it`);
    const receipt: Receipt = { index, recordedAt: entry.recordedAt, leafHash, duplicate: repeated.has(position) };
    if (entry.pruned !== undefined) return { ...receipt, pruned: entry.pruned };
    return isAlone ? { ...receipt, entry } : receipt;
  };
  const receipts: Receipt[] = [];
  for (let from = 0; from < indexes.length; from += READ_AT_ONCE) {
    const some = indexes.slice(from, from + READ_AT_ONCE);
    receipts.push(...(await Promise.all(some.map((index, i) => read(index, from + i)))));
  }
  const last = indexes.reduce((a, b) => Math.max(a, b), 0);
  const checkpoint = await recorded.checkpointCovering(last);
  if (checkpoint === undefined) throw new DamagedStoreError(`the checkpoint that covers entry ${last} is missing`);
  const outcome = repeated.size < indexes.length ? "recorded" : "replayed";
  const [only] = receipts;
  if (only?.entry === undefined) return { outcome, receipts, checkpoint };
  const path = await recorded.inclusionPath(only.index, checkpoint.size);
  return { outcome, receipts: [{ ...only, path }], checkpoint };
}
