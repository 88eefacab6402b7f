/** The embedded chain: it keeps what was final through any death, ends with its owner, and leaves no process behind. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { connectChain } from "../../src/chain/evm-chain.ts";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import { DEV_CHAIN_ID, DevChain, type DevChainOptions } from "../../src/devchain/devchain.ts";
import { findProgram, startProcess } from "../../src/devchain/process.ts";
import { Run } from "../anchor/run.ts";
import { append, OWNER, quiet } from "../anchor/world.ts";
import { until } from "../until.ts";

const chains = new Map<string, DevChain[]>();

/** A folder that is removed when the chains in it are closed. */
async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-chain-"));
  t.after(async () => {
    for (const chain of chains.get(dir) ?? []) await chain.close();
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}

async function openChain(dir: string, options: Partial<DevChainOptions> = {}): Promise<DevChain> {
  const chain = await DevChain.open({ dir, log: quiet, ...options });
  chains.set(dir, [...(chains.get(dir) ?? []), chain]);
  return chain;
}

function connect(chain: DevChain) {
  return connectChain({ urls: [chain.url], chainId: DEV_CHAIN_ID, contract: chain.contract, timeoutMs: 5_000 });
}

async function pidIn(dir: string): Promise<number> {
  return JSON.parse(await readFile(join(dir, "chain.pid"), "utf8")).pid;
}

function isAlive(pid: number): boolean {
  try {
    // An ended child that nobody waited for yet is still in the table.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function waitUntilGone(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => !isAlive(pid));
}

/** The chain dies at once, as its whole machine might; resolves when another process is in its place. */
async function killChain(dir: string): Promise<number> {
  const killed = await pidIn(dir);
  process.kill(killed, "SIGKILL");
  await until("the chain to be started again", async () => (await pidIn(dir)) !== killed);
  return pidIn(dir);
}

test("a chain that was stopped goes on where it was, with the contract at its public address", async (t) => {
  const dir = await folder(t);
  const first = await DevChain.open({ dir, log: quiet });
  assert.equal(first.contract, DEPLOYED.address);
  const before = connect(first);
  const identity = await before.identify();
  assert.equal(identity.codeHash, DEPLOYED.codeHash);
  await first.fund(OWNER.address);
  await first.mineBlocks();
  const block = await before.block("latest");
  before.close();
  await first.close();
  assert.equal(existsSync(join(dir, "chain.pid")), false);

  const second = await openChain(dir);
  const after = connect(second);
  assert.deepEqual(await after.identify(), identity);
  assert.deepEqual(await after.block("latest"), block);
  assert.ok((await after.balance(OWNER.address)) > 0n);
  after.close();
});

test("a chain has one first block however often it is started, and its clock goes with ours", async (t) => {
  const dir = await folder(t);
  const firsts: unknown[] = [];
  for (let start = 0; start < 7; start++) {
    const chain = await openChain(dir);
    const endpoint = connectEndpoint(chain.url, 5_000);
    const reader = connect(chain);
    t.after(() => {
      endpoint.close();
      reader.close();
    });
    firsts.push((await reader.identify()).genesis);
    const from = Math.floor(Date.now() / 1000);
    await endpoint.request("hardhat_mine", ["0x1"]);
    const { time = 0 } = (await reader.block("latest")) ?? {};
    // The clock counts whole seconds, and is set by a number that is a little old when it arrives.
    assert.ok(
      time >= from - 1 && time <= Date.now() / 1000 + 1,
      `expected a block of about ${from}, got one of ${time}`,
    );
    await chain.close();
    if (start === 0) await rm(join(dir, "state.json.gz"));
    // Time passes, and the clock of a chain starts at its first block.
    await new Promise((wake) => setTimeout(wake, [1100, 2100][start] ?? 0));
  }
  assert.notEqual(firsts[0], firsts[1], "one that is started over is another chain");
  assert.equal(new Set(firsts.slice(1)).size, 1);
});

test("a chain that is killed is started again; what was final is there, and what was only mined is anchored again, once", async (t) => {
  const dir = await folder(t);
  const chain = await openChain(dir, { reviveMs: 10 });
  const mine = async () => undefined;
  const run = await Run.open({ urls: [chain.url], truth: chain.url, mine, mineBlocks: () => chain.mineBlocks() });
  t.after(() => run.stop());
  for (const account of [run.payer.address, OWNER.address]) await chain.fund(account);
  await run.start();
  await append(run.ledger, 3);
  await run.runUntilFinal();
  const final = await run.newest();
  // Mined, and not yet on disk: the step that mines it does not mineBlocks.
  run.options = { ...run.options, mineBlocks: async () => undefined };
  await run.start();
  await append(run.ledger, 2);
  await run.step();
  await run.step();
  assert.deepEqual([(await run.newest())?.size, (await run.newest())?.stage], [5, "mined"]);
  run.options = { ...run.options, mineBlocks: () => chain.mineBlocks() };
  await run.start();
  await killChain(dir);
  await run.runUntilFinal();
  await run.requireOrder(10_000n * 10n ** 18n);
  const reader = connect(chain);
  assert.equal((await reader.block(final?.blockNumber ?? 0))?.hash, final?.blockHash);
  reader.close();
});

test("a chain that is killed before its first snapshot has the contract and the money again", async (t) => {
  const dir = await folder(t);
  const chain = await openChain(dir, { reviveMs: 10 });
  await chain.fund(OWNER.address);
  await killChain(dir);
  const reader = connect(chain);
  assert.equal((await reader.identify()).codeHash, DEPLOYED.codeHash);
  await until("money again", async () => (await reader.balance(OWNER.address)) > 0n);
  reader.close();
});

test("a chain that cannot be started again is tried again, and can be closed meanwhile", async (t) => {
  const dir = await folder(t);
  const errors: string[] = [];
  const log = { ...quiet, error: (_: object, message: string) => void errors.push(message) };
  const chain = await openChain(dir, { reviveMs: 10, log });
  const pid = await pidIn(dir);
  const snapshot = await readFile(join(dir, "state.json.gz"));
  await writeFile(join(dir, "state.json.gz"), "not gzip");
  process.kill(pid, "SIGKILL");
  const failures = () => errors.filter((message) => message.includes("did not start again"));
  await until("two failed starts", () => failures().length >= 2);
  await writeFile(join(dir, "state.json.gz"), snapshot);
  await until("the chain to be started again", async () => (await pidIn(dir)) !== pid);
  const revived = await pidIn(dir);
  await writeFile(join(dir, "state.json.gz"), "not gzip");
  process.kill(revived, "SIGKILL");
  await chain.close();
  assert.equal(existsSync(join(dir, "chain.pid")), false);
});

test("a chain that cannot be noted down is ended, so that the next one finds its port free", async (t) => {
  const dir = await folder(t);
  const errors: string[] = [];
  const log = { ...quiet, error: (_: object, message: string) => void errors.push(message) };
  const chain = await openChain(dir, { reviveMs: 10, log });
  const pid = await pidIn(dir);
  const file = join(dir, "chain.pid");
  await rm(file);
  await mkdir(file);
  process.kill(pid, "SIGKILL");
  await until("a failed start", () => errors.some((message) => message.includes("did not start again")));
  await rmdir(file);
  await until("a chain that runs", () => existsSync(file));
  const reader = connect(chain);
  assert.equal((await reader.identify()).codeHash, DEPLOYED.codeHash);
  reader.close();
});

test("blocks are mined only while something waits for finality", async (t) => {
  const dir = await folder(t);
  const chain = await openChain(dir);
  const reader = connect(chain);
  await chain.mineBlocks();
  const height = (await reader.block("latest"))?.number;
  for (let i = 0; i < 5; i++) await chain.mineBlocks();
  assert.equal((await reader.block("latest"))?.number, height);
  reader.close();
});

test("a transaction that slips into the blocks that are mined for finality becomes final like any other", async (t) => {
  const chain = await openChain(await folder(t));
  const endpoint = connectEndpoint(chain.url, 5_000);
  t.after(() => endpoint.close());
  await chain.fund(OWNER.address);
  await endpoint.request("hardhat_impersonateAccount", [OWNER.address]);
  await endpoint.request("evm_setAutomine", [false]);
  const payment = { from: OWNER.address, to: OWNER.address, value: "0x1" };
  await endpoint.request("eth_sendTransaction", [payment]);
  await endpoint.request("hardhat_mine", ["0x1"]);
  // In the pool when the empty blocks are to be mined: it is in the first of them.
  const late = await endpoint.request("eth_sendTransaction", [payment]);
  const reader = connect(chain);
  t.after(() => reader.close());
  const isFinal = async () => {
    await chain.mineBlocks();
    const receipt = (await endpoint.request("eth_getTransactionReceipt", [late])) as { blockNumber: string } | null;
    return receipt !== null && ((await reader.block("finalized"))?.number ?? 0) >= Number(receipt.blockNumber);
  };
  await until("the transaction to be final", isFinal);
});

test("a chain that somebody emptied is not written over the one on disk, however often finality is asked for meanwhile", async (t) => {
  const dir = await folder(t);
  const first = await openChain(dir);
  const endpoint = connectEndpoint(first.url, 5_000);
  await first.fund(OWNER.address);
  await endpoint.request("hardhat_impersonateAccount", [OWNER.address]);
  const payment = { from: OWNER.address, to: OWNER.address, value: "0x1" };
  const paid = await endpoint.request("eth_sendTransaction", [payment]);
  const paidIn = Number(await endpoint.request("eth_blockNumber", []));
  await until("the payment to be on disk", async () => {
    await first.mineBlocks();
    return Number(await endpoint.request("eth_blockNumber", [])) > paidIn;
  });
  await endpoint.request("anvil_reset", []);
  // Longer than the rest behind a snapshot that took a tenth of a second.
  for (let look = 0; look < 20; look++) {
    await first.mineBlocks();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  endpoint.close();
  await first.close();
  const again = connectEndpoint((await openChain(dir)).url, 5_000);
  t.after(() => again.close());
  assert.notEqual(await again.request("eth_getTransactionReceipt", [paid]), null, "what was on disk is there");
});

test("a port that is taken is left to whoever has it", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const chain = await openChain(await folder(t), { port });
  assert.notEqual(Number(new URL(chain.url).port), port);
  const reader = connect(chain);
  assert.ok(await reader.identify());
  reader.close();
});

const OWNER_PROCESS = `
  import { DevChain } from ${JSON.stringify(join(import.meta.dirname, "../../src/devchain/devchain.ts"))};
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await DevChain.open({ dir: process.argv[1], log, reviveMs: 3_600_000 });
  console.log("ready");
  setInterval(() => {}, 1000);
`;

/** Another process that owns a chain, and does not start it again where a test ended it. */
async function ownerOf(dir: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", OWNER_PROCESS, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

test("the chain does not outlive a process that is killed with -9", async (t) => {
  const dir = await folder(t);
  const owner = await ownerOf(dir);
  const pid = await pidIn(dir);
  assert.ok(isAlive(pid));
  owner.kill("SIGKILL");
  await waitUntilGone(pid);
});

test("a chain that was left behind all the same is ended, and one of somebody else is not", async (t) => {
  const dir = await folder(t);
  const owner = await ownerOf(dir);
  t.after(() => owner.kill("SIGKILL"));
  const stale = await pidIn(dir);
  const chain = await openChain(dir);
  await waitUntilGone(stale);
  await chain.close();

  const bystander = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  t.after(() => bystander.kill("SIGKILL"));
  await writeFile(join(dir, "chain.pid"), JSON.stringify({ pid: bystander.pid, port: 8545 }));
  await (await openChain(dir)).close();
  assert.equal(bystander.exitCode ?? bystander.signalCode, null);

  // Somebody else's chain that was given the process id of ours, which ended long ago.
  const other = await startProcess({ program: findProgram(), chainId: 1, port: 0 });
  t.after(() => other.stop());
  const traces = { pid: other.pid, port: Number(new URL(other.url).port), startedAt: "1" };
  await writeFile(join(dir, "chain.pid"), JSON.stringify(traces));
  await openChain(dir);
  assert.equal(await Promise.race([other.ended.then(() => "ended"), "runs"]), "runs");
});

test("a damaged snapshot is told, with the way out", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "state.json.gz"), "not gzip");
  await assert.rejects(DevChain.open({ dir, log: quiet }), { code: "devchain_damaged", message: /remove it/ });
});

test("where there is no anvil, Hardhat's node does, and forgets", async (t) => {
  const dir = await folder(t);
  const cli = join(import.meta.dirname, "../../node_modules/hardhat/dist/src/cli.js");
  const program = { kind: "hardhat" as const, command: process.execPath, args: [cli, "node"] };
  const warnings: string[] = [];
  const log = { ...quiet, warn: (_: object, message: string) => void warnings.push(message) };
  const chain = await openChain(dir, { program, log });
  const endpoint = connectEndpoint(chain.url, 5_000);
  assert.match(String(await endpoint.request("web3_clientVersion", [])), /hardhat/i);
  endpoint.close();
  const reader = connect(chain);
  assert.equal((await reader.identify()).codeHash, DEPLOYED.codeHash);
  reader.close();
  assert.match(warnings.join(), /keeps nothing/);
});
