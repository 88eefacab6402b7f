/**
 * Reading the entries that an index leaves, and holding each against the plan. Where a text is looked for, most are dismissed
 * as the bytes they are stored in, without being decoded, and neighbours are read in one go.
 */

import type { Entry } from "../entry/entry.ts";
import { type PackedEntry, unpackEntry } from "../entry/packed.ts";
import type { Hex } from "../merkle/bytes.ts";
import { isMatch } from "./filter-entry.ts";
import { type Indexer, isDamage } from "./index/indexer.ts";
import type { Mask } from "./index/positions.ts";
import { moveEdge, type Scan, takeIndexes } from "./scan.ts";
import { Slice } from "./text/slice.ts";
import type { TextSearch } from "./text/text-search.ts";

const ENTRY_WORK = 4;
/** For entries that are dismissed as bytes: of each, and of each byte. */
const PACKED_WORK = 0.25;
const BYTE_WORK = 1 / 4096;
/** Of each byte of those that are decoded and gone through by character. */
const DECODED_BYTE_WORK = 1 / 512;
const ENTRIES_AT_ONCE = 64;
/** Fewer neighbours are asked for one by one. */
const RANGE_MIN = 8;
/** About a millisecond, after which others get their turn. */
const PACKED_AT_ONCE = 256;
/** Where fewer than one in so many are wanted, they are read one by one. */
const SPARSE = 8;

/** What became of a candidate: it matches, it does not, or it cannot be read. */
export type Candidate = Entry | "other" | "unreadable";

/** When to end: nothing more has room, or has been worked for, which is asked between reads; and how many more have room. */
export type ScanEnd = { readonly isFull: () => boolean; readonly isDone: () => boolean; readonly room: () => number };

/**
 * Reads the entries of a mask over [start, end) until it is done, and moves the edge of the scan behind each. At least one
 * is read, or the whole mask has none: every scan gets on, however little work it may do, and what was worked for is handed on.
 */
export async function readCandidates(
  scan: Scan,
  at: { readonly start: number; readonly end: number; readonly mask: Mask | undefined },
  found: (index: number, judged: Exclude<Candidate, "other">) => void,
  { isFull, isDone, room }: ScanEnd,
): Promise<void> {
  const { text } = scan.plan;
  for (;;) {
    const count = text === undefined ? Math.min(ENTRIES_AT_ONCE, room()) : PACKED_AT_ONCE;
    const indexes = at.mask === undefined ? [] : takeIndexes(scan, at.start, at.mask, count);
    if (indexes.length === 0) {
      moveEdge(scan, at.start, at.end);
      return;
    }
    const judged =
      text === undefined
        ? await judgeEach(scan, indexes)
        : await scan.indexer.scanTurns.piece(() => judgePacked(scan, indexes, text));
    for (const [i, index] of indexes.entries()) {
      const each = judged[i] as Candidate;
      if (each !== "other") found(index, each);
      moveEdge(scan, index, index + 1);
      if (isFull()) return;
    }
    if (isDone()) return;
  }
}

async function judgeEach(scan: Scan, indexes: readonly number[]): Promise<Candidate[]> {
  const { indexer, plan } = scan;
  const { store, ledger } = indexer;
  scan.work += ENTRY_WORK * indexes.length;
  const entries = await readEntries(store, ledger.record.id, indexes);
  const judged: Candidate[] = [];
  const slice = new Slice();
  for (const entry of entries) {
    if (entry === undefined) judged.push("unreadable");
    else judged.push(isMatch(entry, plan) ? entry : "other");
    if (slice.isOver) await slice.next();
  }
  return judged;
}

/** Neighbours as a range, which is a quarter of the work of asking for each; undefined for what cannot be read. */
async function readEntries(
  store: Indexer["store"],
  ledgerId: Hex,
  indexes: readonly number[],
): Promise<(Entry | undefined)[]> {
  const range = await readRange(store, ledgerId, indexes);
  if (range !== undefined) return range;
  const entries = await Promise.allSettled(indexes.map((index) => store.entry(ledgerId, index)));
  return entries.map((read) => {
    if (read.status === "fulfilled") return read.value;
    if (!isDamage(read.reason)) throw read.reason;
    return undefined;
  });
}

/** Undefined when they are no neighbours, or one is damaged: then each is asked for alone, and that one is missing. */
async function readRange(
  store: Indexer["store"],
  ledgerId: Hex,
  indexes: readonly number[],
): Promise<Entry[] | undefined> {
  const first = indexes[0] ?? 0;
  const last = indexes.at(-1) ?? first;
  if (indexes.length < RANGE_MIN || Math.abs(last - first) !== indexes.length - 1) return undefined;
  const entries: Entry[] = [];
  try {
    const end = Math.max(first, last) + 1;
    for await (const entry of store.entries(ledgerId, Math.min(first, last), end)) entries.push(entry);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
  return first > last ? entries.reverse() : entries;
}

/** The same for a text, from the bytes first. */
async function judgePacked(scan: Scan, indexes: readonly number[], text: TextSearch): Promise<Candidate[]> {
  const { indexer, plan } = scan;
  const packed = await readNeighbours(indexer, indexes);
  if (packed === undefined) return judgeEach(scan, indexes);
  const judged: Candidate[] = [];
  const slice = new Slice();
  for (const each of packed) {
    const { members } = each;
    scan.work += PACKED_WORK + BYTE_WORK * members.length;
    if (text.mayBeIn(members)) {
      scan.work += ENTRY_WORK + DECODED_BYTE_WORK * members.length;
      const whole = unpackEntry(each);
      judged.push(isMatch(whole, plan) ? whole : "other");
    } else judged.push("other");
    if (slice.isOver) await slice.next();
  }
  return judged;
}

/** Entries as they are stored, in the order of the indexes; undefined when they lie too far apart, or one of them is damaged. */
async function readNeighbours(indexer: Indexer, indexes: readonly number[]): Promise<PackedEntry[] | undefined> {
  const [start = 0, last = 0] = [indexes[0], indexes.at(-1)].sort((a = 0, b = 0) => a - b);
  if (last - start >= SPARSE * indexes.length) return undefined;
  const read: PackedEntry[] = [];
  try {
    for await (const some of indexer.store.packedEntries(indexer.ledger.record.id, start, last + 1)) read.push(...some);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
  return indexes.map((index) => read[index - start] as PackedEntry);
}
