/**
 * On which chain a command signs: the one that its user means. Every command with `--account` against endpoints that
 * name another chain than they are asked for, with a signer that keeps account of what it was given to sign.
 */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import type { Command } from "commander";
import { Wallet } from "ethers";
import { makeProgram } from "../../src/cli/main.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { ANVIL, ANVIL_ACCOUNT } from "../verify/anvil.ts";
import { bendNode } from "./bent-node.ts";
import { CONTRACT, type ContractChain, startContractChain } from "./contract-chain.ts";
import { serveHttp } from "./fake-http.ts";
import { History, keyNamed, LEDGER_ID, SIGNER, signerOf } from "./fork-proof/histories.ts";
import { makeFolder, type Run } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const PUBLIC = 11155111;
const DEVELOPMENT = 31337;
const MAINNET = 1;
const OTHER_OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"; // anvil's second account
const OFFERED = deriveLedgerId(OTHER_OWNER.toLowerCase() as `0x${string}`, labelOf("offered"));
const SUCCESSOR = deriveLedgerId(ANVIL_ACCOUNT.address.toLowerCase() as `0x${string}`, labelOf("successor"));
const NEXT_SIGNER = signerOf(keyNamed("next signer"));
const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";
const told = new History(10);
const other = new History(10, "other", 5);

type Row = {
  readonly args: readonly string[];
  /** What is printed when it sent something; else the exit status says so. */
  readonly done?: RegExp;
  /** Exit status when the endpoint is of another chain, if not 2. */
  readonly elsewhere?: number;
};

/** Every command that signs, with what makes it send something; in this order each finds something to do. */
const COMMANDS: Readonly<Record<string, Row>> = {
  watch: {
    args: ["--once", "--json", "--anchor", "--anchor-after", "0"],
    done: /"anchored": ?"0x[0-9a-f]{64}"/,
    elsewhere: 1, // to a watcher it is something bad that it found
  },
  deploy: { args: ["--ledger", "deployed", "--signer", NEXT_SIGNER] },
  "owner open": { args: ["--ledger", "opened", "--signer", NEXT_SIGNER] },
  "owner rotate-signer": { args: ["--ledger-id", LEDGER_ID, "--signer", NEXT_SIGNER] },
  "owner transfer": { args: ["--ledger-id", LEDGER_ID, "--to", OTHER_OWNER] },
  "owner accept": { args: ["--ledger-id", OFFERED] },
  "fork-proof": { args: ["--development"] },
  "owner name-successor": { args: ["--ledger-id", LEDGER_ID, "--successor", SUCCESSOR] },
};

type DraftField = "to" | "data" | "nonce" | "gas" | "chainId" | "maxFeePerGas" | "maxPriorityFeePerGas";
type Draft = Readonly<Record<DraftField, string>>;
/** How a signer signs what it is asked. */
type Signing = (draft: Draft) => Promise<string>;

const honest: Signing = ({ to, data, nonce, gas, chainId, maxFeePerGas, maxPriorityFeePerGas }) =>
  new Wallet(ANVIL_ACCOUNT.key).signTransaction({
    type: 2,
    chainId,
    to,
    data,
    nonce: Number(nonce),
    gasLimit: gas,
    maxFeePerGas,
    maxPriorityFeePerGas,
  });

type World = {
  readonly args: (name: string) => string[];
  /** Chain ids of what it was given to sign. */
  readonly signed: number[];
};

/** A service, files of a contradiction, and a signer. */
async function makeWorld(t: TestContext, sign: Signing = honest): Promise<World> {
  const folder = makeFolder(t);
  const files = [told.checkpoint(9), other.checkpoint(9)].map((each, i) => {
    const file = join(folder, `${i}.json`);
    writeFileSync(file, JSON.stringify(each));
    return file;
  });
  const service = await serveHttp(t, () => ({ body: told.checkpoint(8) }));
  const signed: number[] = [];
  const signer = await serveHttp(t, async ({ body }) => {
    const { id, params } = JSON.parse(body) as { id: number; params: readonly [Draft] };
    signed.push(Number(params[0].chainId));
    return { body: { jsonrpc: "2.0", id, result: await sign(params[0]) } };
  });
  const account = ["--account", signer.url, "--from", ANVIL_ACCOUNT.address];
  let states = 0;
  const args = (name: string) => {
    const own = [...name.split(" "), ...(COMMANDS[name]?.args ?? []), ...account];
    if (name === "fork-proof") return [...own, ...files];
    if (name === "watch") return [...own, "--url", service.url, "--state", join(folder, `watch-${states++}.json`)];
    return own;
  };
  return { args, signed };
}

async function startChain(t: TestContext, chainId: number): Promise<ContractChain> {
  const chain = await startContractChain(t, { chainId });
  await chain.send("open", [labelOf("successor"), SIGNER]);
  await chain.send("open", [labelOf("offered"), SIGNER], OTHER_OWNER);
  await chain.send("transferOwnership", [OFFERED, ANVIL_ACCOUNT.address], OTHER_OWNER);
  return chain;
}

/** An endpoint that names each of the chains once, and the last one from then on, whatever it is. */
async function lieAboutChain(t: TestContext, { url }: ContractChain, ...chainIds: number[]): Promise<string> {
  let asked = 0;
  const bent = await bendNode(t, url, (method, _params, result) => {
    if (method !== "eth_chainId") return result;
    return `0x${chainIds[Math.min(asked++, chainIds.length - 1)]?.toString(16)}`;
  });
  return bent.url;
}

const paths = (command: Command, above: readonly string[] = []): string[] =>
  command.commands.flatMap((each) => {
    const path = [...above, each.name()];
    return each.options.some(({ long }) => long === "--account") ? [path.join(" ")] : paths(each, path);
  });

test("the table below has every command that takes an account", async () => {
  const program = await makeProgram(undefined, () => undefined);
  assert.deepEqual(paths(program).sort(), Object.keys(COMMANDS).sort());
});

test("whoever does not say on which chain, or meets another, signs nothing", { skip }, async (t) => {
  const chain = await startChain(t, PUBLIC);
  const { args, signed } = await makeWorld(t);
  const nonce = () => chain.rpc("eth_getTransactionCount", [ANVIL_ACCOUNT.address, "latest"]);
  const before = await nonce();
  const lying = await lieAboutChain(t, chain, MAINNET);
  for (const [name, { elsewhere = 2 }] of Object.entries(COMMANDS)) {
    const [none, wrong] = await Promise.all([
      runCommand([...args(name), "--rpc", chain.url]),
      runCommand([...args(name), "--rpc", lying, "--chain-id", String(PUBLIC)]),
    ]);
    assert.deepEqual([none.status, signed], [2, []], name);
    assert.match(said(none), /Expected --chain-id with --account, got none: .* chain 11155111 \(Sepolia/, name);
    assert.match(said(none), /give --chain-id 11155111 if that is the chain that you mean/, name);
    assert.deepEqual([wrong.status, signed], [elsewhere, []], name);
    assert.match(said(wrong), /xpected chain 11155111.*got chain 1\b/, name);
  }
  assert.equal(await nonce(), before);
});

test("an endpoint that names a development chain first and another one then gets no signature", { skip }, async (t) => {
  const chain = await startChain(t, DEVELOPMENT);
  const { args, signed } = await makeWorld(t);
  for (const [name, { elsewhere = 2 }] of Object.entries(COMMANDS)) {
    const run = await runCommand([...args(name), "--rpc", await lieAboutChain(t, chain, DEVELOPMENT, MAINNET)]);
    assert.deepEqual([run.status, signed], [elsewhere, []], `${name}: ${said(run)}`);
    assert.match(said(run), /xpected chain 31337, got chain 1\b/, name);
  }
});

for (const [chainId, flags] of [
  [PUBLIC, ["--chain-id", String(PUBLIC)]],
  [DEVELOPMENT, []],
  [DEVELOPMENT, ["--chain-id", String(DEVELOPMENT)]],
] as const) {
  test(`on chain ${chainId} with ${flags.join(" ") || "no --chain-id"} it signs for that chain`, {
    skip,
  }, async (t) => {
    const chain = await startChain(t, chainId);
    const { args, signed } = await makeWorld(t);
    for (const [name, { done }] of Object.entries(COMMANDS)) {
      const run = await runCommand([...args(name), "--rpc", chain.url, ...flags]);
      if (done === undefined) assert.equal(run.status, 0, `${name}: ${said(run)}`);
      else assert.match(run.stdout, done, name);
      assert.deepEqual(signed.splice(0), [chainId], name);
    }
  });
}

test("what a signer signs for another chain, or for every chain, is not sent", { skip }, async (t) => {
  const chain = await startChain(t, DEVELOPMENT);
  const nonce = () => chain.rpc("eth_getTransactionCount", [ANVIL_ACCOUNT.address, "latest"]);
  const before = await nonce();
  const wallet = new Wallet(ANVIL_ACCOUNT.key);
  const lies: Readonly<Record<string, Signing>> = {
    1: (draft) => honest({ ...draft, chainId: "0x1" }),
    // Before EIP-155 no chain was named, so that it is valid on all of them.
    0: ({ to, data, nonce, gas, maxFeePerGas }) =>
      wallet.signTransaction({ type: 0, to, data, nonce: Number(nonce), gasLimit: gas, gasPrice: maxFeePerGas }),
  };
  for (const [got, sign] of Object.entries(lies)) {
    const { args } = await makeWorld(t, sign);
    const run = await runCommand([...args("owner rotate-signer"), "--rpc", chain.url]);
    assert.equal(run.status, 1);
    assert.match(said(run), new RegExp(`expected chainId 31337 in what was signed, got ${got}\\b`));
  }
  assert.equal(await nonce(), before);
});

test("files that name only other chains are not proved with an account", { skip }, async (t) => {
  const chain = await startChain(t, DEVELOPMENT);
  const { signed, args } = await makeWorld(t);
  const anchorOn = (chainId: number) => ({
    chainId,
    contract: CONTRACT,
    transactionHash: toHex(keyNamed("hash")),
    blockHash: toHex(keyNamed("block")),
    size: 7,
    root: told.tree.root(7),
    blockNumber: 1,
    blockTime: 1,
  });
  const prove = (...chainIds: number[]): Promise<Run> => {
    const file = join(makeFolder(t), "bundle.json");
    writeFileSync(file, JSON.stringify(told.bundle(6, 7, chainIds.map(anchorOn))));
    return runCommand([...args("fork-proof"), file, "--rpc", chain.url]);
  };
  const foreign = await prove(PUBLIC);
  assert.deepEqual([foreign.status, signed], [2, []]);
  assert.match(said(foreign), /Expected files of chain 31337 .*, got ones that name only chain 11155111 \(Sepolia/);
  const both = await prove(PUBLIC, DEVELOPMENT);
  assert.deepEqual([both.status, signed], [0, [DEVELOPMENT]], said(both));
});

function said({ stdout, stderr }: Run): string {
  return stdout + stderr;
}
