/**
 * The frozen proof of an anchor: that a block's state held a root in the contract's storage (EIP-1186). It needs no
 * node, only a block hash that somebody trusts, and still works when every node has forgotten that state.
 */

import { concat, fromHex, type Hex, readUint64, toHex } from "../../merkle/bytes.ts";
import { HASH_LENGTH, keccak256 } from "../../merkle/hash.ts";
import { ProofError } from "../../merkle/proof.ts";
import type { BundleAnchor } from "../bundle/bundle.ts";
import { rootSlot } from "./contract.ts";
import { decodeRlpBytes, decodeRlpList, type RlpItem } from "./rlp.ts";
import { readTrie } from "./trie.ts";

/** Places in a block header, Yellow Paper §4.3; later forks only add fields behind them. */
const HEADER = { stateRoot: 3, number: 8, time: 11, fieldsMin: 15 } as const;
/** Places in an account, Yellow Paper §4.1. */
const ACCOUNT = { storageRoot: 2, codeHash: 3, fields: 4 } as const;

/** What the proof says besides: keccak256 of the contract's code in that block. */
export type StateFinding = { readonly codeHash: Hex };

/**
 * Checks the state proof of an anchor against the anchor's own block hash, number, time, contract, size and root.
 * @throws ProofError unless all of it holds
 */
export function checkState(anchor: BundleAnchor, ledgerId: Hex): StateFinding {
  const { state } = anchor;
  if (state === undefined) throw new ProofError("expected a state proof, got none");
  const stateRoot = checkHeader(anchor, fromHex(state.header));
  const accountKey = keccak256(fromHex(anchor.contract.toLowerCase(), 20));
  const account = within("account", () => decodeRlpList(readTrie(stateRoot, accountKey, bytesOf(state.accountProof))));
  if (account.length !== ACCOUNT.fields) throw new ProofError(`expected an account of 4 fields, got ${account.length}`);
  const storageRoot = fieldOf(account, ACCOUNT.storageRoot);
  const slotKey = keccak256(rootSlot(ledgerId, anchor.size));
  const value = within("storage", () => decodeRlpBytes(readTrie(storageRoot, slotKey, bytesOf(state.storageProof))));
  const root = wordOf(value);
  if (root !== anchor.root) throw new ProofError(`expected root ${anchor.root} in the contract's storage, got ${root}`);
  return { codeHash: toHex(fieldOf(account, ACCOUNT.codeHash)) };
}

function checkHeader(anchor: BundleAnchor, header: Uint8Array): Uint8Array {
  const hash = toHex(keccak256(header));
  if (hash !== anchor.blockHash) throw new ProofError(`expected a header with hash ${anchor.blockHash}, got ${hash}`);
  const fields = decodeRlpList(header);
  if (fields.length < HEADER.fieldsMin) {
    throw new ProofError(`expected a header of ${HEADER.fieldsMin} fields or more, got ${fields.length}`);
  }
  const number = integerOf(fieldOf(fields, HEADER.number));
  if (number !== anchor.blockNumber) throw new ProofError(`expected block ${anchor.blockNumber}, got ${number}`);
  const time = integerOf(fieldOf(fields, HEADER.time));
  if (time !== anchor.blockTime) throw new ProofError(`expected block time ${anchor.blockTime}, got ${time}`);
  return fieldOf(fields, HEADER.stateRoot);
}

function within<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ProofError(`the ${what} proof does not hold: ${(cause as Error).message}`, { cause });
  }
}

function fieldOf(fields: readonly RlpItem[], at: number): Uint8Array {
  const field = fields[at];
  if (!(field instanceof Uint8Array)) throw new ProofError(`expected bytes in field ${at}, got a list`);
  return field;
}

function integerOf(bytes: Uint8Array): number {
  if (bytes.length > 8) throw new ProofError(`expected an integer of 8 bytes at most, got ${bytes.length}`);
  return readUint64(concat(new Uint8Array(8 - bytes.length), bytes));
}

/** Storage values are kept without leading zeros. */
function wordOf(value: Uint8Array): Hex {
  if (value.length > HASH_LENGTH) throw new ProofError(`expected a value of 32 bytes at most, got ${value.length}`);
  return toHex(concat(new Uint8Array(HASH_LENGTH - value.length), value));
}

function bytesOf(nodes: readonly Hex[]): Uint8Array[] {
  return nodes.map((node) => fromHex(node));
}
