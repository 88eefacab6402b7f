/** Values of the Ethereum execution API: quantities and data as hex strings, blocks and logs as objects. */

import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { type Block, type BlockTag, ChainError } from "./chain.ts";

export type Json = Readonly<Record<string, unknown>>;

export type RpcLog = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
};

/** @param digits pads with zeros to so many, as data is written; quantities have none in front */
export function spellQuantity(value: number, digits = 1): Hex {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

export function spellTag(at: BlockTag): string {
  return typeof at === "number" ? spellQuantity(at) : at;
}

/** @throws ChainError unavailable when the endpoint answered with something else: it is broken or not one */
export function asObject(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null) return value as Json;
  throw new ChainError("unavailable", `expected a ${what} from the endpoint, got ${JSON.stringify(value)}`);
}

export function asQuantity(value: unknown, what: string): bigint {
  if (typeof value === "string" && /^0x[0-9a-f]+$/i.test(value)) return BigInt(value);
  throw new ChainError("unavailable", `expected a ${what} from the endpoint, got ${JSON.stringify(value)}`);
}

export function asInteger(value: unknown, what: string): number {
  const integer = Number(asQuantity(value, what));
  if (Number.isSafeInteger(integer)) return integer;
  throw new ChainError("unavailable", `expected a ${what} up to 2^53-1 from the endpoint, got ${value}`);
}

export function asHash(value: unknown, what: string): Hex {
  if (typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value)) return value as Hex;
  throw new ChainError("unavailable", `expected a ${what} from the endpoint, got ${JSON.stringify(value)}`);
}

/** Nodes of a Merkle-Patricia proof. */
export function asNodes(value: unknown): Hex[] {
  const isNode = (node: unknown) => typeof node === "string" && /^0x(?:[0-9a-f]{2})+$/i.test(node);
  if (Array.isArray(value) && value.every(isNode)) return value.map((node: string) => node.toLowerCase() as Hex);
  throw new ChainError("unavailable", "expected the nodes of a proof from the endpoint, got something else");
}

export function readBlock(value: unknown): Block | undefined {
  if (value === null) return undefined;
  const block = asObject(value, "block");
  return {
    number: asInteger(block.number, "block number"),
    hash: asHash(block.hash, "block hash"),
    time: asInteger(block.timestamp, "time"),
  };
}

export function mapLogs(value: unknown): RpcLog[] {
  if (!Array.isArray(value)) throw new ChainError("unavailable", "expected logs from the endpoint, got something else");
  return value.map((each) => {
    const log = asObject(each, "log");
    return {
      address: String(log.address),
      topics: log.topics as string[],
      data: String(log.data),
      transactionHash: asHash(log.transactionHash, "transaction hash"),
      blockNumber: asInteger(log.blockNumber, "block number"),
      blockHash: asHash(log.blockHash, "block hash"),
    };
  });
}

/** keccak256 of code; undefined when there is none. */
export function hashOfCode(code: unknown): Hex | undefined {
  if (typeof code !== "string")
    throw new ChainError("unavailable", "expected code from the endpoint, got something else");
  return code === "0x" ? undefined : toHex(keccak256(fromHex(code.toLowerCase())));
}
