/** Inclusion paths in larger trees, against the RFC's definition at every size up to 66 and in trees of any size. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { liftPath } from "../../src/merkle/lift-path.ts";
import { checkInclusion, consistencyRanges, inclusionRanges, ProofError, provePath } from "../../src/merkle/proof.ts";
import { nativeSha256 as hash, Model, makeLeaves } from "./model.ts";
import { SparseTree } from "./sparse.ts";

const SIZE_MAX = 66;
const LEAF = hash(Uint8Array.of(0x00, 0x2a));
const model = new Model(hash, makeLeaves(SIZE_MAX));

test("every inclusion path up to size 66 becomes the RFC's in every larger tree", () => {
  for (let to = 1; to <= SIZE_MAX; to++) {
    for (let size = 1; size <= to; size++) {
      const consistency = model.proof(size, 0, to);
      for (let index = 0; index < size; index++) {
        const lifted = liftPath(hash, { index, size, path: model.path(index, 0, size) }, { to, consistency });
        assert.deepEqual(lifted, model.path(index, 0, to), `index ${index} from ${size} to ${to}`);
      }
    }
  }
});

test("a path is lifted between trees of any size", () => {
  const sizes = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const parts = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(sizes, parts, parts, (to, a, b) => {
      const size = Math.max(1, Math.floor(a * to));
      const index = Math.floor(b * size);
      const tree = new SparseTree(hash, new Map([[index, LEAF]]));
      const path = provePath(hash, inclusionRanges(index, size), tree.source);
      const consistency = provePath(hash, consistencyRanges(size, to), tree.source);
      const lifted = liftPath(hash, { index, size, path }, { to, consistency });
      checkInclusion(hash, { index, size: to, leafHash: LEAF, path: lifted, root: tree.root(to) });
    }),
    { seed: 20_261_123, numRuns: 100 },
  );
});

test("a path that is too long or too short is refused, and sizes that cannot be", () => {
  const path = model.path(4, 0, 7);
  const consistency = model.proof(7, 0, 20);
  const lift = (p: readonly Uint8Array[], c: readonly Uint8Array[], to = 20, size = 7, index = 4) =>
    liftPath(hash, { index, size, path: p }, { to, consistency: c });
  assert.deepEqual(lift(path, consistency), model.path(4, 0, 20));
  for (const wrong of [path.slice(1), [...path, LEAF]]) assert.throws(() => lift(wrong, consistency), ProofError);
  for (const wrong of [consistency.slice(1), [...consistency, LEAF]])
    assert.throws(() => lift(path, wrong), ProofError);
  assert.throws(() => lift(path, consistency, 6), RangeError);
  assert.throws(() => lift(path, consistency, 20, 7, 7), RangeError);
});
