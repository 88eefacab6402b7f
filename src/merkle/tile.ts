/**
 * Tiles: 256 neighbouring hashes of one height, the unit in which a tree is stored and served. Only full tiles
 * exist; the unfinished right edge is kept in memory and rebuilt from entries.
 */

import { HASH_LENGTH, type Hash, nodeHash, nodeHashes } from "./hash.ts";

/** Levels of the tree that one tile spans. */
export const TILE_HEIGHT = 8;
/** Hashes in a tile. */
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
/** Bytes of a tile. */
export const TILE_BYTES = TILE_WIDTH * HASH_LENGTH;

/** 256 hashes of the nodes [n · 256, (n + 1) · 256) at height level · 8; `hashes` has 8192 bytes. */
export type Tile = { readonly level: number; readonly n: number; readonly hashes: Uint8Array };

/** Where the hash of a perfect subtree is found: in which tile, at which height above it, at which place there. */
export function tileOf(level: number, index: number): { level: number; n: number; height: number; place: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const height = level % TILE_HEIGHT;
  const width = TILE_WIDTH / 2 ** height;
  return { level: tileLevel, n: Math.floor(index / width), height, place: index % width };
}

/**
 * All nodes of a tile, 255 hashes: `[height][place]`, height 0 being the tile itself.
 * @throws RangeError when the tile has another length
 */
export function expandTile(hash: Hash, hashes: Uint8Array): Uint8Array[][] {
  if (hashes.length !== TILE_BYTES)
    throw new RangeError(`expected a tile of ${TILE_BYTES} bytes, got ${hashes.length}`);
  const first: Uint8Array[] = [];
  for (let i = 0; i < TILE_WIDTH; i++) first.push(hashes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
  const heights = [first];
  for (let height = 1; height < TILE_HEIGHT; height++) {
    heights.push(nodeHashes(hash, heights[height - 1] as Uint8Array[]));
  }
  return heights;
}

/** Root of a full tile: the hash that stands for it in the tile above. */
export function tileRoot(hash: Hash, hashes: Uint8Array): Uint8Array {
  const top = expandTile(hash, hashes)[TILE_HEIGHT - 1] as Uint8Array[];
  return nodeHash(hash, top[0] as Uint8Array, top[1] as Uint8Array);
}
