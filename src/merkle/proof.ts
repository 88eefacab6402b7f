/**
 * Inclusion and consistency proofs, made and checked: RFC 9162 §2.1.3 and §2.1.4.
 * Making one first names the subtrees it needs, so that a caller reads them at once; checking needs nothing but
 * the proof. Every check throws: nothing here returns false.
 */

import { equal } from "./bytes.ts";
import { emptyRoot, HASH_LENGTH, type Hash, nodeHash } from "./hash.ts";
import { type Node, type NodeSource, nodesOf, type Range, rangeHash, splitPoint } from "./tree.ts";

/** A proof that does not hold, or is not one. */
export class ProofError extends Error {
  override readonly name = "ProofError";
  readonly code = "proof_invalid";
}

/** That a leaf hash stands at an index of the tree with this size and root. */
export type Inclusion = {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
};

/** That the tree of size `to` begins with the tree of size `from`. */
export type Consistency = {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
};

/**
 * The subtrees on the path of a leaf, from the leaf up: PATH(index, D_size) of RFC 9162 §2.1.3.1.
 * @throws RangeError unless 0 <= index < size <= 2^53-1
 */
export function inclusionRanges(index: number, size: number): Range[] {
  if (!isSize(size) || !isSize(index) || index >= size) {
    throw new RangeError(`expected 0 <= index < size, got index ${index} and size ${size}`);
  }
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/**
 * The subtrees of a consistency proof: PROOF(from, D_to) of RFC 9162 §2.1.4.1; none when from is 0 or equals to.
 * @throws RangeError unless 0 <= from <= to <= 2^53-1
 */
export function consistencyRanges(from: number, to: number): Range[] {
  if (!isSize(from) || !isSize(to) || from > to) {
    throw new RangeError(`expected 0 <= from <= to, got from ${from} and to ${to}`);
  }
  if (from === 0 || from === to) return [];
  const ranges: Range[] = [];
  let start = 0;
  let end = to;
  let isOldTree = true;
  while (end !== from) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
      isOldTree = false;
    }
  }
  if (!isOldTree) ranges.push({ start, end });
  return ranges.reverse();
}

/** Every perfect subtree whose hash the ranges need. */
export function neededNodes(ranges: readonly Range[]): Node[] {
  return ranges.flatMap(nodesOf);
}

/** Hashes of the ranges, in order: the path of a proof. */
export function provePath(hash: Hash, ranges: readonly Range[], source: NodeSource): Uint8Array[] {
  return ranges.map((range) => rangeHash(hash, range, source));
}

/**
 * The root that a leaf hash and its path lead to: RFC 9162 §2.1.3.2, steps 1 to 4.
 * @throws ProofError when index, size, a length or the number of hashes is wrong
 */
export function rootFromPath(hash: Hash, proof: Omit<Inclusion, "root">): Uint8Array {
  requireObject(proof);
  const { index, size, path } = proof;
  if (!isSize(size) || !isSize(index) || index >= size) {
    throw new ProofError(`expected 0 <= index < size, got index ${show(index)} and size ${show(size)}`);
  }
  requireHashes([proof.leafHash], "leaf hash");
  requireHashes(path, "path");
  let position = index;
  let last = size - 1;
  let node = proof.leafHash;
  for (const sibling of path) {
    if (last === 0)
      throw new ProofError(`expected a shorter path for index ${index} of size ${size}, got ${path.length}`);
    if (position % 2 === 1 || position === last) {
      node = nodeHash(hash, sibling, node);
      while (position % 2 === 0 && position !== 0) {
        position = position / 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(hash, node, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new ProofError(`expected a longer path for index ${index} of size ${size}, got ${path.length}`);
  return node;
}

/**
 * Checks that a leaf is in a tree: RFC 9162 §2.1.3.2.
 * @throws ProofError unless the path leads to the root
 */
export function checkInclusion(hash: Hash, proof: Inclusion): void {
  requireObject(proof);
  requireHashes([proof.root], "root");
  const root = rootFromPath(hash, proof);
  if (!equal(root, proof.root)) throw new ProofError("the path leads to another root");
}

/**
 * Checks that one tree extends another: RFC 9162 §2.1.4.2. Every tree extends the empty one, with an empty path.
 * @throws ProofError unless the path leads to both roots
 */
export function checkConsistency(hash: Hash, proof: Consistency): void {
  requireObject(proof);
  const { from, to, path } = proof;
  if (!isSize(from) || !isSize(to) || from > to) {
    throw new ProofError(`expected 0 <= from <= to, got from ${show(from)} and to ${show(to)}`);
  }
  requireHashes([proof.fromRoot, proof.toRoot], "root");
  requireHashes(path, "path");
  if (from === 0 || from === to) {
    if (path.length > 0) throw new ProofError(`expected an empty path from ${from} to ${to}, got ${path.length}`);
    const expected = from === to ? proof.toRoot : emptyRoot(hash);
    if (!equal(proof.fromRoot, expected)) throw new ProofError("the roots of one size differ");
    if (to === 0 && !equal(proof.toRoot, emptyRoot(hash))) throw new ProofError("the root of size 0 is another");
    return;
  }
  const [fromRoot, toRoot] = rootsFromPath(hash, from, to, proof.fromRoot, path);
  if (!equal(fromRoot, proof.fromRoot)) throw new ProofError("the path leads to another root of the smaller tree");
  if (!equal(toRoot, proof.toRoot)) throw new ProofError("the path leads to another root of the larger tree");
}

function rootsFromPath(
  hash: Hash,
  from: number,
  to: number,
  fromRoot: Uint8Array,
  path: readonly Uint8Array[],
): [Uint8Array, Uint8Array] {
  const nodes = isPerfect(from) ? [fromRoot, ...path] : path;
  const { older, newer } = rootsOfNodes(hash, from, to, nodes);
  return [older, newer];
}

/** Whether a tree is perfect: such a one is itself the first node of a consistency proof, which leaves it out. */
export function isPerfect(size: number): boolean {
  return 2 ** Math.round(Math.log2(size)) === size;
}

/**
 * The roots of the first `from` entries and of all `to` entries to which the nodes of a consistency proof lead. Nodes
 * that lead to a root are nodes of its tree, so the other root is the only true one for the tree's first entries.
 * @param nodes the proof with its first node always there, also for a perfect smaller tree
 * @throws ProofError unless 0 < from < to and the number of nodes is what they call for
 */
export function rootsOfNodes(
  hash: Hash,
  from: number,
  to: number,
  nodes: readonly Uint8Array[],
): { readonly older: Uint8Array; readonly newer: Uint8Array } {
  if (!isSize(from) || !isSize(to) || from < 1 || from >= to) {
    throw new ProofError(`expected 0 < from < to, got from ${show(from)} and to ${show(to)}`);
  }
  requireHashes(nodes, "path");
  let position = from - 1;
  let last = to - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  const first = nodes[0];
  if (first === undefined) throw new ProofError(`expected a longer path from ${from} to ${to}, got an empty one`);
  let older = first;
  let newer = first;
  for (const node of nodes.slice(1)) {
    if (last === 0) throw new ProofError(`expected a shorter path from ${from} to ${to}, got ${nodes.length} nodes`);
    if (position % 2 === 1 || position === last) {
      older = nodeHash(hash, node, older);
      newer = nodeHash(hash, node, newer);
      while (position % 2 === 0 && position !== 0) {
        position = position / 2;
        last = Math.floor(last / 2);
      }
    } else {
      newer = nodeHash(hash, newer, node);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new ProofError(`expected a longer path from ${from} to ${to}, got ${nodes.length} nodes`);
  return { older, newer };
}

/** Whether a value is a size or an index: a whole number in 0..2^53-1. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** @throws ProofError unless it is an object */
export function requireObject(proof: unknown): void {
  if (typeof proof !== "object" || proof === null) throw new ProofError(`expected a proof, got ${show(proof)}`);
}

/** @throws ProofError unless it is a list of byte arrays of 32 bytes */
export function requireHashes(hashes: readonly Uint8Array[], what: string): void {
  if (!Array.isArray(hashes)) throw new ProofError(`expected a list of hashes as ${what}, got ${show(hashes)}`);
  for (const value of hashes) {
    if (!(value instanceof Uint8Array)) throw new ProofError(`expected hashes in ${what}, got ${show(value)}`);
    if (value.length !== HASH_LENGTH) {
      throw new ProofError(`expected hashes of ${HASH_LENGTH} bytes in ${what}, got ${value.length}`);
    }
  }
}

/** Names what came in place of something; not every value can be turned into a text. */
export function show(value: unknown): string {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : `a value of type ${typeof value}`;
}
