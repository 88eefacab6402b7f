/**
 * The tree as RFC 9162 §2.1 defines it, word for word and with nothing clever: what src/merkle is held against. It
 * shares no code with it, not even the node hash.
 */

import { hash as digestOf } from "node:crypto";
import type { Hash } from "../../src/merkle/hash.ts";

type Leaves = readonly Uint8Array[];

/** SHA-256 of the platform: fast, and not the code under test. */
export const nativeSha256: Hash = (data) => new Uint8Array(digestOf("sha256", data, "buffer"));

/** `count` leaf hashes that differ. */
export function makeLeaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => nativeSha256(new TextEncoder().encode(`leaf ${i}`)));
}

/** A tree over leaf hashes; each range is hashed once. */
export class Model {
  readonly #hash: Hash;
  readonly #leaves: Leaves;
  readonly #known = new Map<string, Uint8Array>();

  constructor(hash: Hash, leaves: Leaves) {
    this.#hash = hash;
    this.#leaves = leaves;
  }

  /** MTH(D[start:end]), §2.1.1. */
  root(start: number, end: number): Uint8Array {
    if (end === start) return this.#hash(new Uint8Array(0));
    if (end - start === 1) return this.#leaves[start] as Uint8Array;
    const key = `${start} ${end}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const k = split(end - start);
    const both = [0x01, ...this.root(start, start + k), ...this.root(start + k, end)];
    const root = this.#hash(Uint8Array.from(both));
    this.#known.set(key, root);
    return root;
  }

  /** PATH(m, D[start:end]), §2.1.3.1; m counts from start. */
  path(m: number, start: number, end: number): Uint8Array[] {
    const n = end - start;
    if (n === 1) return [];
    const k = split(n);
    return m < k
      ? [...this.path(m, start, start + k), this.root(start + k, end)]
      : [...this.path(m - k, start + k, end), this.root(start, start + k)];
  }

  /** PROOF(m, D[start:end]), §2.1.4.1. */
  proof(m: number, start: number, end: number): Uint8Array[] {
    return this.#subproof(m, start, end, true);
  }

  #subproof(m: number, start: number, end: number, isComplete: boolean): Uint8Array[] {
    const n = end - start;
    if (m === n) return isComplete ? [] : [this.root(start, end)];
    const k = split(n);
    return m <= k
      ? [...this.#subproof(m, start, start + k, isComplete), this.root(start + k, end)]
      : [...this.#subproof(m - k, start + k, end, false), this.root(start, start + k)];
  }
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
