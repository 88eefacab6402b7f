/**
 * The hash of a tree is a parameter: keccak256 for ledgers, SHA-256 for the published vectors of RFC 6962.
 * Leaves and nodes are told apart by a prefix byte (RFC 9162 §2.1.1), so neither can pass for the other.
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

/** A hash function with a 32-byte digest; it must return a fresh array. */
export type Hash = (data: Uint8Array) => Uint8Array;

/** Bytes in every digest, leaf hash, node hash and root. */
export const HASH_LENGTH = 32;

/** keccak256 in portable code; a service that hashes a lot passes a faster one of the same values. */
export const keccak256: Hash = (data) => keccak_256(data);

/** SHA-256 (FIPS 180-4), for trees of the transparency-log ecosystem. */
export const sha256: Hash = (data) => nobleSha256(data);

/** Leaf hash: H(0x00 || entry), RFC 9162 §2.1.1. */
export function leafHash(hash: Hash, entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return hash(input);
}

/** Node hash: H(0x01 || left || right), RFC 9162 §2.1.1; left and right have 32 bytes each. */
export function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_LENGTH);
  input[0] = 0x01;
  input.set(left, 1);
  input.set(right, 1 + HASH_LENGTH);
  return hash(input);
}

/** Root of the tree of size 0: H(""), RFC 9162 §2.1.1. */
export function emptyRoot(hash: Hash): Uint8Array {
  return hash(new Uint8Array(0));
}
