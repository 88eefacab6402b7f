/**
 * Roots, proofs and checks of our tree against merkletreejs, over the same leaves in the same run: with the package
 * `keccak256`, as people use it, and with our hash, so that what is left is the tree. What both give is compared first.
 * `node bench/merkle.ts [leaves] [--json]`.
 *
 * merkletreejs keeps every node of the tree in memory, and looks a proof up; ours keeps the edge and some tiles, and
 * hashes what lies right of the last full subtree for each proof: that is the price of not keeping the tree.
 */

import keccak256 from "keccak256";
import { MerkleTree } from "merkletreejs";
import { fastKeccak256 } from "../src/ledger/keccak/keccak-wasm.ts";
import { TreeEdge } from "../src/merkle/append.ts";
import { equal } from "../src/merkle/bytes.ts";
import { checkInclusion, inclusionRanges, provePath } from "../src/merkle/proof.ts";
import { expandTile, tileOf } from "../src/merkle/tile.ts";
import type { NodeSource } from "../src/merkle/tree.ts";
import { median } from "./median.ts";

const LEAVES_MAX = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 100_000);
const SIZES = [1_000, 10_000, 100_000].filter((size) => size <= LEAVES_MAX);
const ROUNDS = 5;
/** Proofs made and checked in a round. */
const PROOFS = 1_000;

type Row = {
  readonly what: string;
  readonly leaves: number;
  /** Leaves, proofs or checks a second, the median of the rounds. */
  readonly ours: number;
  readonly merkletreejs: number;
  readonly merkletreejsOurHash: number;
};

const hash = await fastKeccak256();

/** Leaves and inner nodes are told apart, as in our tree; merkletreejs does not do so by itself. */
const NODE = Buffer.of(0x01);
const options = { concatenator: (pair: Buffer[]) => Buffer.concat([NODE, ...pair]) };
const ourHash = (data: Buffer): Buffer => Buffer.from(hash(data));

/** Our tree: the edge, and the finished tiles expanded, as a ledger keeps those that were used last. */
class OurTree {
  readonly edge = new TreeEdge(hash);
  /** By tile level and number. */
  readonly #tiles: Uint8Array[][][][] = [];
  readonly source: NodeSource = (level, index) => {
    const { level: tileLevel, n, height, place } = tileOf(level, index);
    return this.#tiles[tileLevel]?.[n]?.[height]?.[place] ?? this.edge.node(level, index);
  };

  constructor(leaves: readonly Uint8Array[]) {
    for (const leaf of leaves) this.edge.append(leaf);
  }

  expandTiles(): void {
    for (const { level, n, hashes } of this.edge.takeTiles()) {
      this.#tiles[level] ??= [];
      (this.#tiles[level] as Uint8Array[][][])[n] = expandTile(hash, hashes);
    }
    this.edge.forget();
  }
}

/** How many a second; the contenders take turns, so that a slow minute of the machine hits all of them. */
function measure(what: string, leaves: number, count: number, contenders: readonly (() => unknown)[]): Row {
  const rates: number[][] = contenders.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, run] of contenders.entries()) {
      const began = performance.now();
      run();
      if (round > 0) rates[i]?.push((1000 * count) / (performance.now() - began));
    }
  }
  const [ours = 0, merkletreejs = 0, merkletreejsOurHash = 0] = rates.map(median);
  return { what, leaves, ours, merkletreejs, merkletreejsOurHash };
}

function rowsOf(size: number): Row[] {
  const leaves = Array.from({ length: size }, (_, i) => hash(Buffer.from(`leaf ${i}`)));
  const buffers = leaves.map((leaf) => Buffer.from(leaf));
  const indexes = Array.from({ length: PROOFS }, (_, i) => (i * 7919) % size);
  const ours = new OurTree(leaves);
  const root = ours.edge.root();
  ours.expandTiles();
  const [plain, withOurHash] = [keccak256, ourHash].map((each) => new MerkleTree(buffers, each, options));
  if (plain === undefined || withOurHash === undefined) throw new Error("expected two trees");
  const prove = (index: number) => provePath(hash, inclusionRanges(index, size), ours.source);
  const paths = indexes.map(prove);
  const theirs = indexes.map((index) => plain.getProof(buffers[index] as Buffer, index));
  requireSame(root, plain.getRoot());
  for (const [i, path] of paths.entries()) {
    for (const [k, { data }] of (theirs[i] ?? []).entries()) requireSame(path[k], data);
  }
  const check = (hashFn: typeof ourHash) => () => {
    for (const [i, index] of indexes.entries()) {
      const isSo = MerkleTree.verify(theirs[i] ?? [], buffers[index] as Buffer, plain.getRoot(), hashFn, options);
      if (!isSo) throw new Error(`expected a proof that holds for index ${index}`);
    }
  };
  return [
    measure("root of so many leaves, leaves/s", size, size, [
      () => new OurTree(leaves).edge.root(),
      () => new MerkleTree(buffers, keccak256, options).getRoot(),
      () => new MerkleTree(buffers, ourHash, options).getRoot(),
    ]),
    measure("inclusion proofs made/s", size, PROOFS, [
      () => indexes.map(prove),
      () => indexes.map((index) => plain.getProof(buffers[index] as Buffer, index)),
      () => indexes.map((index) => withOurHash.getProof(buffers[index] as Buffer, index)),
    ]),
    measure("inclusion proofs checked/s", size, PROOFS, [
      () => {
        for (const [i, index] of indexes.entries()) {
          checkInclusion(hash, { index, size, leafHash: leaves[index] as Uint8Array, path: paths[i] ?? [], root });
        }
      },
      check(keccak256),
      check(ourHash),
    ]),
  ];
}

function requireSame(mine: Uint8Array | undefined, theirs: Uint8Array): void {
  if (mine === undefined || !equal(mine, theirs))
    throw new Error("expected the same hash from merkletreejs, got another");
}

const rows = SIZES.flatMap(rowsOf);
if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ bench: "merkle", node: process.version, rounds: ROUNDS, rows }));
} else {
  console.table(
    rows.map(({ what, leaves, ours, merkletreejs, merkletreejsOurHash }) => ({
      what,
      leaves,
      ours: Math.round(ours),
      merkletreejs: Math.round(merkletreejs),
      "merkletreejs, our hash": Math.round(merkletreejsOurHash),
      ratio: (ours / merkletreejs).toFixed(2),
      "ratio, our hash": (ours / merkletreejsOurHash).toFixed(2),
    })),
  );
}
