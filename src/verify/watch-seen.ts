/** What a watcher saw in one round, of the service and of the chain; every part may be missing, with a reason. */

import type { Hex } from "../merkle/bytes.ts";
import type { SignedStatement } from "./statement.ts";

/** An answer, or why there is none. */
export type Heard<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** As {@link Heard}; `isWrong` when it is another chain or another contract that answers. */
export type HeardChain =
  | { readonly ok: true; readonly value: ChainSeen }
  | { readonly ok: false; readonly reason: string; readonly isWrong: boolean };

/** A consistency path as the service answers it, with the root that it names for the smaller tree. */
export type ProofSeen = { readonly fromRoot: Hex; readonly path: readonly Hex[] };

/** What a known version of the contract says, on the right chain. */
export type ChainSeen = {
  readonly head: {
    readonly size: number;
    readonly root: Hex;
    readonly forked: boolean;
    readonly superseded: boolean;
  };
  /** Whose checkpoints the contract takes now, lower case; undefined while the ledger is not open there. */
  readonly signer: Hex | undefined;
  /** Whether the signer of the checkpoint that was heard is or was the ledger's. */
  readonly isSigner: boolean;
  /** Roots that the contract holds for the size that was heard and for the one that is believed. */
  readonly rootAtHeard: Hex | undefined;
  readonly rootAtOwn: Hex | undefined;
  /** Which block was asked, for people. */
  readonly block: string;
};

export type Seen = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Undefined inside when the ledger is empty. */
  readonly checkpoint: Heard<SignedStatement | undefined>;
  readonly chain: HeardChain;
  /** Proof from the believed checkpoint to the one heard, when it was asked for. */
  readonly fromOwn?: Heard<ProofSeen>;
  /** Proof from the contract's head to the checkpoint heard, when it was asked for. */
  readonly fromHead?: Heard<ProofSeen>;
};
