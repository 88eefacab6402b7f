/** Replacing a transaction in a pool that enforces the rule of a tenth on both fees: Hardhat's EDR, which has no reorgs. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import hre from "hardhat";
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import type { Endpoint } from "../../src/chain/node/endpoints.ts";
import { CHAIN_ID } from "../chain/anvil.ts";
import { Run } from "./run.ts";
import { append, OWNER } from "./world.ts";

const ETHER = 10n ** 18n;
const GWEI = 10n ** 9n;

let url: string;
let endpoint: Endpoint;
let close: () => Promise<void>;

before(async () => {
  const server = await hre.network.createServer({ override: { chainId: CHAIN_ID } }, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  url = `http://${address}:${port}`;
  endpoint = connectEndpoint(url, 10_000);
  close = () => server.close();
  await ask("hardhat_setCode", DEPLOYED.address, DEPLOYED.code);
  await ask("evm_setAutomine", false);
  await fund(OWNER.address);
});

after(async () => {
  endpoint.close();
  await close();
});

function ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
  return endpoint.request(method, params);
}

async function fund(account: string): Promise<void> {
  await ask("hardhat_setBalance", account, `0x${ETHER.toString(16)}`);
}

async function mine(): Promise<void> {
  await ask("hardhat_mine", "0x1");
}

async function setBaseFee(gwei: bigint): Promise<void> {
  await ask("hardhat_setNextBlockBaseFeePerGas", `0x${(gwei * GWEI).toString(16)}`);
}

test("a transaction that no block takes is replaced by the pool's rule until one does, and is anchored once", async () => {
  const policy = { finality: { confirmations: 2 }, feeMaxWei: ETHER / 2n, bumpMs: 10_000 };
  const run = await Run.open({ urls: [url], truth: url, policy, mine });
  await fund(run.payer.address);
  await run.start();
  await append(run.ledger, 3);
  await run.runUntilFinal();

  await append(run.ledger, 2);
  await run.step();
  for (const gwei of [50n, 200n, 800n]) {
    await setBaseFee(gwei);
    await mine();
    await run.step();
    await run.step();
    await run.step();
  }
  const [status] = await run.anchorer.status();
  const [pending] = status?.accounts.find(({ address }) => address.toLowerCase() === run.payer.address)?.flights ?? [];
  assert.ok(pending && pending.attempts > 1, "expected a higher offer");
  assert.equal(pending.refused, undefined);
  await run.runUntilFinal();
  await run.requireOrder(ETHER);
  await run.stop();
});
