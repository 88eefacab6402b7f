/** Inclusion and consistency proofs at every size up to 130, against the definitions of RFC 9162 §2.1. */

import assert from "node:assert/strict";
import test from "node:test";
import { emptyRoot } from "../../src/merkle/hash.ts";
import {
  checkConsistency,
  checkInclusion,
  consistencyRanges,
  inclusionRanges,
  neededNodes,
  ProofError,
  provePath,
  rootFromPath,
} from "../../src/merkle/proof.ts";
import { type NodeSource, type Range, rangeHash } from "../../src/merkle/tree.ts";
import { nativeSha256 as hash, Model, makeLeaves } from "./model.ts";

const SIZE_MAX = 130;
const model = new Model(hash, makeLeaves(SIZE_MAX));
const source: NodeSource = (level, index) => {
  const end = (index + 1) * 2 ** level;
  return end <= SIZE_MAX ? model.root(index * 2 ** level, end) : undefined;
};

function roots(size: number): Uint8Array {
  return model.root(0, size);
}

/** A path with a bit of one hash changed. */
function changed(path: readonly Uint8Array[], at: number): Uint8Array[] {
  return path.map((node, i) => (i === at ? node.with(31, (node[31] as number) ^ 1) : node));
}

/** Paths that are like this one but not it. */
function* wrongPaths(path: readonly Uint8Array[]): Generator<Uint8Array[]> {
  yield [...path, hash(new Uint8Array(1))];
  yield [hash(new Uint8Array(1)), ...path];
  if (path.length > 0) yield path.slice(1);
  if (path.length > 0) yield path.slice(0, -1);
  for (let at = 0; at < path.length; at++) yield changed(path, at);
  if (path.length > 1) yield [...path].reverse();
}

test("the root of every size up to 130 is the one of the RFC's recursive definition", () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    assert.deepEqual(rangeHash(hash, { start: 0, end: size }, source), roots(size), `size ${size}`);
  }
  assert.deepEqual(emptyRoot(hash), roots(0));
});

test("every inclusion path up to size 130 is the RFC's, and leads from its leaf to the root", () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    for (let index = 0; index < size; index++) {
      const path = provePath(hash, inclusionRanges(index, size), source);
      assert.deepEqual(path, model.path(index, 0, size), `index ${index} of ${size}`);
      checkInclusion(hash, { index, size, path, leafHash: model.root(index, index + 1), root: roots(size) });
    }
  }
});

test("no inclusion path up to size 130 holds with a node too many, too few or changed", () => {
  let refused = 0;
  for (let size = 1; size <= SIZE_MAX; size++) {
    for (let index = 0; index < size; index++) {
      const proof = { index, size, leafHash: model.root(index, index + 1), root: roots(size) };
      for (const path of wrongPaths(model.path(index, 0, size))) {
        assert.throws(() => checkInclusion(hash, { ...proof, path }), ProofError, `index ${index} of ${size}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 80_000, `expected more than 80,000 wrong paths, got ${refused}`);
});

test("no inclusion path up to size 40 holds for another leaf, index or root", () => {
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const path = model.path(index, 0, size);
      const proof = { index, size, path, leafHash: model.root(index, index + 1), root: roots(size) };
      for (let other = 0; other < size; other++) {
        if (other === index) continue;
        assert.throws(() => checkInclusion(hash, { ...proof, index: other }), ProofError);
        assert.throws(() => checkInclusion(hash, { ...proof, leafHash: model.root(other, other + 1) }), ProofError);
      }
      for (let other = 0; other <= 41; other++) {
        if (other !== size) assert.throws(() => checkInclusion(hash, { ...proof, root: roots(other) }), ProofError);
      }
    }
  }
});

test("a path that holds for two sizes holds for both under the very same root", () => {
  // Sizes are bound by the signature of the checkpoint, not by the path: index 0 of 3 and of 4 have the same shape.
  const path = model.path(0, 0, 4);
  const leafHash = model.root(0, 1);
  assert.deepEqual(rootFromPath(hash, { index: 0, size: 3, leafHash, path }), roots(4));
});

test("every consistency path up to size 130 is the RFC's, and leads to both roots", () => {
  for (let to = 1; to <= SIZE_MAX; to++) {
    for (let from = 1; from <= to; from++) {
      const path = provePath(hash, consistencyRanges(from, to), source);
      assert.deepEqual(path, model.proof(from, 0, to), `from ${from} to ${to}`);
      checkConsistency(hash, { from, to, path, fromRoot: roots(from), toRoot: roots(to) });
    }
  }
});

test("no consistency path up to size 130 holds with a node too many, too few or changed", () => {
  let refused = 0;
  for (let to = 1; to <= SIZE_MAX; to++) {
    for (let from = 0; from <= to; from++) {
      const proof = { from, to, fromRoot: roots(from), toRoot: roots(to) };
      const path = from === 0 ? [] : model.proof(from, 0, to);
      for (const wrong of wrongPaths(path)) {
        assert.throws(() => checkConsistency(hash, { ...proof, path: wrong }), ProofError, `from ${from} to ${to}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 80_000, `expected more than 80,000 wrong paths, got ${refused}`);
});

test("no consistency path up to size 40 holds for another root on either side", () => {
  for (let to = 1; to <= 40; to++) {
    for (let from = 1; from <= to; from++) {
      const proof = { from, to, path: model.proof(from, 0, to), fromRoot: roots(from), toRoot: roots(to) };
      for (const other of [0, from - 1, from + 1, to - 1, to + 1]) {
        if (other !== from)
          assert.throws(() => checkConsistency(hash, { ...proof, fromRoot: roots(other) }), ProofError);
        if (other !== to) assert.throws(() => checkConsistency(hash, { ...proof, toRoot: roots(other) }), ProofError);
      }
    }
  }
});

test("a path is refused under a size that asks for another number of hashes, whatever root is claimed", () => {
  // Without this, the root of an inner node could be passed off as that of a larger tree.
  for (let size = 1; size <= 40; size++) {
    for (let claimed = 1; claimed <= 66; claimed++) {
      for (const index of [0, size >> 1, size - 1].filter((at) => at < Math.min(size, claimed))) {
        const path = model.path(index, 0, size);
        const wanted = inclusionRanges(index, claimed).length;
        if (wanted === path.length) continue;
        const proof = { index, size: claimed, path, leafHash: model.root(index, index + 1), root: roots(size) };
        assert.throws(() => checkInclusion(hash, proof), { name: "ProofError", message: lengthError(path, wanted) });
      }
      for (const from of [1, size >> 1, size - 1].filter((at) => at > 0 && at < Math.min(size, claimed))) {
        const path = model.proof(from, 0, size);
        const wanted = consistencyRanges(from, claimed).length;
        if (wanted === path.length) continue;
        const proof = { from, to: claimed, path, fromRoot: roots(from), toRoot: roots(size) };
        assert.throws(() => checkConsistency(hash, proof), { name: "ProofError", message: lengthError(path, wanted) });
      }
    }
  }
});

function lengthError(path: readonly Uint8Array[], wanted: number): RegExp {
  return path.length < wanted ? /^expected a longer path/ : /^expected a shorter path/;
}

test("every tree extends the empty one with an empty path, and only the empty tree has its root", () => {
  const toRoot = roots(5);
  const empty = roots(0);
  checkConsistency(hash, { from: 0, to: 5, fromRoot: empty, toRoot, path: [] });
  checkConsistency(hash, { from: 0, to: 0, fromRoot: empty, toRoot: empty, path: [] });
  assert.throws(() => checkConsistency(hash, { from: 0, to: 5, fromRoot: toRoot, toRoot, path: [] }), ProofError);
  assert.throws(
    () => checkConsistency(hash, { from: 0, to: 0, fromRoot: toRoot, toRoot, path: [] }),
    new ProofError("the root of size 0 is another"),
  );
});

test("the nodes that a proof needs are perfect subtrees, and each one is asked for once", () => {
  const needed = neededNodes([...inclusionRanges(7, 13), ...consistencyRanges(6, 13)]);
  const asked: string[] = [];
  const recording: NodeSource = (level, index) => {
    asked.push(`${level}/${index}`);
    return source(level, index);
  };
  provePath(hash, inclusionRanges(7, 13), recording);
  provePath(hash, consistencyRanges(6, 13), recording);
  assert.deepEqual(asked.toSorted(), needed.map(({ level, index }) => `${level}/${index}`).toSorted());
});

test("making a proof of what does not exist is a RangeError that names the numbers", () => {
  const message = (text: string) => ({ name: "RangeError", message: text });
  assert.throws(() => inclusionRanges(3, 3), message("expected 0 <= index < size, got index 3 and size 3"));
  assert.throws(() => inclusionRanges(-1, 3), RangeError);
  assert.throws(() => inclusionRanges(0.5, 3), RangeError);
  assert.throws(() => inclusionRanges(0, 2 ** 53), RangeError);
  assert.throws(() => consistencyRanges(4, 3), message("expected 0 <= from <= to, got from 4 and to 3"));
  assert.throws(() => consistencyRanges(Number.NaN, 3), RangeError);
  const missing: Range = { start: 0, end: SIZE_MAX + 1 };
  assert.throws(() => rangeHash(hash, missing, source), message("expected the hash of node 130 at level 0, got none"));
  assert.throws(() => rangeHash(hash, { start: 4, end: 4 }, source), RangeError);
});
