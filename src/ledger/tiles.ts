/**
 * Full tiles as they are needed: read from the store, or, since they are derived, made again from the entries when one is
 * missing or damaged. Whoever reads the tree compares the result with a signed root.
 */

import { entryLeafHash } from "../entry/entry.ts";
import { concat, type Hex } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import { TILE_WIDTH, tileRoot } from "../merkle/tile.ts";
import { DamagedStoreError, type Store, StoreUnavailableError } from "../store/store.ts";

/** Told of a tile that was made again, so that somebody hears of it. */
export type OnTileMade = (ledgerId: Hex, tile: { readonly level: number; readonly n: number }, why: string) => void;

export class TileReader {
  readonly #store: Store;
  readonly #ledgerId: Hex;
  readonly #hash: Hash;
  readonly #onMade: OnTileMade | undefined;

  constructor(store: Store, ledgerId: Hex, hash: Hash, onMade?: OnTileMade) {
    this.#store = store;
    this.#ledgerId = ledgerId;
    this.#hash = hash;
    this.#onMade = onMade;
  }

  /**
   * Hashes of a full tile, 8192 bytes, that lies in the durable tree.
   * @throws DamagedStoreError when it cannot be read, nor the entries under it
   */
  async read(level: number, n: number): Promise<Uint8Array> {
    let why = "it was missing";
    try {
      const hashes = await this.#store.tile(this.#ledgerId, level, n);
      if (hashes !== undefined) return hashes;
    } catch (error) {
      if (!(error instanceof DamagedStoreError)) throw error;
      why = error.message;
    }
    const hashes = await this.#make(level, n);
    try {
      await this.#store.replaceTile(this.#ledgerId, { level, n, hashes });
      this.#onMade?.(this.#ledgerId, { level, n }, why);
    } catch (error) {
      // Whoever needs it next makes it again.
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    return hashes;
  }

  async #make(level: number, n: number): Promise<Uint8Array> {
    const from = n * TILE_WIDTH;
    const hashes: Uint8Array[] = [];
    if (level === 0) {
      for await (const entry of this.#store.entries(this.#ledgerId, from, from + TILE_WIDTH)) {
        hashes.push(entryLeafHash(this.#hash, entry));
      }
    } else {
      for (let i = from; i < from + TILE_WIDTH; i++) hashes.push(tileRoot(this.#hash, await this.read(level - 1, i)));
    }
    return concat(...hashes);
  }
}
