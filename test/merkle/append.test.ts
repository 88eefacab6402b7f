/** The growing edge of a tree, around the sizes where tiles and tiles of tiles are finished. */

import assert from "node:assert/strict";
import test from "node:test";
import { TreeEdge } from "../../src/merkle/append.ts";
import { concat, toHex } from "../../src/merkle/bytes.ts";
import { expandTile, TILE_BYTES, type Tile, tileOf, tileRoot } from "../../src/merkle/tile.ts";
import { type NodeSource, rangeHash } from "../../src/merkle/tree.ts";
import { nativeSha256 as hash, Model, makeLeaves } from "./model.ts";

const SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 65_793];
const leaves = makeLeaves(Math.max(...SIZES));
const model = new Model(hash, leaves);

/** Every full tile of the tree of the first `size` leaves, from the model. */
function tilesOf(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0, width = 1; size >= width * 256; level++, width *= 256) {
    for (let n = 0; (n + 1) * width * 256 <= size; n++) {
      const hashes = Array.from({ length: 256 }, (_, i) => {
        const start = (n * 256 + i) * width;
        return model.root(start, start + width);
      });
      tiles.push({ level, n, hashes: concat(...hashes) });
    }
  }
  return tiles;
}

/** Hashes of the unfinished tile of every level, as a restart reads them from the store. */
function rowsOf(size: number): Uint8Array[][] {
  const rows: Uint8Array[][] = [];
  for (let width = 1; size >= width; width *= 256) {
    const count = Math.floor(size / width);
    const start = count - (count % 256);
    rows.push(Array.from({ length: count % 256 }, (_, i) => model.root((start + i) * width, (start + i + 1) * width)));
  }
  return rows;
}

function spell(tiles: readonly Tile[]): string[] {
  return tiles.map(({ level, n, hashes }) => `${level}/${n} ${toHex(hash(hashes))}`).sort();
}

test("a tree that grows leaf by leaf has the model's root, and hands out each full tile once", () => {
  const edge = new TreeEdge(hash);
  const taken: Tile[] = [];
  for (const size of SIZES) {
    while (edge.size < size) edge.append(leaves[edge.size] as Uint8Array);
    taken.push(...edge.takeTiles());
    edge.forget();
    assert.equal(edge.size, size);
    assert.deepEqual(edge.root(), model.root(0, size), `size ${size}`);
    assert.deepEqual(spell(taken), spell(tilesOf(size)), `size ${size}`);
    assert.deepEqual(edge.takeTiles(), []);
  }
});

test("a tree that grows by many leaves at once is the one that grows leaf by leaf", () => {
  const runs = [1, 2, 3, 0, 254, 256, 255, 258, 511, 1000, 2048, 65_536];
  const edge = new TreeEdge(hash);
  const taken: Tile[] = [];
  for (const run of runs) {
    const size = Math.min(edge.size + run, leaves.length);
    edge.appendAll(leaves.slice(edge.size, size));
    taken.push(...edge.takeTiles());
    // What was finished stays at hand until it is forgotten, also while the tree grows on.
    if (run % 2 === 0) edge.forget();
    assert.equal(edge.size, size);
    assert.deepEqual(edge.root(), model.root(0, size), `size ${size}`);
    assert.deepEqual(spell(taken), spell(tilesOf(size)), `size ${size}`);
  }
});

test("an edge that is opened at any size goes on like one that never stopped", () => {
  for (const size of SIZES) {
    const edge = TreeEdge.open(hash, size, rowsOf(size));
    assert.equal(edge.size, size);
    assert.deepEqual(edge.root(), model.root(0, size), `opened at ${size}`);
    assert.deepEqual(edge.takeTiles(), [], "opening finishes no tile");
    const end = Math.min(size + 300, leaves.length);
    while (edge.size < end) edge.append(leaves[edge.size] as Uint8Array);
    assert.deepEqual(edge.root(), model.root(0, end), `from ${size} to ${end}`);
    const before = new Set(spell(tilesOf(size)));
    assert.deepEqual(
      spell(edge.takeTiles()),
      spell(tilesOf(end)).filter((tile) => !before.has(tile)),
      `tiles from ${size} to ${end}`,
    );
  }
});

test("every node of the tree is found at the edge, or under a tile that was handed out", () => {
  const edge = new TreeEdge(hash);
  const tiles = new Map<string, Uint8Array[][]>();
  for (const size of [255, 256, 257, 700, 65_536, 65_793]) {
    while (edge.size < size) edge.append(leaves[edge.size] as Uint8Array);
    for (const { level, n, hashes } of edge.takeTiles()) tiles.set(`${level}/${n}`, expandTile(hash, hashes));
    edge.forget();
    const source: NodeSource = (level, index) => {
      const at = tileOf(level, index);
      return edge.node(level, index) ?? tiles.get(`${at.level}/${at.n}`)?.[at.height]?.[at.place];
    };
    for (let level = 0; 2 ** level <= size; level++) {
      const step = 1 + Math.floor(size / 2 ** level / 50);
      for (let index = 0; (index + 1) * 2 ** level <= size; index += step) {
        const start = index * 2 ** level;
        const expected = model.root(start, start + 2 ** level);
        assert.deepEqual(source(level, index), expected, `node ${index} at level ${level} of size ${size}`);
      }
    }
    for (let earlier = 1; earlier < size; earlier += 1 + Math.floor(size / 20)) {
      assert.deepEqual(rangeHash(hash, { start: 0, end: earlier }, source), model.root(0, earlier));
    }
  }
});

test("a finished tile stays at hand until it is forgotten, and then costs no memory", () => {
  const edge = new TreeEdge(hash);
  for (let i = 0; i < 1000; i++) edge.append(leaves[i] as Uint8Array);
  assert.deepEqual(edge.node(0, 0), leaves[0]);
  assert.deepEqual(edge.node(8, 2), model.root(512, 768));
  edge.forget();
  assert.equal(edge.node(0, 767), undefined);
  assert.equal(edge.node(7, 5), undefined);
  assert.deepEqual(edge.node(0, 768), leaves[768]);
  assert.deepEqual(edge.node(8, 0), model.root(0, 256), "a row of a higher tile is not finished yet");
  assert.equal(edge.node(8, 3), undefined, "a node that is not whole");
  assert.equal(edge.node(60, 0), undefined);
  edge.forget();
  assert.deepEqual(edge.root(), model.root(0, 1000));
});

test("rows with a hash too many or too few do not open", () => {
  const rows = rowsOf(300);
  assert.throws(() => TreeEdge.open(hash, 299, rows), {
    name: "RangeError",
    message: "expected 43 hashes at tile level 0, got 44",
  });
  assert.throws(() => TreeEdge.open(hash, 300, rows.slice(0, 1)), /expected 1 hashes at tile level 1, got 0/);
  assert.throws(() => TreeEdge.open(hash, 300, []), RangeError);
});

test("a tile holds 256 hashes, and its root stands for it in the tile above", () => {
  const [tile] = tilesOf(256) as [Tile];
  const heights = expandTile(hash, tile.hashes);
  assert.deepEqual(
    heights.map((row) => row.length),
    [256, 128, 64, 32, 16, 8, 4, 2],
  );
  assert.deepEqual(heights[3]?.[5], model.root(40, 48));
  assert.deepEqual(tileRoot(hash, tile.hashes), model.root(0, 256));
  for (const length of [0, TILE_BYTES - 32, TILE_BYTES + 32, TILE_BYTES - 1]) {
    assert.throws(() => expandTile(hash, new Uint8Array(length)), {
      name: "RangeError",
      message: `expected a tile of 8192 bytes, got ${length}`,
    });
  }
});

test("a node is looked up in the tile that covers it", () => {
  assert.deepEqual(tileOf(0, 300), { level: 0, n: 1, height: 0, place: 44 });
  assert.deepEqual(tileOf(7, 3), { level: 0, n: 1, height: 7, place: 1 });
  assert.deepEqual(tileOf(8, 256), { level: 1, n: 1, height: 0, place: 0 });
  assert.deepEqual(tileOf(0, 2 ** 53 - 2), { level: 0, n: 2 ** 45 - 1, height: 0, place: 254 });
});
