/** Values of the Ethereum execution API: quantities and data as hex strings, blocks and logs as objects. */

import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import { excerpt } from "../../verify/evm/rpc-answer.ts";
import { type Block, type BlockTag, ChainError } from "../chain.ts";

export type Json = Readonly<Record<string, unknown>>;

export type RpcLog = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
};

/** The last moment that a date can name (ECMA-262, 21.4.1.1). */
const LAST_DATE_MS = 8.64e15;

/** @param digits pads with zeros to so many, as data is written; quantities have none in front */
export function spellQuantity(value: number, digits = 1): Hex {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

export function spellTag(at: BlockTag): string {
  return typeof at === "number" ? spellQuantity(at) : at;
}

/** @throws ChainError unavailable when the endpoint answered with something else: it is broken or not one */
export function asObject(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw another(what, value);
}

export function asQuantity(value: unknown, what: string): bigint {
  if (typeof value === "string" && /^0x[0-9a-f]{1,64}$/i.test(value)) return BigInt(value);
  throw another(what, value);
}

export function asInteger(value: unknown, what: string): number {
  const integer = Number(asQuantity(value, what));
  if (Number.isSafeInteger(integer)) return integer;
  throw another(`${what} up to 2^53-1`, value);
}

/** Seconds since 1970 that are a date. */
function asTime(value: unknown): number {
  const time = asInteger(value, "time");
  if (time * 1000 <= LAST_DATE_MS) return time;
  throw another("time that is a date", value);
}

export function asHash(value: unknown, what: string): Hex {
  if (typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value)) return value as Hex;
  throw another(what, value);
}

/** Bytes as hex in any case. */
export function asData(value: unknown, what: string): Hex {
  if (typeof value === "string" && /^0x(?:[0-9a-f]{2})*$/i.test(value)) return value.toLowerCase() as Hex;
  throw another(what, value);
}

/** An endpoint may say anything; not all of it is repeated. */
function another(what: string, value: unknown): ChainError {
  const kind = Array.isArray(value) ? "list" : typeof value;
  const got = typeof value === "string" ? excerpt(value) : value === null ? "null" : `something of kind ${kind}`;
  return new ChainError("unavailable", `expected a ${what} from the endpoint, got ${got}`);
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw another(what, value);
}

/** Nodes of a Merkle-Patricia proof. */
export function asNodes(value: unknown): Hex[] {
  return asList(value, "list of the nodes of a proof").map((node) => asData(node, "node of a proof"));
}

export function readBlock(value: unknown): Block | undefined {
  if (value === null) return undefined;
  const block = asObject(value, "block");
  return {
    number: asInteger(block.number, "block number"),
    hash: asHash(block.hash, "block hash"),
    time: asTime(block.timestamp),
  };
}

export function mapLogs(value: unknown): RpcLog[] {
  return asList(value, "list of logs").map((each) => {
    const log = asObject(each, "log");
    return {
      address: asData(log.address, "log's address"),
      topics: asList(log.topics, "list of topics").map((topic) => asHash(topic, "topic")),
      data: asData(log.data, "log's data"),
      transactionHash: asHash(log.transactionHash, "transaction hash"),
      blockNumber: asInteger(log.blockNumber, "block number"),
      blockHash: asHash(log.blockHash, "block hash"),
    };
  });
}

/** keccak256 of code; undefined when there is none. */
export function hashOfCode(code: unknown): Hex | undefined {
  const data = asData(code, "contract's code");
  return data === "0x" ? undefined : toHex(keccak256(fromHex(data)));
}
