/**
 * A block header as RLP, from what eth_getBlockByHash says. Each fork of Ethereum added fields at the end, so the list
 * is as long as the answer has fields; whether it is right is seen by its hash, which must be the block's.
 */

import { fromHex, type Hex, toHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { encodeRlp } from "./ethers.ts";

type Field = readonly [name: string, kind: "bytes" | "integer"];

/** Yellow Paper §4.3, then London, Shanghai, Cancun (two and one), Prague, and what is announced for Amsterdam. */
const FIELDS: readonly Field[] = [
  ["parentHash", "bytes"],
  ["sha3Uncles", "bytes"],
  ["miner", "bytes"],
  ["stateRoot", "bytes"],
  ["transactionsRoot", "bytes"],
  ["receiptsRoot", "bytes"],
  ["logsBloom", "bytes"],
  ["difficulty", "integer"],
  ["number", "integer"],
  ["gasLimit", "integer"],
  ["gasUsed", "integer"],
  ["timestamp", "integer"],
  ["extraData", "bytes"],
  ["mixHash", "bytes"],
  ["nonce", "bytes"],
  ["baseFeePerGas", "integer"],
  ["withdrawalsRoot", "bytes"],
  ["blobGasUsed", "integer"],
  ["excessBlobGas", "integer"],
  ["parentBeaconBlockRoot", "bytes"],
  ["requestsHash", "bytes"],
  ["blockAccessListHash", "bytes"],
  ["slotNumber", "integer"],
];

/** Characters of a field: the bloom of logs has 514, and chains with known validators list them in extraData. */
const FIELD_MAX = 16_384;
const HEX = /^0x[0-9a-f]*$/i;

/**
 * RLP of the header of a block, as JSON-RPC describes it.
 * @returns undefined when its keccak256 is not the block's hash: a chain with a header of its own
 */
export function encodeHeader(block: Readonly<Record<string, unknown>>, hash: Hex): Hex | undefined {
  const items: string[] = [];
  for (const [name, kind] of FIELDS) {
    const value = block[name];
    if (typeof value !== "string") continue;
    if (value.length > FIELD_MAX || !HEX.test(value)) return undefined;
    items.push(kind === "integer" ? trimInteger(value) : value);
  }
  if (items.some((item) => item.length % 2 !== 0)) return undefined;
  const header = encodeRlp(items);
  return toHex(keccak256(fromHex(header))) === hash ? header : undefined;
}

/** RLP integers have no leading zeros, and 0 is the empty string. */
function trimInteger(quantity: string): string {
  const digits = quantity.slice(2).replace(/^0+/, "");
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`;
}
