/**
 * What an outsider needs to know of the contract (contracts/ILedgerAnchor.sol): its calls and its event in the ABI's
 * encoding, and where in its storage a root is. Only the static types that it uses; no general codec.
 * Why: docs/decisions/0065.
 */

import { concat, encodeUint64, fromHex, type Hex, readUint64, toHex, utf8 } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import type { ChainLog } from "./chain-reader.ts";

const WORD = 32;
const SELECTOR_LENGTH = 4;
/** Position of `forked` in the struct that head() returns. */
const HEAD_WORDS = 6;
const HEAD_FORKED = 3;

const ANCHORED = toHex(keccak256(utf8("Anchored(bytes32,uint64,bytes32,uint64,uint64)")));

/** Call data of rootAt(ledgerId, size). */
export function encodeRootAt(ledgerId: Hex, size: number): Hex {
  return encodeCall("rootAt(bytes32,uint64)", fromHex(ledgerId, WORD), uintWord(size));
}

/** Call data of everSigner(ledgerId, signer). */
export function encodeEverSigner(ledgerId: Hex, signer: string): Hex {
  const address = fromHex(signer.toLowerCase(), 20);
  return encodeCall("everSigner(bytes32,address)", fromHex(ledgerId, WORD), concat(new Uint8Array(12), address));
}

/** Call data of head(ledgerId). */
export function encodeHead(ledgerId: Hex): Hex {
  return encodeCall("head(bytes32)", fromHex(ledgerId, WORD));
}

/** @throws RangeError when the answer is not one word */
export function decodeBytes32(answer: Hex): Hex {
  return toHex(fromHex(answer, WORD));
}

/** @throws RangeError when the answer is not the word 0 or 1 */
export function decodeBool(answer: Hex): boolean {
  return readBool(fromHex(answer, WORD));
}

/** The mark `forked` in what head() returned. @throws RangeError when the answer is not such a struct */
export function decodeForked(answer: Hex): boolean {
  const bytes = fromHex(answer, HEAD_WORDS * WORD);
  return readBool(bytes.subarray(HEAD_FORKED * WORD, (HEAD_FORKED + 1) * WORD));
}

/** Topics of the event that anchors a size of a ledger. */
export function anchoredTopics(ledgerId: Hex, size: number): Hex[] {
  return [ANCHORED, ledgerId, toHex(uintWord(size))];
}

/** Root in an Anchored event; undefined when the log is another event, or of another ledger or size. */
export function anchoredRoot(log: ChainLog, ledgerId: Hex, size: number): Hex | undefined {
  const topics = anchoredTopics(ledgerId, size);
  if (log.topics.length !== topics.length || topics.some((topic, i) => topic !== log.topics[i])) return undefined;
  return toHex(fromHex(log.data, 3 * WORD).subarray(0, WORD));
}

/** Storage slot of a root: slot 0 is mapping(bytes32 ledgerId => mapping(uint64 size => bytes32 root)). */
export function rootSlot(ledgerId: Hex, size: number): Uint8Array {
  const roots = keccak256(concat(fromHex(ledgerId, WORD), new Uint8Array(WORD)));
  return keccak256(concat(uintWord(size), roots));
}

function encodeCall(signature: string, ...words: readonly Uint8Array[]): Hex {
  return toHex(concat(keccak256(utf8(signature)).subarray(0, SELECTOR_LENGTH), ...words));
}

function uintWord(value: number): Uint8Array {
  return concat(new Uint8Array(WORD - 8), encodeUint64(value));
}

function readBool(word: Uint8Array): boolean {
  const isSmall = word.subarray(0, WORD - 8).every((byte) => byte === 0);
  const value = isSmall ? readUint64(word, WORD - 8) : Number.NaN;
  if (value !== 0 && value !== 1) throw new RangeError(`expected true or false, got ${toHex(word)}`);
  return value === 1;
}
