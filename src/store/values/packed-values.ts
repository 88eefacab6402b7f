/**
 * Neighbouring values in one piece of memory, to be handed on whole. Those that lie near one another already, as in a file, are copied
 * together, with what stands between them: a piece of memory of its own for each costs more than most of what is done with it.
 */

/** Of values in their order: where each begins and ends in the memory. */
export type PackedValues = {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly starts: Int32Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
};

/** A piece of other memory, [from, to), of which all is copied. */
type Piece = { readonly bytes: Uint8Array; readonly from: number; to: number };

/** Bytes between two values that are worth copying. */
const BETWEEN_MAX = 512;

export class ValuePacker {
  #pieces: Piece[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #length = 0;

  get count(): number {
    return this.#starts.length;
  }

  /** Adds the value [start, end) of some bytes, which stay as they are until `take`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#pieces.at(-1);
    const between = last !== undefined && last.bytes === bytes ? start - last.to : -1;
    if (last !== undefined && between >= 0 && between <= BETWEEN_MAX) {
      last.to = end;
      this.#length += between;
    } else this.#pieces.push({ bytes, from: start, to: end });
    this.#starts.push(this.#length);
    this.#length += end - start;
    this.#ends.push(this.#length);
  }

  /** All that was added since the last time. */
  take(): PackedValues {
    const memory = new Uint8Array(this.#length);
    let at = 0;
    for (const { bytes, from, to } of this.#pieces) {
      memory.set(bytes.subarray(from, to), at);
      at += to - from;
    }
    const packed = { memory, starts: Int32Array.from(this.#starts), ends: Int32Array.from(this.#ends) };
    this.#pieces = [];
    this.#starts = [];
    this.#ends = [];
    this.#length = 0;
    return packed;
  }
}
