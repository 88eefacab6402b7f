/**
 * The shape of the tree of RFC 9162 §2.1, without a single hash of an entry: which perfect subtrees a range of
 * leaves is made of, and how their hashes fold into the hash of the range.
 */

import { type Hash, nodeHash } from "./hash.ts";

/** The perfect subtree over leaves [index · 2^level, (index + 1) · 2^level); level 0 is a leaf. */
export type Node = { readonly level: number; readonly index: number };

/** Leaves [start, end), a subtree that the RFC's recursion meets. */
export type Range = { readonly start: number; readonly end: number };

/** Finds the hash of a perfect subtree; undefined when it is not at hand. */
export type NodeSource = (level: number, index: number) => Uint8Array | undefined;

/** Largest power of two below n, for n in 2..2^53-1: the split point k of RFC 9162 §2.1.1. */
export function splitPoint(n: number): number {
  let k = 2 ** Math.floor(Math.log2(n));
  if (k > n) k /= 2; // log2 rounds up just below a large power of two
  return k === n ? k / 2 : k;
}

/** Perfect subtrees, left to right and so from large to small, that make up a range of the recursion. */
export function nodesOf(range: Range): Node[] {
  const nodes: Node[] = [];
  let { start } = range;
  while (start < range.end) {
    const left = range.end - start;
    const width = left === 1 ? 1 : splitPoint(left + 1);
    const level = Math.round(Math.log2(width));
    nodes.push({ level, index: start / width });
    start += width;
  }
  return nodes;
}

/**
 * Hash of a range of leaves from the hashes of its perfect subtrees.
 * @throws RangeError when the source lacks one of them
 */
export function rangeHash(hash: Hash, range: Range, source: NodeSource): Uint8Array {
  const nodes = nodesOf(range);
  let folded: Uint8Array | undefined;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { level, index } = nodes[i] as Node;
    const node = source(level, index);
    if (node === undefined) throw new RangeError(`expected the hash of node ${index} at level ${level}, got none`);
    folded = folded === undefined ? node : nodeHash(hash, node, folded);
  }
  if (folded === undefined) throw new RangeError(`expected a range with leaves, got [${range.start}, ${range.end})`);
  return folded;
}
