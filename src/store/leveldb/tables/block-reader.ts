/**
 * The records of a data block, one after the other (doc/table_format.md of LevelDB), without an array for each key and each value:
 * a record is where it lies, and only its key, of which the beginning stands in the records before it, is put together.
 */

import { KEY_TRAILER_BYTES, PUT } from "./table.ts";

const DELETE = 0;
const KEY_ROOM = 128;
/** Of a place where a key stands whole, and of how many there are. */
const RESTART_BYTES = 4;
const BYTE_VALUES = 256;
const VARINT_BYTES_MAX = 5;
const NOTHING = new Uint8Array(0);

/** A version of a key; the next one takes its place. */
export interface StoredVersion {
  /** Has the key in [0, keyEnd). */
  readonly key: Uint8Array;
  readonly keyEnd: number;
  /** Has the value in [valueStart, valueEnd). */
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export class BlockReader implements StoredVersion {
  key = new Uint8Array(KEY_ROOM);
  keyEnd = 0;
  bytes: Uint8Array = NOTHING;
  valueStart = 0;
  valueEnd = 0;
  #at = 0;
  #end = 0;
  /** Of the varint that was read last. */
  #varintEnd = 0;

  /** Whether the key has the value, and is not deleted. */
  get isPut(): boolean {
    return this.key[this.keyEnd] === PUT;
  }

  /** Number of the write: of two versions of a key the one with the larger number is newer. */
  get sequence(): number {
    let sequence = 0;
    for (let i = this.keyEnd + KEY_TRAILER_BYTES - 1; i > this.keyEnd; i--)
      sequence = sequence * BYTE_VALUES + (this.key[i] as number);
    return sequence;
  }

  /** Begins a block, in front of its first record. @throws RangeError when it is none */
  open(block: Uint8Array): void {
    const countAt = block.length - RESTART_BYTES;
    if (countAt < 0) throw new RangeError(`expected a block of ${RESTART_BYTES} bytes or more, got ${block.length}`);
    const restarts = new DataView(block.buffer, block.byteOffset + countAt, RESTART_BYTES).getUint32(0, true);
    const end = countAt - RESTART_BYTES * restarts;
    if (end < 0) throw new RangeError(`expected a block of ${block.length} bytes, got ${restarts} restarts in it`);
    // The same memory for all blocks of a file, so that neighbours are known by it.
    if (this.bytes.buffer !== block.buffer) this.bytes = new Uint8Array(block.buffer);
    this.#at = block.byteOffset;
    this.#end = block.byteOffset + end;
    this.keyEnd = -KEY_TRAILER_BYTES;
  }

  /** Moves to the next record; false at the end. @throws RangeError when there is none where one has to be */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const shared = this.#varint(this.#at);
    const unshared = this.#varint(this.#varintEnd);
    const length = this.#varint(this.#varintEnd);
    const from = this.#varintEnd;
    const keyLength = shared + unshared;
    const valueStart = from + unshared;
    const valueEnd = valueStart + length;
    if (shared > this.keyEnd + KEY_TRAILER_BYTES || keyLength < KEY_TRAILER_BYTES || valueEnd > this.#end)
      throw new RangeError(`expected a record in a block, got ${shared}, ${unshared} and ${length} bytes of it`);
    this.#putKey(shared, from, keyLength);
    this.keyEnd = keyLength - KEY_TRAILER_BYTES;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    this.#at = valueEnd;
    const kind = this.key[this.keyEnd] as number;
    if (kind !== PUT && kind !== DELETE) throw new RangeError(`expected a put or a delete, got kind ${kind}`);
    return true;
  }

  #putKey(shared: number, from: number, length: number): void {
    if (length > this.key.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.key);
      this.key = larger;
    }
    const { key, bytes } = this;
    for (let i = shared, at = from; i < length; i++, at++) key[i] = bytes[at] as number;
  }

  #varint(at: number): number {
    const first = this.bytes[at] as number;
    this.#varintEnd = at + 1;
    return first < 0x80 ? first : this.#longVarint(at);
  }

  #longVarint(at: number): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.bytes[at + i] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.#varintEnd = at + i + 1;
      return value;
    }
    throw new RangeError("expected a number of 32 bits, got a longer one");
  }
}

/** Less than 0 where version `a` stands before version `b`: by their keys, and of one key the newer first. */
export function compareVersions(a: BlockReader, b: BlockReader): number {
  return compareKeys(a.key, a.keyEnd, b.key, b.keyEnd) || b.sequence - a.sequence;
}

/** Whether two keys are the same; most differ at their end. */
export function isSameKey(a: Uint8Array, aEnd: number, b: Uint8Array, bEnd: number): boolean {
  if (aEnd !== bEnd) return false;
  for (let i = aEnd - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}

/** Compares the first bytes of two pieces of memory as keys. */
export function compareKeys(a: Uint8Array, aEnd: number, b: Uint8Array, bEnd: number): number {
  const end = Math.min(aEnd, bEnd);
  for (let i = 0; i < end; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - bEnd;
}
