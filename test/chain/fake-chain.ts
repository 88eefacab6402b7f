/**
 * A chain in memory, for tests: blocks, a pool with the rule of 10 %, the contract's rules on real calls and real
 * signatures. Reorganisations, base fee and balances are set by the test. Faults are not its business; see
 * test/anchor/faults.ts.
 */

import { Interface } from "ethers";
import {
  type AnchorClaim,
  type AnchoredEvent,
  type AnchorPlace,
  type Block,
  type BlockTag,
  type Call,
  type Chain,
  ChainError,
  type ChainHead,
  type ChainIdentity,
  type ChainLedger,
  type Fees,
  type TransactionReceipt,
} from "../../src/chain/chain.ts";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { readSigned, senderOf } from "../../src/chain/ethers.ts";
import { concat, encodeUint64, fromHex, type Hex, toHex, utf8 } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, recoverSigner } from "../../src/merkle/checkpoint.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { checkConsistency } from "../../src/merkle/proof.ts";
import type { AnchorState } from "../../src/verify/bundle/bundle.ts";

const FACE = new Interface(artifact.abi);
const ETHER = 10n ** 18n;
const GAS = 80_000;
const TIP = 1_000_000_000n;
const ZERO_ROOT: Hex = `0x${"0".repeat(64)}`;

/** Reading signatures is most of the work of a test, and the same ones come again and again. */
const SENDERS = new Map<Hex, Hex>();
const SIGNERS = new Map<Hex, Hex>();

type Pooled = {
  readonly raw: Hex;
  readonly hash: Hex;
  readonly from: Hex;
  readonly draft: ReturnType<typeof readSigned>["draft"];
};
type LedgerState = {
  owner: Hex;
  signer: Hex;
  past: Hex[];
  size: number;
  count: number;
  at: number;
  roots: Map<number, Hex>;
};
type State = { nonces: Map<Hex, number>; balances: Map<Hex, bigint>; ledgers: Map<Hex, LedgerState> };
type Mined = {
  readonly block: Block;
  readonly txs: readonly Pooled[];
  readonly receipts: readonly TransactionReceipt[];
  readonly after: State;
};

export class FakeChain implements Chain {
  readonly chainId: number;
  readonly contract: Hex = `0x${"c0".repeat(20)}`;
  baseFee = 10_000_000_000n;
  /** How far "safe" and "finalized" are behind the newest block; undefined: the chain serves no such tags. */
  safeDepth: number | undefined = 1;
  finalDepth = 2;
  codeHash: Hex | undefined = DEPLOYED.codeHash;
  /** Raw transactions that reached the pool, in order, repeats included. */
  readonly sent: Hex[] = [];
  #pool: Pooled[] = [];
  #blocks: Mined[] = [];
  #salt = 0;

  constructor(chainId = 1234) {
    this.chainId = chainId;
    this.wipe(0);
  }

  /** Begins another chain with the same id. */
  wipe(salt: number): void {
    this.#salt = salt;
    this.#pool = [];
    const after = { nonces: new Map(), balances: new Map(), ledgers: new Map() };
    const block = { number: 0, hash: this.#hash("genesis"), time: 1_790_000_000 };
    this.#blocks = [{ block, txs: [], receipts: [], after }];
  }

  get pool(): readonly Pooled[] {
    return this.#pool;
  }

  /** Every transaction that is in a block, in order. */
  get mined(): readonly { readonly tx: Pooled; readonly receipt: TransactionReceipt }[] {
    return this.#blocks.flatMap(({ txs, receipts }) =>
      txs.map((tx, i) => ({ tx, receipt: receipts[i] as TransactionReceipt })),
    );
  }

  fund(account: Hex, wei = 100n * ETHER): void {
    this.#state.balances.set(account, wei);
  }

  /** Mines a block of what is in the pool and pays the base fee. */
  mine(blocks = 1): void {
    for (let i = 0; i < blocks; i++) this.#mineOne();
  }

  /** Drops blocks; their transactions come back to the pool, or are gone. New blocks get other hashes. */
  reorg(depth: number, comeBack: boolean): void {
    const dropped = this.#blocks.splice(Math.max(1, this.#blocks.length - depth));
    this.#salt += 1;
    this.#pool = comeBack ? [...dropped.flatMap(({ txs }) => txs), ...this.#pool] : [];
  }

  /** Takes a transaction out of the pool, as pools do. */
  dropPool(): void {
    this.#pool = [];
  }

  /** Somebody else with the key of an account uses up its next nonce. */
  intrude(account: Hex): void {
    const { nonces } = this.#state;
    nonces.set(account, (nonces.get(account) ?? 0) + 1);
    this.#pool = this.#pool.filter(({ from, draft }) => from !== account || draft.nonce >= (nonces.get(account) ?? 0));
  }

  async identify(): Promise<ChainIdentity> {
    if (this.codeHash === undefined) throw new ChainError("contract_missing", "expected a contract, got no code");
    return { genesis: this.#blocks[0]?.block.hash, codeHash: this.codeHash };
  }

  async block(at: BlockTag): Promise<Block | undefined> {
    const newest = this.#blocks.length - 1;
    if (typeof at === "number") return this.#blocks[at]?.block;
    if (at === "latest") return this.#blocks[newest]?.block;
    if (this.safeDepth === undefined) throw new ChainError("unknown", `unsupported block tag ${at}`);
    return this.#blocks[Math.max(0, newest - (at === "safe" ? this.safeDepth : this.finalDepth))]?.block;
  }

  async head(ledgerId: Hex): Promise<ChainHead> {
    const ledger = this.#state.ledgers.get(ledgerId);
    const { size = 0, count = 0, at = 0 } = ledger ?? {};
    return {
      size,
      count,
      anchoredAt: at,
      root: ledger?.roots.get(size) ?? ZERO_ROOT,
      forked: false,
      superseded: false,
    };
  }

  async ledger(ledgerId: Hex): Promise<ChainLedger | undefined> {
    const found = this.#state.ledgers.get(ledgerId);
    return found && { owner: found.owner, signer: found.signer };
  }

  async everSigner(ledgerId: Hex, signer: Hex): Promise<boolean> {
    const found = this.#state.ledgers.get(ledgerId);
    return found !== undefined && (found.signer === signer || found.past.includes(signer));
  }

  async rootAt(ledgerId: Hex, size: number): Promise<Hex | undefined> {
    return this.#state.ledgers.get(ledgerId)?.roots.get(size);
  }

  async nonce(account: Hex): Promise<number> {
    return this.#state.nonces.get(account) ?? 0;
  }

  async balance(account: Hex): Promise<bigint> {
    return this.#state.balances.get(account) ?? 0n;
  }

  async fees(): Promise<Fees> {
    return { feeMax: 2n * this.baseFee + TIP, tipMax: TIP, baseFee: this.baseFee, legacy: false };
  }

  async estimateGas({ from, to, data }: Call): Promise<number> {
    if (to !== this.contract) return 21_000;
    this.#execute(copy(this.#state), from, data, 0);
    return GAS;
  }

  async simulateMany({ from, data }: Call): Promise<boolean[]> {
    const [calls] = FACE.decodeFunctionData("anchorMany", data) as unknown as [Iterable<unknown[]>];
    const state = copy(this.#state);
    return [...calls].map((call) => {
      try {
        this.#execute(state, from, FACE.encodeFunctionData("anchor", [...call]) as Hex, 0);
        return true;
      } catch (error) {
        if (error instanceof ChainError) return false;
        throw error;
      }
    });
  }

  async dataFee(_bytes: number): Promise<bigint> {
    return 0n;
  }

  async broadcast(raw: Hex): Promise<void> {
    this.sent.push(raw);
    const { hash, draft } = readSigned(raw);
    const from = remember(SENDERS, raw, () => senderOf(raw));
    const state = this.#state;
    if (this.#pool.some((each) => each.hash === hash)) return;
    if (draft.nonce < (state.nonces.get(from) ?? 0)) throw new ChainError("nonce_low", "nonce too low");
    const cost = draft.feeMax * BigInt(draft.gasMax);
    if ((state.balances.get(from) ?? 0n) < cost) throw new ChainError("funds", "insufficient funds for gas * price");
    const old = this.#pool.find((each) => each.from === from && each.draft.nonce === draft.nonce);
    if (old !== undefined && (!isBump(old.draft.feeMax, draft.feeMax) || !isBump(old.draft.tipMax, draft.tipMax))) {
      throw new ChainError("underpriced", "replacement transaction underpriced");
    }
    this.#pool = [...this.#pool.filter((each) => each !== old), { raw, hash, from, draft }];
  }

  async receipt(hash: Hex): Promise<TransactionReceipt | undefined> {
    return this.#blocks.flatMap(({ receipts }) => receipts).find((receipt) => receipt.transactionHash === hash);
  }

  async findAnchor(ledgerId: Hex, size: number): Promise<AnchorPlace | undefined> {
    const receipts = this.#blocks.flatMap((each) => each.receipts);
    const found = receipts.find(({ anchored }) => anchored.some((e) => e.ledgerId === ledgerId && e.size === size));
    return found && { ...found, signedAt: 0 };
  }

  async confirms({ ledgerId, size, root, blockNumber, blockHash }: AnchorClaim): Promise<boolean> {
    const mined = this.#blocks[blockNumber];
    return mined?.block.hash === blockHash && mined.after.ledgers.get(ledgerId)?.roots.get(size) === root;
  }

  async proof({ blockHash }: AnchorClaim): Promise<AnchorState | undefined> {
    return { header: blockHash, accountProof: [], storageProof: [] };
  }

  close(): void {
    this.#pool = [...this.#pool];
  }

  get #state(): State {
    const newest = this.#blocks.at(-1);
    if (newest === undefined) throw new TypeError("expected a first block, got none");
    return newest.after;
  }

  #mineOne(): void {
    const number = this.#blocks.length;
    const state = copy(this.#state);
    const time = (this.#blocks.at(-1)?.block.time ?? 0) + 12;
    const hash = this.#hash(`block ${number}`);
    const txs: Pooled[] = [];
    const receipts: TransactionReceipt[] = [];
    for (let tx = this.#nextOf(state); tx !== undefined; tx = this.#nextOf(state)) {
      const taken = tx;
      this.#pool = this.#pool.filter((each) => each !== taken);
      receipts.push({ ...this.#include(state, tx, time), blockNumber: number, blockHash: hash });
      txs.push(tx);
    }
    this.#blocks.push({ block: { number, hash, time }, txs, receipts, after: state });
  }

  #nextOf(state: State): Pooled | undefined {
    return this.#pool.find(
      ({ from, draft }) => draft.nonce === (state.nonces.get(from) ?? 0) && draft.feeMax >= this.baseFee,
    );
  }

  #include(
    state: State,
    { hash, from, draft }: Pooled,
    time: number,
  ): Omit<TransactionReceipt, "blockNumber" | "blockHash"> {
    const price = draft.feeMax < this.baseFee + draft.tipMax ? draft.feeMax : this.baseFee + draft.tipMax;
    const gasUsed = draft.data === "0x" ? 21_000 : GAS;
    const feeWei = BigInt(gasUsed) * price;
    state.nonces.set(from, draft.nonce + 1);
    state.balances.set(from, (state.balances.get(from) ?? 0n) - feeWei);
    try {
      const anchored = draft.to === this.contract ? this.#execute(state, from, draft.data, time) : [];
      return { transactionHash: hash, succeeded: true, gasUsed, feeWei, anchored };
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      return { transactionHash: hash, succeeded: false, gasUsed, feeWei, anchored: [] };
    }
  }

  /** The contract. @throws ChainError reverted, and leaves the state as it was */
  #execute(state: State, from: Hex, data: Hex, time: number): AnchoredEvent[] {
    const call = FACE.parseTransaction({ data });
    if (call === null) throw new ChainError("reverted", "no such function");
    const args = call.args.toObject();
    if (call.name === "open") return open(state, from, args.label as Hex, lower(args.signer));
    if (call.name === "rotateSigner") return rotate(state, from, args.ledgerId as Hex, lower(args.newSigner));
    if (call.name === "anchor") return [anchor(state, args, time)];
    return (args.anchors as { toObject(): Record<string, unknown> }[]).flatMap((each) => {
      try {
        return [anchor(state, each.toObject(), time)];
      } catch (error) {
        if (error instanceof ChainError) return [];
        throw error;
      }
    });
  }

  #hash(what: string): Hex {
    return toHex(keccak256(concat(utf8(what), encodeUint64(this.#salt))));
  }
}

function open(state: State, from: Hex, label: Hex, signer: Hex): AnchoredEvent[] {
  const ledgerId = deriveLedgerId(from, label);
  if (state.ledgers.has(ledgerId)) throw new ChainError("reverted", "LedgerExists", "LedgerExists");
  state.ledgers.set(ledgerId, { owner: from, signer, past: [], size: 0, count: 0, at: 0, roots: new Map() });
  return [];
}

function rotate(state: State, from: Hex, ledgerId: Hex, signer: Hex): AnchoredEvent[] {
  const ledger = state.ledgers.get(ledgerId);
  if (ledger?.owner !== from) throw new ChainError("reverted", "NotOwner", "NotOwner");
  state.ledgers.set(ledgerId, { ...ledger, signer, past: [...ledger.past, ledger.signer] });
  return [];
}

function anchor(state: State, args: Record<string, unknown>, time: number): AnchoredEvent {
  const { ledgerId, root, signature, proof } = args as {
    ledgerId: Hex;
    root: Hex;
    signature: Hex;
    proof: Iterable<Hex>;
  };
  const size = Number(args.size);
  const prevSize = Number(args.prevSize);
  const signedAt = Number(args.signedAt);
  const ledger = state.ledgers.get(ledgerId);
  if (ledger === undefined) throw new ChainError("reverted", "LedgerUnknown", "LedgerUnknown");
  const checkpoint = { ledgerId, size, root, signedAt, signature };
  const signer = remember(SIGNERS, toHex(keccak256(utf8(JSON.stringify(checkpoint)))), () => recoverSigner(checkpoint));
  if (signer !== ledger.signer) {
    const reason = ledger.past.includes(signer) ? "SignedByPastSigner" : "SignatureInvalid";
    throw new ChainError("reverted", reason, reason);
  }
  if (prevSize !== ledger.size) throw new ChainError("reverted", "HeadMismatch", "HeadMismatch");
  if (size <= ledger.size) throw new ChainError("reverted", "SizeNotGrown", "SizeNotGrown");
  const path = [...proof].map((hash) => fromHex(hash, 32));
  if (prevSize > 0) {
    const fromRoot = fromHex(ledger.roots.get(prevSize) as Hex, 32);
    try {
      checkConsistency(keccak256, { from: prevSize, fromRoot, to: size, toRoot: fromHex(root, 32), path });
    } catch {
      throw new ChainError("reverted", "ConsistencyInvalid", "ConsistencyInvalid");
    }
  }
  const roots = new Map(ledger.roots).set(size, root);
  state.ledgers.set(ledgerId, { ...ledger, size, count: ledger.count + 1, at: time, roots });
  return { ledgerId, size, root };
}

function lower(address: unknown): Hex {
  return String(address).toLowerCase() as Hex;
}

function isBump(old: bigint, offered: bigint): boolean {
  return offered * 10n >= old * 11n;
}

function copy({ nonces, balances, ledgers }: State): State {
  return { nonces: new Map(nonces), balances: new Map(balances), ledgers: new Map(ledgers) };
}

function remember<T>(known: Map<Hex, T>, key: Hex, compute: () => T): T {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}
