/** Chains for the verifier and for commands: JSON-RPC, each request within a deadline, each failure with its exit status. */

import { NodeSilentError, type NodeTarget, nodeAt, requestsTo } from "../../net/json-rpc.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import { type FinalityRule, type RpcRequest, rpcChainReader } from "../../verify/evm/rpc-reader.ts";
import { unreachable, usageError } from "../terminal/failure.ts";

/**
 * A reader of the chain behind a URL, which may hold user and password.
 * @throws CliError when it is no http(s) URL
 */
export function connectChain(text: string, finality: FinalityRule, timeoutMs?: number): ChainReader {
  return rpcChainReader(connectNode(text, timeoutMs), finality);
}

/**
 * Requests to the node behind a URL, as {@link connectChain} makes them.
 * @throws CliError when it is no http(s) URL
 */
export function connectNode(text: string, timeoutMs?: number): RpcRequest {
  const request = requestsTo(targetOf(text), timeoutMs);
  return async (method, params) => {
    try {
      return await request(method, params);
    } catch (error) {
      if (!(error instanceof NodeSilentError)) throw error;
      throw unreachable(error.message, error.cause);
    }
  };
}

function targetOf(text: string): NodeTarget {
  try {
    return nodeAt(text);
  } catch {
    throw usageError("Expected an http or https URL of a chain, got something else.");
  }
}
