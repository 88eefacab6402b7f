/**
 * JSON-RPC over HTTP to a node that may mean harm: the one client of whoever anchors and of the command line. What it
 * says for people names the node by host and port: paths, users and passwords of its URL hold keys, also where a node
 * repeats them.
 */

import { fetchInPieces } from "../../net/bounded-fetch.ts";
import { AnswerReader, answerLimits, type NodeAnswer, NodeAnswerError } from "../../verify/evm/rpc-answer.ts";

/** A node to ask. */
export type NodeTarget = {
  /** For people: host and port. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What must not be repeated to anybody. */
  readonly secrets: readonly string[];
};

export type Question = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

export type AskOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** Parts of a URL that are shorter are no keys, and may be words. */
const SECRET_LENGTH = 6;

/**
 * The node at a URL, which may hold user and password.
 * @throws TypeError when it is none of http or https
 */
export function nodeAt(text: string): NodeTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError("expected an http or https URL of a node, got something else");
  }
  const { host, username, password } = url;
  const parts = [...url.pathname.split("/"), ...url.searchParams.values(), username, password];
  const secrets = parts.flatMap((part) => [part, decoded(part)]).filter(({ length }) => length >= SECRET_LENGTH);
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (username !== "") {
    const credentials = `${decoded(username)}:${decoded(password)}`;
    headers.Authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  return { name: host, url: url.href, headers, secrets: [...new Set(secrets)] };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Asks a node once.
 * @throws NodeAnswerError when what it says is no answer, AnswerError when it says nothing in time
 */
export async function askNode(
  target: NodeTarget,
  { id, method, params }: Question,
  options: AskOptions,
): Promise<{ readonly status: number; readonly answer: NodeAnswer }> {
  const reader = new AnswerReader(answerLimits(method), (text) => strike(text, target));
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
    if (!(error instanceof NodeAnswerError)) throw error;
    // A page that says why, in front of a node that is away, is no answer of the node.
    throw new NodeAnswerError(isSuccess(status) ? error.message : `HTTP status ${status}`, status);
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Puts dots in the place of what must not be repeated. */
function strike(text: string, { secrets }: NodeTarget): string {
  return secrets.reduce((struck, secret) => struck.replaceAll(secret, "…"), text);
}
