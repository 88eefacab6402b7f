/**
 * The way from a leaf to the root as a drawing needs it: every hash on the way, and on which side the given hashes
 * stand. It decides nothing: whether the path holds is the verifier's word.
 */

import { encodeEntry } from "../../entry/entry.ts";
import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { leafHash as hashLeaf, keccak256, nodeHash } from "../../merkle/hash.ts";
import { ProofError } from "../../merkle/proof.ts";
import type { Bundle } from "../../verify/bundle/bundle.ts";
import { readDisclosure } from "../../verify/check-members.ts";

/** One level: `node` was computed, `sibling` came with the proof; the two give the node of the next level. */
export type Rung = { readonly node: Hex; readonly sibling: Hex; readonly side: "left" | "right" };
export type Climb = { readonly rungs: readonly Rung[]; readonly top: Hex };

type Inclusion = {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Hex;
  readonly path: readonly Hex[];
};

/** Leaf hash of what the bundle shows, whatever it claims; undefined when its members are no members. */
export function leafOf({ entry }: Bundle): Hex | undefined {
  try {
    const { digests } = readDisclosure(entry.members);
    return toHex(hashLeaf(keccak256, encodeEntry(entry.recordedAt, digests)));
  } catch (error) {
    if (error instanceof ProofError) return undefined;
    throw error;
  }
}

/** Climbs as RFC 9162 §2.1.3.2 does; hashes beyond the root are left out. */
export function climb({ index, size, leafHash, path }: Inclusion): Climb {
  const rungs: Rung[] = [];
  let position = index;
  let last = size - 1;
  let node = leafHash;
  for (const sibling of path) {
    if (last === 0) break;
    const isRight = position % 2 === 1 || position === last;
    rungs.push({ node, sibling, side: isRight ? "left" : "right" });
    const [left, right] = isRight ? [sibling, node] : [node, sibling];
    node = toHex(nodeHash(keccak256, fromHex(left, 32), fromHex(right, 32)));
    while (isRight && position % 2 === 0 && position !== 0) {
      position = position / 2;
      last = Math.floor(last / 2);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return { rungs, top: node };
}
