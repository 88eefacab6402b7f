/**
 * A ChainReader over Ethereum's JSON-RPC. How a request travels is the caller's: `fetch` in a browser and on the
 * command line, a table in a test.
 * Why: docs/decisions/0061.
 */

import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import type { ChainBlock, ChainLog, ChainReader } from "./chain-reader.ts";
import { decodeBool, decodeBytes32, decodeForked, encodeEverSigner, encodeHead, encodeRootAt } from "./contract.ts";
import { excerpt } from "./rpc-answer.ts";

/**
 * Asks a node and gives its `result`.
 * @throws RpcAnswerError when the node answers with an error, and anything else when no answer was had in time
 */
export type RpcRequest = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The node understood the request and answered with an error. */
export class RpcAnswerError extends Error {
  override readonly name = "RpcAnswerError";
  readonly code = "rpc_answer";
}

/** Which blocks are called final: those at or below a tag of the node, or under this many blocks, itself counted. */
export type FinalityRule = "finalized" | "safe" | { readonly confirmations: number };

const QUANTITY = /^0x(?:0|[1-9a-f][0-9a-f]*)$/;

/** Reads a chain through a node. */
export function rpcChainReader(request: RpcRequest, finality: FinalityRule = "finalized"): ChainReader {
  const call = async (to: string, data: Hex): Promise<Hex> =>
    hexOf(await request("eth_call", [{ to, data }, "latest"]), "the contract's answer");
  const blockAt = async (place: string): Promise<(ChainBlock & { number: number }) | undefined> => {
    const answer = await request("eth_getBlockByNumber", [place, false]);
    if (answer === null) return undefined;
    const { hash, number, timestamp } = objectOf(answer, "a block");
    return { hash: hexOf(hash, "a block hash"), number: quantityOf(number), time: quantityOf(timestamp) };
  };
  return {
    chainId: async () => quantityOf(await request("eth_chainId", [])),
    codeHash: async (contract) => {
      const code = fromHex(hexOf(await request("eth_getCode", [contract, "latest"]), "code"));
      return code.length === 0 ? undefined : toHex(keccak256(code));
    },
    rootAt: async (contract, ledgerId, size) => decodeBytes32(await call(contract, encodeRootAt(ledgerId, size))),
    everSigner: async (contract, ledgerId, signer) =>
      decodeBool(await call(contract, encodeEverSigner(ledgerId, signer))),
    isForked: async (contract, ledgerId) => decodeForked(await call(contract, encodeHead(ledgerId))),
    block: async (number) => {
      const block = await blockAt(`0x${number.toString(16)}`);
      return block === undefined ? undefined : { hash: block.hash, time: block.time };
    },
    logs: async (blockHash, contract, topics) => {
      const answer = await request("eth_getLogs", [{ blockHash, address: contract, topics }]);
      if (!Array.isArray(answer)) throw new TypeError(`expected a list of logs from the node, got ${typeof answer}`);
      return answer.map(logOf);
    },
    isFinal: async (number) => {
      if (typeof finality === "object") {
        const newest = quantityOf(await request("eth_blockNumber", []));
        return newest - number + 1 >= finality.confirmations;
      }
      try {
        const block = await blockAt(finality);
        return block === undefined ? undefined : number <= block.number;
      } catch (error) {
        // Nodes without the tag say so with one error or another; that is an answer, and no answer about the block.
        if (error instanceof RpcAnswerError) return undefined;
        throw error;
      }
    },
  };
}

function logOf(value: unknown): ChainLog {
  const { address, topics, data, transactionHash, blockNumber, blockHash } = objectOf(value, "a log");
  if (!Array.isArray(topics)) throw new TypeError("expected a log with topics from the node, got one without");
  return {
    contract: hexOf(address, "an address"),
    topics: topics.map((topic) => hexOf(topic, "a topic")),
    data: hexOf(data, "data"),
    transactionHash: hexOf(transactionHash, "a transaction hash"),
    blockNumber: quantityOf(blockNumber),
    blockHash: hexOf(blockHash, "a block hash"),
  };
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new TypeError(`expected ${what} from the node, got ${typeof value}`);
}

function hexOf(value: unknown, what: string): Hex {
  if (typeof value !== "string") throw new TypeError(`expected ${what} from the node, got ${typeof value}`);
  return toHex(fromHex(value.toLowerCase()));
}

function quantityOf(value: unknown): number {
  const number = typeof value === "string" && QUANTITY.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    const got = typeof value === "string" ? excerpt(value) : typeof value;
    throw new TypeError(`expected a number from the node, got ${got}`);
  }
  return number;
}
