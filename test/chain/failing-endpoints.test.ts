/** Endpoints that fail: what is read elsewhere, what is not believed, and what no message may show. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ChainError } from "../../src/chain/chain.ts";
import { DEPLOYED, encodeOpen } from "../../src/chain/contract/contract.ts";
import { connectChain } from "../../src/chain/evm-chain.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import { labelOf } from "../../src/merkle/checkpoint.ts";
import { Anvil, CHAIN_ID } from "./anvil.ts";
import { type Harm, HarmfulProxy } from "./proxy.ts";

const ACCOUNT = keyAccount(`0x${"b1".repeat(32)}`);
const TIMEOUT_MS = 200;
const HARMS: readonly Harm[] = ["drop", "swallow", "delay", "truncate", "garbage", "error", "error_after", "status"];

let anvil: Anvil;
let first: HarmfulProxy;
let second: HarmfulProxy;

before(async () => {
  anvil = await Anvil.start();
  [first, second] = await Promise.all([HarmfulProxy.start(anvil.url), HarmfulProxy.start(anvil.url)]);
  await anvil.fund(ACCOUNT.address);
});

after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await anvil.stop();
});

function connect(urls: readonly string[], chainId = CHAIN_ID) {
  first.requests.length = 0;
  second.requests.length = 0;
  first.rule = () => undefined;
  second.rule = () => undefined;
  return connectChain({ urls, chainId, contract: DEPLOYED.address, timeoutMs: TIMEOUT_MS });
}

async function signed(nonce: number, name: string) {
  const fees = { gasMax: 200_000, feeMax: 10n ** 11n, tipMax: 10n ** 9n, legacy: false };
  const data = encodeOpen(labelOf(name), ACCOUNT.address);
  return ACCOUNT.sign({ chainId: CHAIN_ID, nonce, to: DEPLOYED.address, data, ...fees });
}

for (const harm of HARMS) {
  test(`a read that meets "${harm}" is answered by the second endpoint`, async () => {
    const chain = connect([first.url, second.url]);
    first.rule = (method) => (method === "eth_getBlockByNumber" ? harm : undefined);
    assert.equal((await chain.block("latest"))?.number, Number(await anvil.ask("eth_blockNumber")));
    chain.close();
  });

  test(`a chain whose only endpoint does "${harm}" says so in time, without the endpoint's path`, async () => {
    const chain = connect([first.url]);
    first.rule = () => harm;
    const error = await chain.block("latest").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ChainError);
    assert.match(error.kind, /^(unavailable|unknown)$/);
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /s3cret/);
    assert.equal(error.cause, undefined);
    chain.close();
  });
}

test("an endpoint that did not answer is asked last for a while, and for its chain id before it is used again", async () => {
  const chain = connect([first.url, second.url]);
  first.rule = () => "drop";
  await chain.block("latest");
  first.rule = () => undefined;
  first.requests.length = 0;
  await chain.block("latest");
  assert.deepEqual(first.requests, []);
  second.rule = () => "drop";
  await chain.block("latest");
  assert.deepEqual(
    first.requests.map(({ method }) => method),
    ["eth_chainId", "eth_getBlockByNumber"],
  );
  chain.close();
});

test("an endpoint of another chain is refused at the start and never read from", async () => {
  const chain = connect([first.url, second.url], 1);
  await assert.rejects(chain.identify(), { kind: "wrong_chain" });
  await assert.rejects(chain.block("latest"), { kind: "wrong_chain" });
  const methods = [...first.requests, ...second.requests].map(({ method }) => method);
  assert.deepEqual([...new Set(methods)], ["eth_chainId"]);
  chain.close();
});

test("a broadcast goes to all endpoints, and one that takes it is enough", async () => {
  const chain = connect([first.url, second.url]);
  const nonce = await chain.nonce(ACCOUNT.address);
  const raw = await signed(nonce, "all");
  await chain.broadcast(raw);
  const sent = [first, second].map(({ requests }) => requests.filter(({ method }) => /send/.test(method)).length);
  assert.deepEqual(sent, [1, 1]);
  first.rule = () => "error";
  await chain.broadcast(await signed(nonce + 1, "second"));
  assert.equal(await chain.nonce(ACCOUNT.address), nonce + 2);
  chain.close();
});

test("a broadcast of which nobody knows what became is unavailable, not refused, and may be repeated", async () => {
  const chain = connect([first.url]);
  const nonce = await chain.nonce(ACCOUNT.address);
  const raw = await signed(nonce, "swallowed");
  first.rule = (method) => (/send/.test(method) ? "swallow" : undefined);
  await assert.rejects(chain.broadcast(raw), { kind: "unavailable" });
  first.rule = () => undefined;
  await assert.rejects(chain.broadcast(raw), { kind: "nonce_low" });
  assert.equal(await chain.nonce(ACCOUNT.address), nonce + 1);
  chain.close();
});

test("finality is not confirmed when the second endpoint knows another block", async () => {
  const chain = connect([first.url, second.url]);
  const block = await chain.block("latest");
  assert.ok(block);
  const claim = {
    ledgerId: labelOf("x"),
    size: 1,
    root: labelOf("y"),
    blockNumber: block.number,
    blockHash: block.hash,
  };
  second.rule = (method) => (method === "eth_getBlockByNumber" ? "null" : undefined);
  assert.equal(await chain.confirms(claim), false);
  chain.close();
});

test("a closed chain answers nothing more, also what is being asked", async () => {
  const chain = connect([first.url]);
  first.delayMs = 5_000;
  first.rule = () => "delay";
  const asked = chain.block("latest");
  chain.close();
  await assert.rejects(asked, { kind: "unavailable", message: /closed/ });
  first.delayMs = 400;
});

test("user and password of a URL are sent as such, and are in no message", async () => {
  const url = new URL(first.url);
  url.username = "me";
  url.password = "s3cret";
  const chain = connect([url.href]);
  assert.ok(await chain.block("latest"));
  first.rule = () => "status";
  await assert.rejects(chain.block("latest"), (error: Error) => !/s3cret/.test(error.message));
  chain.close();
});
