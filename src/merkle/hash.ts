/**
 * The hash of a tree is a parameter: keccak256 for ledgers, SHA-256 for the published vectors of RFC 6962.
 * Leaves and nodes are told apart by a prefix byte (RFC 9162 §2.1.1), so neither can pass for the other.
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { UNIT_BYTES_MAX, writeUtf8 } from "./bytes.ts";

/** A hash function with a 32-byte digest; it must return a fresh array and keep nothing of the data it was given. */
export type Hash = {
  (data: Uint8Array): Uint8Array;
  /** The same of many, where that is faster than one after another. */
  readonly many?: HashMany;
};

/**
 * Hashes parts of some bytes, and writes their digests one after another.
 * @param bounds start and end of each part in turn, none before the one in front of it
 * @param digests has room for them, from its start on; nothing of the bytes themselves
 * @throws RangeError when a part is not within the bytes
 */
export type HashMany = (bytes: Uint8Array, bounds: readonly number[], digests: Uint8Array) => void;

/** Bytes in every digest, leaf hash, node hash and root. */
export const HASH_LENGTH = 32;

/** keccak256 in portable code; a service that hashes a lot passes a faster one of the same values. */
export const keccak256: Hash = (data) => keccak_256(data);

/** SHA-256 (FIPS 180-4), for trees of the transparency-log ecosystem. */
export const sha256: Hash = (data) => nobleSha256(data);

/**
 * Where inputs are put together: a fresh array of more than 64 bytes costs the engine about as much as hashing it.
 * Safe because hashing is synchronous and keeps nothing.
 */
const SCRATCH = new Uint8Array(65_536);
const NODE_LENGTH = 1 + 2 * HASH_LENGTH;
const NODE_INPUT = SCRATCH.subarray(0, NODE_LENGTH);
/** Nodes whose inputs have room there together. */
const NODES_MAX = Math.floor(SCRATCH.length / NODE_LENGTH);

/** Leaf hash: H(0x00 || entry), RFC 9162 §2.1.1. */
export function leafHash(hash: Hash, entry: Uint8Array): Uint8Array {
  const length = 1 + entry.length;
  const input = length <= SCRATCH.length ? SCRATCH.subarray(0, length) : new Uint8Array(length);
  input[0] = 0x00;
  input.set(entry, 1);
  return hash(input);
}

/** Node hash: H(0x01 || left || right), RFC 9162 §2.1.1; left and right have 32 bytes each. */
export function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE_INPUT[0] = 0x01;
  NODE_INPUT.set(left, 1);
  NODE_INPUT.set(right, 1 + HASH_LENGTH);
  return hash(NODE_INPUT);
}

/** Writes the digests of parts of some bytes as {@link HashMany} does, whatever the hash. */
export function hashParts(hash: Hash, bytes: Uint8Array, bounds: readonly number[], digests: Uint8Array): void {
  if (hash.many !== undefined) {
    hash.many(bytes, bounds, digests);
    return;
  }
  for (let i = 0; 2 * i < bounds.length; i++) {
    digests.set(hash(bytes.subarray(bounds[2 * i], bounds[2 * i + 1])), i * HASH_LENGTH);
  }
}

/**
 * Leaf hashes of many entries.
 * @param lengthMax no entry is longer, in bytes
 * @param write writes an entry at a place where there is room for it, and returns where it ends
 */
export function leafHashes(
  hash: Hash,
  count: number,
  lengthMax: number,
  write: (target: Uint8Array, at: number, entry: number) => number,
): Uint8Array[] {
  return divided(packedLeafHashes(hash, count, lengthMax, write));
}

/** The same, one after another. */
export function packedLeafHashes(
  hash: Hash,
  count: number,
  lengthMax: number,
  write: (target: Uint8Array, at: number, entry: number) => number,
): Uint8Array<ArrayBuffer> {
  const leaves = new Uint8Array(count * HASH_LENGTH);
  const room = Math.max(SCRATCH.length, 1 + lengthMax);
  const inputs = room === SCRATCH.length ? SCRATCH : new Uint8Array(room);
  for (let entry = 0; entry < count; ) {
    const bounds: number[] = [];
    const first = entry;
    let at = 0;
    for (; entry < count && at + 1 + lengthMax <= room; entry++) {
      inputs[at] = 0x00;
      const end = write(inputs, at + 1, entry);
      bounds.push(at, end);
      at = end;
    }
    hashParts(hash, inputs, bounds, leaves.subarray(first * HASH_LENGTH));
  }
  return leaves;
}

/** Node hashes of neighbours: of the first two, of the next two, and so on. The last of an odd number is left out. */
export function nodeHashes(hash: Hash, below: readonly Uint8Array[]): Uint8Array[] {
  const count = Math.floor(below.length / 2);
  if (count === 1) return [nodeHash(hash, below[0] as Uint8Array, below[1] as Uint8Array)];
  const nodes: Uint8Array[] = [];
  for (let node = 0; node < count; ) {
    const bounds: number[] = [];
    let at = 0;
    for (const end = Math.min(count, node + NODES_MAX); node < end; node++) {
      SCRATCH[at] = 0x01;
      SCRATCH.set(below[2 * node] as Uint8Array, at + 1);
      SCRATCH.set(below[2 * node + 1] as Uint8Array, at + 1 + HASH_LENGTH);
      bounds.push(at, at + NODE_LENGTH);
      at += NODE_LENGTH;
    }
    addDigests(nodes, hash, SCRATCH, bounds);
  }
  return nodes;
}

function addDigests(digests: Uint8Array[], hash: Hash, inputs: Uint8Array, bounds: readonly number[]): void {
  const made = new Uint8Array((bounds.length / 2) * HASH_LENGTH);
  hashParts(hash, inputs, bounds, made);
  digests.push(...divided(made));
}

/** Digests that stand one after another, each as a view of its own. */
function divided(made: Uint8Array): Uint8Array[] {
  const digests: Uint8Array[] = [];
  for (let at = 0; at < made.length; at += HASH_LENGTH) digests.push(made.subarray(at, at + HASH_LENGTH));
  return digests;
}

/** Hash of some bytes with the UTF-8 of a text after them. */
export function textHash(hash: Hash, head: Uint8Array, text: string): Uint8Array {
  const room = head.length + UNIT_BYTES_MAX * text.length;
  const input = room <= SCRATCH.length ? SCRATCH : new Uint8Array(room);
  input.set(head);
  const end = head.length + writeUtf8(input, head.length, text);
  return hash(input.subarray(0, end));
}

/** Root of the tree of size 0: H(""), RFC 9162 §2.1.1. */
export function emptyRoot(hash: Hash): Uint8Array {
  return hash(new Uint8Array(0));
}
