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

/** What a service answered when it was asked to prove that one size begins with another. */
export type ProofAsked = { readonly from: number; readonly to: number; readonly answer: Heard<ProofSeen> };

/** What one node says that the contract holds. */
export type NodeSeen = {
  /** Host of its URL, and a number when there are several of one host. */
  readonly name: string;
  readonly head: { readonly size: number; readonly root: Hex; readonly forked: boolean };
  /** Of the sizes asked about. */
  readonly roots: readonly { readonly size: number; readonly root: Hex }[];
};

/** What a known version of the contract says, on the right chain. */
export type ChainSeen = {
  readonly head: {
    readonly size: number;
    readonly root: Hex;
    readonly superseded: boolean;
  };
  /** Whose checkpoints the contract takes now, lower case; undefined while the ledger is not open there. */
  readonly signer: Hex | undefined;
  /** Those of the signers asked about that are or were the ledger's as every node says, lower case. */
  readonly known: readonly Hex[];
  /** What each node that answered says; the first of them is the one whose words the other members are. */
  readonly nodes: readonly [NodeSeen, ...NodeSeen[]];
  /** What is wrong with nodes that speak of another chain or another contract. */
  readonly wrong: readonly string[];
  /** The newest block of the node; its time in seconds since 1970. */
  readonly block: { readonly number: number; readonly time: number };
};

/** What was heard before any proof was asked for. */
export type Listened = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds since the round before by a clock that nobody sets; undefined after a start. */
  readonly elapsedMs?: number | undefined;
  /** Undefined inside when the ledger is empty. */
  readonly checkpoint: Heard<SignedStatement | undefined>;
  /** Other checkpoints of the same round, when the service was asked more than once. */
  readonly also?: readonly SignedStatement[];
  readonly chain: HeardChain;
};

export type Seen = Listened & { readonly proofs: readonly ProofAsked[] };

/** What the contract holds for a size, as the first node says. */
export function rootIn(chain: ChainSeen | undefined, size: number): Hex | undefined {
  const [first] = chain?.nodes ?? [];
  return first?.roots.find((held) => held.size === size)?.root;
}

/** The proof for a pair of sizes; undefined when it was not asked for. */
export function proofIn({ proofs }: Seen, from: number, to: number): Heard<ProofSeen> | undefined {
  return proofs.find((each) => each.from === from && each.to === to)?.answer;
}
