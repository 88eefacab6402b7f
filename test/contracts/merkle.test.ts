/**
 * MerkleLog against the core of src/merkle: one verdict for every tree of 0 to 130 entries, every index and every pair
 * of sizes, and for each proof again after something in it was changed.
 */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { id } from "ethers";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { concat, equal, fromHex, toHex } from "../../src/merkle/bytes.ts";
import { checkConsistency, checkInclusion, ProofError } from "../../src/merkle/proof.ts";
import { type Chain, deploy, openChain } from "./chain.ts";
import { smallTree, uniformTree } from "./trees.ts";

const SIZE_MAX = 130;
/** Call data is paid for, and a transaction has a limit of gas (EIP-7623, EIP-7825). */
const CASES_PER_CALL = 900;
const keccak256 = await fastKeccak256();
const tree = smallTree(SIZE_MAX + 2);
const JUNK = keccak256(new Uint8Array([7]));
const roots = Array.from({ length: SIZE_MAX + 2 }, (_, size) => fromHex(tree.root(size)));
const leaves = Array.from({ length: SIZE_MAX + 2 }, (_, index) => fromHex(tree.leaf(index)));

type Check = "areIncluded" | "areExtensions" | "areContradictions";
/** Four words, sizes as numbers, and the path. */
type Case = { readonly words: readonly (number | Uint8Array)[]; readonly path: readonly Uint8Array[] };

let chain: Chain;
let address: string;
before(async () => {
  chain = await openChain();
  address = await (await deploy(chain, "MerkleCases")).getAddress();
});

function word(value: number): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, "0")}`);
}

function encode({ words, path }: Case): Uint8Array {
  const values = words.map((value) => (typeof value === "number" ? word(value) : value));
  return concat(...values, word(path.length), ...path);
}

/** The contract's verdicts. The call is encoded by hand: ethers takes seconds for the megabytes that these are. */
async function verdicts(check: Check, all: readonly Case[]): Promise<boolean[]> {
  const selector = fromHex(id(`${check}(uint256,bytes)`)).subarray(0, 4);
  const answers: boolean[] = [];
  for (let start = 0; start < all.length; start += CASES_PER_CALL) {
    const some = all.slice(start, start + CASES_PER_CALL);
    const blob = concat(...some.map(encode));
    const call = Buffer.from(concat(selector, word(some.length), word(0x40), word(blob.length), blob));
    const data = `0x${call.toString("hex")}`;
    const answer = await chain.provider.request({ method: "eth_call", params: [{ to: address, data }, "latest"] });
    const bytes = Buffer.from((answer as string).slice(2), "hex").subarray(64, 64 + some.length);
    assert.equal(bytes.length, some.length);
    answers.push(...Array.from(bytes, (byte) => byte === 1));
  }
  return answers;
}

function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ProofError) return false;
    throw error;
  }
}

/** A path with one thing changed; which one depends on `n`. */
function spoil(path: readonly Uint8Array[], n: number): Uint8Array[] {
  const at = n % Math.max(path.length, 1);
  const ways: (() => Uint8Array[])[] = [
    () => path.slice(1),
    () => path.slice(0, -1),
    () => [...path, JUNK],
    () => [JUNK, ...path],
    () => path.map((node, i) => (i === at ? JUNK : node)),
    () => [...path].reverse(),
    () => [],
  ];
  return (ways[n % ways.length] as () => Uint8Array[])();
}

/** Compares the contract with the core, case by case, and says how many hold. */
async function compare(check: Check, all: readonly Case[], core: (one: Case) => boolean): Promise<number> {
  const actual = await verdicts(check, all);
  const expected = all.map(core);
  for (const [i, verdict] of expected.entries()) {
    if (verdict !== actual[i]) {
      assert.fail(`${check}: expected ${verdict} for ${JSON.stringify({ ...all[i], path: all[i]?.path.map(toHex) })}`);
    }
  }
  return expected.filter((verdict) => verdict).length;
}

function included({ words, path }: Case): boolean {
  const [root, size, index, leafHash] = words as [Uint8Array, number, number, Uint8Array];
  return holds(() => checkInclusion(keccak256, { root, size, index, leafHash, path }));
}

function extends_({ words, path }: Case): boolean {
  const [from, fromRoot, to, toRoot] = words as [number, Uint8Array, number, Uint8Array];
  return holds(() => checkConsistency(keccak256, { from, fromRoot, to, toRoot, path }));
}

test("every entry of every tree is found where it is, and every spoiled proof is judged as the core judges it", async () => {
  const good: Case[] = [];
  const spoiled: Case[] = [];
  for (let size = 1; size <= SIZE_MAX; size++) {
    for (let index = 0; index < size; index++) {
      const n = good.length;
      const path = tree.inclusion(index, size).map((hex) => fromHex(hex));
      const root = roots[size] as Uint8Array;
      const leaf = leaves[index] as Uint8Array;
      good.push({ words: [root, size, index, leaf], path });
      if (n % 2 === 0) {
        spoiled.push({ words: [root, size, index, leaf], path: spoil(path, n / 2) });
        continue;
      }
      const words = [
        [root, size + 1, index, leaf],
        [root, size, index ^ 1, leaf],
        [root, size, size, leaf],
        [root, 0, 0, leaf],
        [root, size, index, JUNK],
        [JUNK, size, index, leaf],
      ][((n - 1) / 2) % 6] as Case["words"];
      spoiled.push({ words, path });
    }
  }
  assert.equal(await compare("areIncluded", good, included), good.length);
  const held = await compare("areIncluded", spoiled, included);
  assert.ok(held < spoiled.length / 10, `expected few spoiled proofs to hold, got ${held} of ${spoiled.length}`);
});

test("every tree begins with every smaller one, and every spoiled proof is judged as the core judges it", async () => {
  const good: Case[] = [];
  const spoiled: Case[] = [];
  for (let to = 0; to <= SIZE_MAX; to++) {
    for (let from = 0; from <= to; from++) {
      const n = good.length;
      const path = tree.consistency(from, to).map((hex) => fromHex(hex));
      const a = roots[from] as Uint8Array;
      const b = roots[to] as Uint8Array;
      good.push({ words: [from, a, to, b], path });
      if (n % 2 === 0) {
        spoiled.push({ words: [from, a, to, b], path: spoil(path, n / 2) });
        continue;
      }
      const words = [
        [from, JUNK, to, b],
        [from, a, to, JUNK],
        [from + 1, a, to, b],
        [from, a, to + 1, b],
        [to, b, from, a],
        [from, b, to, a],
      ][((n - 1) / 2) % 6] as Case["words"];
      spoiled.push({ words, path });
    }
  }
  assert.equal(await compare("areExtensions", good, extends_), good.length);
  const held = await compare("areExtensions", spoiled, extends_);
  assert.ok(held < spoiled.length / 10, `expected few spoiled proofs to hold, got ${held} of ${spoiled.length}`);
});

test("a tree contradicts every other beginning and never its own, whatever the path", async () => {
  const own: Case[] = [];
  const foreign: Case[] = [];
  for (let to = 1; to <= SIZE_MAX; to++) {
    for (let from = 1; from < to; from++) {
      const a = roots[from] as Uint8Array;
      const b = roots[to] as Uint8Array;
      const first = Number.isInteger(Math.log2(from)) ? [a] : [];
      const path = [...first, ...tree.consistency(from, to).map((hex) => fromHex(hex))];
      own.push({ words: [from, a, to, b], path });
      foreign.push({ words: [from, JUNK, to, b], path });
      // A spoiled path that is no path of the larger tree shows nothing, neither of a foreign beginning nor of its own.
      const spoiled = spoil(path, foreign.length);
      const isChanged =
        spoiled.length !== path.length || spoiled.some((node, i) => !equal(node, path[i] as Uint8Array));
      const claimed = foreign.length % 2 === 0 ? JUNK : a;
      if (isChanged) own.push({ words: [from, claimed, to, b], path: spoiled });
    }
  }
  assert.equal(await compare("areContradictions", own, () => false), 0);
  assert.equal(await compare("areContradictions", foreign, () => true), foreign.length);
});

test("trees up to the largest sizes are judged alike", async () => {
  const large = uniformTree();
  const sizes = [2 ** 20 + 777, 2 ** 30, 2 ** 30 + 1, 2 ** 32 - 1, 2 ** 40 + 3, 2 ** 52 - 1, 2 ** 52];
  const inclusions: Case[] = [];
  const extensions: Case[] = [];
  for (const [n, size] of sizes.entries()) {
    const root = fromHex(large.root(size));
    for (const index of [0, 1, Math.floor(size / 3), size - 2, size - 1]) {
      const path = large.inclusion(index, size).map((hex) => fromHex(hex));
      inclusions.push({ words: [root, size, index, fromHex(large.leaf(index))], path });
    }
    for (const from of [...sizes.slice(0, n), size - 1, 1, 3]) {
      const path = large.consistency(from, size).map((hex) => fromHex(hex));
      extensions.push({ words: [from, fromHex(large.root(from)), size, root], path });
    }
  }
  assert.equal(await compare("areIncluded", inclusions, included), inclusions.length);
  assert.equal(await compare("areExtensions", extensions, extends_), extensions.length);
});
