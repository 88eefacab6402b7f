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
    const response = await ask(url, {
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

/** Asks, and says in plain words what a browser says of every node that it may not read or cannot reach. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const { host } = new URL(url);
    const way = "name another endpoint, or ask this one on the command line: holdfast verify <file> --rpc <url>";
    const message = `expected an RPC endpoint that lets web pages ask it (CORS), got no answer from ${host} that the browser shows`;
    throw new Error(`${message}: it does not let them, or it cannot be reached; ${way}`, { cause: error });
  }
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
