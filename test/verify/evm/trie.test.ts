/** The walk through a trie finds what @ethereumjs/mpt puts in, and nothing when a node was touched. */

import assert from "node:assert/strict";
import test from "node:test";
import { createMerkleProof, createMPT, verifyMerkleProof } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { concat, utf8 } from "../../../src/merkle/bytes.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { ProofError } from "../../../src/merkle/proof.ts";
import { decodeRlpBytes, decodeRlpList } from "../../../src/verify/evm/rlp.ts";
import { readTrie } from "../../../src/verify/evm/trie.ts";

type Pairs = ReadonlyMap<Uint8Array, Uint8Array>;

async function buildTrie(pairs: Pairs) {
  const trie = await createMPT({ useKeyHashing: false });
  for (const [key, value] of pairs) await trie.put(key, value);
  return trie;
}

/** Keys that share ever more nibbles, so that branches, extensions and nodes inside nodes occur. */
function crowdedPairs(): Pairs {
  const base = keccak256(utf8("base"));
  const pairs = new Map<Uint8Array, Uint8Array>([[base, utf8("the base")]]);
  for (let nibble = 0; nibble < 64; nibble += 3) {
    const key = base.slice();
    key[nibble >> 1] = (key[nibble >> 1] as number) ^ (nibble % 2 === 0 ? 0x50 : 0x05);
    pairs.set(key, nibble % 2 === 0 ? new Uint8Array([nibble + 1]) : keccak256(key));
  }
  return pairs;
}

/** Nodes below 32 bytes stand inside their parents; this library lists them again, eth_getProof does not. */
function isReferredTo(node: Uint8Array, place: number): boolean {
  return place === 0 || node.length >= 32;
}

function hashedPairs(count: number): Pairs {
  return new Map(Array.from({ length: count }, (_, i) => [keccak256(utf8(`key ${i}`)), RLP.encode(i + 1)] as const));
}

for (const [name, pairs] of [
  ["one value", hashedPairs(1)],
  ["two values", hashedPairs(2)],
  ["300 values", hashedPairs(300)],
  ["keys with long common beginnings", crowdedPairs()],
] as const) {
  test(`every value of a trie of ${name} is read as @ethereumjs/mpt reads it`, async () => {
    const trie = await buildTrie(pairs);
    for (const [key, value] of pairs) {
      const proof = await createMerkleProof(trie, key);
      assert.deepEqual(await verifyMerkleProof(key, proof, { root: trie.root() }), value);
      assert.deepEqual(readTrie(trie.root(), key, proof.filter(isReferredTo)), value);
    }
  });

  test(`absence in a trie of ${name} is not taken for presence`, async () => {
    const trie = await buildTrie(pairs);
    for (let i = 0; i < 40; i++) {
      const key = keccak256(utf8(`absent ${i}`));
      const proof = await createMerkleProof(trie, key);
      assert.throws(() => readTrie(trie.root(), key, proof), ProofError);
    }
    const [held] = pairs.keys();
    const proof = await createMerkleProof(trie, held as Uint8Array);
    for (let nibble = 0; nibble < 64; nibble++) {
      const key = (held as Uint8Array).slice();
      key[nibble >> 1] = (key[nibble >> 1] as number) ^ (nibble % 2 === 0 ? 0x10 : 0x01);
      assert.throws(() => readTrie(trie.root(), key, proof), ProofError);
    }
  });
}

test("a proof with a node changed, missing, extra or moved does not hold", async () => {
  for (const pairs of [hashedPairs(300), crowdedPairs()]) {
    const trie = await buildTrie(pairs);
    const key = [...pairs.keys()].at(-1) as Uint8Array;
    const proof = (await createMerkleProof(trie, key)).filter(isReferredTo);
    assert.ok(proof.length > 1, "more than one node is on the way");
    const refuse = (nodes: Uint8Array[], root = trie.root()) =>
      assert.throws(() => readTrie(root, key, nodes), ProofError);
    for (const [i, node] of proof.entries()) {
      for (let at = 0; at < node.length; at += 5) {
        const changed = node.slice();
        changed[at] = (changed[at] as number) ^ 0x01;
        refuse(proof.with(i, changed));
      }
      refuse(proof.toSpliced(i, 1));
      refuse(proof.toSpliced(i, 0, node));
      refuse(proof.with(i, node.subarray(0, -1)));
    }
    refuse([]);
    refuse(proof.toReversed());
    refuse([...proof, utf8("more")]);
    refuse(proof, keccak256(trie.root()));
  }
});

test("nodes of a form that no trie has are refused though their hash fits", () => {
  const key = keccak256(utf8("key"));
  const nibbles = Array.from(key).flatMap((byte) => [byte >> 4, byte & 15]);
  const leafPath = concat(new Uint8Array([0x20]), key);
  const branch = (child: unknown) => nibbles.slice(0, 1).flatMap((n) => new Array(17).fill("").with(n, child));
  const nodes: unknown[] = [
    "a string",
    [],
    ["one"],
    [leafPath, "value", "more"],
    new Array(16).fill(""),
    new Array(18).fill(""),
    branch(new Uint8Array(31)),
    branch(new Uint8Array(33)),
    branch([]),
    [leafPath, ""],
    [leafPath, ["value"]],
    [[leafPath], "value"],
    [concat(new Uint8Array([0x40]), key), "value"],
    [concat(new Uint8Array([0x21]), key), "value"],
    [concat(new Uint8Array([0x20]), key, key), "value"],
    [new Uint8Array([0x20]), "value"],
    [new Uint8Array(0), "value"],
    [new Uint8Array([0x00]), key],
  ];
  for (const node of nodes) {
    const encoded = RLP.encode(node as never);
    assert.throws(() => readTrie(keccak256(encoded), key, [encoded]), ProofError, JSON.stringify(node));
  }
  const good = RLP.encode([leafPath, "value"]);
  assert.deepEqual(readTrie(keccak256(good), key, [good]), utf8("value"));
});

test("bytes that are not RLP are refused", () => {
  const deep = RLP.encode(Array.from({ length: 800 }).reduce<unknown>((inner) => [inner], []) as never);
  assert.equal(decodeRlpList(deep).length, 1);
  for (const bytes of [
    [],
    [0x81],
    [0x81, 0x05],
    [0xb8, 0x01, 0x05],
    [0xf8],
    [0xf9, 0xff, 0xff],
    [0xc1],
    [0x80, 0x80],
  ]) {
    assert.throws(() => decodeRlpList(Uint8Array.from(bytes)), ProofError, `${bytes}`);
    if (bytes.length > 0) assert.throws(() => decodeRlpBytes(Uint8Array.from(bytes)), ProofError, `${bytes}`);
  }
});
