/**
 * JSON-RPC over HTTP to a node that may mean harm: the one client of the service, of the command line and its watcher,
 * and of the pages in a browser, so that one node is judged alike by all of them. What it says for people names the node
 * by host and port: paths, users and passwords of its URL hold keys, also where a node repeats them.
 * Why: docs/decisions/0128.
 */

import {
  AnswerReader,
  answerLimits,
  type Meaning,
  type NodeAnswer,
  NodeAnswerError,
} from "../verify/evm/rpc-answer.ts";
import { RpcAnswerError, type RpcRequest } from "../verify/evm/rpc-reader.ts";
import { AnswerError, fetchInPieces } from "./bounded-fetch.ts";
import { retry } from "./retry.ts";
import { basicCredentials, type Strike, strikeOf } from "./url-secrets.ts";

/** A node to ask. */
export type NodeTarget = {
  /** For people: host and port. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Takes what must not be repeated to anybody out of whatever the node says; undefined when the URL has nothing of it. */
  readonly strike: Strike | undefined;
};

export type Question = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

export type AskOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly meaning?: Meaning };

/** For an answer to whoever verifies. */
const REQUEST_MS = 15_000;
/** Requests in a row without an answer after which a node is not asked any more: a bundle can name many anchors. */
const SILENCES_MAX = 3;
/** Pauses before a node that says "too many requests" is asked again. */
const PAUSES_MS = [500, 1000, 2000];
const TOO_MANY = 429;

/** A node gave no answer that can be taken for one; the message names it. */
export class NodeSilentError extends Error {
  override readonly name = "NodeSilentError";
  readonly code = "node_silent";
}

/**
 * The node at a URL, which may hold user and password.
 * @throws TypeError when it is none of http or https
 */
export function nodeAt(text: string): NodeTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError("expected an http or https URL of a node, got something else");
  }
  const strike = strikeOf(url);
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (url.username !== "" || url.password !== "") {
    headers.Authorization = `Basic ${basicCredentials(url)}`;
    url.username = "";
    url.password = "";
  }
  return { name: url.host, url: url.href, headers, strike };
}

/**
 * Requests to a node by somebody who waits for each: patient with a node that is busy, and not with one that is silent.
 * They throw RpcAnswerError, with the data of a revert as its cause, where the node answers with an error, and
 * NodeSilentError where it gives no answer.
 */
export function requestsTo(target: NodeTarget, timeoutMs = REQUEST_MS): RpcRequest {
  const { name } = target;
  let id = 0;
  let silences = 0;
  return async (method, params) => {
    if (silences >= SILENCES_MAX)
      throw new NodeSilentError(`${name}: ${method}: not asked, for it did not answer ${SILENCES_MAX} times before`);
    id += 1;
    let answer: NodeAnswer;
    try {
      answer = await askPatiently(target, { id, method, params }, timeoutMs);
      silences = 0;
    } catch (cause) {
      silences += 1;
      throw new NodeSilentError(`${name}: ${method}: ${(cause as Error).message}`, { cause });
    }
    if (answer.kind === "result") return answer.result;
    throw Object.assign(new RpcAnswerError(`${name}: ${method}: ${answer.message}`), { cause: answer.data });
  };
}

async function askPatiently(target: NodeTarget, question: Question, timeoutMs: number): Promise<NodeAnswer> {
  const ask = () =>
    askNode(target, question, { timeoutMs }).catch((error: unknown) => {
      if (error instanceof NodeAnswerError) return error;
      throw error;
    });
  // Nothing that is asked for here changes anything, so it may be asked again.
  const askAgain = (error: unknown) => {
    if (error instanceof AnswerError && error.isCut) return ask();
    throw error;
  };
  const answered = await retry(
    PAUSES_MS,
    () => ask().catch(askAgain),
    ({ status }) => status !== TOO_MANY,
  );
  if (answered instanceof NodeAnswerError) throw answered;
  return answered.answer;
}

/**
 * Asks a node once.
 * @throws NodeAnswerError when what it says is no answer, AnswerError when it says nothing in time
 */
export async function askNode(
  target: NodeTarget,
  { id, method, params }: Question,
  { meaning, ...options }: AskOptions,
): Promise<{ readonly status: number; readonly answer: NodeAnswer }> {
  const reader = new AnswerReader(answerLimits(method), target.strike, meaning);
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
  const request = { ...options, method: "POST" as const, headers: target.headers, body };
  let status = 0;
  try {
    const head = await fetchInPieces(target.url, request, (piece, { status: seen }) => {
      status = seen;
      reader.take(piece);
    });
    status = head.status;
    const answer = reader.finish();
    // Some nodes put a JSON-RPC error into an answer of status 4xx or 5xx; a result there is none.
    if (answer.kind === "result" && !isSuccess(status)) throw new NodeAnswerError(`HTTP status ${status}`, status);
    return { status, answer };
  } catch (error) {
    if (error instanceof AnswerError) throw withoutSecrets(error, target);
    if (!(error instanceof NodeAnswerError)) throw error;
    // A page that says why, in front of a node that is away, is no answer of the node.
    throw new NodeAnswerError(isSuccess(status) ? error.message : `HTTP status ${status}`, status);
  }
}

/** Of its cause only the kind stays, which says that nothing could be fetched: its texts may hold what the message does not. */
function withoutSecrets({ message, cause, isCut }: AnswerError, { strike }: NodeTarget): AnswerError {
  const kind = cause instanceof TypeError ? { cause: new TypeError("it could not be fetched") } : {};
  return new AnswerError(strike?.(message) ?? message, { ...kind, isCut });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
