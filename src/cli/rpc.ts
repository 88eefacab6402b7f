/** Chains for the verifier: JSON-RPC over fetch, each request within a deadline. It does not use what anchors. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ChainReader } from "../verify/chain.ts";
import { type FinalityRule, RpcAnswerError, type RpcRequest, rpcChainReader } from "../verify/rpc.ts";
import { fetchBounded } from "./bounded-fetch.ts";
import { reasonOf, unreachable, usageError } from "./failure.ts";

const REQUEST_MS = 15_000;
/** Requests in a row without an answer after which a node is not asked any more: a bundle can name many anchors. */
const SILENCES_MAX = 3;
/** Pauses before a node that says "too many requests" is asked again. */
const PAUSES_MS = [500, 1000, 2000];
const TOO_MANY = 429;
/** A node may mean harm; what is asked here has short answers, and code and logs are the longest. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

type Target = { readonly url: URL; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number };

/**
 * A reader of the chain behind a URL, which may hold user and password.
 * @throws CliError when it is no http(s) URL
 */
export function connectChain(text: string, finality: FinalityRule, timeoutMs = REQUEST_MS): ChainReader {
  return rpcChainReader(connectNode(text, timeoutMs), finality);
}

/**
 * Requests to the node behind a URL, as {@link connectChain} makes them.
 * @throws CliError when it is no http(s) URL
 */
export function connectNode(text: string, timeoutMs = REQUEST_MS): RpcRequest {
  const target = targetOf(text, timeoutMs);
  const { host } = target.url;
  let id = 0;
  let silences = 0;
  return async (method, params) => {
    if (silences >= SILENCES_MAX) throw unreachable(`${host}: it did not answer ${SILENCES_MAX} times`);
    id += 1;
    let reply: Reply;
    try {
      reply = await post(target, JSON.stringify({ jsonrpc: "2.0", id, method, params }));
      silences = 0;
    } catch (cause) {
      silences += 1;
      // Paths of RPC URLs hold keys, so that only the host is ever shown.
      throw unreachable(`${host}: ${reasonOf(cause)}`, cause);
    }
    const { error, result } = reply;
    if (error !== undefined && error !== null) throw answerError(`${host}: ${method}`, error);
    if (result === undefined) throw unreachable(`${host}: expected a JSON-RPC answer to ${method}, got another`);
    return result;
  };
}

function targetOf(text: string, timeoutMs: number): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError("Expected an http or https URL of a chain, got something else.");
  }
  const { username, password } = url;
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (username !== "") {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  return { url, headers, timeoutMs };
}

type Reply = { readonly result?: unknown; readonly error?: unknown };

async function post({ url, headers, timeoutMs }: Target, body: string): Promise<Reply> {
  for (let attempt = 0; ; attempt++) {
    const bounds = { timeoutMs, bytesMax: ANSWER_BYTES_MAX };
    const { status, text } = await fetchBounded(url.href, { method: "POST", headers, body, ...bounds });
    const pauseMs = PAUSES_MS[attempt];
    if (status !== TOO_MANY || pauseMs === undefined) return parseReply(text, status);
    await sleep(pauseMs);
  }
}

function parseReply(text: string, status: number): Reply {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch (cause) {
    throw new Error(`HTTP status ${status} and no JSON`, { cause });
  }
  if (typeof reply === "object" && reply !== null && !Array.isArray(reply)) return reply;
  throw new Error(`HTTP status ${status} and no JSON-RPC answer`);
}

/** What a node answered as an error; `cause` is the data of a revert. */
function answerError(what: string, error: unknown): RpcAnswerError {
  const { message, data } = error as { message?: unknown; data?: unknown };
  const text = typeof message === "string" ? message.slice(0, 200) : "an error without a message";
  return Object.assign(new RpcAnswerError(`${what}: ${text}`), { cause: data });
}
