/** Whatever a stranger sends as a proof: it is refused with a ProofError and with nothing else. */

import assert from "node:assert/strict";
import test from "node:test";
import { checkConsistency, checkInclusion, ProofError, rootFromPath } from "../../src/merkle/proof.ts";
import { nativeSha256 as hash, Model, makeLeaves } from "./model.ts";

const model = new Model(hash, makeLeaves(8));
const inclusion = {
  index: 2,
  size: 7,
  leafHash: model.root(2, 3),
  path: model.path(2, 0, 7),
  root: model.root(0, 7),
};
const consistency = {
  from: 3,
  to: 7,
  fromRoot: model.root(0, 3),
  toRoot: model.root(0, 7),
  path: model.proof(3, 0, 7),
};

const noNumbers = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300, "3", "", 3n, null, undefined, true];
const noObjects = [undefined, null, 7, "proof", Symbol("proof"), 7n, () => 7];
const noTexts = [Symbol("3"), { toString: null }, Object.create(null), [], [3], new Date(Number.NaN)];
const noHashes = [
  new Uint8Array(31),
  new Uint8Array(33),
  new Uint8Array(0),
  new Uint16Array(32),
  Array.from({ length: 32 }, () => 0),
  { length: 32 },
  { length: Symbol("32") },
  "0".repeat(32),
  null,
  undefined,
  32,
  Symbol("hash"),
];
const noPaths = [undefined, null, "path", 3, {}, { length: 3 }, new Set(), inclusion.leafHash, new Array(3), [[]]];

/** Calls a check with every wrong value in one place of a good proof. */
function refuses(check: (proof: never) => unknown, good: object, name: string, wrong: readonly unknown[]): void {
  for (const value of wrong) {
    const proof = { ...good, [name]: value } as never;
    assert.throws(() => check(proof), ProofError, `${name}: ${typeof value}`);
  }
}

const checks = {
  rootFromPath: (proof: never) => rootFromPath(hash, proof),
  checkInclusion: (proof: never) => checkInclusion(hash, proof),
  checkConsistency: (proof: never) => checkConsistency(hash, proof),
};

test("the proofs that are spoiled here hold before they are spoiled", () => {
  checkInclusion(hash, inclusion);
  checkConsistency(hash, consistency);
});

test("sizes and indexes that are no safe integers are refused", () => {
  for (const check of [checks.rootFromPath, checks.checkInclusion]) {
    for (const name of ["index", "size"]) refuses(check, inclusion, name, [...noNumbers, ...noTexts]);
  }
  for (const name of ["from", "to"]) refuses(checks.checkConsistency, consistency, name, [...noNumbers, ...noTexts]);
});

test("an index that is not below the size, and a tree that shrinks, are refused", () => {
  refuses(checks.checkInclusion, inclusion, "index", [7, 8]);
  refuses(checks.checkInclusion, inclusion, "size", [0, 1, 2]);
  refuses(checks.checkConsistency, consistency, "from", [8, 9]);
  refuses(checks.checkConsistency, consistency, "to", [0, 1, 2]);
});

test("hashes that are not 32 bytes are refused wherever they stand", () => {
  refuses(checks.rootFromPath, inclusion, "leafHash", noHashes);
  refuses(checks.checkInclusion, inclusion, "leafHash", noHashes);
  refuses(checks.checkInclusion, inclusion, "root", noHashes);
  refuses(checks.checkConsistency, consistency, "fromRoot", noHashes);
  refuses(checks.checkConsistency, consistency, "toRoot", noHashes);
  for (const value of noHashes) {
    refuses(checks.rootFromPath, inclusion, "path", [inclusion.path.with(1, value as Uint8Array)]);
    refuses(checks.checkConsistency, consistency, "path", [consistency.path.with(1, value as Uint8Array)]);
  }
});

test("a path that is no list is refused", () => {
  refuses(checks.rootFromPath, inclusion, "path", noPaths);
  refuses(checks.checkInclusion, inclusion, "path", noPaths);
  refuses(checks.checkConsistency, consistency, "path", noPaths);
  refuses(checks.checkConsistency, { ...consistency, from: 0, fromRoot: hash(new Uint8Array(0)) }, "path", noPaths);
});

test("what is no object at all is refused", () => {
  for (const check of Object.values(checks)) {
    for (const value of noObjects) assert.throws(() => check(value as never), ProofError, typeof value);
    assert.throws(() => check({} as never), ProofError);
  }
});

test("a path of thousands of hashes is refused by its length, not walked to its end", () => {
  let calls = 0;
  const counting = (data: Uint8Array) => {
    calls++;
    return hash(data);
  };
  const path = Array.from({ length: 5000 }, () => inclusion.leafHash);
  assert.throws(() => rootFromPath(counting, { ...inclusion, path }), /expected a shorter path/);
  assert.throws(() => checkConsistency(counting, { ...consistency, path }), /expected a shorter path/);
  assert.ok(calls < 20, `expected fewer than 20 hashes, got ${calls}`);
});
