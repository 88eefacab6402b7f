/** Proofs in trees of up to 2^53-1 leaves, with random sizes and indexes from a fixed seed. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { TreeEdge } from "../../src/merkle/append.ts";
import {
  checkConsistency,
  checkInclusion,
  consistencyRanges,
  inclusionRanges,
  ProofError,
  provePath,
} from "../../src/merkle/proof.ts";
import { nodesOf, rangeHash, splitPoint } from "../../src/merkle/tree.ts";
import { nativeSha256 as hash } from "./model.ts";
import { SparseTree } from "./sparse.ts";

const RUNS = { seed: 20_260_101, numRuns: 150 };
const SIZE_MAX = Number.MAX_SAFE_INTEGER;
const LEAF = hash(Uint8Array.of(0x00, 0x2a));

/** Any size, and often one beside a power of two, where rounding would show. */
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 40 }),
  fc.integer({ min: 1, max: SIZE_MAX }),
  fc.tuple(fc.integer({ min: 1, max: 52 }), fc.integer({ min: -2, max: 2 })).map(([e, d]) => Math.max(1, 2 ** e + d)),
);
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("a leaf at any index of a tree of any size is proven, and at no other index", () => {
  fc.assert(
    fc.property(sizes, fractions, fractions, (size, at, other) => {
      const index = Math.floor(at * size);
      const tree = new SparseTree(hash, new Map([[index, LEAF]]));
      const path = provePath(hash, inclusionRanges(index, size), tree.source);
      assert.ok(path.length <= 53);
      const proof = { index, size, leafHash: LEAF, path, root: tree.root(size) };
      checkInclusion(hash, proof);
      const wrong = Math.floor(other * size);
      if (wrong !== index) assert.throws(() => checkInclusion(hash, { ...proof, index: wrong }), ProofError);
      if (path.length > 0) assert.throws(() => checkInclusion(hash, { ...proof, path: path.slice(1) }), ProofError);
      assert.throws(() => checkInclusion(hash, { ...proof, path: [...path, LEAF] }), ProofError);
    }),
    RUNS,
  );
});

test("a tree of any size is proven to extend any smaller one, and not one with another leaf", () => {
  fc.assert(
    fc.property(sizes, fractions, fractions, (to, a, b) => {
      const from = Math.max(1, Math.floor(a * to));
      const index = Math.floor(b * from);
      const tree = new SparseTree(hash, new Map([[index, LEAF]]));
      const path = provePath(hash, consistencyRanges(from, to), tree.source);
      const proof = { from, to, path, fromRoot: tree.root(from), toRoot: tree.root(to) };
      checkConsistency(hash, proof);
      const other = new SparseTree(hash, new Map()).root(from);
      assert.throws(() => checkConsistency(hash, { ...proof, fromRoot: other }), ProofError);
      if (from < to && path.length > 1) {
        assert.throws(() => checkConsistency(hash, { ...proof, path: path.slice(0, -1) }), ProofError);
      }
    }),
    RUNS,
  );
});

test("the edge of a tree of any size is opened, and goes on as the recursive definition does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 600 }), (size, more) => {
      const special = new Map([[size + Math.floor(more / 2), LEAF]]);
      const tree = new SparseTree(hash, special);
      const rows: Uint8Array[][] = [];
      for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
        const start = count - (count % 256);
        rows.push(Array.from({ length: count % 256 }, (_, i) => tree.node(8 * level, start + i)));
      }
      const edge = TreeEdge.open(hash, size, rows);
      assert.deepEqual(edge.root(), tree.root(size));
      for (let index = size; index < size + more; index++) edge.append(tree.node(0, index));
      assert.deepEqual(edge.root(), tree.root(size + more));
      for (const tile of edge.takeTiles()) {
        assert.deepEqual(tile.hashes.subarray(-32), tree.node(8 * tile.level, tile.n * 256 + 255));
      }
    }),
    { ...RUNS, numRuns: 25 },
  );
});

test("the split point is the largest power of two below a size, for every power of two and its neighbours", () => {
  for (let exponent = 1; exponent <= 53; exponent++) {
    const power = 2 ** exponent;
    assert.equal(splitPoint(power - (exponent === 53 ? 1 : 0)), power / 2, `2^${exponent}`);
    if (exponent > 1) assert.equal(splitPoint(power - 1), power / 2, `2^${exponent} - 1`);
    if (exponent < 53) assert.equal(splitPoint(power + 1), power, `2^${exponent} + 1`);
  }
});

test("a range is made of perfect subtrees that are whole, in order and without a gap", () => {
  fc.assert(
    fc.property(sizes, (size) => {
      let at = 0;
      let last = Number.POSITIVE_INFINITY;
      for (const { level, index } of nodesOf({ start: 0, end: size })) {
        assert.equal(index * 2 ** level, at);
        assert.ok(level < last, "expected ever smaller subtrees");
        last = level;
        at += 2 ** level;
      }
      assert.equal(at, size);
    }),
    RUNS,
  );
});

test("the largest tree there is has a root and a proof of its last leaf", () => {
  const tree = new SparseTree(hash, new Map([[SIZE_MAX - 1, LEAF]]));
  const path = provePath(hash, inclusionRanges(SIZE_MAX - 1, SIZE_MAX), tree.source);
  assert.equal(path.length, 52);
  assert.deepEqual(rangeHash(hash, { start: 0, end: SIZE_MAX }, tree.source), tree.root(SIZE_MAX));
  checkInclusion(hash, { index: SIZE_MAX - 1, size: SIZE_MAX, leafHash: LEAF, path, root: tree.root(SIZE_MAX) });
});
