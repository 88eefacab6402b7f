/**
 * Reads a value out of an Ethereum Merkle Patricia trie through a proof (Yellow Paper, appendix D; eth_getProof of
 * EIP-1186). Only presence is proved, only for 32-byte hashed keys, as the state and storage tries have.
 */

import { equal, toHex } from "../../merkle/bytes.ts";
import { HASH_LENGTH, keccak256 } from "../../merkle/hash.ts";
import { ProofError } from "../../merkle/proof.ts";
import { decodeRlpList, type RlpItem } from "./rlp.ts";

const BRANCH_ITEMS = 17;
const NIBBLES = 2 * HASH_LENGTH;

/** Where the walk goes on: a node by its hash, or one spelled inside its parent because it is shorter than a hash. */
type Child = { readonly hash: Uint8Array } | { readonly node: readonly RlpItem[] };
type Step = { readonly child: Child; readonly depth: number } | { readonly value: Uint8Array };

/**
 * Value that a trie holds under a key.
 * @param root hash of the trie's root node, 32 bytes
 * @param key 32 bytes, hashed already
 * @param proof RLP of the nodes on the way, from the root down, and none besides
 * @throws ProofError when a node is missing, extra or another, or the key is not in the trie
 */
export function readTrie(root: Uint8Array, key: Uint8Array, proof: readonly Uint8Array[]): Uint8Array {
  const nibbles = nibblesOf(key);
  let child: Child = { hash: root };
  let depth = 0;
  let used = 0;
  for (;;) {
    const node: readonly RlpItem[] = "node" in child ? child.node : checkNode(child.hash, proof[used++]);
    const step = walk(node, nibbles, depth);
    if ("value" in step) {
      if (used !== proof.length) throw new ProofError(`expected ${used} proof nodes, got ${proof.length}`);
      return step.value;
    }
    ({ child, depth } = step);
  }
}

function checkNode(hash: Uint8Array, encoded: Uint8Array | undefined): readonly RlpItem[] {
  if (encoded === undefined) throw new ProofError(`expected a proof node with hash ${toHex(hash)}, got none`);
  const found = keccak256(encoded);
  if (!equal(found, hash)) {
    throw new ProofError(`expected a proof node with hash ${toHex(hash)}, got one with ${toHex(found)}`);
  }
  return decodeRlpList(encoded);
}

function walk(node: readonly RlpItem[], nibbles: Uint8Array, depth: number): Step {
  if (node.length === BRANCH_ITEMS) {
    if (depth >= NIBBLES) throw new ProofError("expected a leaf at the end of the key, got a branch");
    return { child: childOf(node[nibbles[depth] as number]), depth: depth + 1 };
  }
  const [encodedPath, next] = node;
  if (node.length !== 2 || !(encodedPath instanceof Uint8Array)) {
    throw new ProofError(`expected a trie node of 2 or ${BRANCH_ITEMS} items, got ${node.length}`);
  }
  const { isLeaf, path } = decodePath(encodedPath);
  const end = depth + path.length;
  if (end > NIBBLES || !equal(path, nibbles.subarray(depth, end)) || (isLeaf && end !== NIBBLES)) throw absent();
  if (!isLeaf) {
    if (path.length === 0) throw new ProofError("expected an extension node with a path, got an empty path");
    return { child: childOf(next), depth: end };
  }
  if (!(next instanceof Uint8Array) || next.length === 0)
    throw new ProofError("expected a leaf with a value, got none");
  return { value: next };
}

function childOf(item: RlpItem | undefined): Child {
  if (item === undefined) throw absent();
  if (!(item instanceof Uint8Array)) return { node: item };
  if (item.length === 0) throw absent();
  if (item.length !== HASH_LENGTH) throw new ProofError(`expected a node hash of 32 bytes, got ${item.length}`);
  return { hash: item };
}

/** Hex-prefix encoding, Yellow Paper, appendix C. */
function decodePath(encoded: Uint8Array): { isLeaf: boolean; path: Uint8Array } {
  const nibbles = nibblesOf(encoded);
  const flag = nibbles[0];
  const isOdd = flag === 1 || flag === 3;
  if (flag === undefined || flag > 3 || (!isOdd && nibbles[1] !== 0)) {
    throw new ProofError("expected a hex-prefix path, got other bytes");
  }
  return { isLeaf: flag >= 2, path: nibbles.subarray(isOdd ? 1 : 2) };
}

function nibblesOf(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length);
  bytes.forEach((byte, i) => {
    nibbles[2 * i] = byte >> 4;
    nibbles[2 * i + 1] = byte & 0x0f;
  });
  return nibbles;
}

function absent(): ProofError {
  return new ProofError("the key is not in the trie");
}
