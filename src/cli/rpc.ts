/** Chains for the verifier: JSON-RPC over fetch, each request within a deadline. It does not use what anchors. */

import type { ChainReader } from "../verify/chain.ts";
import { type FinalityRule, RpcAnswerError, rpcChainReader } from "../verify/rpc.ts";
import { reasonOf, unreachable, usageError } from "./failure.ts";

const REQUEST_MS = 15_000;

/**
 * A reader of the chain behind a URL, which may hold user and password.
 * @throws CliError when it is no http(s) URL
 */
export function connectChain(text: string, finality: FinalityRule, timeoutMs = REQUEST_MS): ChainReader {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError("Expected an http or https URL after --rpc, got something else.");
  }
  const { username, password, host } = url;
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (username !== "") {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  let id = 0;
  return rpcChainReader(async (method, params) => {
    id += 1;
    const reply = await post(url, headers, JSON.stringify({ jsonrpc: "2.0", id, method, params }), timeoutMs).catch(
      // Paths of RPC URLs hold keys, so that only the host is ever shown.
      (cause) => Promise.reject(unreachable(`${host}: ${reasonOf(cause)}`, cause)),
    );
    const { error, result } = reply;
    if (error !== undefined && error !== null) throw new RpcAnswerError(`${host}: ${method}: ${messageOf(error)}`);
    if (result === undefined) throw unreachable(`${host}: expected a JSON-RPC answer to ${method}, got another`);
    return result;
  }, finality);
}

type Reply = { readonly result?: unknown; readonly error?: unknown };

async function post(url: URL, headers: Record<string, string>, body: string, timeoutMs: number): Promise<Reply> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { method: "POST", headers, body, redirect: "error", signal });
  const text = await response.text();
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch (cause) {
    throw new Error(`HTTP status ${response.status} and no JSON`, { cause });
  }
  if (typeof reply === "object" && reply !== null && !Array.isArray(reply)) return reply;
  throw new Error(`HTTP status ${response.status} and no JSON-RPC answer`);
}

function messageOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return typeof message === "string" ? message.slice(0, 200) : "an error without a message";
}
