/**
 * One look of a watcher: asks the chain first and the service after it, so that a service that does its work is never behind
 * what the chain said, and proofs last, when what was heard has been kept. Nothing here decides anything; what could not be
 * had is seen as missing, with a reason.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Chain, ChainError, type ChainHead, type ChainLedger } from "../../chain/chain.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { isLinked } from "../../watch/chain-checks.ts";
import {
  isKnown,
  knownOpen,
  proofsForOpen,
  questionsToContract,
  remember,
} from "../../watch/memory/open-checkpoints.ts";
import type { WatchState } from "../../watch/memory/state.ts";
import type { ChainSeen, Heard, HeardChain, Listened, ProofAsked, ProofSeen } from "../../watch/seen.ts";
import type { SignedStatement } from "../../watch/statement.ts";
import { fewAtOnce } from "../remote/few-at-once.ts";
import { knownCodeHashes } from "../remote/known-contract.ts";

/** What a watcher needs of a service; {@link import("../remote/public-tree.ts").PublicTree} has it. */
export type WatchedTree = {
  readonly checkpoint: () => Promise<Heard<SignedStatement | undefined>>;
  readonly consistency: (from: number, to: number) => Promise<Heard<ProofSeen>>;
};

/** What a watcher needs of a chain. */
export type WatchedChain = Pick<Chain, "contract" | "identify" | "block" | "head" | "ledger" | "everSigner" | "rootAt">;

export type Sources = {
  readonly tree: WatchedTree;
  readonly chain: WatchedChain;
  /** Other nodes of the chain: one that hides or invents something is told by those that do not. */
  readonly others?: readonly WatchedChain[];
  readonly codeHashes?: readonly string[];
  /** Pause before a service that seems to be behind is asked a second time: it may have been a stale copy. */
  readonly secondLookMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets; without it, a clock that was set is noticed only when it went back. */
  readonly steady?: () => number;
};

/** Proofs about open checkpoints are asked for until so much time has passed, and the others in the next round. */
const ASKING_MS = 15_000;

/** What the contract said before the service was asked. */
type Base = {
  readonly ledgerId: Hex;
  readonly head: ChainHead;
  readonly ledger: ChainLedger | undefined;
  readonly block: ChainSeen["block"];
};

/** Asks for the newest checkpoint and what the contract says; `steadyAt` is when the round before was, by the steady clock. */
export async function listen(sources: Sources, state: WatchState, steadyAt?: number): Promise<Listened> {
  const { tree, secondLookMs, now, steady } = sources;
  const also: SignedStatement[] = [];
  const ask = async (): Promise<Heard<SignedStatement | undefined>> => {
    const answer = await tree.checkpoint();
    if (answer.ok && answer.value !== undefined) also.push(answer.value);
    return answer;
  };
  const ledgerId = state.ledgerId ?? (await idOf(ask));
  const base = await askChain(sources, ledgerId);
  let checkpoint = await ask();
  if (checkpoint.ok && (checkpoint.value?.size ?? 0) < expectedSize(state, base)) {
    await sleep(secondLookMs);
    checkpoint = await ask();
  }
  if (ledgerId !== undefined && state.ledgerId === undefined) checkpoint = requireLedger(checkpoint, ledgerId);
  const heard = checkpoint.ok ? checkpoint.value : undefined;
  const chain = await askMore(
    sources,
    remember(state, { now: now(), checkpoint, also, chain: NOT_ASKED }),
    base,
    heard,
  );
  const elapsedMs = steady === undefined || steadyAt === undefined ? undefined : steady() - steadyAt;
  return { now: now(), elapsedMs, checkpoint, also, chain };
}

const NOT_ASKED: HeardChain = { ok: false, reason: "it was not asked", isWrong: false };

/** Before the first checkpoint only the service knows which ledger it is. */
async function idOf(ask: WatchedTree["checkpoint"]): Promise<Hex | undefined> {
  const first = await ask();
  return first.ok ? first.value?.ledgerId : undefined;
}

/** Which ledger it is cannot be another thing a moment later. */
function requireLedger(
  checkpoint: Heard<SignedStatement | undefined>,
  ledgerId: Hex,
): Heard<SignedStatement | undefined> {
  if (!checkpoint.ok || checkpoint.value === undefined || checkpoint.value.ledgerId === ledgerId) return checkpoint;
  return { ok: false, reason: `the service spoke of ledger ${ledgerId} and then of ${checkpoint.value.ledgerId}` };
}

function expectedSize(state: WatchState, base: HeardBase): number {
  const open = knownOpen(state, undefined).map(({ statement }) => statement.size);
  return Math.max(state.checkpoint?.size ?? 0, base.ok ? base.value.head.size : 0, ...open);
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
    const [block, head, ledger] = await Promise.all([
      chain.block("latest"),
      chain.head(ledgerId),
      chain.ledger(ledgerId),
    ]);
    if (block === undefined) return { ok: false, reason: "the node has no newest block", isWrong: false };
    return { ok: true, value: { ledgerId, head, ledger, block } };
  });
}

async function askMore(
  { chain, others = [] }: Sources,
  state: WatchState,
  base: HeardBase,
  heard: SignedStatement | undefined,
): Promise<HeardChain> {
  if (!base.ok) return base;
  const { ledgerId, head, ledger, block } = base.value;
  const { signers, sizes } = questionsToContract(state, heard);
  return guarded(async () => {
    const [known, roots, more] = await Promise.all([
      fewAtOnce(signers, async (each) => ((await chain.everSigner(ledgerId, each)) ? [each] : [])),
      rootsIn(chain, ledgerId, sizes),
      Promise.all(others.map((other) => askOther(other, ledgerId, sizes))),
    ]);
    const value: ChainSeen = {
      head: { ...head, forked: head.forked || more.some((other) => other.forked) },
      signer: ledger?.signer,
      known: known.flat(),
      roots: [...roots, ...more.flatMap((other) => other.roots)],
      elsewhere: Math.max(0, ...more.map((other) => other.size)),
      block,
    };
    return { ok: true, value };
  });
}

async function rootsIn(chain: WatchedChain, ledgerId: Hex, sizes: readonly number[]): Promise<ChainSeen["roots"]> {
  const held = await fewAtOnce(sizes, async (size) => {
    const root = await chain.rootAt(ledgerId, size);
    return root === undefined ? [] : [{ size, root }];
  });
  return held.flat();
}

/** What another node says; one that says nothing takes nothing from what the first one said. */
async function askOther(
  other: WatchedChain,
  ledgerId: Hex,
  sizes: readonly number[],
): Promise<{ readonly size: number; readonly forked: boolean; readonly roots: ChainSeen["roots"] }> {
  try {
    const [{ size, forked }, roots] = await Promise.all([other.head(ledgerId), rootsIn(other, ledgerId, sizes)]);
    return { size, forked, roots };
  } catch {
    return { size: 0, forked: false, roots: [] };
  }
}

/** Asks for the proofs that are needed to believe what was heard and to settle what is open, and for no other. */
export async function askProofs(
  { tree }: Sources,
  state: WatchState,
  { checkpoint, chain: asked }: Listened,
): Promise<readonly ProofAsked[]> {
  const said = checkpoint.ok ? checkpoint.value : undefined;
  const chain = asked.ok ? asked.value : undefined;
  const heard = said !== undefined && said.ledgerId === state.ledgerId ? said : undefined;
  const proofs: ProofAsked[] = [];
  const ask = async (from: number, to: number): Promise<void> => {
    if (from >= to || proofs.some((each) => each.from === from && each.to === to)) return;
    proofs.push({ from, to, answer: await tree.consistency(from, to) });
  };
  if (heard === undefined) return proofs;
  const own = state.checkpoint;
  if (own !== undefined) await ask(own.size, heard.size);
  const isUnlinked = chain !== undefined && chain.head.size > 0 && !isLinked(state, chain, heard);
  if (isUnlinked) await ask(chain.head.size, heard.size);
  const counts = isKnown(state, chain, heard.signer) ? heard : undefined;
  const until = performance.now() + ASKING_MS;
  for (const { from, to } of proofsForOpen(state, chain, counts)) {
    if (performance.now() < until) await ask(from, to);
  }
  return proofs;
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
