/** docs/format.md: its constants, its pseudo-code and its worked example are held to the vectors and to the contract. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { AbiCoder, concat, Interface, id, keccak256 } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { verifyText } from "../../src/verify/verify.ts";

type Entry = { digests: string[]; entry: string; leafHash: string; recordedAt: number; received: string };
type Checkpoint = { size: number; root: string; signedAt: number; digest: string; signature: string };
type Tree = {
  leafHashes: string[];
  roots: string[];
  inclusion: { index: number; size: number; path: string[] }[];
};

const ROOT = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const format = read("docs/format.md");
const entries = (JSON.parse(read("test/vectors/entries.json")) as { entries: Entry[] }).entries;
const tree = JSON.parse(read("test/vectors/tree.json")) as Tree;
const { ledger, domainSeparator, typeHash, checkpoints } = JSON.parse(read("test/vectors/checkpoints.json")) as {
  ledger: { id: string; signer: string };
  domainSeparator: string;
  typeHash: string;
  checkpoints: Checkpoint[];
};
const checkpoint = checkpoints[2] as Checkpoint;
const example = format.slice(format.indexOf("## 9."));
const bundle = (/```json\n([\s\S]*?)```/.exec(example) as unknown as [string, string])[1];

/** The words of a line that begins with a name, in a part of the page. */
function shownFor(name: string, part = example): string {
  const line = part.split("\n").find((text) => text.startsWith(`${name} `));
  assert.ok(line, `no line of ${name}`);
  return line
    .slice(name.length)
    .trim()
    .split(/\s{2,}/)[0] as string;
}

function nodeHash(left: string, right: string): string {
  return keccak256(concat(["0x01", left, right]));
}

/** Inclusion as the pseudo-code of §4 says it; undefined when the path is not used up exactly. */
function rootByPseudoCode(index: number, size: number, leafHash: string, path: readonly string[]): string | undefined {
  const left = [...path];
  const next = () => left.shift() ?? "0x";
  let position = index;
  let last = size - 1;
  let node = leafHash;
  while (position !== last) {
    const sibling = next();
    node = position % 2 === 1 ? nodeHash(sibling, node) : nodeHash(node, sibling);
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  while (position !== 0) {
    if (position % 2 === 1) node = nodeHash(next(), node);
    position = Math.floor(position / 2);
  }
  return left.length === 0 ? node : undefined;
}

test("the bundle of the example verifies, and shows what it says", async () => {
  // The signer of the vectors, from their own file.
  const verdict = await verifyText(bundle, { expected: { signers: [ledger.signer] } });
  assert.equal(verdict.outcome, "verified", verdict.summary);
  assert.equal(verdict.status, "recorded");
  assert.deepEqual(verdict.event, { action: "user.login", time: "2026-09-21T14:00:00Z" });
  const spoiled = await verifyText(bundle.replace("user.login", "user.logout"), {});
  assert.equal(spoiled.outcome, "failed");
});

test("the values of the example are those of the vectors", () => {
  const [first, second, third] = entries as [Entry, Entry, Entry];
  assert.ok(example.includes(first.received));
  assert.ok(example.includes(`Recorded at ${first.recordedAt}, which is 0x${first.entry.slice(4, 20)}`));
  assert.deepEqual(
    [...example.matchAll(/^digest {2}(0x[0-9a-f]{64})$/gm)].map((match) => match[1]),
    first.digests,
  );
  assert.equal(shownFor("entry"), first.entry);
  assert.equal(shownFor("leaf 0"), first.leafHash);
  assert.equal(shownFor("leaf 1"), second.leafHash);
  assert.equal(shownFor("leaf 2"), third.leafHash);
  assert.equal(shownFor("node"), checkpoints[1]?.root);
  assert.equal(shownFor("root"), checkpoint.root);
  assert.equal(shownFor("digest      "), checkpoint.digest);
});

test("the constants and the struct hash are what the formulas give", () => {
  const section = format.slice(format.indexOf("## 5."), format.indexOf("## 6."));
  const constants = [...section.matchAll(/^ {17}= (0x[0-9a-f]{64})$/gm)].map((match) => match[1]);
  const domain = [id("EIP712Domain(string name,string version)"), id("Holdfast"), id("1")];
  assert.deepEqual(constants, [keccak256(concat(domain)), typeHash]);
  assert.equal(constants[0], domainSeparator);
  const types = ["bytes32", "bytes32", "uint64", "bytes32", "uint64"];
  const values = [typeHash, ledger.id, checkpoint.size, checkpoint.root, checkpoint.signedAt];
  const struct = keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  assert.equal(shownFor("struct hash"), struct);
  assert.equal(keccak256(concat(["0x1901", domainSeparator, struct])), checkpoint.digest);
});

test("the storage slot is that of a mapping of mappings in slot 0", () => {
  const coder = AbiCoder.defaultAbiCoder();
  const roots = keccak256(coder.encode(["bytes32", "uint256"], [ledger.id, 0]));
  assert.equal(shownFor("slot"), keccak256(coder.encode(["uint64", "bytes32"], [checkpoint.size, roots])));
});

test("the selectors and the topic are those of the contract's interface", () => {
  const { abi } = artifact;
  const contract = new Interface(abi);
  const section = format.slice(format.indexOf("## 8."), format.indexOf("## 9."));
  const listed = [...section.matchAll(/^(\w+)\(.*(0x[0-9a-f]{8})\b/gm)].map(([, name, selector]) => [name, selector]);
  assert.equal(listed.length, 7);
  for (const [name, selector] of listed) assert.equal(contract.getFunction(name as string)?.selector, selector, name);
  assert.ok(section.includes(`topic ${contract.getEvent("Anchored")?.topicHash}`));
});

test("the known version is the contract that is deployed", () => {
  assert.equal(shownFor("code hash", format), artifact.runtimeCodeHash);
  assert.equal(shownFor("address", format), artifact.create2.address);
});

test("the pseudo-code of inclusion takes every path of the vectors, and none that is longer or shorter", () => {
  for (const { index, size, path } of tree.inclusion) {
    const leafHash = tree.leafHashes[index] as string;
    assert.equal(rootByPseudoCode(index, size, leafHash, path), tree.roots[size], `index ${index} of ${size}`);
    assert.equal(rootByPseudoCode(index, size, leafHash, [...path, leafHash]), undefined);
    if (path.length > 0) {
      assert.notEqual(rootByPseudoCode(index, size, leafHash, path.slice(1)), tree.roots[size]);
    }
  }
});
