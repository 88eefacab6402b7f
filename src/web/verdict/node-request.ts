/**
 * JSON-RPC by fetch, to a node that the reader has chosen: each request has its time, each
 * answer its bounds, and no other node stands in.
 */

import { AnswerReader, answerLimits } from "../../verify/evm/rpc-answer.ts";
import { RpcAnswerError, type RpcRequest } from "../../verify/evm/rpc-reader.ts";

const TIMEOUT_MS = 12_000;

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
    const reader = new AnswerReader(answerLimits(method));
    await readInto(reader, response);
    const answer = reader.finish();
    if (answer.kind === "error") throw new RpcAnswerError(`${method}: ${answer.message}`);
    if (!response.ok) throw new Error(`the node answered ${response.status}`);
    return answer.result;
  };
}

async function readInto(answer: AnswerReader, { body }: Response): Promise<void> {
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) return;
    try {
      answer.take(value);
    } catch (error) {
      await reader?.cancel();
      throw error;
    }
  }
}
