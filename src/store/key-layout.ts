/**
 * The data dictionary: every key that LevelDB holds. Numbers are big-endian, so that keys sort by them; a ledger is
 * known by a short number, given in the order of adding. What the values look like is in value-layout.ts.
 *
 *   00                           form of the store      one byte: the version
 *   01 ledger[4]                 ledger                 LedgerRecord
 *   02 ledger[4] index[8]        entry                  Entry
 *   03 ledger[4] size[8]         checkpoint             SignedCheckpoint; the last one tells the ledger's size
 *   04 ledger[4] level[1] n[8]   full tile              256 hashes
 *   05 ledger[4] key[32]         idempotency claim      Claim
 *   06 space 00 key              record                 text; space and key are UTF-8, a space has no 00
 *
 * Spaces: `accesses` access/recorder.ts and access/starts.ts, `keyaddresses` access/known-addresses.ts, `anchors/{ledger}` store/anchor-record.ts, `anchoring/{chain}/…` anchor/record/open-anchors.ts and
 * anchor/transaction/pending-store.ts, `encrypts` ledger/encrypt/encrypt.ts, `keys` and `keyuses` http/auth/api-keys.ts, `probe`
 * http/routes/watching/health.ts, `searches/{ledger}` http/routes/events/search-records.ts, `schemas/{ledger}` and `requirements` ingest/rules/rule-records.ts, `retention` and `holds/{ledger}` retention/retention-records.ts, `pruning` retention/pruning/prune-run.ts, `alerts` and `alert-*` alerts, `secrets` keys/secret-check.ts.
 * Why: docs/decisions/0030.
 */

import { fromUtf8, readUint64, utf8, writeUint64 } from "../merkle/bytes.ts";
import { TILE_WIDTH } from "../merkle/tile.ts";

const FORM = 0x00;
const LEDGER = 0x01;
const ENTRY = 0x02;
const CHECKPOINT = 0x03;
const TILE = 0x04;
const CLAIM = 0x05;
const RECORD = 0x06;

/** Where the number of an entry's or checkpoint's key stands. */
const NUMBER_AT = 5;
/** Where in the key of a claim that stands which is claimed. */
const CLAIMED_AT = 5;
const BYTE_VALUES = 256;

export type KeyRange = { readonly gte: Uint8Array; readonly lt: Uint8Array };

export const formKey = new Uint8Array([FORM]);

/** Key of a ledger; `number` is in 0..2^32-1. */
export function ledgerKey(number: number): Uint8Array {
  return prefix(LEDGER, number, 5);
}

export function entryKey(ledger: number, index: number): Uint8Array {
  return numbered(prefix(ENTRY, ledger, 13), index);
}

/** Entries of a ledger below an index. */
export function entryRange(ledger: number, to: number): KeyRange {
  return { gte: entryKey(ledger, 0), lt: entryKey(ledger, to) };
}

export function checkpointKey(ledger: number, size: number): Uint8Array {
  return numbered(prefix(CHECKPOINT, ledger, 13), size);
}

/** Lets the key of an entry or a checkpoint name another index or size, in place. */
export function numbered(key: Uint8Array, number: number): Uint8Array {
  writeUint64(key, NUMBER_AT, number);
  return key;
}

/** Index or size in the key of an entry or a checkpoint. */
export function numberOf(key: Uint8Array): number {
  return readUint64(key, NUMBER_AT);
}

export function tileKey(ledger: number, level: number, n: number): Uint8Array {
  const key = prefix(TILE, ledger, 14);
  key[5] = level;
  writeUint64(key, 6, n);
  return key;
}

/** The tiles of a level, from its first one on. */
export function tileRange(ledger: number, level: number): KeyRange {
  return { gte: tileKey(ledger, level, 0), lt: tileKey(ledger, level + 1, 0) };
}

/** Key of the claim under a 32-byte idempotency key. */
export function claimKey(ledger: number, claimed: Uint8Array): Uint8Array {
  return claimKeys(ledger, [claimed])[0] as Uint8Array;
}

/** Keys of many claims, in one piece of memory: it takes the database longer to be given a small array of its own for each. */
export function claimKeys(ledger: number, claimed: readonly Uint8Array[]): Uint8Array[] {
  const length = claimed.reduce((sum, each) => sum + CLAIMED_AT + each.length, 0);
  const memory = new Uint8Array(length);
  const head = prefix(CLAIM, ledger, CLAIMED_AT);
  let at = 0;
  return claimed.map((each) => {
    const key = memory.subarray(at, at + CLAIMED_AT + each.length);
    key.set(head);
    key.set(each, CLAIMED_AT);
    at += key.length;
    return key;
  });
}

/** Every claim of a ledger. */
export function claimRange(ledger: number): KeyRange {
  return { gte: prefix(CLAIM, ledger, CLAIMED_AT), lt: prefix(CLAIM, ledger + 1, CLAIMED_AT) };
}

/** The same in ranges of about as many each: what is claimed is a digest. @param count of them, 1..256 */
export function claimRanges(ledger: number, count: number): KeyRange[] {
  const { gte, lt } = claimRange(ledger);
  const bounds = Array.from({ length: count - 1 }, (_, i) => {
    const bound = prefix(CLAIM, ledger, CLAIMED_AT + 1);
    bound[CLAIMED_AT] = Math.floor((BYTE_VALUES * (i + 1)) / count);
    return bound;
  });
  return [gte, ...bounds].map((from, i) => ({ gte: from, lt: bounds[i] ?? lt }));
}

/** @throws RangeError when the space holds U+0000 */
export function recordKey(space: string, key: string): Uint8Array {
  return joinRecordKey(space, 0x00, key);
}

/** Behind every key of a space, and before those of the next. */
export function recordSpaceEnd(space: string): Uint8Array {
  return joinRecordKey(space, 0x01, "");
}

/** The part of a record's key behind its space. */
export function keyInSpace(space: string, key: Uint8Array): Uint8Array {
  return key.subarray(2 + utf8(space).length);
}

/** Whether the keys of a space are names that people chose, which may tell something: a encrypted store hides them. */
export function isNamedByPeople(space: string): boolean {
  return (
    space === "sources" || space === "alert-learned" || space.startsWith("searches/") || space.startsWith("schemas/")
  );
}

/** First and last possible key of all ledgers. */
export const ledgerKeys = { gte: ledgerKey(0), lte: ledgerKey(0xffff_ffff) } as const;

export const LEDGERS_MAX = 0xffff_ffff;

/** Where entries and checkpoints of ledgers lie, from one number on and up to before another. */
export const ledgerRanges = [ENTRY, CHECKPOINT].map((kind) => ({
  gte: (number: number) => prefix(kind, Math.min(number, LEDGERS_MAX), 5),
  lt: (number: number) => prefix(kind, number, 5),
}));

/** Number of the ledger that a ledger's key belongs to. */
export function ledgerNumberOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.length).getUint32(1);
}

/** Ledgers get other signers, and records other values; everything else is written once. */
export function isRewritable(key: Uint8Array): boolean {
  return key[0] === FORM || key[0] === LEDGER || key[0] === RECORD;
}

export function isForm(key: Uint8Array): boolean {
  return key[0] === FORM;
}

/** Whether a key lies among the records, or behind them. */
export function isBehindLedgers(key: Uint8Array): boolean {
  return (key[0] ?? RECORD) >= RECORD;
}

export function isEntry(key: Uint8Array): boolean {
  return key[0] === ENTRY;
}

export function isTile(key: Uint8Array): boolean {
  return key[0] === TILE;
}

export function isClaim(key: Uint8Array): boolean {
  return key[0] === CLAIM;
}

/** Number of the ledger that an entry, checkpoint, tile or claim belongs to; undefined for other keys. */
export function ledgerOf(key: Uint8Array): number | undefined {
  const kind = key[0] as number;
  return kind >= ENTRY && kind <= CLAIM && key.length > 4 ? ledgerNumberOf(key) : undefined;
}

/** Whether what stands under a key tells something that people said: entries, claims and records. */
export function holdsWords(key: Uint8Array): boolean {
  return key[0] === ENTRY || key[0] === CLAIM || key[0] === RECORD;
}

/** The 32 bytes of the key of a claim. */
export function claimedIn(key: Uint8Array): Uint8Array {
  return key.subarray(NUMBER_AT);
}

/** Space and key of a record. */
export function recordIn(key: Uint8Array): { readonly space: string; readonly key: string } {
  const end = key.indexOf(0, 1);
  return { space: fromUtf8(key.subarray(1, end)), key: fromUtf8(key.subarray(end + 1)) };
}

export function isSameLedger(a: Uint8Array, b: Uint8Array): boolean {
  return ledgerOf(a) === ledgerOf(b);
}

/** Size that a ledger has at least when it has this entry, checkpoint or tile. */
export function reachOf(key: Uint8Array): number {
  if (key[0] === ENTRY) return numberOf(key) + 1;
  if (key[0] === CHECKPOINT) return numberOf(key);
  if (key[0] === TILE) return (readUint64(key, NUMBER_AT + 1) + 1) * TILE_WIDTH ** ((key[NUMBER_AT] as number) + 1);
  return 0;
}

/** A key in words, for people; LevelDB may have shortened it. */
export function describe(key: Uint8Array, nameOf: (ledger: number) => string): string {
  const ledger = ledgerOf(key);
  if (ledger === undefined) return key[0] === RECORD ? `record ${printable(key.subarray(1))}` : "the list of ledgers";
  const name = nameOf(ledger);
  const number = () => {
    const whole = new Uint8Array(NUMBER_AT + 8);
    whole.set(key.subarray(0, whole.length));
    return numberOf(whole);
  };
  if (key[0] === ENTRY) return `entry ${number()} of ${name}`;
  if (key[0] === CHECKPOINT) return `checkpoint ${number()} of ${name}`;
  return key[0] === TILE ? `a tile of ${name}` : `an idempotency claim of ${name}`;
}

function printable(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString("latin1").replaceAll("\0", " "));
}

function prefix(kind: number, ledger: number, length: number): Uint8Array {
  if (!Number.isInteger(ledger) || ledger < 0 || ledger > 0xffff_ffff) {
    throw new RangeError(`expected a ledger number in 0..2^32-1, got ${ledger}`);
  }
  const key = new Uint8Array(length);
  key[0] = kind;
  key[1] = ledger >>> 24;
  key[2] = ledger >>> 16;
  key[3] = ledger >>> 8;
  key[4] = ledger;
  return key;
}

function joinRecordKey(space: string, end: number, key: string): Uint8Array {
  if (space === "" || space.includes("\0")) {
    throw new RangeError(`expected the name of a space, without U+0000, got ${JSON.stringify(space)}`);
  }
  const spaceBytes = utf8(space);
  const keyBytes = utf8(key);
  const joined = new Uint8Array(2 + spaceBytes.length + keyBytes.length);
  joined[0] = RECORD;
  joined.set(spaceBytes, 1);
  joined[1 + spaceBytes.length] = end;
  joined.set(keyBytes, 2 + spaceBytes.length);
  return joined;
}
