/** An endpoint in front of a real node that says some things otherwise: it lies, forgets, or searches little at once. */

import type { TestContext } from "node:test";
import { type FakeServer, serveHttp } from "./fake-http.ts";

/** JSON of any form, to be changed. */
// biome-ignore lint/suspicious/noExplicitAny: what a node answers has a form for each method
export type Loose = any;

/** What becomes of the node's result for a request; throws an Error with the message of an error answer. */
export type Bend = (method: string, params: readonly Loose[], result: Loose) => unknown;

/** Serves the node behind `target`, bent, until the test ends. */
export async function bendNode(t: TestContext, target: string, bend: Bend): Promise<FakeServer> {
  return serveHttp(t, async ({ body }) => {
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: readonly Loose[] };
    const response = await fetch(target, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const { result, error } = (await response.json()) as { result?: Loose; error?: unknown };
    if (error !== undefined) return { body: { jsonrpc: "2.0", id, error } };
    try {
      return { body: { jsonrpc: "2.0", id, result: bend(method, params, result) } };
    } catch (cause) {
      return { body: { jsonrpc: "2.0", id, error: { code: -32_000, message: (cause as Error).message } } };
    }
  });
}

/** Refuses to search the logs of more blocks at once. */
export function limitLogs(blocksMax: number): Bend {
  return (method, [filter], result) => {
    if (method !== "eth_getLogs" || filter.blockHash !== undefined) return result;
    const from = Number(filter.fromBlock);
    const to = Number(filter.toBlock);
    if (to - from < blocksMax) return result;
    throw new Error(`query exceeds max block range ${blocksMax}`);
  };
}
