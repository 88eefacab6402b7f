/**
 * An outside opinion: merkletreejs, which without sorted pairs promotes a lone node as RFC 9162 does, over hashes of
 * other packages. It does not separate leaves from nodes by itself, so its hash function puts 0x01 in front.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import test from "node:test";
import keccak256 from "keccak256";
import { MerkleTree } from "merkletreejs";
import { toHex } from "../../src/merkle/bytes.ts";
import { type Hash, keccak256 as portableKeccak256, sha256 } from "../../src/merkle/hash.ts";
import { inclusionRanges, provePath } from "../../src/merkle/proof.ts";
import { type NodeSource, rangeHash } from "../../src/merkle/tree.ts";
import { Model, makeLeaves, nativeSha256 } from "./model.ts";

const NODE = Buffer.from([0x01]);
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129];
const outside: readonly (readonly [name: string, ours: Hash, theirs: (data: Buffer) => Uint8Array])[] = [
  ["keccak256", portableKeccak256, (data) => keccak256(data)],
  ["sha256", sha256, (data) => nativeSha256(data)],
];

for (const [name, ours, theirs] of outside) {
  test(`roots and inclusion paths over ${name} are those of merkletreejs`, () => {
    for (const size of SIZES) {
      const leaves = makeLeaves(size);
      const theirHash = (data: Buffer) => Buffer.from(theirs(Buffer.concat([NODE, data])));
      const tree = new MerkleTree(leaves.map(Buffer.from), theirHash, { hashLeaves: false, sortPairs: false });
      const model = new Model(ours, leaves);
      const source: NodeSource = (level, index) => model.root(index * 2 ** level, (index + 1) * 2 ** level);
      assert.equal(toHex(rangeHash(ours, { start: 0, end: size }, source)), tree.getHexRoot(), `size ${size}`);
      for (let index = 0; index < size; index += 1 + Math.floor(size / 16)) {
        const path = provePath(ours, inclusionRanges(index, size), source).map(toHex);
        const theirPath = tree.getHexProof(Buffer.from(leaves[index] as Uint8Array), index);
        assert.deepEqual(path, theirPath, `index ${index} of ${size}`);
      }
    }
  });
}
