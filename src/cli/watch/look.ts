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
import type {
  ChainSeen,
  Heard,
  HeardChain,
  Listened,
  NodeSeen,
  ProofAsked,
  ProofSeen,
} from "../../watch/round-observations.ts";
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

/** One node of the chain, under the name by which it is told. */
export type WatchedNode = { readonly name: string; readonly chain: WatchedChain };

export type Sources = {
  readonly tree: WatchedTree;
  /** Each is asked by itself, so that what is said has a name; the first that answers is the one that is gone by. */
  readonly nodes: readonly WatchedNode[];
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

/** What one node said before the service was asked. */
type Base = {
  readonly node: WatchedNode;
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
  const base = await askNodes(sources, ledgerId);
  let checkpoint = await ask();
  if (checkpoint.ok && (checkpoint.value?.size ?? 0) < expectedSize(state, base)) {
    await sleep(secondLookMs);
    checkpoint = await ask();
  }
  if (ledgerId !== undefined && state.ledgerId === undefined) checkpoint = requireLedger(checkpoint, ledgerId);
  const heard = checkpoint.ok ? checkpoint.value : undefined;
  const chain = await askMore(remember(state, { now: now(), checkpoint, also, chain: NOT_ASKED }), base, heard);
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
  return Math.max(state.checkpoint?.size ?? 0, base.ok ? base.bases[0].head.size : 0, ...open);
}

type NoBase = { readonly ok: false; readonly reason: string; readonly isWrong: boolean };
/** Of the nodes that answered, in their order, with what is wrong with those that cannot be believed at all. */
type HeardBase =
  | { readonly ok: true; readonly ledgerId: Hex; readonly bases: readonly [Base, ...Base[]]; readonly wrong: string[] }
  | NoBase;

async function askNodes({ nodes, codeHashes = knownCodeHashes() }: Sources, ledgerId?: Hex): Promise<HeardBase> {
  if (ledgerId === undefined) return { ok: false, reason: "it is not known yet which ledger it is", isWrong: false };
  const answers = await Promise.all(nodes.map((node) => guarded(() => askNode(node, codeHashes, ledgerId))));
  const [first, ...others] = answers.flatMap((answer) => (answer.ok ? [answer.base] : []));
  const silent = answers.filter((answer) => !answer.ok);
  const wrong = silent.filter(({ isWrong }) => isWrong).map(({ reason }) => reason);
  if (first !== undefined) return { ok: true, ledgerId, bases: [first, ...others], wrong };
  return { ok: false, reason: silent.map(({ reason }) => reason).join("; "), isWrong: wrong.length > 0 };
}

async function askNode(
  node: WatchedNode,
  codeHashes: readonly string[],
  ledgerId: Hex,
): Promise<{ readonly ok: true; readonly base: Base } | NoBase> {
  const { name, chain } = node;
  const { codeHash } = await chain.identify();
  if (!codeHashes.includes(codeHash)) {
    const reason = `${name}: expected a known version of the contract at ${chain.contract}, got code with hash ${codeHash}`;
    return { ok: false, reason, isWrong: true };
  }
  const [block, head, ledger] = await Promise.all([
    chain.block("latest"),
    chain.head(ledgerId),
    chain.ledger(ledgerId),
  ]);
  if (block === undefined) return { ok: false, reason: `${name} has no newest block`, isWrong: false };
  return { ok: true, base: { node, head, ledger, block } };
}

async function askMore(state: WatchState, base: HeardBase, heard: SignedStatement | undefined): Promise<HeardChain> {
  if (!base.ok) return base;
  const { ledgerId, bases, wrong } = base;
  const { signers, sizes } = questionsToContract(state, heard);
  const asked = await Promise.all(
    bases.map((each) =>
      guarded(async () => ({ ok: true, value: await askAbout(each, ledgerId, signers, sizes) }) as const),
    ),
  );
  const said = asked.flatMap((answer) => (answer.ok ? [answer.value] : []));
  const [first, ...others] = said;
  if (first === undefined) return asked.find((answer) => !answer.ok) ?? NOT_ASKED;
  const value: ChainSeen = {
    head: first.base.head,
    signer: first.base.ledger?.signer,
    known: first.known.filter((each) => others.every(({ known }) => known.includes(each))),
    nodes: [first.node, ...others.map(({ node }) => node)],
    wrong,
    block: first.base.block,
  };
  return { ok: true, value };
}

/** What one node says of the roots and signers that are asked about. */
async function askAbout(
  base: Base,
  ledgerId: Hex,
  signers: readonly Hex[],
  sizes: readonly number[],
): Promise<{ readonly base: Base; readonly known: readonly Hex[]; readonly node: NodeSeen }> {
  const { node, head } = base;
  const { chain, name } = node;
  const [known, roots] = await Promise.all([
    fewAtOnce(signers, async (each) => ((await chain.everSigner(ledgerId, each)) ? [each] : [])),
    rootsIn(chain, ledgerId, sizes),
  ]);
  return { base, known: known.flat(), node: { name, head, roots } };
}

async function rootsIn(chain: WatchedChain, ledgerId: Hex, sizes: readonly number[]): Promise<NodeSeen["roots"]> {
  const held = await fewAtOnce(sizes, async (size) => {
    const root = await chain.rootAt(ledgerId, size);
    return root === undefined ? [] : [{ size, root }];
  });
  return held.flat();
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
