/** Asks the node that the reader has chosen, as everybody here asks nodes (net/json-rpc.ts), and no other one. */

import { NodeSilentError, nodeAt, requestsTo } from "../../net/json-rpc.ts";
import type { RpcRequest } from "../../verify/evm/rpc-reader.ts";

/**
 * What asks a node.
 * @param url of the node, http or https
 */
export function nodeRequest(url: string): RpcRequest {
  const target = nodeAt(url);
  const request = requestsTo(target);
  return (method, params) => request(method, params).catch((error: unknown) => explain(error, target.name));
}

/** Says in plain words what a browser says of every node that it may not read or cannot reach. */
function explain(error: unknown, host: string): never {
  if (!(error instanceof NodeSilentError) || !isHidden(error)) throw error;
  const way = "name another endpoint, or ask this one on the command line: holdfast verify <file> --rpc <url>";
  const message = `expected an RPC endpoint that lets web pages ask it (CORS), got no answer from ${host} that the browser shows`;
  throw new Error(`${message}: it does not let them, or it cannot be reached; ${way}`, { cause: error });
}

/** Whether the browser keeps to itself what happened: then fetch fails with an error of type, and nothing else does. */
function isHidden({ cause }: NodeSilentError): boolean {
  return cause instanceof Error && cause.cause instanceof TypeError;
}
