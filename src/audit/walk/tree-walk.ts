/**
 * The tree as it grows under an audit: leaf hashes are appended in order, and at the size of each checkpoint the root is compared,
 * at the end of each tile the tile. Where an entry and its tile disagree the stored leaf hash goes on, so that the roots tell which
 * of the two is the old one: roots that fit accuse the entry, roots that do not the tile.
 */

import { TreeEdge } from "../../merkle/append.ts";
import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { HASH_LENGTH, type Hash } from "../../merkle/hash.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "../../merkle/tile.ts";
import type { Stretch } from "../checks/check.ts";
import type { CheckpointsCheck } from "../checks/checkpoints.ts";
import type { TilesCheck } from "../checks/tiles.ts";

/** The edge at the end of a tile, with what else is needed to go on. */
export type KeptTree = {
  readonly size: number;
  /** For every tile level the hashes of its unfinished tile. */
  readonly rows: readonly (readonly Hex[])[];
  readonly isRootKnown: boolean;
  readonly wholeSize: number;
};

type TreeParts = {
  readonly hash: Hash;
  readonly tiles: TilesCheck;
  readonly checkpoints: CheckpointsCheck;
  /** Up to where it goes. */
  readonly size: number;
  readonly firstWrong: () => number;
};

export class TreeWalk {
  readonly #parts: TreeParts;
  readonly #edge: TreeEdge;
  #next: SignedCheckpoint | undefined;
  #isNextKnown = false;
  /** Cleared once a leaf hash is nowhere to be found: from there on no root can be compared. */
  #isRootKnown: boolean;
  #wholeSize: number;

  constructor(parts: TreeParts, kept?: KeptTree) {
    this.#parts = parts;
    const rows = (kept?.rows ?? []).map((row) => row.map((each) => fromHex(each, HASH_LENGTH)));
    this.#edge = TreeEdge.open(parts.hash, kept?.size ?? 0, rows);
    this.#isRootKnown = kept?.isRootKnown ?? true;
    this.#wholeSize = kept?.wholeSize ?? 0;
  }

  get size(): number {
    return this.#edge.size;
  }

  /** Size of the last checkpoint up to which nothing that was recorded is missing or changed. */
  get wholeSize(): number {
    return this.#wholeSize;
  }

  async take({ entries, digests, stored }: Stretch): Promise<void> {
    const { tiles, checkpoints, size, firstWrong } = this.#parts;
    if (!this.#isNextKnown) this.#next = await checkpoints.next(this.#edge.size, size);
    this.#isNextKnown = true;
    let leaves: Uint8Array[] = [];
    for (let i = 0; i < entries.length; i++) {
      leaves.push(this.#leafOf(digests[i], stored?.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)));
      if (this.#next === undefined || this.#edge.size + leaves.length < this.#next.size) continue;
      this.#edge.appendAll(leaves);
      leaves = [];
      checkpoints.compare(this.#next, this.#isRootKnown ? this.#edge.root() : undefined);
      if (this.#next.size <= firstWrong()) this.#wholeSize = this.#next.size;
      this.#next = await checkpoints.next(this.#edge.size, size);
    }
    this.#edge.appendAll(leaves);
    await tiles.compare(this.#edge.takeTiles(), this.#isRootKnown);
    this.#edge.forget();
  }

  /** At the end of a tile. */
  keep(): KeptTree {
    const { size } = this.#edge;
    const rows: Hex[][] = [];
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      const row: Hex[] = [];
      for (let n = count - (count % TILE_WIDTH); n < count; n++)
        row.push(toHex(this.#edge.node(level * TILE_HEIGHT, n) as Uint8Array));
      rows.push(row);
    }
    return { size, rows, isRootKnown: this.#isRootKnown, wholeSize: this.#wholeSize };
  }

  /** The leaf hash that stands for an entry in the tree. */
  #leafOf(digest: Stretch["digests"][number], stored: Uint8Array | undefined): Uint8Array {
    const known = stored ?? (typeof digest === "string" ? undefined : digest?.leaf);
    if (known === undefined) this.#isRootKnown = false;
    return known ?? new Uint8Array(HASH_LENGTH);
  }
}
