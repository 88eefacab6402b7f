/** One proof for many leaves: every set of leaves of small trees, random sets of enormous ones, and what is no proof. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { equal } from "../../src/merkle/bytes.ts";
import { type Inclusions, inclusionsRanges, joinPaths, openInclusions } from "../../src/merkle/multiproof.ts";
import { inclusionRanges, ProofError, provePath } from "../../src/merkle/proof.ts";
import type { NodeSource } from "../../src/merkle/tree.ts";
import { nativeSha256 as hash, Model, makeLeaves } from "./model.ts";
import { SparseTree } from "./sparse.ts";

const SIZE_MAX = 10;
const STRANGER = hash(Uint8Array.of(7));
const model = new Model(hash, makeLeaves(130));
const source: NodeSource = (level, index) => model.root(index * 2 ** level, (index + 1) * 2 ** level);

/** The nodes of a proof as docs/format.md §10 defines them, word for word: NODES(I, D[start:end]). */
function nodesByDefinition(indexes: readonly number[], start: number, end: number): Uint8Array[] {
  if (!indexes.some((index) => index >= start && index < end)) return [model.root(start, end)];
  if (end - start === 1) return [];
  let k = 1;
  while (k * 2 < end - start) k *= 2;
  return [...nodesByDefinition(indexes, start, start + k), ...nodesByDefinition(indexes, start + k, end)];
}

function leavesAt(indexes: readonly number[]): Uint8Array[] {
  return indexes.map((index) => model.root(index, index + 1));
}

/** A proof and the root that it has to lead to. */
type Claim = Inclusions & { readonly root: Uint8Array };

function proofOf(indexes: readonly number[], size: number): Claim {
  const nodes = provePath(hash, inclusionsRanges(indexes, size), source);
  return { indexes, size, leafHashes: leavesAt(indexes), nodes, root: model.root(0, size) };
}

/** @throws ProofError unless the proof leads to the root */
function checkInclusions(claim: Claim): void {
  if (!equal(openInclusions(hash, claim).root, claim.root)) throw new ProofError("the nodes lead to another root");
}

/** Every set of indexes below a size that is not empty. */
function* subsets(size: number): Generator<number[]> {
  for (let bits = 1; bits < 2 ** size; bits++) {
    yield Array.from({ length: size }, (_, index) => index).filter((index) => (bits >> index) & 1);
  }
}

function* allSets(sizeMax = SIZE_MAX): Generator<readonly [indexes: number[], size: number]> {
  for (let size = 1; size <= sizeMax; size++) for (const indexes of subsets(size)) yield [indexes, size];
}

test("the proof of every set of leaves up to size 10 is the one of the definition, and leads to the root", () => {
  let count = 0;
  for (const [indexes, size] of allSets()) {
    const proof = proofOf(indexes, size);
    assert.deepEqual(proof.nodes, nodesByDefinition(indexes, 0, size), `${indexes} of ${size}`);
    checkInclusions(proof);
    count++;
  }
  assert.equal(count, 2 ** (SIZE_MAX + 1) - 2 - SIZE_MAX);
});

test("a proof gives back the path of each of its leaves, and is joined from those paths", () => {
  for (const [indexes, size] of allSets()) {
    const proof = proofOf(indexes, size);
    const { root, pathOf } = openInclusions(hash, proof);
    assert.deepEqual(root, proof.root);
    const paths = indexes.map((index) => model.path(index, 0, size));
    assert.deepEqual(
      indexes.map((_, position) => pathOf(position)),
      paths,
      `${indexes} of ${size}`,
    );
    assert.deepEqual(joinPaths(indexes, size, paths), proof.nodes);
  }
});

/** Lists of hashes that are like this one but not it. */
function* wrongLists(nodes: readonly Uint8Array[]): Generator<Uint8Array[]> {
  yield [...nodes, STRANGER];
  yield [STRANGER, ...nodes];
  if (nodes.length > 0) yield nodes.slice(1);
  if (nodes.length > 1) yield nodes.slice(0, -1);
  if (nodes.length > 1) yield nodes.toReversed();
  for (const [at, node] of nodes.entries()) yield nodes.with(at, node.with(31, (node[31] as number) ^ 1));
}

test("no proof up to size 8 holds with a hash too many, too few, changed or moved", () => {
  let refused = 0;
  for (const [indexes, size] of allSets(8)) {
    const proof = proofOf(indexes, size);
    for (const name of ["nodes", "leafHashes"] as const) {
      for (const list of wrongLists(proof[name])) {
        assert.throws(() => checkInclusions({ ...proof, [name]: list }), ProofError, `${indexes} of ${size}`);
        refused++;
      }
    }
    assert.throws(() => checkInclusions({ ...proof, root: STRANGER }), ProofError);
  }
  assert.ok(refused > 5000, `expected more than 5,000 wrong proofs, got ${refused}`);
});

test("no proof up to size 8 holds for other indexes", () => {
  for (let size = 1; size <= 8; size++) {
    for (const indexes of subsets(size)) {
      const proof = proofOf(indexes, size);
      for (const other of subsets(size)) {
        if (String(other) === String(indexes)) continue;
        const claim = { ...proof, indexes: other };
        assert.throws(() => checkInclusions(claim), ProofError, `${indexes} as ${other} of ${size}`);
      }
    }
  }
});

test("a proof is refused under every size with another shape", () => {
  for (const [indexes, size] of allSets(7)) {
    const proof = proofOf(indexes, size);
    const shape = String(indexes.map((index) => inclusionRanges(index, size).length));
    for (let claimed = 1; claimed <= 12; claimed++) {
      const claim = { ...proof, size: claimed };
      const isSame =
        (indexes.at(-1) as number) < claimed &&
        String(indexes.map((index) => inclusionRanges(index, claimed).length)) === shape &&
        inclusionsRanges(indexes, claimed).length === proof.nodes.length;
      // Sizes are bound by the signature of the checkpoint: index 0 has one path in the trees of 3 and of 4 leaves.
      if (!isSame) assert.throws(() => checkInclusions(claim), ProofError, `${indexes} of ${size} as ${claimed}`);
    }
  }
});

test("leaves of trees of up to 2^53-1 are proven together, with no more hashes than their paths have", () => {
  const sizes = fc.oneof(
    fc.integer({ min: 1, max: 2 ** 20 }),
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.tuple(fc.integer({ min: 1, max: 52 }), fc.integer({ min: -2, max: 2 })).map(([e, d]) => Math.max(1, 2 ** e + d)),
  );
  const places = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(sizes, places, fc.nat(30), (size, fractions, run) => {
      const some = fractions.map((fraction) => Math.floor(fraction * size));
      const neighbours = Array.from({ length: run }, (_, i) => (some[0] as number) + i).filter((index) => index < size);
      const indexes = [...new Set([...some, ...neighbours])].sort((a, b) => a - b);
      const leaves = new Map(indexes.map((index) => [index, hash(new TextEncoder().encode(`leaf ${index}`))]));
      const tree = new SparseTree(hash, leaves);
      const paths = indexes.map((index) => provePath(hash, inclusionRanges(index, size), tree.source));
      const nodes = provePath(hash, inclusionsRanges(indexes, size), tree.source);
      assert.deepEqual(joinPaths(indexes, size, paths), nodes);
      assert.ok(nodes.length <= paths.reduce((sum, path) => sum + path.length, 0));
      const proof = { indexes, size, leafHashes: [...leaves.values()], nodes, root: tree.root(size) };
      const { pathOf, root } = openInclusions(hash, proof);
      assert.deepEqual(root, proof.root);
      assert.deepEqual(
        indexes.map((_, at) => pathOf(at)),
        paths,
      );
    }),
    { seed: 20_260_102, numRuns: 120 },
  );
});

const good = proofOf([1, 2, 5], 7);

test("whatever is no proof is refused with a ProofError and with nothing else", () => {
  checkInclusions(good);
  const noSizes = [-1, 0.5, Number.NaN, 2 ** 53, "7", 7n, null, undefined, Symbol("7"), {}];
  const noLists = [undefined, null, 7, "list", {}, { length: 3 }, new Set([1, 2, 5]), Symbol("list"), new Array(3)];
  const noIndexes = [
    [],
    [1, 1, 5],
    [2, 1, 5],
    [1, 2, 7],
    [-1, 2, 5],
    [0.5, 2, 5],
    ["1", 2, 5],
    [1, 2, null],
    [1, 2],
    [1],
  ];
  const noHashes = [new Uint8Array(31), new Uint8Array(33), new Uint16Array(32), "0".repeat(32), null, 32, [], {}];
  const spoiled: [string, unknown][] = [
    ...[...noSizes, 0, 1, 5].map((value): [string, unknown] => ["size", value]),
    ...["indexes", "leafHashes", "nodes"].flatMap((name) => noLists.map((value): [string, unknown] => [name, value])),
    ...noIndexes.map((value): [string, unknown] => ["indexes", value]),
    ...noHashes.flatMap((value): [string, unknown][] => [
      ["leafHashes", [value, ...good.leafHashes.slice(1)]],
      ["nodes", [...good.nodes.slice(1), value]],
    ]),
  ];
  for (const [name, value] of spoiled) {
    const proof = { ...good, [name]: value } as Claim;
    assert.throws(() => checkInclusions(proof), ProofError, `${name}: ${typeof value}`);
  }
  for (const value of [undefined, null, 7, "proof", Symbol("proof"), {}, []]) {
    assert.throws(() => openInclusions(hash, value as unknown as Inclusions), ProofError);
  }
});

test("a proof of thousands of hashes too many is refused before anything is hashed", () => {
  const nodes = Array.from({ length: 5000 }, () => STRANGER);
  const never = () => assert.fail("hashed");
  assert.throws(() => openInclusions(never, { ...good, nodes }), /expected 4 nodes, got 5000/);
});

test("making a proof of what does not exist is a RangeError that names the numbers", () => {
  const message = (text: string) => ({ name: "RangeError", message: text });
  assert.throws(() => inclusionsRanges([], 3), message("expected at least one index, got a value of type object"));
  assert.throws(() => inclusionsRanges([3], 3), message("expected indexes below the size 3, got 3"));
  assert.throws(() => inclusionsRanges([1, 1], 3), message("expected indexes that ascend, got 1 after 1"));
  assert.throws(() => inclusionsRanges([0], 2 ** 53), RangeError);
  const paths = [model.path(1, 0, 7), model.path(2, 0, 7), model.path(5, 0, 7)];
  const short = paths.with(1, paths[1]?.slice(1) ?? []);
  assert.throws(() => joinPaths([1, 2, 5], 7, short), message("expected a path of 3 hashes for index 2, got 2"));
  assert.throws(() => joinPaths([1, 2, 5], 7, paths.slice(0, 2)), RangeError);
  assert.throws(() => joinPaths([1, 2, 5], 7, paths.with(2, [...(paths[2] ?? []), STRANGER])), RangeError);
});
