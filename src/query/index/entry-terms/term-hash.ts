/**
 * Terms as numbers of 48 bits, which is all that an index keeps of them. Not a cryptographic hash and not meant to be:
 * two terms with one number cost a few entries read in vain, because what the index finds is compared with the entries
 * themselves. The seed is random for each index, so that nobody can prepare terms that collide.
 */

import { mix32 } from "../../../mix32.ts";
import { FIELDS, type Field } from "../terms.ts";

export const SEED_LENGTH = 8;

/** The 48 bits of a term, as 32 and 16. */
export type TermHash = { readonly high: number; readonly low: number };

/** Field numbers, part of the index format. */
const NUMBERS = Object.fromEntries(FIELDS.map((field, number) => [field, number])) as Readonly<Record<Field, number>>;

/** Hashes terms; the result is left in `high` and `low`, because this runs a dozen times for each event. */
export class TermHasher {
  high = 0;
  low = 0;
  readonly #seedA: number;
  readonly #seedB: number;

  constructor(seed: Uint8Array) {
    if (seed.length !== SEED_LENGTH)
      throw new RangeError(`expected a seed of ${SEED_LENGTH} bytes, got ${seed.length}`);
    const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
    this.#seedA = view.getInt32(0);
    this.#seedB = view.getInt32(4);
  }

  hash(field: Field, text: string): this {
    let a = Math.imul(this.#seedA ^ NUMBERS[field], 0x9e3779b1);
    let b = Math.imul(this.#seedB ^ text.length, 0x85ebca6b);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul((a << 13) | (a >>> 19), 0x2c1b3c6d) ^ unit;
      b = Math.imul(b ^ unit, 0x297a2d39) + a;
    }
    return this.#finish(a, b);
  }

  /** The same of a text that is ASCII, whose bytes are [start, end). */
  hashAscii(field: Field, bytes: Uint8Array, start: number, end: number): this {
    let a = Math.imul(this.#seedA ^ NUMBERS[field], 0x9e3779b1);
    let b = Math.imul(this.#seedB ^ (end - start), 0x85ebca6b);
    for (let i = start; i < end; i++) {
      const unit = bytes[i] as number;
      a = Math.imul((a << 13) | (a >>> 19), 0x2c1b3c6d) ^ unit;
      b = Math.imul(b ^ unit, 0x297a2d39) + a;
    }
    return this.#finish(a, b);
  }

  #finish(a: number, b: number): this {
    this.high = mix32(a ^ Math.imul(b, 0x9e3779b1)) >>> 0;
    this.low = mix32(b ^ this.high) & 0xffff;
    return this;
  }
}
