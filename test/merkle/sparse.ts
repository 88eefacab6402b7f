/**
 * A tree of up to 2^53-1 leaves that fits in memory: all leaves are the same but for a few. Every perfect subtree
 * without one of those is known at once, so proofs at enormous indexes can be made and checked for real.
 */

import type { Hash } from "../../src/merkle/hash.ts";
import type { NodeSource } from "../../src/merkle/tree.ts";

const HEIGHT_MAX = 53;

export class SparseTree {
  readonly #hash: Hash;
  readonly #special: readonly (readonly [index: number, leaf: Uint8Array])[];
  readonly #plain: Uint8Array[];
  readonly #known = new Map<string, Uint8Array>();

  constructor(hash: Hash, special: ReadonlyMap<number, Uint8Array>) {
    this.#hash = hash;
    this.#special = [...special];
    this.#plain = [hash(Uint8Array.of(0x00))];
    for (let level = 1; level <= HEIGHT_MAX; level++) {
      const below = this.#plain[level - 1] as Uint8Array;
      this.#plain.push(this.#join(below, below));
    }
  }

  readonly source: NodeSource = (level, index) => this.node(level, index);

  node(level: number, index: number): Uint8Array {
    const start = index * 2 ** level;
    const inside = this.#special.filter(([at]) => at >= start && at - start < 2 ** level);
    if (inside.length === 0) return this.#plain[level] as Uint8Array;
    if (level === 0) return (inside[0] as readonly [number, Uint8Array])[1];
    const key = `${level}/${index}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node = this.#join(this.node(level - 1, index * 2), this.node(level - 1, index * 2 + 1));
    this.#known.set(key, node);
    return node;
  }

  /** MTH of leaves [start, start + n), by the recursion of RFC 9162 §2.1.1; start is what the recursion gives. */
  root(size: number): Uint8Array {
    return this.#range(0n, BigInt(size));
  }

  /** In big integers, so that this does not depend on the arithmetic that it is there to judge. */
  #range(start: bigint, n: bigint): Uint8Array {
    if ((n & (n - 1n)) === 0n) return this.node(n.toString(2).length - 1, Number(start / n));
    let k = 1n;
    while (k * 2n < n) k *= 2n;
    return this.#join(this.#range(start, k), this.#range(start + k, n - k));
  }

  #join(left: Uint8Array, right: Uint8Array): Uint8Array {
    return this.#hash(Uint8Array.from([0x01, ...left, ...right]));
  }
}
