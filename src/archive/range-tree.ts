/**
 * The tree of a ledger while entries of a range join it on its right: the roots of the full subtrees before them, and then
 * the leaves as they come. What is in memory is one hash a level, however long the range is.
 */

import { emptyRoot, type Hash, nodeHash, nodeHashes } from "../merkle/hash.ts";

export class RangeTree {
  readonly #hash: Hash;
  /** By level, the root of the full subtree that waits for its neighbour: there where the size has a binary digit 1. */
  readonly #waiting: (Uint8Array | undefined)[] = [];
  #size: number;

  /**
   * @param left roots of the full subtrees of the tree of so many leaves, the smallest first: the inclusion path of the leaf
   *   that comes next
   * @throws RangeError when there are more or fewer than such a tree has
   */
  constructor(hash: Hash, size: number, left: readonly Uint8Array[]) {
    this.#hash = hash;
    this.#size = size;
    let taken = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
      this.#waiting.push(rest % 2 === 1 ? left[taken++] : undefined);
    }
    if (taken !== left.length) {
      throw new RangeError(`expected ${taken} subtrees of the tree of size ${size}, got ${left.length}`);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Adds leaves in their order. */
  add(leaves: readonly Uint8Array[]): void {
    let added = leaves;
    for (let level = 0; added.length > 0; level++) {
      const before = this.#waiting[level];
      const row = before === undefined ? added : [before, ...added];
      this.#waiting[level] = row.length % 2 === 1 ? row.at(-1) : undefined;
      added = nodeHashes(this.#hash, row);
    }
    this.#size += leaves.length;
  }

  /** Root of the tree so far, RFC 9162 §2.1.1. */
  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (const subtree of this.#waiting) {
      if (subtree === undefined) continue;
      root = root === undefined ? subtree : nodeHash(this.#hash, subtree, root);
    }
    return root ?? emptyRoot(this.#hash);
  }
}
