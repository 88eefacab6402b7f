/**
 * The tree once more, from another hand: merkletreejs and keccak256, and nothing of src/merkle or of the code that
 * makes entries. What this and the append path agree on is not the mistake of one of them. docs/format.md §2 and §3.
 */

import keccak256 from "keccak256";
import { MerkleTree } from "merkletreejs";
import type { Entry, Member } from "../../entry/entry.ts";

/** Roots of the perfect subtrees that a size is made of, from left to right: one for each binary digit 1 of it. */
export type Frontier = readonly Uint8Array[];

type Subtree = { readonly width: number; readonly root: Buffer };

const LEAF = Buffer.of(0x00);
const NODE = Buffer.of(0x01);
const MEMBER = Buffer.of(0x02);
const ENTRY_VERSION = 0x01;

export class SealTree {
  #size: number;
  readonly #subtrees: Subtree[];

  /** @throws RangeError when the frontier is not one of this size */
  constructor(size: number, frontier: Frontier) {
    const widths = widthsOf(size);
    if (frontier.length !== widths.length || frontier.some(({ length }) => length !== 32)) {
      throw new RangeError(`expected ${widths.length} hashes of 32 bytes for size ${size}, got ${frontier.length}`);
    }
    this.#size = size;
    this.#subtrees = widths.map((width, i) => ({ width, root: Buffer.from(frontier[i] as Uint8Array) }));
  }

  get size(): number {
    return this.#size;
  }

  get frontier(): Frontier {
    return this.#subtrees.map(({ root }) => root);
  }

  /**
   * Adds a perfect subtree.
   * @param leaves 2^k leaf hashes, the size so far being a multiple of 2^k
   * @throws RangeError for any other number of them
   */
  add(leaves: readonly Buffer[]): void {
    const width = leaves.length;
    if (!Number.isInteger(Math.log2(width)) || this.#size % width !== 0) {
      throw new RangeError(`expected 2^k leaves behind a multiple of 2^k, got ${width} behind ${this.#size}`);
    }
    const concatenator = (pair: Buffer[]) => Buffer.concat([NODE, ...pair]);
    let subtree = { width, root: new MerkleTree([...leaves], keccak256, { concatenator }).getRoot() };
    for (let left = this.#subtrees.at(-1); left?.width === subtree.width; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      subtree = { width: 2 * left.width, root: join(left.root, subtree.root) };
    }
    this.#subtrees.push(subtree);
    this.#size += width;
  }

  /** Root of all that was added: the subtrees folded from the right. */
  root(): Buffer {
    const roots = this.#subtrees.map(({ root }) => root);
    return roots.reduceRight((right, left) => join(left, right), roots.pop() ?? keccak256(Buffer.alloc(0)));
  }
}

/** Leaf hash of an entry, from its values. */
export function leafOf({ recordedAt, members, pruned }: Entry): Buffer {
  if (pruned !== undefined) return Buffer.from(pruned.leafHash);
  const head = Buffer.alloc(9);
  head[0] = ENTRY_VERSION;
  head.writeBigUInt64BE(BigInt(recordedAt), 1);
  return keccak256(Buffer.concat([LEAF, head, ...members.map(digestOf)]));
}

function digestOf(member: Member): Uint8Array {
  if ("digest" in member) return member.digest;
  return keccak256(Buffer.concat([MEMBER, member.salt, Buffer.from(member.text, "utf8")]));
}

function join(left: Buffer, right: Buffer): Buffer {
  return keccak256(Buffer.concat([NODE, left, right]));
}

/** Powers of two that a size is the sum of, the largest first. */
function widthsOf(size: number): number[] {
  const digits = [...size.toString(2)].toReversed();
  return digits.flatMap((digit, k) => (digit === "1" ? [2 ** k] : [])).toReversed();
}
