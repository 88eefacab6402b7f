/** RLP of a block's header from what a node says of the block, by @ethereumjs/rlp. */

import { RLP } from "@ethereumjs/rlp";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";

export type RpcBlock = Readonly<Record<string, Hex>> & { readonly hash: Hex; readonly timestamp: Hex };

/** Fields in the order of the header; true for integers, which have no leading zeros. */
const FIELDS: readonly (readonly [name: string, isInteger: boolean])[] = [
  ["parentHash", false],
  ["sha3Uncles", false],
  ["miner", false],
  ["stateRoot", false],
  ["transactionsRoot", false],
  ["receiptsRoot", false],
  ["logsBloom", false],
  ["difficulty", true],
  ["number", true],
  ["gasLimit", true],
  ["gasUsed", true],
  ["timestamp", true],
  ["extraData", false],
  ["mixHash", false],
  ["nonce", false],
  ["baseFeePerGas", true],
  ["withdrawalsRoot", false],
  ["blobGasUsed", true],
  ["excessBlobGas", true],
  ["parentBeaconBlockRoot", false],
  ["requestsHash", false],
];

/** The header; fields that the block does not have are those of later forks. */
export function encodeHeader(block: RpcBlock): Hex {
  const present = FIELDS.filter(([name]) => block[name] !== undefined && block[name] !== null);
  return toHex(
    RLP.encode(present.map(([name, isInteger]) => (isInteger ? BigInt(block[name] ?? 0) : bytesOf(block, name)))),
  );
}

function bytesOf(block: RpcBlock, name: string): Uint8Array {
  return fromHex((block[name] ?? "0x").toLowerCase());
}
