/**
 * Trees for the contract tests: of a few real leaves, and of millions whose leaves are all the same, where a perfect
 * subtree of a level has one hash and any proof is cheap to make. Gas does not depend on what the leaves are.
 */

import { type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { emptyRoot, keccak256, leafHash, nodeHash } from "../../src/merkle/hash.ts";
import { consistencyRanges, inclusionRanges, provePath } from "../../src/merkle/proof.ts";
import { type NodeSource, rangeHash } from "../../src/merkle/tree.ts";
import { SparseTree } from "../merkle/sparse.ts";

/** A tree of any size up to its own, as hex, the way a contract takes it. */
export type Tree = {
  root(size: number): Hex;
  leaf(index: number): Hex;
  inclusion(index: number, size: number): Hex[];
  consistency(from: number, to: number): Hex[];
};

function treeOf(source: NodeSource): Tree {
  return {
    root: (size) => toHex(size === 0 ? emptyRoot(keccak256) : rangeHash(keccak256, { start: 0, end: size }, source)),
    leaf: (index) => toHex(source(0, index) as Uint8Array),
    inclusion: (index, size) => provePath(keccak256, inclusionRanges(index, size), source).map(toHex),
    consistency: (from, to) => provePath(keccak256, consistencyRanges(from, to), source).map(toHex),
  };
}

/** Tree over leaf hashes; at most a few thousand. */
export function treeOfLeaves(leaves: readonly Uint8Array[]): Tree {
  const levels: Uint8Array[][] = [[...leaves]];
  for (let below = levels[0] as Uint8Array[]; below.length > 1; below = levels.at(-1) as Uint8Array[]) {
    const level: Uint8Array[] = [];
    for (let i = 0; i + 1 < below.length; i += 2) {
      level.push(nodeHash(keccak256, below[i] as Uint8Array, below[i + 1] as Uint8Array));
    }
    levels.push(level);
  }
  return treeOf((level, index) => levels[level]?.[index]);
}

/** Tree of `size` leaves that differ from each other, and from `sameUntil` on also from those of another `name`. */
export function smallTree(size: number, name = "entry", sameUntil = 0): Tree {
  const texts = Array.from({ length: size }, (_, index) => `${index < sameUntil ? "entry" : name} ${index}`);
  return treeOfLeaves(texts.map((text) => leafHash(keccak256, utf8(text))));
}

/** Tree of up to 2^52 leaves that are all the same. */
export function uniformTree(name = "entry"): Tree {
  const levels = [leafHash(keccak256, utf8(name))];
  return treeOf((level) => {
    for (let top = levels.length - 1; top < level; top++) {
      levels.push(nodeHash(keccak256, levels[top] as Uint8Array, levels[top] as Uint8Array));
    }
    return levels[level];
  });
}

/** Tree of up to 2^52 leaves that are all the same but for one. */
export function treeWithLeaf(index: number, leaf: Uint8Array): Tree {
  return treeOf(new SparseTree(keccak256, new Map([[index, leaf]])).source);
}
