/**
 * The claims of a ledger, summed by the entries that they stand for: whoever knows which claims have to be there compares sums, and
 * looks up none where they are equal. To read all claims as they lie takes a fraction of what it takes to look up each. Every term is
 * a hash of 64 bits of where the claim stands and of its entry, under a seed that is drawn anew each time, so that nobody can choose
 * claims whose sum is that of others.
 */

import { randomBytes } from "node:crypto";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import { mix32 } from "../../mix32.ts";

const SEED_BYTES = 8;
const PLACE_BYTES = 32;

/** A claim that stands for one entry: where it stands, 32 bytes, and the entry. */
export type SoleClaim = { readonly place: Uint8Array; readonly index: number };

/** Claims that stand for one entry each: where they stand, one after another, and the entries in the same order. */
export type SoleClaims = { readonly places: Uint8Array; readonly indexes: readonly number[] };

/** 64 bits, as two integers of 32. */
export type ClaimSum = { readonly first: number; readonly second: number };

/** Hashes claims; the result is left in `first` and `second`, because this runs for every claim. */
class ClaimHasher {
  first = 0;
  second = 0;
  readonly #seed: Int32Array;

  constructor(seed: Int32Array) {
    this.#seed = seed;
  }

  /** @param at where in `places` the claim's own begins */
  hash(places: Uint8Array, at: number, index: number): void {
    let a = mix32((this.#seed[0] as number) ^ index);
    let b = mix32((this.#seed[1] as number) ^ Math.floor(index / 2 ** 32) ^ Math.imul(index, 0x9e3779b1));
    for (let from = at; from < at + PLACE_BYTES; from += 4) {
      const word =
        (places[from] as number) |
        ((places[from + 1] as number) << 8) |
        ((places[from + 2] as number) << 16) |
        ((places[from + 3] as number) << 24);
      a = Math.imul(((a ^ word) << 13) | ((a ^ word) >>> 19), 0x2c1b3c6d) + b;
      b = Math.imul(b ^ word, 0x297a2d39) + (a ^ (a >>> 15));
    }
    this.first = mix32(a ^ Math.imul(b, 0x9e3779b1));
    this.second = mix32(b ^ this.first);
  }
}

function sumOfClaims(seed: Int32Array, { places, indexes }: SoleClaims): ClaimSum {
  const hasher = new ClaimHasher(seed);
  let first = 0;
  let second = 0;
  for (const [i, index] of indexes.entries()) {
    hasher.hash(places, i * PLACE_BYTES, index);
    first = (first + hasher.first) | 0;
    second = (second + hasher.second) | 0;
  }
  return { first, second };
}

/** Whether a sum is that of exactly these claims. @param seed of the sums */
export function isSumOf(sum: ClaimSum, seed: Int32Array, claims: SoleClaims): boolean {
  const { first, second } = sumOfClaims(seed, claims);
  return first === sum.first && second === sum.second;
}

function drawSeed(): Int32Array {
  return new Int32Array(Uint8Array.from(randomBytes(SEED_BYTES)).buffer);
}

export class ClaimSums {
  readonly seed: Int32Array;
  /** Two for each tile of entries. */
  readonly sums: Int32Array;
  readonly #hasher: ClaimHasher;
  readonly #size: number;

  /**
   * @param size entries that there are; claims of others are of no interest
   * @param seed of other sums, to which these are to be added
   */
  constructor(size: number, seed = drawSeed()) {
    this.#size = size;
    this.seed = seed;
    this.#hasher = new ClaimHasher(seed);
    this.sums = new Int32Array(2 * Math.ceil(size / TILE_WIDTH));
  }

  /** Adds sums of other claims of the same ledger, under the same seed. */
  addAll(sums: Int32Array): void {
    for (let i = 0; i < sums.length; i++) this.sums[i] = ((this.sums[i] as number) + (sums[i] as number)) | 0;
  }

  add({ place, index }: SoleClaim): void {
    if (index >= this.#size) return;
    const at = 2 * Math.floor(index / TILE_WIDTH);
    this.#hasher.hash(place, 0, index);
    this.sums[at] = ((this.sums[at] as number) + this.#hasher.first) | 0;
    this.sums[at + 1] = ((this.sums[at + 1] as number) + this.#hasher.second) | 0;
  }

  /** The sum of all claims that stand for an entry of a tile. */
  ofTile(tile: number): ClaimSum {
    return { first: this.sums[2 * tile] ?? 0, second: this.sums[2 * tile + 1] ?? 0 };
  }
}
