/** keccak256 of many inputs at once, against three other implementations of it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import { createKeccak } from "hash-wasm";
import packageKeccak from "keccak256";
import { entryLeafHashes } from "../../../src/entry/entry.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { TreeEdge } from "../../../src/merkle/append.ts";
import { fromUtf8, toHex, utf8 } from "../../../src/merkle/bytes.ts";
import { type Hash, type HashMany, keccak256 } from "../../../src/merkle/hash.ts";
import { tileRoot } from "../../../src/merkle/tile.ts";

const ROOT = join(import.meta.dirname, "../../..");
const HASH_LENGTH = 32;
const hash = await fastKeccak256();
const many = hash.many as HashMany;
const hasher = await createKeccak(256);

const OTHERS: Readonly<Record<string, Hash>> = {
  "@noble/hashes": keccak256,
  "hash-wasm": (data) => hasher.init().update(data).digest("binary"),
  keccak256: (data) => packageKeccak(Buffer.from(data)),
};

/** Bytes that differ from place to place, and from seed to seed. */
function someBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Parts of these lengths, with so many bytes between them. */
function boundsOf(lengths: readonly number[], gap: number): number[] {
  let at = 0;
  return lengths.flatMap((length) => {
    at += gap + length;
    return [at - length, at];
  });
}

function digestsOf(bytes: Uint8Array, bounds: readonly number[]): Uint8Array[] {
  const digests = new Uint8Array((bounds.length / 2) * HASH_LENGTH);
  many(bytes, bounds, digests);
  return Array.from({ length: bounds.length / 2 }, (_, i) => digests.subarray(HASH_LENGTH * i, HASH_LENGTH * (i + 1)));
}

function compare(lengths: readonly number[], gap: number, other: Hash, seed = lengths.length): void {
  const bounds = boundsOf(lengths, gap);
  const bytes = someBytes(bounds.at(-1) ?? 0, seed);
  const before = bytes.slice();
  for (const [i, digest] of digestsOf(bytes, bounds).entries()) {
    const expected = toHex(other(bytes.subarray(bounds[2 * i], bounds[2 * i + 1])));
    assert.equal(toHex(digest), expected, `part ${i} of ${lengths[i]} bytes`);
  }
  assert.deepEqual(bytes, before);
}

test("known inputs have the digests that the world knows", () => {
  // https://keccak.team/archives.html (ShortMsgKAT_256: 0, 8 and 1088 bits), and Ethereum's "testing".
  const known: readonly (readonly [Uint8Array, string])[] = [
    [utf8(""), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"],
    [Uint8Array.of(0xcc), "0xeead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"],
    [utf8("abc"), "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"],
    [utf8("testing"), "0x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"],
  ];
  const bytes = Buffer.concat(known.map(([input]) => input));
  const bounds = boundsOf(
    known.map(([input]) => input.length),
    0,
  );
  assert.deepEqual(
    digestsOf(bytes, bounds).map(toHex),
    known.map(([, digest]) => digest),
  );
});

for (const [name, other] of Object.entries(OTHERS)) {
  test(`inputs of every length up to 700 bytes have the digests of ${name}, side by side with any other`, () => {
    const lengths = Array.from({ length: 701 }, (_, i) => i);
    compare(lengths, 0, other);
    compare(lengths.toReversed(), 1, other);
    // 337 and 701 have no common divisor: each length once, next to a length of another number of blocks.
    compare(
      lengths.map((i) => (i * 337) % 701),
      3,
      other,
    );
  });
}

test("whatever inputs stand beside each other have the digests that each has alone", () => {
  const length = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 120, max: 150 }), fc.nat({ max: 20_000 }));
  fc.assert(
    fc.property(fc.array(length, { maxLength: 40 }), fc.nat({ max: 4 }), fc.nat(), (lengths, gap, seed) =>
      compare(lengths, gap, OTHERS["hash-wasm"] as Hash, seed),
    ),
    { seed: 20_261_127, numRuns: 150 },
  );
});

test("more and larger inputs than have room in its memory are hashed all the same", () => {
  const other = OTHERS["hash-wasm"] as Hash;
  compare(new Array(5000).fill(65), 0, other);
  compare([7, 3_000_000, 0, 131_071, 131_072, 131_073, 135, 136, 200_000, 9], 1, other);
  compare([0, ...new Array(1023).fill(136), 137, 0], 0, other);
});

test("what was hashed before leaves nothing behind", () => {
  const digest = toHex(keccak256(utf8("a")));
  for (const length of [0, 135, 136, 5000, 131_072]) {
    digestsOf(new Uint8Array(2 * length).fill(0xff), [0, length, length, 2 * length]);
    assert.deepEqual(digestsOf(utf8("a"), [0, 1]).map(toHex), [digest]);
  }
});

test("parts that are not in the bytes, or not in order, are refused, and so is too little room", () => {
  const bytes = new Uint8Array(10);
  const wrong: readonly (readonly number[])[] = [
    [0, 11],
    [5, 4],
    [-1, 3],
    [4, 8, 2, 9],
    [0, Number.NaN],
    [11, 11],
  ];
  for (const bounds of wrong) assert.throws(() => digestsOf(bytes, bounds), RangeError, String(bounds));
  assert.throws(() => many(bytes, [0, 1, 1, 2], new Uint8Array(63)), /expected room for 64 bytes/);
});

test("without vectors of 128 bits the same is hashed, one after another", () => {
  const module = JSON.stringify(join(ROOT, "src/ledger/keccak/keccak-wasm.ts"));
  const script = `const { fastKeccak256 } = await import(${module});
    const hash = await fastKeccak256();
    process.stdout.write(typeof hash.many + " " + Buffer.from(hash(Buffer.from("abc"))).toString("hex"));`;
  // Processors that have no such switch have their vectors always.
  const flags = process.arch === "x64" ? ["--no-enable-sse4-1"] : [];
  const { stdout } = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", script]);
  const kind = process.arch === "x64" ? "undefined" : "function";
  assert.equal(fromUtf8(stdout), `${kind} 4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45`);
});

test("trees, tiles and entries are the same hashed in pairs and hashed one after another", () => {
  const alone: Hash = (data) => hash(data);
  const digests = Array.from({ length: 700 }, (_, i) => someBytes(HASH_LENGTH * (1 + (i % 64)), i));
  const leaves = entryLeafHashes(hash, 1_700_000_000_000, digests);
  assert.deepEqual(leaves, entryLeafHashes(alone, 1_700_000_000_000, digests));
  const edge = new TreeEdge(hash);
  const other = new TreeEdge(alone);
  for (const each of [edge, other]) each.appendAll(leaves);
  assert.deepEqual(edge.root(), other.root());
  const tiles = edge.takeTiles();
  assert.deepEqual(tiles, other.takeTiles());
  for (const { hashes } of tiles) assert.deepEqual(tileRoot(hash, hashes), tileRoot(alone, hashes));
});
