/**
 * One look of a watcher: asks the chain first and the service after it, so that a service that does its work is never behind
 * what the chain said. Nothing here decides anything; what could not be had is seen as missing, with a reason.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Chain, ChainError, type ChainHead, type ChainLedger } from "../anchor/chain.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { SignedStatement } from "../verify/statement.ts";
import { isLinked } from "../verify/watch-judge.ts";
import type { Heard, HeardChain, ProofSeen, Seen } from "../verify/watch-seen.ts";
import type { WatchState } from "../verify/watch-state.ts";
import { knownCodeHashes } from "./known-contract.ts";

/** What a watcher needs of a service; {@link import("./public-tree.ts").PublicTree} has it. */
export type WatchedTree = {
  readonly checkpoint: () => Promise<Heard<SignedStatement | undefined>>;
  readonly consistency: (from: number, to: number) => Promise<Heard<ProofSeen>>;
};

/** What a watcher needs of a chain. */
export type WatchedChain = Pick<Chain, "contract" | "identify" | "block" | "head" | "ledger" | "everSigner" | "rootAt">;

export type Sources = {
  readonly tree: WatchedTree;
  readonly chain: WatchedChain;
  readonly codeHashes?: readonly string[];
  /** Pause before a service that seems to be behind is asked a second time: it may have been a stale copy. */
  readonly secondLookMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** What the contract said before the service was asked. */
type Base = { readonly head: ChainHead; readonly ledger: ChainLedger | undefined; readonly block: string };

export async function look(sources: Sources, state: WatchState): Promise<Seen> {
  const { tree, secondLookMs, now } = sources;
  const ledgerId = state.ledgerId ?? (await firstLedgerId(tree));
  const base = await askChain(sources, ledgerId);
  let checkpoint = await tree.checkpoint();
  const expected = Math.max(state.checkpoint?.size ?? 0, base.ok ? base.value.head.size : 0);
  if (checkpoint.ok && (checkpoint.value?.size ?? 0) < expected) {
    await sleep(secondLookMs);
    checkpoint = await tree.checkpoint();
  }
  const heard = checkpoint.ok ? checkpoint.value : undefined;
  const chain = await askMore(sources, state, base, heard);
  const proofs = heard === undefined ? {} : await askProofs(tree, state, heard, chain);
  return { now: now(), checkpoint, chain, ...proofs };
}

/** Before the first checkpoint only the service knows which ledger it is. */
async function firstLedgerId(tree: WatchedTree): Promise<Hex | undefined> {
  const first = await tree.checkpoint();
  return first.ok ? first.value?.ledgerId : undefined;
}

type HeardBase =
  | { readonly ok: true; readonly value: Base }
  | { readonly ok: false; readonly reason: string; readonly isWrong: boolean };

async function askChain({ chain, codeHashes = knownCodeHashes() }: Sources, ledgerId?: Hex): Promise<HeardBase> {
  if (ledgerId === undefined) return { ok: false, reason: "it is not known yet which ledger it is", isWrong: false };
  return guarded(async () => {
    const { codeHash } = await chain.identify();
    if (!codeHashes.includes(codeHash)) {
      const reason = `expected a known version of the contract at ${chain.contract}, got code with hash ${codeHash}`;
      return { ok: false, reason, isWrong: true };
    }
    const [latest, head, ledger] = await Promise.all([
      chain.block("latest"),
      chain.head(ledgerId),
      chain.ledger(ledgerId),
    ]);
    const time = latest === undefined ? "no block" : new Date(latest.time * 1000).toISOString();
    return { ok: true, value: { head, ledger, block: `block ${latest?.number} of ${time}` } };
  });
}

async function askMore(
  { chain }: Sources,
  { checkpoint: own }: WatchState,
  base: HeardBase,
  heard: SignedStatement | undefined,
): Promise<HeardChain> {
  if (!base.ok) return base;
  const rootOf = (of: { ledgerId: Hex; size: number } | undefined) =>
    of === undefined ? undefined : chain.rootAt(of.ledgerId, of.size);
  return guarded(async () => {
    const [isSigner, rootAtHeard, rootAtOwn] = await Promise.all([
      heard === undefined ? false : chain.everSigner(heard.ledgerId, heard.signer),
      rootOf(heard),
      rootOf(own),
    ]);
    const { head, ledger, block } = base.value;
    return { ok: true, value: { head, signer: ledger?.signer, block, isSigner, rootAtHeard, rootAtOwn } };
  });
}

/** Asks for the proofs that are needed to believe what was heard, and for no other. */
async function askProofs(
  tree: WatchedTree,
  state: WatchState,
  heard: SignedStatement,
  chain: HeardChain,
): Promise<Pick<Seen, "fromOwn" | "fromHead">> {
  const own = state.checkpoint;
  const isGrown = own !== undefined && own.size < heard.size;
  const fromOwn = isGrown ? await tree.consistency(own.size, heard.size) : undefined;
  const head = chain.ok ? chain.value.head : undefined;
  const isUnlinked =
    head !== undefined && head.size > 0 && head.size < heard.size && chain.ok && !isLinked(state, chain.value, heard);
  const fromHead = isUnlinked ? await tree.consistency(head.size, heard.size) : undefined;
  return { ...(fromOwn !== undefined && { fromOwn }), ...(fromHead !== undefined && { fromHead }) };
}

async function guarded<T extends { readonly ok: boolean }>(
  work: () => Promise<T>,
): Promise<T | { readonly ok: false; readonly reason: string; readonly isWrong: boolean }> {
  try {
    return await work();
  } catch (error) {
    const isWrong = error instanceof ChainError && (error.kind === "wrong_chain" || error.kind === "contract_missing");
    return { ok: false, reason: error instanceof Error ? error.message : String(error), isWrong };
  }
}
