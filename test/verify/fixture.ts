/**
 * A small ledger, its bundles and a chain that holds its anchors, all made here: the tree by the recursive
 * definitions of RFC 9162 §2.1, the state by @ethereumjs/mpt, neither by the code under test.
 */

import { createMerkleProof, createMPT, type MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { encodeEntry, memberDigest } from "../../src/entry/entry.ts";
import { memberText } from "../../src/entry/member.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import { concat, encodeUint64, fromHex, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { addressOf, checkpointDigest, deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { keccak256, leafHash, nodeHash } from "../../src/merkle/hash.ts";
import type { Bundle, BundleAnchor, BundleLedger, BundleMember, Status } from "../../src/verify/bundle/bundle.ts";
import type { ChainBlock, ChainLog, ChainReader } from "../../src/verify/evm/chain-reader.ts";
import type { VerifyOptions } from "../../src/verify/options.ts";

export const SIGNER_KEY = keccak256(utf8("the signer of the tests"));
export const OWNER = checksumAddress("0x00112233445566778899aabbccddeeff00112233");
/** Where the contract is on every chain. */
export const CONTRACT = artifact.create2.address;
export const CODE_HASH = toHex(keccak256(utf8("the code of the contract")));
/** What makes a verification believe the contract of {@link TestChain}. */
export const KNOWN: VerifyOptions = { knownCodeHashes: [CODE_HASH], knownContracts: [CONTRACT] };
export const CHAIN_ID = 11155111;
/** The reader knows who signs the ledgers of the tests, and asks no chain. */
export const SIGNED: VerifyOptions = {
  expected: { signers: [addressOf(secp256k1.getPublicKey(SIGNER_KEY, false))] },
  offline: true,
};
const ZERO: Hex = `0x${"0".repeat(64)}`;
const START_MS = 1_700_000_000_000;

/** What an event of the tests looks like. */
export function eventOf(index: number): Record<string, unknown> {
  return {
    action: "invoice.approve",
    actor: { id: `u${index}`, type: "user", name: 'Zoë "Z" O\\Neil / ☃' },
    time: "2026-11-23T18:00:00Z",
    targets: [{ id: `i/${index}`, type: "invoice" }],
    metadata: { amount: 12.5, big: 9007199254740991, note: "line\nbreak" },
  };
}

export function signHash(digest: Uint8Array, key = SIGNER_KEY): Hex {
  const bytes = secp256k1.sign(digest, key, { prehash: false, format: "recovered" });
  return toHex(concat(bytes.subarray(1), new Uint8Array([27 + (bytes[0] as number)])));
}

type TestEntry = { readonly recordedAt: number; readonly members: BundleMember[]; readonly leaf: Uint8Array };

/** Canonical texts of the members of an event, in their order. */
export function textsOf(event: Record<string, unknown>): string[] {
  return Object.keys(event)
    .sort()
    .map((name) => memberText(name, event[name]));
}

/** A ledger of `size` events; salts and times follow from the index. `texts` may be what no service would record. */
export class TestLedger {
  readonly record: BundleLedger;
  readonly #key: Uint8Array;
  readonly #texts: (index: number) => readonly string[];
  readonly #entries: TestEntry[] = [];

  constructor(
    size: number,
    { name = "main", key = SIGNER_KEY, owner = OWNER, texts = (index: number) => textsOf(eventOf(index)) } = {},
  ) {
    const label = labelOf(name);
    const signer = checksumAddress(addressOf(secp256k1.getPublicKey(key, false)));
    this.#key = key;
    this.#texts = texts;
    this.record = { id: deriveLedgerId(owner.toLowerCase() as Hex, label), name, label, owner, signer };
    for (let index = 0; index < size; index++) this.#append(index, `${name}/${index}`);
  }

  get size(): number {
    return this.#entries.length;
  }

  root(size: number): Hex {
    return toHex(this.#range(0, size));
  }

  sign(size: number, signedAt = 1_700_000_100 + size): Bundle["checkpoint"] {
    const root = this.root(size);
    const digest = checkpointDigest({ ledgerId: this.record.id, size, root, signedAt });
    return { size, root, signedAt, signature: signHash(digest, this.#key) };
  }

  /** A bundle without anchors; `omit` are positions of members. */
  bundle(index: number, size = this.size, omit: readonly number[] = []): Bundle {
    const { recordedAt, members, leaf } = this.#entries[index] as TestEntry;
    const shown = members.map((member, at) => (omit.includes(at) ? { digest: digestOf(member) } : member));
    return {
      format: "holdfast/bundle@1",
      ledger: this.record,
      entry: { index, recordedAt, members: shown, leafHash: toHex(leaf) },
      inclusion: { size, root: this.root(size), path: this.#path(index, 0, size).map(toHex) },
      checkpoint: this.sign(size),
      anchors: [],
      status: "recorded",
    };
  }

  /** PROOF(from, D_to), RFC 9162 §2.1.4.1. */
  consistency(from: number, to: number): Hex[] {
    return this.#proof(from, 0, to, true).map(toHex);
  }

  /** NODES(0, size) of docs/format.md §10.1: the hashes of one proof for the leaves at these indexes. */
  nodes(indexes: readonly number[], size: number): Hex[] {
    return this.#nodes(indexes, 0, size).map(toHex);
  }

  #append(index: number, seed: string): void {
    const members = this.#texts(index).map((text, at): BundleMember => {
      return { salt: toHex(keccak256(utf8(`${seed}/${at}`)).subarray(0, 16)), text };
    });
    const recordedAt = START_MS + index;
    const digests = members.map((member) => fromHex(digestOf(member)));
    this.#entries.push({ recordedAt, members, leaf: leafHash(keccak256, encodeEntry(recordedAt, digests)) });
  }

  #range(start: number, end: number): Uint8Array {
    if (end - start === 1) return this.#entries[start]?.leaf as Uint8Array;
    const middle = start + split(end - start);
    return nodeHash(keccak256, this.#range(start, middle), this.#range(middle, end));
  }

  #path(index: number, start: number, end: number): Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...this.#path(index, start, middle), this.#range(middle, end)]
      : [...this.#path(index, middle, end), this.#range(start, middle)];
  }

  #nodes(indexes: readonly number[], start: number, end: number): Uint8Array[] {
    if (!indexes.some((index) => start <= index && index < end)) return [this.#range(start, end)];
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return [...this.#nodes(indexes, start, middle), ...this.#nodes(indexes, middle, end)];
  }

  #proof(from: number, start: number, end: number, isWhole: boolean): Uint8Array[] {
    if (from === end) return isWhole ? [] : [this.#range(start, end)];
    const middle = start + split(end - start);
    return from <= middle
      ? [...this.#proof(from, start, middle, isWhole), this.#range(middle, end)]
      : [...this.#proof(from, middle, end, false), this.#range(start, middle)];
  }
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function digestOf(member: BundleMember): Hex {
  if ("digest" in member) return member.digest;
  return toHex(memberDigest(keccak256, { salt: fromHex(member.salt), text: member.text }));
}

/** A chain with one contract; tests change its fields to make it say something else. */
export class TestChain implements ChainReader {
  id = CHAIN_ID;
  contract = CONTRACT;
  code: Hex | undefined = CODE_HASH;
  forked = false;
  finalUpTo: number | undefined = 0;
  /** Questions that are answered with an error. */
  readonly broken = new Set<string>();
  readonly asked: string[] = [];
  readonly roots = new Map<string, Hex>();
  readonly signers = new Set<string>();
  readonly blocks = new Map<number, ChainBlock>();
  readonly events: ChainLog[] = [];
  readonly #next: number;

  constructor(firstBlock = 5_000_001) {
    this.#next = firstBlock;
  }

  /** Anchors a size of a ledger in a block of its own, with the state proof when asked. */
  async anchor(ledger: TestLedger, size: number, { from = size, withState = false } = {}): Promise<BundleAnchor> {
    const blockNumber = this.#next + this.blocks.size;
    const blockTime = 1_700_001_000 + blockNumber;
    const { id, signer } = ledger.record;
    const root = ledger.root(size);
    this.roots.set(`${id}/${size}`, root);
    this.signers.add(`${id}/${signer}`);
    const state = await this.#freeze(blockNumber, blockTime, id, size);
    const blockHash = toHex(keccak256(fromHex(state.header)));
    this.blocks.set(blockNumber, { hash: blockHash, time: blockTime });
    const transactionHash = toHex(keccak256(utf8(`transaction ${blockNumber}`)));
    this.events.push({
      contract: this.contract.toLowerCase() as Hex,
      topics: [ANCHORED_TOPIC, id, toHex(concat(new Uint8Array(24), encodeUint64(size)))],
      data: toHex(concat(fromHex(root), new Uint8Array(64))),
      transactionHash,
      blockNumber,
      blockHash,
    });
    const consistency = from === size ? {} : { consistency: ledger.consistency(from, size) };
    const place = { transactionHash, blockNumber, blockHash, blockTime };
    return {
      chainId: this.id,
      contract: this.contract,
      size,
      root,
      ...consistency,
      ...place,
      ...(withState && { state }),
    };
  }

  async #freeze(number: number, time: number, ledgerId: Hex, size: number) {
    const storage = await createMPT({ useKeyHashing: true });
    for (const [key, root] of this.roots) {
      const [id, anchored] = key.split("/") as [Hex, string];
      await storage.put(slotOf(id, Number(anchored)), RLP.encode(trimZeros(fromHex(root))));
    }
    for (let i = 0; i < 40; i++) await storage.put(keccak256(utf8(`other slot ${i}`)), RLP.encode(i + 1));
    const state = await createMPT({ useKeyHashing: true });
    const account = RLP.encode([1, 0, storage.root(), fromHex(this.code ?? ZERO)]);
    const address = fromHex(this.contract.toLowerCase());
    await state.put(address, account);
    for (let i = 0; i < 40; i++) await state.put(keccak256(utf8(`account ${i}`)).subarray(12), account);
    const zero = fromHex(ZERO);
    const field = keccak256(utf8("another field"));
    const fields = [zero, field, new Uint8Array(20), state.root(), field, field, new Uint8Array(256), 0];
    const header = RLP.encode([...fields, number, 30_000_000, 21_000, time, utf8("test"), field, new Uint8Array(8), 7]);
    return {
      header: toHex(header),
      accountProof: await nodesOf(state, address),
      storageProof: await nodesOf(storage, slotOf(ledgerId, size)),
    };
  }

  #answer<T>(question: string, answer: T): Promise<T> {
    this.asked.push(question);
    return this.broken.has(question) ? Promise.reject(new Error("connection refused")) : Promise.resolve(answer);
  }

  chainId = () => this.#answer("chainId", this.id);
  codeHash = (contract: string) => this.#answer("codeHash", contract === this.contract ? this.code : undefined);
  rootAt = (_: string, id: Hex, size: number) => this.#answer("rootAt", this.roots.get(`${id}/${size}`) ?? ZERO);
  everSigner = (_: string, id: Hex, who: string) => this.#answer("everSigner", this.signers.has(`${id}/${who}`));
  isForked = () => this.#answer("isForked", this.forked);
  block = (number: number) => this.#answer("block", this.blocks.get(number));
  isFinal = (number: number) =>
    this.#answer("isFinal", this.finalUpTo === undefined ? undefined : number <= this.finalUpTo);
  logs = (blockHash: Hex, contract: string, topics: readonly Hex[]) =>
    this.#answer(
      "logs",
      this.events.filter(
        (log) =>
          log.blockHash === blockHash &&
          log.contract === contract.toLowerCase() &&
          topics.every((topic, i) => topic === log.topics[i]),
      ),
    );
}

const ANCHORED_TOPIC = toHex(keccak256(utf8("Anchored(bytes32,uint64,bytes32,uint64,uint64)")));

function slotOf(ledgerId: Hex, size: number): Uint8Array {
  const inner = keccak256(concat(fromHex(ledgerId), new Uint8Array(32)));
  return keccak256(concat(new Uint8Array(24), encodeUint64(size), inner));
}

async function nodesOf(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Hex[]> {
  return (await createMerkleProof(trie, key)).map((node) => toHex(node));
}

function trimZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

export type World = { readonly ledger: TestLedger; readonly chain: TestChain; readonly options: VerifyOptions };

/** A ledger of 13 events, a chain, and the options that make a verification ask that chain. */
export function makeWorld(): World {
  const ledger = new TestLedger(13);
  const chain = new TestChain();
  return { ledger, chain, options: { chain, ...KNOWN } };
}

/** A bundle of event 5 at size 11 with its anchors, as a service would give it. */
export function anchored(bundle: Bundle, anchors: readonly BundleAnchor[], status: Status = "anchored"): Bundle {
  return { ...bundle, anchors, status };
}
