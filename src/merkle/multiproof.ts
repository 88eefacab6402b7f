/**
 * One proof for many leaves of a tree of RFC 9162 §2.1: of the recursion that makes the root, the hashes of the subtrees
 * without any of the leaves, from left to right; all else follows from the leaves. The RFC has no such proof: it is
 * specified in docs/format.md §10. Every check throws, as in proof.ts.
 * Why: docs/decisions/0066.
 */

import { type Hash, nodeHash } from "./hash.ts";
import { isSize, ProofError, requireHashes, requireObject, show } from "./proof.ts";
import { type Range, splitPoint } from "./tree.ts";

/** That leaf hashes stand at indexes of the tree with this size; the root is what they lead to. */
export type Inclusions = {
  /** At least one, each above the one before. */
  readonly indexes: readonly number[];
  readonly size: number;
  /** One for each index. */
  readonly leafHashes: readonly Uint8Array[];
  /** Hashes of the largest subtrees without any of the leaves, left to right. */
  readonly nodes: readonly Uint8Array[];
};

/** Where a proof for many leaves leads. */
export type OpenInclusions = {
  readonly root: Uint8Array;
  /** Inclusion path of the leaf at a position of the proof's indexes, RFC 9162 §2.1.3.1: from the leaf up. */
  readonly pathOf: (position: number) => Uint8Array[];
};

/**
 * The largest subtrees without any of the leaves, left to right: those whose hashes the proof holds.
 * @param indexes at least one, ascending
 * @throws RangeError unless all of them are below size <= 2^53-1
 */
export function inclusionsRanges(indexes: readonly number[], size: number): Range[] {
  requireIndexes(indexes, size);
  const ranges: Range[] = [];
  const nothing = () => undefined;
  walk<void>(indexes, size, { without: (range) => void ranges.push(range), leaf: nothing, join: nothing });
  return ranges;
}

/**
 * Joins the inclusion paths of several leaves into the nodes of one proof. The hashes may be in any spelling.
 * @param paths one for each index, from the leaf up
 * @throws RangeError for indexes as {@link inclusionsRanges}, and when a path has another length than its leaf is deep
 */
export function joinPaths<T>(indexes: readonly number[], size: number, paths: readonly (readonly T[])[]): T[] {
  requireIndexes(indexes, size);
  const nodes: T[] = [];
  walk<void>(indexes, size, {
    without: (_, depth, neighbour) => {
      const path = paths[neighbour] ?? [];
      // One that is too short is found at its leaf.
      if (depth <= path.length) nodes.push(path[path.length - depth] as T);
    },
    leaf: (position, depth) => {
      const length = paths[position]?.length ?? 0;
      if (length === depth) return;
      throw new RangeError(`expected a path of ${depth} hashes for index ${indexes[position]}, got ${length}`);
    },
    join: () => undefined,
  });
  return nodes;
}

/**
 * The root that leaf hashes and the nodes of a proof lead to, and the path of each leaf.
 * @throws ProofError when indexes, size, a length or the number of hashes is wrong
 */
export function openInclusions(hash: Hash, proof: Inclusions): OpenInclusions {
  requireObject(proof);
  const { indexes, size, leafHashes, nodes } = proof;
  const fault = faultOf(indexes, size);
  if (fault !== undefined) throw new ProofError(fault);
  requireHashes(leafHashes, "leaf hashes");
  requireHashes(nodes, "nodes");
  if (leafHashes.length !== indexes.length) {
    throw new ProofError(`expected ${indexes.length} leaf hashes, one for each index, got ${leafHashes.length}`);
  }
  // Before anything is hashed: what is too long is not walked to its end.
  const wanted = inclusionsRanges(indexes, size).length;
  if (nodes.length !== wanted) throw new ProofError(`expected ${wanted} nodes, got ${nodes.length}`);
  let used = 0;
  const top = walk<Branch>(indexes, size, {
    without: () => ({ hash: nodes[used++] as Uint8Array }),
    leaf: (position) => ({ hash: leafHashes[position] as Uint8Array }),
    join: (left, right, middle) => ({ hash: nodeHash(hash, left.hash, right.hash), fork: { left, right, middle } }),
  });
  return { root: top.hash, pathOf: (position) => pathTo(top, indexes[position] as number) };
}

/** A subtree that was hashed; those without a leaf of the proof have no fork. */
type Branch = {
  readonly hash: Uint8Array;
  readonly fork?: { readonly left: Branch; readonly right: Branch; readonly middle: number };
};

function pathTo(top: Branch, index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  for (let at = top.fork; at !== undefined; ) {
    const [next, sibling] = index < at.middle ? [at.left, at.right] : [at.right, at.left];
    path.push(sibling.hash);
    at = next.fork;
  }
  return path.reverse();
}

/** What becomes of each subtree that the walk meets; `depth` is 0 for the whole tree. */
type Visitor<T> = {
  /** A subtree without any of the leaves; the leaf at position `neighbour` is in its sibling. */
  readonly without: (range: Range, depth: number, neighbour: number) => T;
  readonly leaf: (position: number, depth: number) => T;
  readonly join: (left: T, right: T, middle: number) => T;
};

/** Walks the recursion of RFC 9162 §2.1.1 from left to right, as deep as there are leaves of the proof: 53 at most. */
function walk<T>(indexes: readonly number[], size: number, visitor: Visitor<T>): T {
  const visit = ({ start, end }: Range, from: number, to: number, depth: number): T => {
    if (end - start === 1) return visitor.leaf(from, depth);
    const middle = start + splitPoint(end - start);
    let cut = from;
    while (cut < to && (indexes[cut] as number) < middle) cut++;
    const before = { start, end: middle };
    const after = { start: middle, end };
    const left = cut === from ? visitor.without(before, depth + 1, cut) : visit(before, from, cut, depth + 1);
    const right = cut === to ? visitor.without(after, depth + 1, cut - 1) : visit(after, cut, to, depth + 1);
    return visitor.join(left, right, middle);
  };
  return visit({ start: 0, end: size }, 0, indexes.length, 0);
}

function requireIndexes(indexes: readonly number[], size: number): void {
  const fault = faultOf(indexes, size);
  if (fault !== undefined) throw new RangeError(fault);
}

function faultOf(indexes: readonly number[], size: number): string | undefined {
  if (!Array.isArray(indexes) || indexes.length === 0) return `expected at least one index, got ${show(indexes)}`;
  if (!isSize(size)) return `expected a size in 0..2^53-1, got ${show(size)}`;
  let before = -1;
  for (const index of indexes) {
    if (!isSize(index) || index <= before) return `expected indexes that ascend, got ${show(index)} after ${before}`;
    before = index;
  }
  return before < size ? undefined : `expected indexes below the size ${size}, got ${before}`;
}
