/** Chains for the verifier: JSON-RPC, each request within a deadline. Of what anchors, it uses only how to ask a node. */

import { explainRevert } from "../../chain/contract/contract.ts";
import { revertData } from "../../chain/node/error-wording.ts";
import { askNode, type NodeTarget, nodeAt, type Question } from "../../chain/node/json-rpc.ts";
import { retry } from "../../net/retry.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import { type NodeAnswer, NodeAnswerError } from "../../verify/evm/rpc-answer.ts";
import { type FinalityRule, RpcAnswerError, type RpcRequest, rpcChainReader } from "../../verify/evm/rpc-reader.ts";
import { reasonOf, unreachable, usageError } from "../terminal/failure.ts";

const REQUEST_MS = 15_000;
/** Requests in a row without an answer after which a node is not asked any more: a bundle can name many anchors. */
const SILENCES_MAX = 3;
/** Pauses before a node that says "too many requests" is asked again. */
const PAUSES_MS = [500, 1000, 2000];
const TOO_MANY = 429;

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
  const target = targetOf(text);
  const { name } = target;
  let id = 0;
  let silences = 0;
  return async (method, params) => {
    if (silences >= SILENCES_MAX) throw unreachable(`${name}: it did not answer ${SILENCES_MAX} times`);
    id += 1;
    let answer: NodeAnswer;
    try {
      answer = await askPatiently(target, { id, method, params }, timeoutMs);
      silences = 0;
    } catch (cause) {
      silences += 1;
      throw unreachable(`${name}: ${reasonOf(cause)}`, cause);
    }
    if (answer.kind === "result") return answer.result;
    // The cause is the data of a revert.
    throw Object.assign(new RpcAnswerError(`${name}: ${method}: ${answer.message}`), { cause: answer.data });
  };
}

/** Why a contract refuses a call, in its own words where the node hands them on. */
export function refusalOf(error: RpcAnswerError): string {
  return explainRevert(revertData(error.cause))?.text ?? error.message;
}

function targetOf(text: string): NodeTarget {
  try {
    return nodeAt(text);
  } catch {
    throw usageError("Expected an http or https URL of a chain, got something else.");
  }
}

async function askPatiently(target: NodeTarget, question: Question, timeoutMs: number): Promise<NodeAnswer> {
  const ask = () =>
    askNode(target, question, { timeoutMs }).catch((error: unknown) => {
      if (error instanceof NodeAnswerError) return error;
      throw error;
    });
  const answered = await retry(PAUSES_MS, ask, ({ status }) => status !== TOO_MANY);
  if (answered instanceof NodeAnswerError) throw answered;
  return answered.answer;
}
