/**
 * Keys at hand, found by bytes as they stand in an entry: no text is made of them, since this is asked for every entry that is
 * written or read. Which place a key has follows from a hash with a seed of its own; a key is given only to the very bytes
 * that it was put under, so that of two with one place the newer is kept, and nobody gets another's.
 */

import { randomBytes } from "node:crypto";
import type { Hex } from "../merkle/bytes.ts";

type Kept<V> = { readonly ledgerId: Hex; readonly bytes: Uint8Array; readonly value: V };

/** Places fit into the small integers of the engine. */
const PLACE_BITS = 30;

export class KeyCache<V> {
  readonly #generationMax: number;
  readonly #seed = randomBytes(4).readInt32BE();
  #young = new Map<number, Kept<V>>();
  /** What was not asked for since the young became so many is let go of when they are so many again. */
  #old = new Map<number, Kept<V>>();

  /** @param countMax how many are kept at the most, from 2 on */
  constructor(countMax: number) {
    this.#generationMax = Math.floor(countMax / 2);
  }

  /** The value that was put under the bytes [start, end) of a ledger. */
  get(ledgerId: Hex, bytes: Uint8Array, start: number, end: number): V | undefined {
    const place = this.#placeOf(bytes, start, end);
    const young = this.#young.get(place);
    const kept = young ?? this.#old.get(place);
    if (kept === undefined || kept.ledgerId !== ledgerId || !isSame(kept.bytes, bytes, start, end)) return undefined;
    if (young === undefined) this.#put(place, kept);
    return kept.value;
  }

  set(ledgerId: Hex, bytes: Uint8Array, value: V): void {
    const copy = Uint8Array.from(bytes);
    this.#put(this.#placeOf(copy, 0, copy.length), { ledgerId, bytes: copy, value });
  }

  /** Lets go of values. */
  deleteAll(isMeant: (value: V) => boolean): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [place, { value }] of generation) if (isMeant(value)) generation.delete(place);
    }
  }

  #put(place: number, kept: Kept<V>): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(place, kept);
  }

  /** FNV-1a, from a seed that nobody outside can know. */
  #placeOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    return (hash ^ (hash >>> 15)) & (2 ** PLACE_BITS - 1);
  }
}

function isSame(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false;
  for (let i = 0; i < kept.length; i++) if (kept[i] !== bytes[start + i]) return false;
  return true;
}
