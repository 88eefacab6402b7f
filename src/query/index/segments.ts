/**
 * The closed segments of a ledger's index: runs of up to 16384 entries whose postings, times and counts are written
 * once. The keys, below the ledger's id:
 *
 *     meta                   format version and seed; without it the index is empty
 *     h/<segment>            header; it is written in one batch with everything else of the segment
 *     b/<segment>/<bucket>   postings
 *     t/<segment>            times
 *     c/<segment>            counts
 *
 * Every value has a checksum. An index of another format, or one that is not of this ledger, is deleted.
 * Why: docs/decisions/0070.
 */

import { randomBytes } from "node:crypto";
import { readJson } from "../../json/read.ts";
import { equal, fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { checkedWrite, IndexDamagedError, readChecked } from "./checksum.ts";
import { type Counts, decodeCounts } from "./counts.ts";
import { EntryTerms } from "./entry-terms/entry-terms.ts";
import { SEED_LENGTH, TermHasher } from "./entry-terms/term-hash.ts";
import type { IndexStore } from "./index-store.ts";
import { type EncodedSegment, encodeSegment, type OpenSegment } from "./open-segment.ts";
import { emptyMask, type Mask } from "./positions.ts";
import { bucketOf, findPostings } from "./postings.ts";
import type { Term } from "./terms.ts";
import { decodeTimes, type TimeSpan, type Times } from "./times.ts";

/** Grows with every change of what is written or of the terms that an entry has. */
const INDEX_FORMAT = 3;

/** What is known of a segment without reading it. */
export type SegmentHeader = {
  /** Index of the first entry. */
  readonly start: number;
  readonly length: number;
  /** There are 2^bits buckets. */
  readonly bits: number;
  readonly recorded: TimeSpan;
  readonly occurred: TimeSpan;
  /** Some of its entries were pruned. */
  readonly hasPruned?: true;
  /** Leaf hash of the last entry: random salts are in it, so it tells one history from another. */
  readonly leaf: Hex;
};

export class Segments {
  /** Reads entries for segments of this index. */
  readonly terms: EntryTerms;
  /** What terms are hashed with, {@link SEED_LENGTH} bytes. */
  readonly seed: Uint8Array;
  readonly #store: IndexStore;
  readonly #prefix: string;
  readonly #headers: SegmentHeader[];

  private constructor(store: IndexStore, prefix: string, seed: Uint8Array, headers: SegmentHeader[]) {
    this.#store = store;
    this.#prefix = prefix;
    this.#headers = headers;
    this.seed = seed;
    this.terms = new EntryTerms(new TermHasher(seed));
  }

  /** Opens the segments of a ledger; what is damaged is dropped with all that follows it. */
  static async load(store: IndexStore, ledgerId: Hex): Promise<Segments> {
    const prefix = `${ledgerId}/`;
    const seed = await readSeed(store, prefix);
    if (seed === undefined) return Segments.#create(store, prefix);
    const headers: SegmentHeader[] = [];
    const dropped: string[] = [];
    for await (const [key, value] of store.list(`${prefix}h/`)) {
      const header = dropped.length === 0 ? readHeader(key, value) : undefined;
      const expected = `${prefix}h/${segmentName(headers.length)}`;
      if (header !== undefined && key === expected && header.start === endOf(headers)) headers.push(header);
      else dropped.push(key);
    }
    if (dropped.length > 0) await store.write(dropped.map((key) => ({ key, value: undefined })));
    return new Segments(store, prefix, seed, headers);
  }

  static async #create(store: IndexStore, prefix: string): Promise<Segments> {
    await store.clear(prefix);
    const seed = new Uint8Array(randomBytes(SEED_LENGTH));
    const meta = new TextEncoder().encode(JSON.stringify({ format: INDEX_FORMAT, seed: toHex(seed) }));
    await store.write([checkedWrite(`${prefix}meta`, meta)]);
    return new Segments(store, prefix, seed, []);
  }

  get count(): number {
    return this.#headers.length;
  }

  /** Index behind the last entry that is in a segment. */
  get end(): number {
    return endOf(this.#headers);
  }

  header(segment: number): SegmentHeader {
    const header = this.#headers[segment];
    if (header === undefined) throw new RangeError(`expected a segment in 0..${this.count - 1}, got ${segment}`);
    return header;
  }

  /** The segment that has an entry; the index must be below `end`. */
  locate(index: number): number {
    let low = 0;
    for (let high = this.#headers.length; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if (this.header(middle).start <= index) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Drops the last segments until the last entry of the last one is the ledger's own; returns how many it dropped. */
  async dropForeign(ledger: { readonly size: number; leafHash(index: number): Promise<Uint8Array> }): Promise<number> {
    let kept = this.#headers.length;
    for (; kept > 0; kept--) {
      const last = this.header(kept - 1);
      const end = last.start + last.length;
      if (end <= ledger.size && equal(await ledger.leafHash(end - 1), fromHex(last.leaf))) break;
    }
    const dropped = this.#headers.length - kept;
    const keys = Array.from({ length: dropped }, (_, i) => `${this.#prefix}h/${segmentName(kept + i)}`);
    if (dropped > 0) await this.#store.write(keys.map((key) => ({ key, value: undefined })));
    this.#headers.length = kept;
    return dropped;
  }

  /**
   * Writes a segment behind the last one, or over one that has the same entries; nothing may be added to it meanwhile.
   * If we crash here, the segment is there as a whole or not at all.
   */
  async write(segment: OpenSegment, leaf: Uint8Array): Promise<void> {
    const number = segment.start < this.end ? this.locate(segment.start) : this.count;
    const old = this.#headers[number];
    if (segment.start !== (old?.start ?? this.end) || segment.length !== (old?.length ?? segment.length)) {
      throw new RangeError(`expected the entries of a segment, got ${segment.start} to ${segment.end}`);
    }
    const encoded = await encodeSegment(segment);
    const { buckets } = encoded;
    const header = headerOf(encoded, toHex(leaf));
    const removed = Array.from({ length: Math.max(0, 2 ** (old?.bits ?? 0) - buckets.length) }, (_, i) => ({
      key: this.#key("b", number, buckets.length + i),
      value: undefined,
    }));
    await this.#store.write([...removed, ...this.#writesOf(number, encoded, header)]);
    this.#headers[number] = header;
  }

  /** What is stored of a segment and is not what its entries lead to, in words; undefined when all is, and there is nothing else. */
  async difference(number: number, encoded: EncodedSegment): Promise<string | undefined> {
    const { start, length, leaf } = this.header(number);
    if (encoded.start !== start || encoded.end !== start + length)
      throw new RangeError(`expected the entries of segment ${number}, got ${encoded.start} to ${encoded.end}`);
    const { buckets } = encoded;
    const writes = this.#writesOf(number, encoded, headerOf(encoded, leaf));
    const stored = await this.#store.getMany(writes.map(({ key }) => key));
    for (const [i, { key, value }] of writes.entries()) {
      const held = stored[i];
      if (held === undefined) return `${this.#naming(key)} is missing`;
      if (!equal(held, value as Uint8Array)) return `${this.#naming(key)} is not what the entries lead to`;
    }
    let count = 0;
    for await (const _ of this.#store.list(`${this.#key("b", number)}/`)) count++;
    return count === buckets.length
      ? undefined
      : `it has ${count} buckets of terms, the entries lead to ${buckets.length}`;
  }

  #naming(key: string): string {
    const [kind, , bucket] = key.slice(this.#prefix.length).split("/");
    if (kind === "b") return `its bucket ${bucket} of terms`;
    return kind === "t" ? "its list of times" : kind === "c" ? "its list of counts" : "its header";
  }

  #writesOf(
    number: number,
    { buckets, times, counts }: EncodedSegment,
    header: SegmentHeader,
  ): ReturnType<typeof checkedWrite>[] {
    return [
      ...buckets.map((bucket, i) => checkedWrite(this.#key("b", number, i), bucket)),
      checkedWrite(this.#key("t", number), times),
      checkedWrite(this.#key("c", number), counts),
      checkedWrite(this.#key("h", number), new TextEncoder().encode(JSON.stringify(header))),
    ];
  }

  /** Positions that have a term, for each of some segments. @throws IndexDamagedError */
  async postings(segments: readonly number[], { field, text }: Term): Promise<Mask[]> {
    const { high, low } = this.terms.hasher.hash(field, text);
    const keys = segments.map((n) => this.#key("b", n, bucketOf(high, this.header(n).bits)));
    return this.#read(segments, keys, (bucket) => {
      const mask = emptyMask();
      findPostings(bucket, { high, low }, mask);
      return mask;
    });
  }

  /** @throws IndexDamagedError */
  async times(segment: number): Promise<Times> {
    const { length } = this.header(segment);
    const [times] = await this.#read([segment], [this.#key("t", segment)], (bytes) => decodeTimes(bytes, length));
    return times as Times;
  }

  /** @throws IndexDamagedError */
  async counts(segments: readonly number[]): Promise<Counts[]> {
    const keys = segments.map((segment) => this.#key("c", segment));
    return this.#read(segments, keys, decodeCounts);
  }

  async #read<T>(segments: readonly number[], keys: string[], decode: (bytes: Uint8Array) => T): Promise<T[]> {
    const values = await this.#store.getMany(keys);
    return segments.map((segment, i) => {
      try {
        return decode(readChecked(keys[i] as string, values[i]));
      } catch (cause) {
        throw new IndexDamagedError(`expected segment ${segment} as it was written, got damage`, { cause, segment });
      }
    });
  }

  #key(kind: "h" | "b" | "t" | "c", segment: number, bucket?: number): string {
    return `${this.#prefix}${kind}/${segmentName(segment)}${bucket === undefined ? "" : `/${bucket}`}`;
  }
}

function headerOf({ start, end, buckets, recorded, occurred, hasPruned }: EncodedSegment, leaf: Hex): SegmentHeader {
  return {
    start,
    length: end - start,
    bits: Math.log2(buckets.length),
    recorded,
    occurred,
    leaf,
    ...(hasPruned && { hasPruned: true }),
  };
}

function segmentName(segment: number): string {
  return String(segment).padStart(12, "0");
}

function endOf(headers: readonly SegmentHeader[]): number {
  const last = headers.at(-1);
  return last === undefined ? 0 : last.start + last.length;
}

async function readSeed(store: IndexStore, prefix: string): Promise<Uint8Array | undefined> {
  const key = `${prefix}meta`;
  const [value] = await store.getMany([key]);
  const meta = value === undefined ? undefined : readRecord(key, value);
  if (meta?.format !== INDEX_FORMAT || typeof meta.seed !== "string") return undefined;
  return fromHex(meta.seed, SEED_LENGTH);
}

function readHeader(key: string, value: Uint8Array): SegmentHeader | undefined {
  return readRecord(key, value) as SegmentHeader | undefined;
}

/** The JSON under a key; undefined when it is damaged, because then it is built anew. */
function readRecord(key: string, value: Uint8Array): Record<string, unknown> | undefined {
  try {
    return readJson(new TextDecoder().decode(readChecked(key, value))) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof IndexDamagedError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
