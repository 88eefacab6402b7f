/** `holdfast calldata` as a process, and what a real contract answers to the calls that it prints. */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { Interface } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { SetWriter } from "../../src/verify/set/set.ts";
import { ANVIL_ACCOUNT } from "../verify/anvil.ts";
import { TestLedger } from "../verify/fixture.ts";
import { CONTRACT, type ContractChain, startContractChain } from "./contract-chain.ts";
import { runCli } from "./run-cli.ts";

const FUNCTIONS = ["verifyEvent", "verifyInclusion", "verifyConsistency"] as const;
const ABI = new Interface(artifact.abi);
const ledger = new TestLedger(9, { owner: ANVIL_ACCOUNT.address });

type Printed = {
  readonly contract: string;
  readonly chainId: number;
  readonly signature: string;
  readonly data: string;
  readonly args: Readonly<Record<string, unknown>>;
};

/** A bundle under `size`, with anchors at these sizes. */
function bundleOf(index: number, size: number, anchored: readonly number[], omit: readonly number[] = []): Bundle {
  const anchors = anchored.map((to) => anchorAt(size, to));
  return { ...ledger.bundle(index, size, omit), anchors, status: "anchored" };
}

function anchorAt(from: number, size: number, chainId = 31337): BundleAnchor {
  const hash = (n: number): `0x${string}` => `0x${String(n).repeat(64)}`;
  const block = { transactionHash: hash(7), blockNumber: size, blockHash: hash(8), blockTime: 1_790_000_100 };
  const path = size === from ? {} : { consistency: ledger.consistency(from, size) };
  return { chainId, contract: CONTRACT, size, root: ledger.root(size), ...path, ...block };
}

async function callOf(bundle: Bundle, ...args: readonly string[]): Promise<Printed> {
  const { status, stdout, stderr } = await runCli(["calldata", "--json", ...args], { input: JSON.stringify(bundle) });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

async function startWithAnchors(t: TestContext, sizes: readonly number[]): Promise<ContractChain> {
  const chain = await startContractChain(t, { isOpen: false });
  const { id, label, signer } = ledger.record;
  await chain.send("open", [label, signer]);
  for (const [i, size] of sizes.entries()) {
    const from = sizes[i - 1] ?? 0;
    const { root, signedAt, signature } = ledger.sign(size);
    const path = from === 0 ? [] : ledger.consistency(from, size);
    await chain.send("anchor", [id, from, size, root, signedAt, signature, path]);
  }
  return chain;
}

async function answer({ rpc }: ContractChain, { contract, data }: Printed): Promise<boolean> {
  return BigInt((await rpc("eth_call", [{ to: contract, data }, "latest"])) as string) === 1n;
}

test("the contract says yes to a bundle at any anchored size, and no where nothing was anchored", async (t) => {
  const chain = await startWithAnchors(t, [3, 7]);
  for (const name of FUNCTIONS) {
    const ask = async (bundle: Bundle) => answer(chain, await callOf(bundle, "--function", name));
    assert.equal(await ask(bundleOf(1, 3, [3])), true, `${name}: the size of the bundle`);
    assert.equal(await ask(bundleOf(4, 5, [7])), true, `${name}: a size nobody anchored, under the next one that is`);
    assert.equal(await ask(bundleOf(2, 3, [7, 3], [0, 2])), true, `${name}: with members withheld`);
    assert.equal(await ask(bundleOf(4, 5, [9])), false, `${name}: an anchor that is only claimed`);
  }
});

test("what is printed is the call by name, for people and for programs", async () => {
  const bundle = bundleOf(2, 3, [7, 3], [0, 2]);
  const { contract, chainId, signature, args, data } = await callOf(bundle);
  assert.deepEqual([contract, chainId], [CONTRACT, 31337]);
  assert.equal(ABI.getFunction(signature)?.format(), signature);
  assert.equal(ABI.encodeFunctionData("verifyEvent", Object.values(args)), data);
  assert.equal(args.size, 3, "the earliest anchor");
  const { entry } = bundle;
  const members = entry.members.map((member) =>
    "text" in member
      ? { digest: `0x${"0".repeat(64)}`, ...member }
      : { ...member, salt: `0x${"0".repeat(32)}`, text: "" },
  );
  assert.deepEqual(args.members, members);
  const { stdout } = await runCli(["calldata"], { input: JSON.stringify(bundle) });
  for (const part of [CONTRACT, signature, data, `path = ${JSON.stringify(args.path)}`])
    assert.ok(stdout.includes(part), part);
});

test("of several chains one has to be named, and a contract elsewhere is pointed out", async () => {
  const elsewhere = { ...anchorAt(5, 9, 10), contract: ANVIL_ACCOUNT.address };
  const bundle = { ...bundleOf(4, 5, [7]), anchors: [anchorAt(5, 7), elsewhere] };
  const input = JSON.stringify(bundle);
  for (const [args, got] of [
    [[], "none"],
    [["--chain-id", "1"], "1"],
  ] as const) {
    const { status, stdout, stderr } = await runCli(["calldata", ...args], { input });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.ok(stderr.includes(`Expected one of the chains 31337, 10 as --chain-id, got ${got}`), stderr);
  }
  const { stdout } = await runCli(["calldata", "--chain-id", "10"], { input });
  assert.ok(stdout.includes("ask another only if the ledger's owner named it"), stdout);
  assert.equal((await callOf(bundle, "--chain-id", "10")).args.size, 9);
  assert.doesNotMatch((await runCli(["calldata", "--chain-id", "31337"], { input })).stdout, /Note/);
});

test("no call is made of what is not anchored, does not hold or is no bundle", async () => {
  const bundle = bundleOf(1, 3, [3]);
  const writer = new SetWriter(ledger.record.id);
  const set = [writer.begin(), writer.add(bundle), writer.end(), ""].join("\n");
  for (const [input, expected, code] of [
    [JSON.stringify(ledger.bundle(1, 3)), 2, "not_anchored"],
    [JSON.stringify(bundle).replace("invoice.approve", "invoice.refuse"), 1, "bundle_invalid"],
    [JSON.stringify(bundle).replace(`"blockNumber":3`, `"blockNumber":"3"`), 1, "bundle_value"],
    [set, 1, "bundle_not_json"],
    ["{}", 3, "not_a_proof"],
  ] as const) {
    const { status, stdout } = await runCli(["calldata", "--json"], { input });
    assert.deepEqual([status, JSON.parse(stdout).error.code], [expected, code], input.slice(0, 60));
  }
  const name = Buffer.from(JSON.stringify(ledger.record.name)).subarray(0, -1);
  const bytes = Buffer.from(JSON.stringify(bundle));
  bytes[bytes.indexOf(name) + 1] = 0xff;
  const { stdout } = await runCli(["calldata", "--json"], { input: bytes });
  assert.equal(JSON.parse(stdout).error.code, "utf8_invalid");
  assert.match((await runCli(["calldata"], { input: set })).stderr, /evidence set; expected the bundle of one event/);
  assert.equal((await runCli(["calldata", "/nowhere/bundle.json"])).status, 2);
  assert.equal((await runCli(["calldata", "--function", "anchor"])).status, 2);
});
