/** Servers on this machine for one test: a service that answers from a table, and a node in front of a TestChain. */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Interface } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import type { Hex } from "../../src/merkle/bytes.ts";
import type { TestChain } from "../verify/fixture.ts";

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};
export type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };

export type FakeServer = { readonly url: string; readonly asked: Asked[] };

/** Serves HTTP until the test ends; `answer` may hang by never resolving. */
export async function serveHttp(t: TestContext, answer: (asked: Asked) => Reply | Promise<Reply>): Promise<FakeServer> {
  const asked: Asked[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const request = { method: req.method ?? "", path: req.url ?? "", headers: req.headers, body };
    asked.push(request);
    const { status = 200, headers = {}, body: reply } = await answer(request);
    res.writeHead(status, { "Content-Type": "application/json", ...headers });
    res.end(typeof reply === "string" || reply instanceof Uint8Array ? reply : JSON.stringify(reply));
  });
  const url = await listen(server);
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url, asked };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

/** A URL at which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

/** A problem as the service answers it. */
export function problem(status: number, code: string, detail: string, more: object = {}): Reply {
  return { status, body: { type: "about:blank", title: code, status, detail, code, ...more } };
}

/** A JSON-RPC node in front of a chain; its contract has the real code. */
export async function serveNode(t: TestContext, chain: TestChain): Promise<FakeServer> {
  // Any page may ask, as with most public nodes.
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type" };
  return serveHttp(t, async (asked) => {
    if (asked.method === "OPTIONS") return { status: 204, headers };
    const { id, method, params } = JSON.parse(asked.body) as { id: number; method: string; params: readonly unknown[] };
    const result = await answerRpc(chain, method, params);
    if (result !== undefined) return { headers, body: { jsonrpc: "2.0", id, result } };
    return { headers, body: { jsonrpc: "2.0", id, error: { code: -32601, message: `no method ${method}` } } };
  });
}

/** What a node says of a chain; undefined to a method that it does not know. */
export async function answerRpc(chain: TestChain, method: string, params: readonly unknown[]): Promise<unknown> {
  const quantity = (n: number) => `0x${n.toString(16)}`;
  switch (method) {
    case "eth_chainId":
      return quantity(chain.id);
    case "eth_getCode":
      return String(params[0]).toLowerCase() === chain.contract.toLowerCase() ? artifact.deployedBytecode : "0x";
    case "eth_call":
      return answerCall(chain, (params[0] as { data: string }).data);
    case "eth_getLogs": {
      const { blockHash, address, topics } = params[0] as { blockHash: Hex; address: string; topics: Hex[] };
      const logs = await chain.logs(blockHash, address, topics);
      return logs.map((log) => ({ ...log, address: log.contract, blockNumber: quantity(log.blockNumber) }));
    }
    case "eth_getBlockByNumber": {
      const number = params[0] === "finalized" ? (chain.finalUpTo ?? 0) : Number(params[0]);
      const block = chain.blocks.get(number);
      if (block === undefined) return params[0] === "finalized" ? FIRST_BLOCK : null;
      return { hash: block.hash, number: quantity(number), timestamp: quantity(block.time) };
    }
    default:
      return undefined;
  }
}

const CONTRACT_ABI = new Interface(artifact.abi);
const FIRST_BLOCK = { hash: `0x${"0".repeat(64)}`, number: "0x0", timestamp: "0x0" };

/** Calls of the contract, decoded and encoded by ethers. */
async function answerCall(chain: TestChain, data: string): Promise<string | undefined> {
  const call = CONTRACT_ABI.parseTransaction({ data });
  if (call === null) return undefined;
  const [id, second] = call.args as unknown as [Hex, bigint | string];
  switch (call.name) {
    case "rootAt":
      return CONTRACT_ABI.encodeFunctionResult("rootAt", [await chain.rootAt("", id, Number(second))]);
    case "everSigner":
      return CONTRACT_ABI.encodeFunctionResult("everSigner", [await chain.everSigner("", id, String(second))]);
    case "head":
      return CONTRACT_ABI.encodeFunctionResult("head", [[1, 2, 3, chain.forked, false, FIRST_BLOCK.hash]]);
    default:
      return undefined;
  }
}
