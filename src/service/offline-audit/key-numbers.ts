/** Keys of entries by numbers, under which threads know them: found by the bytes that stand in a value, without a text or an object for each. */

import type { KeyObject } from "node:crypto";
import { KEY_ID_BYTES } from "../../encryption/entry-binding.ts";
import { type EntryKey, stretchOf } from "../../encryption/entry-keys.ts";
import { KeyCache } from "../../encryption/key-cache.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";

/** So many have numbers at a time; the keys of one tile always have room. */
export const NUMBERS_MAX = 65_536;

export class KeyNumbers {
  readonly #ledgerId: Hex;
  #numbers = new KeyCache<{ readonly number: number }>(2 * NUMBERS_MAX);
  #keys: KeyObject[] = [];
  #stretch = 0;
  /** Counts how often all of them were let go of: a number means something in its generation alone. */
  generation = 0;

  constructor(ledgerId: Hex) {
    this.#ledgerId = ledgerId;
  }

  /** Makes room for the keys of a tile, before they are looked for. */
  begin(start: number): void {
    const stretch = stretchOf(start);
    if (stretch === this.#stretch && this.#keys.length + TILE_WIDTH <= NUMBERS_MAX) return;
    this.#stretch = stretch;
    this.#numbers = new KeyCache(2 * NUMBERS_MAX);
    this.#keys = [];
    this.generation++;
  }

  /** The number of the key whose id stands at a place; undefined where it has none yet. */
  find(bytes: Uint8Array, idAt: number): number | undefined {
    return this.#numbers.get(this.#ledgerId, bytes, idAt, idAt + KEY_ID_BYTES)?.number;
  }

  /** Gives a number to a key for an entry. */
  add(key: EntryKey, index: number): number {
    const number = this.#keys.push(key.at(index)) - 1;
    this.#numbers.set(this.#ledgerId, key.id, { number });
    return number;
  }

  keyOf(number: number): KeyObject {
    return this.#keys[number] as KeyObject;
  }
}
