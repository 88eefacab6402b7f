/**
 * Every question that anchoring asks, to nodes that answer it in every wrong way: each fails as a ChainError that says
 * little of the answer, or is taken for what it says; nothing else comes out, and no message holds a key.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { ChainError } from "../../src/chain/chain.ts";
import { connectChain, type RpcChain } from "../../src/chain/evm-chain.ts";

const CONTRACT = `0x${"c0".repeat(20)}` as const;
const ACCOUNT = `0x${"aa".repeat(20)}` as const;
const HASH = `0x${"ab".repeat(32)}` as const;
const KEY = "s3cret-key-of-the-account";
const CALL = { from: ACCOUNT, to: CONTRACT, data: "0x00" } as const;
const CLAIM = { ledgerId: HASH, size: 3, root: HASH, blockNumber: 7, blockHash: HASH };
const MESSAGE_MAX = 400;

const QUESTIONS: Readonly<Record<string, (chain: RpcChain) => Promise<unknown>>> = {
  identify: (chain) => chain.identify(),
  block: (chain) => chain.block("latest"),
  head: (chain) => chain.head(HASH),
  ledger: (chain) => chain.ledger(HASH),
  everSigner: (chain) => chain.everSigner(HASH, ACCOUNT),
  rootAt: (chain) => chain.rootAt(HASH, 3),
  nonce: (chain) => chain.nonce(ACCOUNT),
  balance: (chain) => chain.balance(ACCOUNT),
  fees: (chain) => chain.fees(),
  estimateGas: (chain) => chain.estimateGas(CALL),
  simulateMany: (chain) => chain.simulateMany(CALL),
  dataFee: (chain) => chain.dataFee(100),
  broadcast: (chain) => chain.broadcast("0x02"),
  receipt: (chain) => chain.receipt(HASH),
  findAnchor: (chain) => chain.findAnchor(HASH, 3),
  confirms: (chain) => chain.confirms(CLAIM),
  proof: (chain) => chain.proof(CLAIM),
};

const result = (text: string) => `{"jsonrpc":"2.0","id":1,"result":${text}}`;
const log = (topics: string) =>
  `[{"address":"${CONTRACT}","topics":${topics},"data":"0x","transactionHash":"${HASH}"}]`;
const LONG = "9".repeat(50_000);

/** Texts that a node answers with. */
const TEXTS: Readonly<Record<string, string>> = {
  nothing: "",
  "a page": `<html>${"<p>busy</p>".repeat(50_000)}`,
  "a page with the key": `<html>/v3/${KEY}</html>`,
  "four million brackets": "[".repeat(4_000_000),
  "brackets inside": result("[".repeat(50_000)),
  "many values": result(`[${"0,".repeat(1_000_000)}0]`),
  "half an answer": result(`"0x1"`).slice(0, -4),
  "a mark in front": `\ufeff${result('"0x1"')}`,
  "a list": `[${result('"0x1"')}]`,
  "null alone": "null",
  "no result": `{"jsonrpc":"2.0","id":1}`,
  "null as result": result("null"),
  "true as result": result("true"),
  "a number": result("7"),
  "an empty string": result('""'),
  "no hex": result('"0xzz"'),
  "odd hex": result('"0x123"'),
  "a long number": result(`"0x${LONG}"`),
  "a text": result(`"${"x".repeat(50_000)}"`),
  "an empty list": result("[]"),
  "a list of lists": result("[[[]]]"),
  "an empty object": result("{}"),
  "a log without topics": result(log("7")),
  "a log with other topics": result(log('["0x00"]')),
  "an object of long texts": result(
    `{"number":"${LONG}","hash":"${LONG}","timestamp":"${LONG}","accountProof":"${LONG}"}`,
  ),
  "names with escapes": result(`{"\\u006eumber":"0x1"}`),
  "an error": `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no ${KEY} here"}}`,
  "a long error": `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"${"long ".repeat(10_000)}"}}`,
  "an error with the key where it is cut": `{"error":{"message":"${"x".repeat(290)}${KEY}"}}`,
  "an error that is none": `{"jsonrpc":"2.0","id":1,"error":7}`,
  "an error of lists": `{"jsonrpc":"2.0","id":1,"error":{"message":[[[${"1,".repeat(2000)}1]]]}}`,
  "a revert of other bytes": `{"error":{"code":3,"message":"execution reverted","data":"0x${"ab".repeat(20_000)}"}}`,
  "a revert of half an error": `{"error":{"code":3,"message":"execution reverted","data":"0x7dc3ca58"}}`,
};

/** What a node does beside the text. */
const DEEDS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "status 500 and a page": (response) => response.writeHead(500).end(TEXTS["a page with the key"]),
  "status 500 and a result": (response) => response.writeHead(500).end(result('"0x1"')),
  "a redirection": (response) => response.writeHead(308, { Location: `http://127.0.0.1:9/${KEY}` }).end(),
  "headers that are too large": (response) => response.writeHead(200, { "x-much": "y".repeat(100_000) }).end(),
  "a body that breaks off": (response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write('{"result":', () => response.destroy());
  },
  "a body that does not end": (response) => {
    response.write('{"result":"');
    const more = () => {
      while (!response.destroyed && response.write("0".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  },
  "a body that drips": (response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  },
};

type Node = { url: string; answer: (response: ServerResponse) => void };

/** A node that tells its chain's id, and answers everything else as it is told to. */
async function startNode(t: TestContext): Promise<Node> {
  const node: Node = { url: "", answer: (response) => response.end() };
  const server = createServer(async (request, response) => {
    response.on("error", () => undefined);
    let body = "";
    for await (const chunk of request) body += chunk;
    if ((JSON.parse(body) as { method: string }).method === "eth_chainId") response.end(result('"0x1"'));
    else node.answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/${KEY}`;
  return node;
}

async function requireBounded(node: Node, what: string): Promise<void> {
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const chain = connectChain({ urls: [node.url], chainId: 1, contract: CONTRACT, timeoutMs: 300 });
    const error = await ask(chain).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    chain.close();
    if (error === undefined) continue;
    assert.ok(error instanceof ChainError, `${name} of ${what}: expected a ChainError, got ${String(error)}`);
    assert.ok(error.message.length <= MESSAGE_MAX, `${name} of ${what}: ${error.message.length} characters`);
    assert.doesNotMatch(error.message, /s3cret/, `${name} of ${what}`);
    assert.equal(error.cause, undefined);
  }
}

for (const [what, text] of Object.entries(TEXTS)) {
  test(`a node that answers everything with ${what} is a node that cannot be used, in few words`, async (t) => {
    const node = await startNode(t);
    node.answer = (response) => response.end(text);
    await requireBounded(node, what);
  });
}

for (const [what, deed] of Object.entries(DEEDS)) {
  test(`a node whose answers are ${what} is a node that cannot be used, in few words`, async (t) => {
    const node = await startNode(t);
    node.answer = deed;
    await requireBounded(node, what);
  });
}
