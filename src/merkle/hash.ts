/**
 * The hash of a tree is a parameter: keccak256 for ledgers, SHA-256 for the published vectors of RFC 6962.
 * Leaves and nodes are told apart by a prefix byte (RFC 9162 §2.1.1), so neither can pass for the other.
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { writeUtf8 } from "./bytes.ts";

/** A hash function with a 32-byte digest; it must return a fresh array and keep nothing of the data it was given. */
export type Hash = (data: Uint8Array) => Uint8Array;

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
const SCRATCH = new Uint8Array(16_384);
const NODE_INPUT = SCRATCH.subarray(0, 1 + 2 * HASH_LENGTH);

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

/** Hash of some bytes with the UTF-8 of a text after them. */
export function textHash(hash: Hash, head: Uint8Array, text: string): Uint8Array {
  const room = head.length + 3 * text.length;
  const input = room <= SCRATCH.length ? SCRATCH : new Uint8Array(room);
  input.set(head);
  const end = head.length + writeUtf8(input, head.length, text);
  return hash(input.subarray(0, end));
}

/** Root of the tree of size 0: H(""), RFC 9162 §2.1.1. */
export function emptyRoot(hash: Hash): Uint8Array {
  return hash(new Uint8Array(0));
}
