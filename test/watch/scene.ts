/** What a watcher can see in a round, for tests: two histories of one ledger, and what is said and proved of them. */

import { checksumAddress } from "../../src/merkle/address.ts";
import { beginWatch, type WatchState } from "../../src/watch/memory/state.ts";
import type { ChainSeen, NodeSeen, ProofAsked, Seen } from "../../src/watch/round-observations.ts";
import { History, keyNamed, LEDGER_ID, SIGNER } from "../cli/fork-proof/histories.ts";

export const told = new History(20);
/** Another history of the ledger, with the same first five entries. */
export const other = new History(20, "other", 5);
export const NOW = 1_800_000_000_000;
export const PATIENCE = { silentMs: 300_000, lagMs: 600_000, blockMs: 300_000 };
export const stranger = keyNamed("stranger");

const CONTRACT = checksumAddress("0x5fbdb2315678afecb367f032d93f642f64180aa3");

export const START: WatchState = beginWatch(
  { ledger: "main", chainId: 1, contract: CONTRACT, signers: [] },
  NOW - 1000,
);
/** Size 12 is believed, and waits for an anchor since a minute. */
export const STATE: WatchState = {
  ...START,
  ledgerId: LEDGER_ID,
  signers: [SIGNER],
  checkpoint: told.checkpoint(12),
  waiting: [{ size: 12, since: NOW - 60_000 }],
};

type Signing = Parameters<History["statement"]>[1];

export function heard(history: History, size: number, options?: Signing): Seen["checkpoint"] {
  return { ok: true, value: history.statement(size, options) };
}

/** The proof that a history has. */
export function proof(history: History, from: number, to: number): ProofAsked {
  const { fromRoot, path } = history.consistency(from, to);
  return { from, to, answer: { ok: true, value: { fromRoot, path } } };
}

/** A proof that was asked for and not given. */
export function owed(from: number, to: number): ProofAsked {
  return { from, to, answer: missing };
}

type Head = ChainSeen["head"] & NodeSeen["head"];

export function head(history: History, size: number, more: Partial<Head> = {}): Head {
  return { size, root: history.tree.root(size), forked: false, superseded: false, ...more };
}

/** What nodes say; the first node, `one`, holds `head` and `roots`, and the others what is in `others`. */
type Said = Partial<Omit<ChainSeen, "head" | "nodes">> & {
  readonly head?: Head;
  readonly roots?: NodeSeen["roots"];
  readonly others?: readonly NodeSeen[];
};

/** The contract holds 7 entries, and the node's newest block is ten seconds old. */
export function chain({ head: said = head(told, 7), roots = [], others = [], ...more }: Said = {}, now = NOW) {
  const block = { number: 9, time: Math.floor(now / 1000) - 10 };
  const nodes: ChainSeen["nodes"] = [node("one", said, roots), ...others];
  const value = { head: said, signer: SIGNER, known: [SIGNER], nodes, wrong: [], block, ...more };
  return { ok: true, value } satisfies Seen["chain"];
}

/** What one node says. */
export function node(name: string, said: Head, roots: NodeSeen["roots"] = []): NodeSeen {
  return { name, head: said, roots };
}

export function roots(history: History, ...sizes: readonly number[]): NodeSeen["roots"] {
  return sizes.map((size) => ({ size, root: history.tree.root(size) }));
}

export const missing = { ok: false, reason: "status 503: later" } as const;
export const noChain = { ok: false, reason: "node: no answer", isWrong: false } as const;

/** The service has grown from 12 to 15 entries, the contract holds 7, and all is proved. */
export const SEEN: Seen = {
  now: NOW,
  checkpoint: heard(told, 15),
  chain: chain(),
  proofs: [proof(told, 12, 15), proof(told, 7, 15)],
};
