/**
 * A chain behind JSON-RPC endpoints: the port of chain.ts over the Ethereum execution API.
 * What is particular to a node's wording is in chain/node/error-wording.ts, which endpoint is asked in
 * chain/node/endpoints.ts.
 */

import { type Hex, toHex } from "../merkle/bytes.ts";
import { ProofError } from "../merkle/proof.ts";
import type { AnchorState } from "../verify/bundle/bundle.ts";
import { rootSlot } from "../verify/evm/contract.ts";
import { checkState } from "../verify/evm/state-proof.ts";
import { encodeHeader } from "./block-header.ts";
import type {
  AnchorClaim,
  AnchoredEvent,
  AnchorPlace,
  Block,
  BlockTag,
  Call,
  Chain,
  ChainHead,
  ChainIdentity,
  ChainLedger,
  Fees,
  TransactionReceipt,
} from "./chain.ts";
import { ChainError } from "./chain.ts";
import {
  ANCHORED_TOPIC,
  decodeAnchorMany,
  decodeEverSigner,
  decodeHead,
  decodeLedger,
  encodeEverSigner,
  encodeHead,
  encodeLedger,
  encodeRootAt,
  explainRevert,
  readAnchored,
} from "./contract/contract.ts";
import { searchForward } from "./log-search.ts";
import { connectEndpoint } from "./node/endpoint.ts";
import { type Endpoint, Endpoints } from "./node/endpoints.ts";
import {
  asData,
  asHash,
  asInteger,
  asNodes,
  asObject,
  asQuantity,
  hashOfCode,
  type Json,
  mapLogs,
  type RpcLog,
  readBlock,
  spellQuantity,
  spellTag,
} from "./node/rpc-values.ts";

export type RpcOptions = {
  /** JSON-RPC URLs, the preferred one first. */
  readonly urls: readonly string[];
  readonly chainId: number;
  /** Address of the contract in any spelling. */
  readonly contract: string;
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 10_000;
const NO_ROOT = `0x${"0".repeat(64)}`;
/** Where OP-stack chains keep their fee oracle, and getL1FeeUpperBound(uint256). */
const FEE_ORACLE = "0x420000000000000000000000000000000000000f";
const FEE_ORACLE_SELECTOR = "0xf1c7a58b";
/** Blocks around a time that are searched for an event; chains with several blocks a second exist. */
const SEARCH_BLOCKS = 64;

/** A chain behind HTTP endpoints; nothing is asked before it is used. */
export function connectChain({ urls, chainId, contract, timeoutMs = TIMEOUT_MS }: RpcOptions): RpcChain {
  return new RpcChain(
    urls.map((url) => connectEndpoint(url, timeoutMs)),
    chainId,
    contract,
  );
}

export class RpcChain implements Chain {
  readonly chainId: number;
  readonly contract: Hex;
  readonly #endpoints: Endpoints;
  #hasFeeOracle: boolean | undefined;

  constructor(endpoints: readonly Endpoint[], chainId: number, contract: string) {
    this.#endpoints = new Endpoints(endpoints, chainId);
    this.chainId = chainId;
    this.contract = contract.toLowerCase() as Hex;
  }

  async identify(): Promise<ChainIdentity> {
    await this.#endpoints.checkAll();
    const genesis = await this.block(0);
    const codeHash = hashOfCode(await this.#read("eth_getCode", this.contract, "latest"));
    if (codeHash === undefined) {
      throw new ChainError("contract_missing", `expected a contract at ${this.contract}, got no code there`);
    }
    return { genesis: genesis?.hash, codeHash };
  }

  async block(at: BlockTag): Promise<Block | undefined> {
    const block = readBlock(await this.#read("eth_getBlockByNumber", spellTag(at), false));
    if (block === undefined || typeof at !== "number" || block.number === at) return block;
    throw new ChainError("unavailable", `expected block ${at} from the endpoint, got block ${block.number}`);
  }

  async head(ledgerId: Hex): Promise<ChainHead> {
    return decodeHead(await this.#call(encodeHead(ledgerId)));
  }

  async ledger(ledgerId: Hex): Promise<ChainLedger | undefined> {
    return decodeLedger(await this.#call(encodeLedger(ledgerId)));
  }

  async everSigner(ledgerId: Hex, signer: Hex): Promise<boolean> {
    return decodeEverSigner(await this.#call(encodeEverSigner(ledgerId, signer)));
  }

  async rootAt(ledgerId: Hex, size: number): Promise<Hex | undefined> {
    const root = await this.#call(encodeRootAt(ledgerId, size));
    return root === NO_ROOT ? undefined : root;
  }

  async nonce(account: Hex): Promise<number> {
    return asInteger(await this.#read("eth_getTransactionCount", account, "latest"), "nonce");
  }

  async balance(account: Hex): Promise<bigint> {
    return asQuantity(await this.#read("eth_getBalance", account, "latest"), "balance");
  }

  async fees(): Promise<Fees> {
    const block = asObject(await this.#read("eth_getBlockByNumber", "latest", false), "block");
    if (block.baseFeePerGas === undefined || block.baseFeePerGas === null) {
      const price = asQuantity(await this.#read("eth_gasPrice"), "gas price");
      return { feeMax: price, tipMax: price, baseFee: price, legacy: true };
    }
    const baseFee = asQuantity(block.baseFeePerGas, "base fee");
    const tipMax = await this.#tip(baseFee);
    // Twice the base fee stays valid through six full blocks, each of which raises it by an eighth.
    return { feeMax: 2n * baseFee + tipMax, tipMax, baseFee, legacy: false };
  }

  async #tip(baseFee: bigint): Promise<bigint> {
    try {
      return asQuantity(await this.#read("eth_maxPriorityFeePerGas"), "priority fee");
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind === "unavailable") throw error;
      const price = asQuantity(await this.#read("eth_gasPrice"), "gas price");
      return price > baseFee ? price - baseFee : 0n;
    }
  }

  async estimateGas(call: Call): Promise<number> {
    return asInteger(await this.#ask("eth_estimateGas", call), "gas");
  }

  async simulateMany(call: Call): Promise<boolean[]> {
    return decodeAnchorMany(asData(await this.#ask("eth_call", call, "latest"), "result of a call"));
  }

  async dataFee(bytes: number): Promise<bigint> {
    this.#hasFeeOracle ??= hashOfCode(await this.#read("eth_getCode", FEE_ORACLE, "latest")) !== undefined;
    if (!this.#hasFeeOracle) return 0n;
    const data = `${FEE_ORACLE_SELECTOR}${bytes.toString(16).padStart(64, "0")}`;
    return asQuantity(await this.#read("eth_call", { to: FEE_ORACLE, data }, "latest"), "data fee");
  }

  async broadcast(raw: Hex): Promise<void> {
    const outcomes = await this.#endpoints.each("eth_sendRawTransaction", [raw]);
    if (outcomes.some((outcome) => outcome === undefined || outcome.kind === "known")) return;
    // An endpoint that took it in and then hung says nothing; its silence must not be read as a refusal.
    throw outcomes.find((outcome) => outcome?.kind === "unavailable") ?? outcomes[0];
  }

  async receipt(transactionHash: Hex): Promise<TransactionReceipt | undefined> {
    const answer = await this.#read("eth_getTransactionReceipt", transactionHash);
    if (answer === null) return undefined;
    const receipt = asObject(answer, "receipt");
    // A receipt of a transaction that is not in a block yet (some nodes), or of another one.
    if (receipt.blockHash === null || receipt.transactionHash !== transactionHash) return undefined;
    const gasUsed = asInteger(receipt.gasUsed, "gas used");
    const price = asQuantity(receipt.effectiveGasPrice ?? "0x0", "gas price");
    const dataFee = typeof receipt.l1Fee === "string" ? asQuantity(receipt.l1Fee, "data fee") : 0n;
    const logs = mapLogs(receipt.logs).filter((log) => log.address.toLowerCase() === this.contract);
    return {
      transactionHash,
      blockNumber: asInteger(receipt.blockNumber, "block number"),
      blockHash: asHash(receipt.blockHash, "block hash"),
      succeeded: asQuantity(receipt.status ?? "0x0", "status") === 1n,
      gasUsed,
      feeWei: BigInt(gasUsed) * price + dataFee,
      anchored: logs.map(readAnchored).filter((event): event is AnchoredEvent & { signedAt: number } => !!event),
    };
  }

  async findAnchor(ledgerId: Hex, size: number, since?: number): Promise<AnchorPlace | undefined> {
    const topics = [ANCHORED_TOPIC, ledgerId, spellQuantity(size, 64)];
    const filter = { address: this.contract, topics };
    const log = await this.#findLog(filter, ledgerId, since);
    const event = log === undefined ? undefined : readAnchored(log);
    if (log === undefined || event?.ledgerId !== ledgerId || event.size !== size) return undefined;
    const { transactionHash, blockNumber, blockHash } = log;
    return { transactionHash, blockNumber, blockHash, signedAt: event.signedAt };
  }

  /** In all blocks; where a node refuses such a range, in those from a time on, or around that of the newest anchor. */
  async #findLog(filter: Json, ledgerId: Hex, since: number | undefined): Promise<RpcLog | undefined> {
    const ask = async (fromBlock: string, toBlock: string): Promise<RpcLog[]> => {
      const logs = mapLogs(await this.#read("eth_getLogs", { ...filter, fromBlock, toBlock }));
      return logs.filter(({ address }) => address.toLowerCase() === this.contract);
    };
    try {
      return (await ask("0x0", "latest"))[0];
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind === "wrong_chain") throw error;
      const at = await this.#blockAtTime(since ?? (await this.head(ledgerId)).anchoredAt);
      const from = Math.max(0, at - SEARCH_BLOCKS);
      if (since === undefined) return (await ask(spellQuantity(from), spellQuantity(at + SEARCH_BLOCKS)))[0];
      const to = (await this.block("latest"))?.number ?? at;
      return searchForward({ from, to }, (first, last) => ask(spellQuantity(first), spellQuantity(last)));
    }
  }

  /** Number of the first block that is not older than a time, by halving. */
  async #blockAtTime(time: number): Promise<number> {
    let low = 0;
    let high = (await this.block("latest"))?.number ?? 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const block = await this.block(middle);
      if (block === undefined || block.time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async confirms({ ledgerId, size, root, blockNumber, blockHash }: AnchorClaim): Promise<boolean> {
    const number = spellQuantity(blockNumber);
    const blocks = await this.#endpoints.readSome("eth_getBlockByNumber", [number, false], 2);
    if (!blocks.every((block) => readBlock(block)?.hash === blockHash)) return false;
    const call = { to: this.contract, data: encodeRootAt(ledgerId, size) };
    const roots = await this.#endpoints.readSome("eth_call", [call, number], 2).catch((error) => {
      // The state of that block is gone; a root is never overwritten, so the newest state says the same.
      if (error instanceof ChainError && (error.kind === "state_missing" || error.kind === "unknown")) {
        return this.#endpoints.readSome("eth_call", [call, "latest"], 2);
      }
      throw error;
    });
    return roots.every((each) => each === root);
  }

  async proof(claim: AnchorClaim): Promise<AnchorState | undefined> {
    try {
      return await this.prove(claim);
    } catch (error) {
      // Chains with another kind of state, and nodes without old states, are common; an anchor does not need this proof.
      if (error instanceof ProofError) return undefined;
      if (error instanceof ChainError && error.kind !== "unavailable") return undefined;
      throw error;
    }
  }

  /**
   * As {@link proof}, and says why there is none.
   * @throws ChainError when the endpoint has no proof, ProofError when what it gave as one does not hold
   */
  async prove({ ledgerId, size, root, blockNumber, blockHash }: AnchorClaim): Promise<AnchorState> {
    const slot = toHex(rootSlot(ledgerId, size));
    const number = spellQuantity(blockNumber);
    const answer = asObject(await this.#read("eth_getProof", this.contract, [slot], number), "proof");
    const [storage] = Array.isArray(answer.storageProof) ? answer.storageProof : [];
    const accountProof = asNodes(answer.accountProof);
    const storageProof = asNodes(asObject(storage, "proof").proof);
    const block = asObject(await this.#read("eth_getBlockByNumber", number, false), "block");
    const header = encodeHeader(block, blockHash);
    if (header === undefined) {
      const message = `expected a header of block ${blockNumber} with hash ${blockHash}, got one with another hash`;
      throw new ProofError(`${message}, or one that is not built as Ethereum's are`);
    }
    const state = { header, accountProof, storageProof };
    const blockTime = asInteger(block.timestamp, "time");
    const { chainId, contract } = this;
    // A state knows nothing of transactions, so that any hash will do for this check.
    const place = { chainId, contract, transactionHash: blockHash, blockNumber, blockHash, blockTime };
    checkState({ ...place, size, root, state }, ledgerId);
    return state;
  }

  close(): void {
    this.#endpoints.close();
  }

  #read(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.#endpoints.read(method, params);
  }

  async #call(data: Hex): Promise<Hex> {
    const answer = asData(await this.#read("eth_call", { to: this.contract, data }, "latest"), "result of a call");
    if (answer !== "0x") return answer;
    throw new ChainError("contract_missing", `expected a contract at ${this.contract}, got no code there`);
  }

  /** A call whose revert is told with the contract's own error. */
  async #ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#read(method, ...params);
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind !== "reverted") throw error;
      const explained = explainRevert(error.revert);
      throw new ChainError("reverted", explained?.text ?? error.message, explained?.name);
    }
  }
}
