/** The golden vectors: what this code makes today, and what the specification says by other packages' code alone. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import canonicalize from "canonicalize";
import { AbiCoder, keccak256 as ethersKeccak256, id, verifyTypedData } from "ethers";
import keccak256 from "keccak256";
import { readMemberText } from "../../src/entry/member.ts";
import { fromHex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256 as hash } from "../../src/merkle/hash.ts";
import { checkConsistency, checkInclusion } from "../../src/merkle/proof.ts";
import { plain, readIndependently } from "../json/independent.ts";
import { Model } from "../merkle/model.ts";
import { EVENTS } from "./events.ts";
import { makeVectors } from "./generate.ts";

type Shown = { readonly name: string; readonly salt: string; readonly text: string };
type EntryVector = {
  readonly name: string;
  readonly received: string;
  readonly own?: Record<string, unknown>;
  readonly recordedAt: number;
  readonly members: readonly Shown[];
  readonly digests: readonly string[];
  readonly content: string;
  readonly entry: string;
  readonly leafHash: string;
  readonly withheld?: readonly (Shown | { readonly digest: string })[];
};
type TreeVectors = {
  readonly leafHashes: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { index: number; size: number; path: string[] }[];
  readonly consistency: readonly { from: number; to: number; path: string[] }[];
  readonly tile: { digest: string; root: string };
};
type CheckpointVectors = {
  readonly ledger: { id: string; name: string; label: string; owner: string; signer: string };
  readonly checkpoints: readonly { size: number; root: string; signedAt: number; digest: string; signature: string }[];
};

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8")) as T;
}

const { entries, refusedTexts } = read<{ entries: EntryVector[]; refusedTexts: string[] }>("entries.json");
const tree = read<TreeVectors>("tree.json");
const { ledger, checkpoints } = read<CheckpointVectors>("checkpoints.json");

/** keccak256 of the npm package of that name, of bytes given as hex. */
function digestOf(...parts: readonly string[]): string {
  return `0x${keccak256(Buffer.from(parts.map((part) => part.replace(/^0x/, "")).join(""), "hex")).toString("hex")}`;
}

function hexOf(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}

test("generating the vectors again gives the same files", async () => {
  for (const [name, text] of await makeVectors()) {
    assert.equal(readFileSync(join(import.meta.dirname, name), "utf8"), text, name);
  }
});

test("there is a vector for each of the events, and each begins with its event", () => {
  assert.deepEqual(
    entries.map(({ name, received }) => [name, received]),
    EVENTS.map(({ name, received }) => [name, received]),
  );
});

for (const vector of entries) {
  test(`the entry of "${vector.name}" is what the specification says, by other packages`, () => {
    const event = plain(readIndependently(vector.received)) as Record<string, unknown>;
    const all: Record<string, unknown> = { ...event, ...vector.own };
    const names = Object.keys(all).sort();
    const texts = names.map((name) => `${canonicalize(name)}:${canonicalize(all[name])}`);
    assert.deepEqual(
      vector.members.map(({ name, text }) => [name, text]),
      names.map((name, i) => [name, texts[i]]),
    );
    const digests = vector.members.map(({ salt, text }) => digestOf("02", salt, hexOf(text)));
    assert.deepEqual(vector.digests, digests);
    assert.equal(vector.content, digestOf(hexOf(canonicalize(event) as string)));
    const time = vector.recordedAt.toString(16).padStart(16, "0");
    assert.equal(vector.entry, `0x01${time}${digests.map((digest) => digest.slice(2)).join("")}`);
    assert.equal(vector.leafHash, digestOf("00", vector.entry));
    for (const [i, member] of (vector.withheld ?? vector.members).entries()) {
      assert.deepEqual(member, "digest" in member ? { digest: digests[i] } : vector.members[i]);
    }
  });
}

test("texts that are no member are refused", () => {
  assert.ok(refusedTexts.length > 10);
  for (const text of refusedTexts) assert.throws(() => readMemberText(text), TypeError, text);
});

test("the vectors of the tree are those of the RFC's recursive definition", () => {
  const leaves = Array.from({ length: 256 }, (_, i) => fromHex(digestOf("00", i.toString(16).padStart(16, "0")), 32));
  const model = new Model((data) => fromHex(ethersKeccak256(data)), leaves);
  assert.deepEqual(tree.leafHashes, leaves.slice(0, tree.leafHashes.length).map(toHex));
  assert.deepEqual(
    tree.roots,
    tree.roots.map((_, size) => toHex(model.root(0, size))),
  );
  for (const { index, size, path } of tree.inclusion) {
    assert.deepEqual(path, model.path(index, 0, size).map(toHex), `index ${index} of ${size}`);
  }
  for (const { from, to, path } of tree.consistency) {
    const expected = from === 0 ? [] : model.proof(from, 0, to);
    assert.deepEqual(path, expected.map(toHex), `from ${from} to ${to}`);
  }
  assert.equal(tree.tile.root, toHex(model.root(0, 256)));
  assert.equal(tree.tile.digest, digestOf(...leaves.map(toHex)));
});

test("the proofs of the vectors hold", () => {
  const root = (size: number) => fromHex(tree.roots[size] as string, 32);
  for (const { index, size, path } of tree.inclusion) {
    const nodes = path.map((node) => fromHex(node, 32));
    const leafHash = fromHex(tree.leafHashes[index] as string, 32);
    checkInclusion(hash, { index, size, leafHash, path: nodes, root: root(size) });
  }
  for (const { from, to, path } of tree.consistency) {
    const nodes = path.map((node) => fromHex(node, 32));
    checkConsistency(hash, { from, to, fromRoot: root(from), toRoot: root(to), path: nodes });
  }
});

test("the checkpoints of the vectors are over its entries, and signed by the ledger's signer", () => {
  const leaves = entries.map(({ leafHash }) => fromHex(leafHash, 32));
  const model = new Model(hash, leaves);
  const types = ["bytes32 ledgerId", "uint64 size", "bytes32 root", "uint64 signedAt"].map((field) => {
    const [type, name] = field.split(" ") as [string, string];
    return { name, type };
  });
  assert.equal(ledger.label, id(ledger.name));
  const encoded = AbiCoder.defaultAbiCoder().encode(["address", "bytes32"], [ledger.owner, ledger.label]);
  assert.equal(ledger.id, ethersKeccak256(encoded));
  assert.equal(checkpoints.length, entries.length);
  for (const { size, root, signedAt, signature } of checkpoints) {
    assert.equal(root, toHex(model.root(0, size)));
    const statement = { ledgerId: ledger.id, size, root, signedAt };
    const domain = { name: "Holdfast", version: "1" };
    assert.equal(verifyTypedData(domain, { Checkpoint: types }, statement, signature), ledger.signer);
  }
});
