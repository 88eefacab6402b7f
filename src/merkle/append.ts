/**
 * The growing right edge of a tree: appends leaf hashes at one node hash each on average, and keeps just the nodes
 * of unfinished tiles, at most 511 hashes for every 8 levels. Finished tiles are handed out and then forgotten.
 */

import { concat } from "./bytes.ts";
import { emptyRoot, type Hash, nodeHashes } from "./hash.ts";
import { TILE_HEIGHT, TILE_WIDTH, type Tile } from "./tile.ts";
import { rangeHash } from "./tree.ts";

type Row = { start: number; hashes: Uint8Array[] };

export class TreeEdge {
  readonly #hash: Hash;
  readonly #rows: Row[] = [];
  #size = 0;
  #finished: Tile[] = [];

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  /**
   * Opens the edge of a stored tree.
   * @param size number of leaves of the tree
   * @param rows for every tile level, the hashes of its unfinished tile: floor(size / 256^level) mod 256 of them
   * @throws RangeError when a row has another number of hashes
   */
  static open(hash: Hash, size: number, rows: readonly (readonly Uint8Array[])[]): TreeEdge {
    const edge = new TreeEdge(hash);
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      const hashes = rows[level] ?? [];
      if (hashes.length !== count % TILE_WIDTH) {
        throw new RangeError(`expected ${count % TILE_WIDTH} hashes at tile level ${level}, got ${hashes.length}`);
      }
      edge.#startTile(level, count - hashes.length);
      edge.#add(level * TILE_HEIGHT, hashes, (level + 1) * TILE_HEIGHT);
    }
    edge.#size = size;
    return edge;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Appends one leaf hash. */
  append(leafHash: Uint8Array): void {
    this.appendAll([leafHash]);
  }

  /** Appends leaf hashes in their order; the nodes of a level are hashed together, which is faster where they are many. */
  appendAll(leafHashes: readonly Uint8Array[]): void {
    this.#add(0, leafHashes, Number.POSITIVE_INFINITY);
    this.#size += leafHashes.length;
  }

  /** Root of the tree, RFC 9162 §2.1.1. */
  root(): Uint8Array {
    if (this.#size === 0) return emptyRoot(this.#hash);
    return rangeHash(this.#hash, { start: 0, end: this.#size }, (level, index) => this.node(level, index));
  }

  /** Hash of a perfect subtree, when it is in an unfinished tile or in one finished since the last take. */
  node(level: number, index: number): Uint8Array | undefined {
    const row = this.#rows[level];
    return row === undefined || index < row.start ? undefined : row.hashes[index - row.start];
  }

  /** Tiles finished since the last take; their nodes stay at hand until {@link forget}. */
  takeTiles(): Tile[] {
    const tiles = this.#finished;
    this.#finished = [];
    return tiles;
  }

  /** Drops the nodes of finished tiles. */
  forget(): void {
    for (let level = 0, count = this.#size; level * TILE_HEIGHT < this.#rows.length; level++) {
      this.#startTile(level, count - (count % TILE_WIDTH));
      count = Math.floor(count / TILE_WIDTH);
    }
  }

  /** Lets every row of a tile level begin where the tile with this first node does. */
  #startTile(tileLevel: number, first: number): void {
    for (let height = 0; height < TILE_HEIGHT; height++) {
      const row = this.#row(tileLevel * TILE_HEIGHT + height);
      const start = Math.floor(first / 2 ** height);
      if (start > row.start) {
        row.hashes.splice(0, start - row.start);
        row.start = start;
      }
    }
  }

  /** Adds hashes behind those of a level, and the nodes above that are whole with them. @param below level that gets none */
  #add(level: number, hashes: readonly Uint8Array[], below: number): void {
    let added = hashes;
    for (let at = level; at < below && added.length > 0; at++) {
      const row = this.#row(at);
      const before = row.hashes.length;
      for (const hash of added) row.hashes.push(hash);
      if (at % TILE_HEIGHT === 0) this.#finish(at / TILE_HEIGHT, row, before);
      // A row begins with a tile, and so with the first of two neighbours.
      added = nodeHashes(this.#hash, row.hashes.slice(before - (before % 2)));
    }
  }

  /** Hands out the tiles that are full now, and were not while a row had so many hashes. */
  #finish(level: number, { start, hashes }: Row, before: number): void {
    const first = before - (before % TILE_WIDTH);
    for (let end = first + TILE_WIDTH; end <= hashes.length; end += TILE_WIDTH) {
      const tile = { level, n: (start + end) / TILE_WIDTH - 1, hashes: concat(...hashes.slice(end - TILE_WIDTH, end)) };
      this.#finished.push(tile);
    }
  }

  #row(level: number): Row {
    while (this.#rows.length <= level) this.#rows.push({ start: 0, hashes: [] });
    return this.#rows[level] as Row;
  }
}
