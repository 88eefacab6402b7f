/**
 * The port to one chain and the contract on it. What an implementation promises, and test/chain/suite.ts proves:
 *
 * - It speaks for one chain id and one contract; an endpoint of another chain is never used.
 * - Every call ends: with an answer, or with a ChainError whose kind says what is known. `unavailable` and `unknown`
 *   mean that nobody knows whether the thing happened, also for a broadcast.
 * - `undefined` means that the chain itself says there is no such thing (yet).
 * - broadcast() of a transaction that the chain knows already is a success; so is one that any endpoint took.
 * - What is read may be old: endpoints lag behind each other. Nothing here promises that two answers fit together.
 */

import type { Hex } from "../merkle/bytes.ts";
import type { AnchorState } from "../verify/bundle/bundle.ts";

/** A block by number, or the newest one that the chain calls by this name. */
export type BlockTag = "latest" | "safe" | "finalized" | number;

export type Block = {
  readonly number: number;
  readonly hash: Hex;
  /** Seconds since 1970. */
  readonly time: number;
};

/** What makes a chain this chain and not another with its id; nodes that pruned the first block do not know its hash. */
export type ChainIdentity = { readonly genesis: Hex | undefined; readonly codeHash: Hex };

/** The newest anchor of a ledger as the contract holds it; `size` is 0 before the first. */
export type ChainHead = {
  readonly size: number;
  readonly root: Hex;
  /** Seconds since 1970. */
  readonly anchoredAt: number;
  readonly count: number;
  readonly forked: boolean;
  readonly superseded: boolean;
};

/** Who answers for a ledger on the chain; addresses in lower case. */
export type ChainLedger = { readonly owner: Hex; readonly signer: Hex };

/** What a transaction costs now; legacy chains have one price, which is both. Wei for each unit of gas. */
export type Fees = {
  readonly feeMax: bigint;
  readonly tipMax: bigint;
  readonly baseFee: bigint;
  readonly legacy: boolean;
};

/** A call of the contract, or with no data a transfer of nothing. */
export type Call = { readonly from: Hex; readonly to: Hex; readonly data: Hex };

/** A root that an Anchored event of the contract announced. */
export type AnchoredEvent = { readonly ledgerId: Hex; readonly size: number; readonly root: Hex };

export type TransactionReceipt = {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly succeeded: boolean;
  readonly gasUsed: number;
  /** Whole fee, what a rollup takes for its data included. */
  readonly feeWei: bigint;
  readonly anchored: readonly AnchoredEvent[];
};

/** Where a root was anchored. */
export type AnchorPlace = {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly signedAt: number;
};

/** That the contract holds a root, since a block. */
export type AnchorClaim = AnchoredEvent & { readonly blockNumber: number; readonly blockHash: Hex };

export interface Chain {
  readonly chainId: number;
  /** Lower case. */
  readonly contract: Hex;

  /** @throws ChainError wrong_chain, or contract_missing */
  identify(): Promise<ChainIdentity>;
  block(at: BlockTag): Promise<Block | undefined>;
  head(ledgerId: Hex): Promise<ChainHead>;
  ledger(ledgerId: Hex): Promise<ChainLedger | undefined>;
  everSigner(ledgerId: Hex, signer: Hex): Promise<boolean>;
  /** Root of a size in the newest block. */
  rootAt(ledgerId: Hex, size: number): Promise<Hex | undefined>;
  /** Transactions of an account in the newest block; those that wait are not counted. */
  nonce(account: Hex): Promise<number>;
  balance(account: Hex): Promise<bigint>;
  fees(): Promise<Fees>;
  /** Gas that a call would use now. @throws ChainError reverted, with the contract's error */
  estimateGas(call: Call): Promise<number>;
  /** Which items of an anchorMany call would be taken now. */
  simulateMany(call: Call): Promise<boolean[]>;
  /** What the chain takes beyond gas for a transaction of so many bytes; 0 except on rollups. */
  dataFee(bytes: number): Promise<bigint>;
  broadcast(raw: Hex): Promise<void>;
  receipt(transactionHash: Hex): Promise<TransactionReceipt | undefined>;
  /** @param since seconds since 1970 before which it was not anchored; helps where few blocks are searched at once */
  findAnchor(ledgerId: Hex, size: number, since?: number): Promise<AnchorPlace | undefined>;
  /** Whether two endpoints, where there are two, say that the block is in the chain and the contract holds the root. */
  confirms(claim: AnchorClaim): Promise<boolean>;
  /** Header and EIP-1186 proofs of a root in the state of a block; undefined when nobody has that state any more. */
  proof(claim: AnchorClaim): Promise<AnchorState | undefined>;
  close(): void;
}

/** What is known about a failure; see {@link Chain}. */
export type ChainErrorKind =
  /** No answer in time, or none at all: it may have happened. */
  | "unavailable"
  /** The transaction is in the pool or the chain already. */
  | "known"
  | "nonce_low"
  | "nonce_high"
  /** Another transaction of the nonce is in the pool, and this one does not pay enough more. */
  | "underpriced"
  /** Below what the chain takes now. */
  | "fee_low"
  | "funds"
  | "reverted"
  /** The endpoint will never take this transaction as it is. */
  | "rejected"
  | "state_missing"
  | "wrong_chain"
  | "contract_missing"
  | "unknown";

/** A call of a chain that failed; its message never holds an endpoint's path or a key. */
export class ChainError extends Error {
  override readonly name = "ChainError";
  readonly code: `chain_${ChainErrorKind}`;
  readonly kind: ChainErrorKind;
  /** Name of the contract's error when the kind is "reverted" and it is known. */
  readonly revert: string | undefined;

  constructor(kind: ChainErrorKind, message: string, revert?: string) {
    super(message);
    this.kind = kind;
    this.code = `chain_${kind}`;
    this.revert = revert;
  }
}
