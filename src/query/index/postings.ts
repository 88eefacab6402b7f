/**
 * Postings: which positions of a segment have which term. While a segment grows they are pairs in the order they
 * came; when it is closed they are sorted and dealt to buckets by the first bits of the hash, so that a search reads
 * one bucket of about 4 KiB for each term, however many terms there are.
 *
 *     bucket   = group*              in the order of the hashes
 *     group    = hash[6] varint(n) gaps[n]      the first position, then how far the next one is behind the last, less 1
 *              | hash[6] 0x00 bits[2048]        where gaps would be longer than that
 */

import type { TermHash } from "./entry-terms/term-hash.ts";
import { ByteReader, ByteWriter } from "./index-bytes.ts";
import { addPosition, type Mask, SEGMENT_LENGTH } from "./positions.ts";

const BITMAP_LENGTH = SEGMENT_LENGTH / 8;
const HASH_LENGTH = 6;
/** A pair takes about 4 bytes in a bucket, once the common terms have shrunk to a byte or a bit. */
const PAIRS_PER_BUCKET = 1024;
/** Fewer pairs are sorted faster by comparing them. */
const DEALT_MIN = 65_536;
/** Which 32-bit half of a 64-bit integer in memory is the lower one, on this machine. */
const LOWER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Pairs of a hash (48 bits) and a position (16 bits), each a 64-bit integer, so that sorting needs no comparator. */
export class PairList {
  #pairs = new BigUint64Array(1024);
  #halves = new Uint32Array(this.#pairs.buffer);
  #length = 0;
  #lastPosition = 0;
  /** No position is below the one before it. */
  #isAscending = true;

  get length(): number {
    return this.#length;
  }

  add({ high, low }: TermHash, position: number): void {
    this.#makeRoom(1);
    this.#put(high, low, position);
  }

  /** Adds terms with one position. @param numbers high and low of each in turn, `count` of them */
  addAll(numbers: Uint32Array, count: number, position: number): void {
    this.#makeRoom(count);
    for (let i = 0; i < count; i++) this.#put(numbers[2 * i] as number, numbers[2 * i + 1] as number, position);
  }

  #put(high: number, low: number, position: number): void {
    this.#halves[2 * this.#length + LOWER] = (low << 16) | position;
    this.#halves[2 * this.#length + 1 - LOWER] = high;
    this.#length++;
    if (position < this.#lastPosition) this.#isAscending = false;
    this.#lastPosition = position;
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#pairs.length) return;
    const grown = new BigUint64Array(Math.max(2 * this.#pairs.length, needed));
    grown.set(this.#pairs);
    this.#pairs = grown;
    this.#halves = new Uint32Array(grown.buffer);
  }

  /** Adds the positions of a term to a mask by looking at every pair: 0.2 ms for a full segment. */
  collect({ high, low }: TermHash, mask: Mask): void {
    const halves = this.#halves;
    for (let i = 1 - LOWER, end = 2 * this.#length; i < end; i += 2) {
      if (halves[i] !== high) continue;
      const lower = halves[i ^ 1] as number;
      if (lower >>> 16 === low) addPosition(mask, lower & 0xffff);
    }
  }

  /** The pairs by hash and position. Takes about 7 ms for 16384 events of 14 terms. */
  sort(): SortedPairs {
    const length = this.#length;
    if (this.#isAscending && length >= DEALT_MIN) return { halves: dealt(this.#halves, length), length };
    const sorted = this.#pairs.slice(0, length).sort();
    return { halves: new Uint32Array(sorted.buffer), length };
  }
}

/**
 * Pairs with ascending positions by their hashes, so that those of one hash stay in their order: dealt by 16 bits of it at a time,
 * the lowest first. For a full segment it takes half as long as to compare them.
 */
function dealt(halves: Uint32Array, length: number): Uint32Array {
  const first = new Uint32Array(2 * length);
  const second = new Uint32Array(2 * length);
  deal(halves, first, LOWER, 16);
  deal(first, second, 1 - LOWER, 0);
  deal(second, first, 1 - LOWER, 16);
  return first;
}

/** Deals as many pairs as the target has room for by 16 bits of one of their halves. @param shift where in the half they begin */
function deal(source: Uint32Array, target: Uint32Array, half: number, shift: number): void {
  const places = new Uint32Array(2 ** 16);
  for (let i = half; i < target.length; i += 2) {
    const bits = ((source[i] as number) >>> shift) & 0xffff;
    places[bits] = (places[bits] as number) + 1;
  }
  let place = 0;
  for (let bits = 0; bits < places.length; bits++) {
    const count = places[bits] as number;
    places[bits] = place;
    place += count;
  }
  for (let i = 0; i < target.length; i += 2) {
    const bits = ((source[i + half] as number) >>> shift) & 0xffff;
    const to = 2 * (places[bits] as number);
    places[bits] = (places[bits] as number) + 1;
    target[to] = source[i] as number;
    target[to + 1] = source[i + 1] as number;
  }
}

/** Sorted pairs as the 32-bit halves of their integers. */
export type SortedPairs = { readonly halves: Uint32Array; readonly length: number };

/** Buckets with all pairs, a power of two of them. Takes about 10 ms for 16384 events of 14 terms. */
export function encodeBuckets({ halves, length }: SortedPairs): Uint8Array[] {
  const bits = Math.ceil(Math.log2(Math.max(1, length / PAIRS_PER_BUCKET)));
  const buckets: Uint8Array[] = [];
  const writer = new ByteWriter();
  for (let i = 0; i < length; ) {
    const high = halves[2 * i + 1 - LOWER] as number;
    const low = (halves[2 * i + LOWER] as number) >>> 16;
    while (buckets.length < bucketOf(high, bits)) buckets.push(writer.take());
    let end = i + 1;
    while (end < length && halves[2 * end + 1 - LOWER] === high && (halves[2 * end + LOWER] as number) >>> 16 === low) {
      end++;
    }
    writeGroup(writer, halves, i, end);
    i = end;
  }
  while (buckets.length < 2 ** bits) buckets.push(writer.take());
  return buckets;
}

/** Which of 2^bits buckets has the postings of a hash. */
export function bucketOf(high: number, bits: number): number {
  return bits === 0 ? 0 : high >>> (32 - bits);
}

/**
 * Adds the positions that a bucket has for a term to a mask.
 * @throws RangeError when the bytes are no bucket
 */
export function findPostings(bucket: Uint8Array, { high, low }: TermHash, mask: Mask): void {
  const reader = new ByteReader(bucket);
  while (!reader.done) {
    const at = reader.at;
    reader.at += HASH_LENGTH;
    const length = reader.varint();
    if (matches(bucket, at, high, low)) {
      if (length === 0) readBitmap(bucket, reader.at, mask);
      else readGaps(new ByteReader(bucket.subarray(reader.at, reader.at + length)), mask);
      return;
    }
    reader.at += length === 0 ? BITMAP_LENGTH : length;
  }
}

/** Writes the group of pairs [from, to), which have one hash; of equal pairs one is written. */
function writeGroup(writer: ByteWriter, halves: Uint32Array, from: number, to: number): void {
  const high = halves[2 * from + 1 - LOWER] as number;
  const low = (halves[2 * from + LOWER] as number) >>> 16;
  const { bytes, at } = writer.reserve(HASH_LENGTH);
  for (let i = 0; i < 4; i++) bytes[at + i] = high >>> (24 - 8 * i);
  bytes[at + 4] = low >>> 8;
  bytes[at + 5] = low;
  const gaps = gapsOf(halves, from, to);
  if (gaps.length <= BITMAP_LENGTH) {
    writer.varint(gaps.length);
    const target = writer.reserve(gaps.length);
    target.bytes.set(gaps, target.at);
    return;
  }
  writer.byte(0);
  const bitmap = writer.reserve(BITMAP_LENGTH);
  bitmap.bytes.fill(0, bitmap.at, bitmap.at + BITMAP_LENGTH);
  for (let i = from; i < to; i++) {
    const position = (halves[2 * i + LOWER] as number) & 0xffff;
    const byte = bitmap.at + (position >>> 3);
    bitmap.bytes[byte] = (bitmap.bytes[byte] as number) | (1 << (position & 7));
  }
}

/** Gaps need at most two bytes each: positions are below 2^14. */
const scratch = new Uint8Array(2 * SEGMENT_LENGTH);

function gapsOf(halves: Uint32Array, from: number, to: number): Uint8Array {
  let length = 0;
  let last = -1;
  for (let i = from; i < to; i++) {
    const position = (halves[2 * i + LOWER] as number) & 0xffff;
    if (position === last) continue;
    const gap = position - last - 1;
    if (gap >= 0x80) scratch[length++] = (gap & 0x7f) | 0x80;
    scratch[length++] = gap >= 0x80 ? gap >>> 7 : gap;
    last = position;
  }
  return scratch.subarray(0, length);
}

function matches(bucket: Uint8Array, at: number, high: number, low: number): boolean {
  return (
    bucket[at] === high >>> 24 &&
    bucket[at + 1] === ((high >>> 16) & 0xff) &&
    bucket[at + 2] === ((high >>> 8) & 0xff) &&
    bucket[at + 3] === (high & 0xff) &&
    bucket[at + 4] === low >>> 8 &&
    bucket[at + 5] === (low & 0xff)
  );
}

function readGaps(gaps: ByteReader, mask: Mask): void {
  for (let last = -1; !gaps.done; ) {
    last += 1 + gaps.varint();
    addPosition(mask, last);
  }
}

function readBitmap(bucket: Uint8Array, at: number, mask: Mask): void {
  for (let i = 0; i < BITMAP_LENGTH; i++) {
    mask[i >>> 2] = (mask[i >>> 2] as number) | ((bucket[at + i] as number) << (8 * (i & 3)));
  }
}
