/** JSON-RPC by fetch, to a node that the reader has chosen: each request has its time, and no other node stands in. */

import { RpcAnswerError, type RpcRequest } from "../../verify/rpc.ts";

const TIMEOUT_MS = 12_000;

type Answer = { readonly result?: unknown; readonly error?: { readonly message?: unknown } };

/**
 * What asks a node.
 * @param url of the node, http or https
 */
export function nodeRequest(url: string): RpcRequest {
  let id = 0;
  return async (method, params) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as Answer;
    if (answer.error !== undefined) throw new RpcAnswerError(`${method}: ${String(answer.error.message)}`);
    if (!response.ok || answer.result === undefined) throw new Error(`the node answered ${response.status}`);
    return answer.result;
  };
}
