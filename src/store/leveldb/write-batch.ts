/**
 * A record of LevelDB's log: one batch of writes (db/write_batch.cc): sequence number, count, and for each write its kind,
 * key and value. Reads what LevelDB wrote; nothing here writes.
 */

const HEADER_BYTES = 12;
const DELETE = 0;
const PUT = 1;

/** One write of a batch; a value of undefined deletes. */
export type BatchWrite = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

export type WriteBatch = {
  /** Number of the first write; the last has `sequence + count - 1`. */
  readonly sequence: number;
  readonly count: number;
  readonly writes: readonly BatchWrite[];
};

/** Numbers of a batch without reading its writes. @throws RangeError when it is none */
export function batchNumbers(bytes: Uint8Array): { readonly sequence: number; readonly count: number } {
  if (bytes.length < HEADER_BYTES) throw new RangeError(`expected a batch of ${HEADER_BYTES} bytes or more`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { sequence: Number(view.getBigUint64(0, true)), count: view.getUint32(8, true) };
}

/** @throws RangeError when the bytes are no batch */
export function decodeBatch(bytes: Uint8Array): WriteBatch {
  const { sequence, count } = batchNumbers(bytes);
  const reader = new BytesReader(bytes, HEADER_BYTES);
  const writes: BatchWrite[] = [];
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    if (kind !== PUT && kind !== DELETE) throw new RangeError(`expected a put or a delete, got kind ${kind}`);
    const key = reader.slice();
    writes.push({ key, value: kind === PUT ? reader.slice() : undefined });
  }
  if (writes.length !== count) throw new RangeError(`expected ${count} writes, got ${writes.length}`);
  return { sequence, count, writes };
}

/** Reads LevelDB's variable-length numbers, and slices with their length in front. */
export class BytesReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("expected a byte, got the end");
    return byte;
  }

  /** Seven bits a byte, the low ones first; up to 2^53-1. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (!Number.isSafeInteger(value)) throw new RangeError("expected a number up to 2^53-1, got a larger one");
    return value;
  }

  slice(): Uint8Array {
    return this.take(this.varint());
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError(`expected ${end} bytes, got ${this.#bytes.length}`);
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }
}
