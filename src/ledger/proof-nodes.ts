/**
 * Hashes of a tree's nodes for proofs: from the edge in memory, and from full tiles in the store, the last used of
 * which are kept expanded. All that a proof needs is read first; then it is computed.
 */

import type { TreeEdge } from "../merkle/append.ts";
import type { Hash } from "../merkle/hash.ts";
import { neededNodes, provePath } from "../merkle/proof.ts";
import { expandTile, tileOf } from "../merkle/tile.ts";
import { type Node, type NodeSource, type Range, rangeHash } from "../merkle/tree.ts";
import { RecentlyUsed } from "../recently-used.ts";
import type { TileReader } from "./tiles.ts";

type ExpandedTile = readonly (readonly Uint8Array[])[];

export class NodeReader {
  readonly #stored: TileReader;
  readonly #hash: Hash;
  readonly #tiles: RecentlyUsed<ExpandedTile>;
  /** Tiles being read, each once. */
  readonly #reading = new Map<string, Promise<ExpandedTile>>();

  /** @param tilesMax expanded tiles kept, about 60 kB each */
  constructor(stored: TileReader, hash: Hash, tilesMax: number) {
    this.#stored = stored;
    this.#hash = hash;
    this.#tiles = new RecentlyUsed(tilesMax);
  }

  /** Path over these ranges; all of them lie in the durable tree that the edge belongs to. */
  async path(edge: TreeEdge, ranges: readonly Range[]): Promise<Uint8Array[]> {
    return provePath(this.#hash, ranges, await this.#read(edge, neededNodes(ranges)));
  }

  /** Hash of one range. */
  async range(edge: TreeEdge, range: Range): Promise<Uint8Array> {
    return rangeHash(this.#hash, range, await this.#read(edge, neededNodes([range])));
  }

  /**
   * What the edge has is taken before anything is awaited: a node leaves the edge only after its tile is durable,
   * so each is found in one of the two.
   */
  async #read(edge: TreeEdge, nodes: readonly Node[]): Promise<NodeSource> {
    const found = new Map<string, Uint8Array>();
    const missing: Node[] = [];
    for (const node of nodes) {
      const hash = edge.node(node.level, node.index);
      if (hash === undefined) missing.push(node);
      else found.set(`${node.level}/${node.index}`, hash);
    }
    const reading = missing.map(async ({ level, index }) => {
      const { level: tileLevel, n, height, place } = tileOf(level, index);
      const tile = await this.#tile(tileLevel, n);
      const hash = tile[height]?.[place];
      if (hash !== undefined) found.set(`${level}/${index}`, hash);
    });
    await Promise.all(reading);
    return (level, index) => found.get(`${level}/${index}`);
  }

  async #tile(level: number, n: number): Promise<ExpandedTile> {
    const key = `${level}/${n}`;
    const kept = this.#tiles.get(key);
    if (kept !== undefined) return kept;
    const reading = this.#reading.get(key) ?? this.#expand(level, n).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    const tile = await reading;
    this.#tiles.set(key, tile);
    return tile;
  }

  async #expand(level: number, n: number): Promise<ExpandedTile> {
    return expandTile(this.#hash, await this.#stored.read(level, n));
  }
}
