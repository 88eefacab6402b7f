/** What a caller wants a verification to go by. */

import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { ChainReader } from "./evm/chain-reader.ts";

/** What the bundle must be about; addresses in any case. */
export type Expectations = {
  readonly ledgerId?: string;
  readonly owner?: string;
  /** Who may have signed: several when the ledger's signer was changed. */
  readonly signers?: readonly string[];
  readonly contract?: string;
  /** Only anchors on this chain count; others are left out by name. */
  readonly chainId?: number;
};

export type VerifyOptions = {
  /** Whom to ask; of several on one chain, every one that answers has to agree. */
  readonly chain?: ChainReader | readonly ChainReader[];
  /** Hashes of blocks that the caller knows to be final; with them a frozen bundle needs no chain. */
  readonly trustedBlocks?: readonly Hex[];
  readonly expected?: Expectations;
  /** keccak256 of the contract's code, one for each known version; without any, every contract is refused. */
  readonly knownCodeHashes?: readonly Hex[];
  /**
   * Addresses that follow from how the contract is made there, so that it began without a root. Code alone says nothing:
   * whoever deploys it can put roots beside it. A contract elsewhere counts only when it is `expected`.
   */
  readonly knownContracts?: readonly string[];
  /** Never "verified" without an anchor that was proved. */
  readonly requireChain?: boolean;
  /** A chain of developers is enough, though it proves nothing to others. */
  readonly development?: boolean;
  /** The caller asks for no chain on purpose: what the bundle says of anchors is left unproved. */
  readonly offline?: boolean;
  /** Recovers who signed a checkpoint; the dearest step by far, so that a set lets it remember. */
  readonly recover?: (checkpoint: SignedCheckpoint) => Hex;
};
