/** `holdfast deploy` as a process, against anvil. */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { ANVIL, ANVIL_ACCOUNT, startAnvil } from "../verify/anvil.ts";
import { deadUrl } from "./fake-http.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const SIGNER = "0x7558Bbb46F0f59CbbbCE9464F845541709171996";
/** What CreateX does with a salt that is bound to nobody: CREATE2 of the code under the salt's keccak256, or revert. */
const FACTORY_CODE = "0x60206004600037602060002060443580606460003760006000f58060235760006000fd5b60005260206000f3";
const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

type World = {
  readonly url: string;
  readonly args: readonly string[];
  readonly rpc: (method: string, params: unknown[]) => Promise<unknown>;
};

async function startChain(t: TestContext, { withFactory = true } = {}): Promise<World> {
  const { url, rpc } = await startAnvil(t);
  if (withFactory) await rpc("anvil_setCode", [artifact.create2.factory, FACTORY_CODE]);
  const account = join(makeFolder(t), "account.key");
  writeFileSync(account, `${ANVIL_ACCOUNT.key}\n`);
  return { url, rpc, args: ["deploy", "--rpc", url, "--account", account] };
}

test("the contract gets its address, a ledger is opened, and nothing is done twice", { skip }, async (t) => {
  const { args } = await startChain(t);
  const ledger = ["--ledger", "main", "--signer", SIGNER];
  const first = await runCli([...args, ...ledger, "--json"]);
  assert.equal(first.status, 0, first.stdout + first.stderr);
  const made = JSON.parse(first.stdout);
  assert.deepEqual([made.chainId, made.contract, made.deployed], [31337, artifact.create2.address, true]);
  assert.deepEqual([made.ledger.owner, made.ledger.signer, made.ledger.opened], [ANVIL_ACCOUNT.address, SIGNER, true]);
  const again = JSON.parse((await runCommand([...args, ...ledger, "--json"])).stdout);
  assert.deepEqual([again.deployed, again.ledger.opened, again.ledger.id], [false, false, made.ledger.id]);
  const other = await runCommand([...args, "--ledger", "main", "--signer", ANVIL_ACCOUNT.address]);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /is open with the signer 0x7558/);
});

test("a chain without the factory, other code and a small purse are told", { skip }, async (t) => {
  const { args, rpc } = await startChain(t, { withFactory: false });
  const none = await runCommand(args);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /has no CreateX factory at 0xba5Ed/);
  const empty = await runCommand([...args, "--contract", SIGNER]);
  assert.match(empty.stderr, /Expected the contract at 0x7558.*, got no code there/);
  await rpc("anvil_setCode", [SIGNER, "0x6001"]);
  const wrong = await runCommand([...args, "--contract", SIGNER]);
  assert.deepEqual([wrong.status, /got other code with hash/.test(wrong.stderr)], [1, true]);
  await rpc("anvil_setCode", [artifact.create2.factory, FACTORY_CODE]);
  const dear = await runCommand([...args, "--cost-max", "0.000001"]);
  assert.deepEqual([dear.status, /see --cost-max/.test(dear.stderr)], [1, true]);
  await rpc("anvil_setBalance", [ANVIL_ACCOUNT.address, "0x1"]);
  const poor = await runCommand(args);
  assert.equal(poor.status, 1);
  assert.match(poor.stderr, /fund|funds/i);
});

test("what is missing or not there is status 2, and no key is ever printed", async (t) => {
  const account = join(makeFolder(t), "account.key");
  writeFileSync(account, ANVIL_ACCOUNT.key);
  const url = await deadUrl();
  for (const args of [
    ["--rpc", url, "--account", account],
    ["--rpc", url, "--account", `${account}.none`],
    ["--rpc", url, "--account", account, "--ledger", "main"],
    ["--rpc", url],
  ]) {
    const { status, stdout, stderr } = await runCommand(["deploy", ...args]);
    assert.equal(status, 2, stderr);
    assert.doesNotMatch(stdout + stderr, /ac0974bec39a/);
  }
  writeFileSync(account, "0x1234");
  const short = await runCommand(["deploy", "--rpc", url, "--account", account]);
  assert.equal(short.status, 2);
  assert.doesNotMatch(short.stderr, /1234/);
});
