/**
 * Published values: the reference tree of Certificate Transparency (RFC 6962 and 9162 over SHA-256; leaves, roots and
 * proofs as in the tests of google/certificate-transparency and transparency-dev/merkle), run through the same code
 * that builds ledgers over keccak256.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { fromHex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { emptyRoot, keccak256, leafHash, nodeHash, sha256 } from "../../src/merkle/hash.ts";
import {
  checkConsistency,
  checkInclusion,
  consistencyRanges,
  inclusionRanges,
  provePath,
} from "../../src/merkle/proof.ts";
import { rangeHash } from "../../src/merkle/tree.ts";

const ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/** Roots of sizes 0 to 8. */
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
] as const;

const INCLUSIONS = [
  { index: 0, size: 1, path: [] },
  {
    index: 0,
    size: 8,
    path: [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  },
  {
    index: 5,
    size: 8,
    path: [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
  { index: 2, size: 3, path: ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"] },
  {
    index: 1,
    size: 5,
    path: [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  },
];

const CONSISTENCIES = [
  { from: 1, to: 1, path: [] },
  {
    from: 1,
    to: 8,
    path: [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  },
  {
    from: 6,
    to: 8,
    path: [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
  {
    from: 2,
    to: 5,
    path: [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  },
];

const leaves = ENTRIES.map((hex) => leafHash(sha256, fromHex(`0x${hex}`)));

/** Hash of a perfect subtree over the reference leaves, by the code under test. */
function source(level: number, index: number): Uint8Array {
  if (level === 0) return leaves[index] as Uint8Array;
  return nodeHash(sha256, source(level - 1, 2 * index), source(level - 1, 2 * index + 1));
}

function root(size: number): Uint8Array {
  return fromHex(`0x${ROOTS[size]}`, 32);
}

test("the reference leaves have the published roots at every size", () => {
  assert.equal(toHex(emptyRoot(sha256)), `0x${ROOTS[0]}`);
  for (let size = 1; size <= leaves.length; size++) {
    assert.equal(toHex(rangeHash(sha256, { start: 0, end: size }, source)), `0x${ROOTS[size]}`, `size ${size}`);
  }
});

test("the reference leaves have the published inclusion paths, and these hold", () => {
  for (const { index, size, path } of INCLUSIONS) {
    const made = provePath(sha256, inclusionRanges(index, size), source);
    assert.deepEqual(
      made.map(toHex),
      path.map((node) => `0x${node}`),
    );
    checkInclusion(sha256, { index, size, leafHash: leaves[index] as Uint8Array, path: made, root: root(size) });
  }
});

test("the reference leaves have the published consistency paths, and these hold", () => {
  for (const { from, to, path } of CONSISTENCIES) {
    const made = provePath(sha256, consistencyRanges(from, to), source);
    assert.deepEqual(
      made.map(toHex),
      path.map((node) => `0x${node}`),
    );
    checkConsistency(sha256, { from, to, fromRoot: root(from), toRoot: root(to), path: made });
  }
});

test("the hashes are those that the world knows under their names", () => {
  // FIPS 180-4 and the Keccak submission with its own padding, as Ethereum uses it: not SHA3-256.
  assert.equal(toHex(sha256(utf8("abc"))), "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(toHex(keccak256(utf8(""))), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  assert.equal(toHex(keccak256(utf8("abc"))), "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
});
