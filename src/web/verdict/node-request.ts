/**
 * JSON-RPC by fetch, to a node that the reader has chosen: each request has its time, each
 * answer its size, and no other node stands in.
 */

import { RpcAnswerError, type RpcRequest } from "../../verify/rpc.ts";

const TIMEOUT_MS = 12_000;
/** A block with all its transactions' hashes is a few tens of kilobytes. */
const BYTES_MAX = 2 ** 22;

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
    const answer = JSON.parse(await readText(response)) as Answer;
    if (answer.error !== undefined) throw new RpcAnswerError(`${method}: ${String(answer.error.message)}`);
    if (!response.ok || answer.result === undefined) throw new Error(`the node answered ${response.status}`);
    return answer.result;
  };
}

async function readText({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > BYTES_MAX) {
      await reader.cancel();
      throw new Error(`expected an answer of at most ${BYTES_MAX} bytes from the node, got more`);
    }
    text += decoder.decode(value, { stream: true });
  }
  return text;
}
