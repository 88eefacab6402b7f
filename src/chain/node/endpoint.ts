/** One endpoint as anchoring asks it: each answer in time and within its bounds, each failure as a ChainError. */

import { AnswerError } from "../../net/bounded-fetch.ts";
import { askNode, nodeAt } from "../../net/json-rpc.ts";
import { type NodeAnswer, NodeAnswerError } from "../../verify/evm/rpc-answer.ts";
import { ChainError, type ChainErrorKind } from "../chain.ts";
import type { Endpoint } from "./endpoints.ts";
import { classify, revertData } from "./error-wording.ts";

/**
 * An endpoint at a URL, which may hold user and password. Each request ends within `timeoutMs`.
 * @throws TypeError when the URL is none of http or https
 */
export function connectEndpoint(url: string, timeoutMs: number): Endpoint {
  const target = nodeAt(url);
  const { name } = target;
  const closed = new AbortController();
  let id = 0;
  return {
    name,
    request: async (method, params) => {
      id += 1;
      const asked = askNode(target, { id, method, params }, { timeoutMs, signal: closed.signal, meaning: classify });
      const { answer } = await asked.catch((error: unknown) => noAnswer(error, name));
      return resultOf(answer, name);
    },
    close: () => closed.abort(),
  };
}

function noAnswer(error: unknown, name: string): never {
  if (!(error instanceof AnswerError || error instanceof NodeAnswerError)) throw error;
  throw new ChainError("unavailable", `${name}: ${error.message}`);
}

function resultOf(answer: NodeAnswer, name: string): unknown {
  if (answer.kind === "result") return answer.result;
  const { message } = answer;
  const data = revertData(answer.data);
  const meaning = (answer.meaning ?? classify(message)) as ChainErrorKind;
  const kind = data !== undefined && data !== "0x" ? "reverted" : meaning;
  throw new ChainError(kind, `${name}: ${message}`, kind === "reverted" ? data : undefined);
}
