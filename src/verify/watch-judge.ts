/**
 * The decisions of a watcher: what it remembers and what it saw -> a mark for every check, evidence, and what it remembers
 * next. Pure, so that every lie of a service is a row in a table. Whatever was not seen is unknown, never good; and the
 * believed checkpoint moves only to one that is signed by a known signer and proved to extend it.
 */

import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import { isExtension, relate } from "./fork.ts";
import { anchoredStatement, type SignedStatement, type Statement, signedStatement, wholeNodes } from "./statement.ts";
import type { ChainSeen, Heard, ProofSeen, Seen } from "./watch-seen.ts";
import { updateWaiting, type WatchState, withoutFuture } from "./watch-state.ts";

/** Every check, in the order in which they are told. */
export const CHECKS = [
  "service",
  "identity",
  "size",
  "root",
  "consistency",
  "chain",
  "agreement",
  "ahead",
  "fork",
  "lag",
] as const;
export type CheckName = (typeof CHECKS)[number];

/** -1 bad, 0 unknown, 1 good. */
export type Mark = -1 | 0 | 1;
export type Check = { readonly mark: Mark; readonly detail: string };
export type Checks = Readonly<Record<CheckName, Check>>;

/** Statements that cannot both be true; without `nodes`, though the sizes differ, it is not proved yet. */
export type Conflict = {
  readonly finding: CheckName;
  readonly detail: string;
  readonly a: Statement;
  readonly b: Statement;
  readonly nodes?: readonly Hex[];
};

export type Patience = {
  /** How long a service may be silent, or owe a proof. */
  readonly silentMs: number;
  /** How long an anchor may take. */
  readonly lagMs: number;
};

export type Judgement = {
  readonly checks: Checks;
  readonly conflicts: readonly Conflict[];
  readonly next: WatchState;
};

/** A check with what contradicts what. */
type Finding = Check & { readonly conflict?: Omit<Conflict, "finding" | "detail"> };

/** What all checks look at. */
type Case = {
  readonly state: WatchState;
  readonly seen: Seen;
  readonly patience: Patience;
  readonly own: SignedStatement | undefined;
  readonly heard: SignedStatement | undefined;
  readonly chain: ChainSeen | undefined;
};

/** Judges one round. */
export function judge(before: WatchState, seen: Seen, patience: Patience): Judgement {
  const state = withoutFuture(before, seen.now);
  const own = state.checkpoint === undefined ? undefined : signedStatement(state.checkpoint);
  const heard = seen.checkpoint.ok ? seen.checkpoint.value : undefined;
  const chain = seen.chain.ok ? seen.chain.value : undefined;
  const all: Case = { state, seen, patience, own, heard, chain };
  const identity = checkIdentity(all);
  // What nobody known has signed is no statement of the ledger, and nothing follows from it.
  const valid: Case = { ...all, heard: identity.mark === 1 ? heard : undefined };
  const findings: Omit<Record<CheckName, Finding>, "fork"> = {
    service: checkService(all),
    identity,
    size: checkSize(valid),
    root: checkRoot(valid),
    consistency: checkConsistent(valid),
    chain: checkChain(all),
    agreement: checkAgreement(valid),
    ahead: checkAhead(valid),
    lag: checkLag(valid),
  };
  const conflicts = Object.entries(findings).flatMap(([finding, { conflict, detail }]) =>
    conflict === undefined ? [] : [{ finding: finding as CheckName, detail, ...conflict }],
  );
  const fork = checkFork(valid, conflicts);
  const checks = Object.fromEntries(
    CHECKS.map((name) => {
      const { mark, detail } = name === "fork" ? fork : findings[name];
      return [name, { mark, detail }];
    }),
  ) as Checks;
  return { checks, conflicts, next: nextState(valid, checks, conflicts) };
}

/** Whether a conflict is proved: by one size, or by nodes between two. */
export function isProved({ a, b, nodes }: Conflict): boolean {
  return relate(a, b, nodes) === "contradicts";
}

function checkService({ seen, state, patience }: Case): Check {
  if (seen.checkpoint.ok) return good("the service gave its newest checkpoint");
  const silentMs = seen.now - state.heardAt;
  const detail = `no checkpoint for ${seconds(silentMs)}: ${seen.checkpoint.reason}`;
  return silentMs > patience.silentMs ? bad(detail) : unknown(detail);
}

function checkIdentity({ seen, state, patience, heard, chain }: Case): Check {
  if (heard === undefined) return unknown("no checkpoint was heard");
  if (state.ledgerId !== undefined && heard.ledgerId !== state.ledgerId) {
    return bad(`expected a checkpoint of ledger ${state.ledgerId}, got one of ${heard.ledgerId}`);
  }
  const who = `signed by ${checksumAddress(heard.signer)}`;
  if (state.signers.includes(heard.signer)) return good(who);
  if (chain === undefined) return unknown(`${who}, and the contract cannot be asked about it`);
  if (chain.signer === undefined) return unknown(`ledger ${heard.ledgerId} is not open in the contract`);
  if (chain.isSigner) return good(`${who}, whom the contract knows as a signer of the ledger`);
  // A signer is replaced in the service first and in the contract a little later.
  const detail = `${who}, whom the contract does not know as a signer of the ledger`;
  return isOverdue(seen, state, patience) ? bad(detail) : unknown(detail);
}

function checkSize({ seen, own, heard }: Case): Finding {
  if (heard !== undefined) {
    if (own === undefined || heard.size >= own.size) return good(`size ${heard.size}`);
    const detail = `the ledger had ${own.size} entries and now has ${heard.size}`;
    return { ...bad(detail), conflict: { a: heard, b: own } };
  }
  if (!seen.checkpoint.ok || seen.checkpoint.value !== undefined) return unknown("no checkpoint to compare with");
  if (own === undefined) return unknown("nothing is recorded yet");
  return bad(`the ledger had ${own.size} entries and now is said to be empty`);
}

function checkRoot({ own, heard }: Case): Finding {
  if (heard === undefined) return unknown("no checkpoint to compare with");
  if (own === undefined) return good("the first checkpoint");
  if (heard.size !== own.size) return good(`nothing else was heard for size ${own.size}`);
  if (heard.root === own.root) return good(`size ${own.size} has the root it had`);
  const detail = `size ${own.size} had root ${own.root} and now has ${heard.root}`;
  return { ...bad(detail), conflict: { a: own, b: heard, nodes: [] } };
}

function checkConsistent({ seen, state, patience, own, heard }: Case): Finding {
  if (heard === undefined) return unknown("no checkpoint to compare with");
  if (own === undefined) return good("the first checkpoint");
  if (heard.size < own.size) return unknown(`a tree of ${heard.size} entries cannot extend one of ${own.size}`);
  if (heard.size === own.size) return heard.root === own.root ? good("the same tree") : bad("another tree of one size");
  return checkProof(own, heard, seen.fromOwn, isOverdue(seen, state, patience));
}

function checkProof(a: Statement, b: Statement, proof: Heard<ProofSeen> | undefined, isLate: boolean): Finding {
  const what = `that size ${b.size} begins with size ${a.size}`;
  if (proof?.ok !== true) {
    const detail = `the service does not prove ${what}: ${proof?.reason ?? "it was not asked"}`;
    return isLate ? bad(detail) : unknown(detail);
  }
  const { fromRoot, path } = proof.value;
  if (isExtension(a, b, path)) return good(`proved ${what}`);
  const nodes = wholeNodes(a.size, fromRoot, path);
  if (relate(a, b, nodes) !== "contradicts") {
    return { ...bad(`expected a proof ${what}, got a path that leads elsewhere`), conflict: { a, b } };
  }
  return { ...bad(`proved that size ${b.size} does not begin with size ${a.size}`), conflict: { a, b, nodes } };
}

function checkChain({ seen }: Case): Check {
  if (!seen.chain.ok) return seen.chain.isWrong ? bad(seen.chain.reason) : unknown(seen.chain.reason);
  const { signer, block } = seen.chain.value;
  return signer === undefined
    ? unknown(`the ledger is not open in the contract as of ${block}`)
    : good(`asked ${block}`);
}

/** Whether what the contract holds is of the same tree. */
function checkAgreement({ seen, state, patience, own, heard, chain }: Case): Finding {
  if (chain === undefined) return unknown("the contract cannot be asked");
  for (const [mine, root] of [
    [own, chain.rootAtOwn],
    [heard, chain.rootAtHeard],
  ] as const) {
    if (mine === undefined || root === undefined || root === mine.root) continue;
    const detail = `the contract holds root ${root} for size ${mine.size}, the service signed ${mine.root}`;
    return { ...bad(detail), conflict: { a: mine, b: inContract(state, mine, root), nodes: [] } };
  }
  const newest = heard ?? own;
  const { size, root } = chain.head;
  if (newest === undefined) return unknown("no checkpoint to compare with");
  if (size === 0) return unknown("nothing is anchored yet");
  // The contract itself saw to it that its head extends every root that it holds.
  const isHeld = newest.root === (newest === heard ? chain.rootAtHeard : chain.rootAtOwn);
  if (isHeld) return good(`the contract holds root ${newest.root} for size ${newest.size}`);
  if (size > newest.size)
    return unknown(`the contract holds size ${size}, the newest checkpoint heard is ${newest.size}`);
  if (size === newest.size) return bad(`the contract's head and its root for size ${size} differ`);
  if (isLinked(state, chain, newest)) return good(`size ${newest.size} begins with the anchored size ${size}`);
  if (heard === undefined)
    return unknown(`nobody proves that size ${newest.size} begins with the anchored size ${size}`);
  return checkProof(inContract(state, heard, root, size), heard, seen.fromHead, isOverdue(seen, state, patience));
}

/** Whether an earlier round proved that a checkpoint extends the contract's head. */
export function isLinked(
  state: WatchState,
  { head }: Pick<ChainSeen, "head">,
  newest: { size: number; root: Hex },
): boolean {
  const { extension, checkpoint } = state;
  if (extension?.from !== head.size || extension.root !== head.root) return false;
  return checkpoint?.size === newest.size && checkpoint.root === newest.root;
}

function checkAhead({ seen, heard, chain }: Case): Check {
  if (chain === undefined) return unknown("the contract cannot be asked");
  const size = heard?.size ?? (seen.checkpoint.ok && seen.checkpoint.value === undefined ? 0 : undefined);
  if (size === undefined) return unknown("no checkpoint to compare with");
  if (chain.head.size <= size) return good(`${chain.head.size} of ${size} entries are anchored`);
  return bad(`the contract holds size ${chain.head.size}, the service only ${size}: its store is an old one`);
}

function checkFork({ state, chain, own, heard }: Case, conflicts: readonly Conflict[]): Check {
  const proved = conflicts.find(isProved);
  if (proved !== undefined) return bad(`two statements contradict each other: ${proved.detail}`);
  if (state.found !== undefined) return bad(`found before: ${state.found.detail}`);
  if (chain?.head.forked === true) return bad("the contract holds a proof that the ledger was forked");
  if (chain === undefined) return unknown("the contract cannot be asked");
  return own === undefined && heard === undefined ? unknown("no checkpoint yet") : good("no contradiction is known");
}

function checkLag({ seen, state, patience, chain, own, heard }: Case): Check {
  if (chain === undefined) return unknown("the contract cannot be asked");
  if (own === undefined && heard === undefined) return unknown("no checkpoint yet");
  if (chain.head.superseded) return unknown("the ledger has a successor and takes no more anchors: watch that one");
  const oldest = state.waiting.find(({ size }) => size > chain.head.size);
  if (oldest === undefined) return good(`anchored up to size ${chain.head.size}`);
  const waitedMs = seen.now - oldest.since;
  const detail = `size ${oldest.size} has waited ${seconds(waitedMs)} for an anchor as of ${chain.block}`;
  return waitedMs > patience.lagMs ? bad(detail) : good(detail);
}

/** What is remembered next; the believed checkpoint moves only when nothing speaks against it. */
function nextState(c: Case, checks: Checks, conflicts: readonly Conflict[]): WatchState {
  const { state, seen, own, heard, chain } = c;
  const proved = conflicts.find(isProved);
  const isBelieved = checks.consistency.mark === 1 && checks.size.mark === 1 && checks.agreement.mark !== -1;
  const accepted = isBelieved && checks.chain.mark !== -1 ? heard : undefined;
  const believed = accepted !== undefined && accepted.size > (own?.size ?? 0) ? accepted : own;
  const extension = nextExtension(c, believed);
  const { extension: _e, doubtSince: _d, checkpoint: _c, ledgerId: _l, ...rest } = state;
  const ledgerId = state.ledgerId ?? accepted?.ledgerId;
  const isNewSigner = accepted !== undefined && !state.signers.includes(accepted.signer);
  return {
    ...rest,
    ...(ledgerId !== undefined && { ledgerId }),
    ...(believed !== undefined && { checkpoint: plain(believed) }),
    ...(extension !== undefined && { extension }),
    ...(isOwed(c) && { doubtSince: state.doubtSince ?? seen.now }),
    signers: isNewSigner ? [...state.signers, accepted.signer] : state.signers,
    waiting: believed === undefined ? [] : updateWaiting(state.waiting, believed.size, chain?.head.size, seen.now),
    heardAt: seen.checkpoint.ok ? seen.now : state.heardAt,
    roundAt: seen.now,
    ...(proved !== undefined &&
      state.found === undefined && { found: { finding: proved.finding, detail: proved.detail, at: seen.now } }),
  };
}

/** Whether the service owes something: a proof that was asked for, or a checkpoint of a signer that the contract knows. */
function isOwed({ seen, heard, chain }: Case): boolean {
  if (!seen.checkpoint.ok || seen.checkpoint.value === undefined) return false;
  return (
    (heard === undefined && chain?.signer !== undefined) || seen.fromOwn?.ok === false || seen.fromHead?.ok === false
  );
}

function nextExtension({ state, seen, chain }: Case, believed: SignedStatement | undefined): WatchState["extension"] {
  if (believed === undefined) return undefined;
  if (chain === undefined) return isSame(believed, state.checkpoint) ? state.extension : undefined;
  if (isLinked(state, chain, believed)) return state.extension;
  const { size: from, root } = chain.head;
  if (from === 0 || from >= believed.size || seen.fromHead?.ok !== true) return undefined;
  const { path } = seen.fromHead.value;
  return isExtension(inContract(state, believed, root, from), believed, path) ? { from, root, path } : undefined;
}

function isSame(a: SignedStatement, b: SignedCheckpoint | undefined): boolean {
  return a.size === b?.size && a.root === b.root;
}

function isOverdue({ now }: Seen, { doubtSince }: WatchState, { silentMs }: Patience): boolean {
  return doubtSince !== undefined && now - doubtSince > silentMs;
}

function inContract(state: WatchState, { ledgerId, size }: Statement, root: Hex, of = size): Statement {
  const { chainId, contract } = state;
  return anchoredStatement({ ledgerId, size: of, root, chainId, contract });
}

function plain({ ledgerId, size, root, signedAt, signature }: SignedStatement): SignedCheckpoint {
  return { ledgerId, size, root, signedAt, signature };
}

function good(detail: string): Check {
  return { mark: 1, detail };
}

function bad(detail: string): Check {
  return { mark: -1, detail };
}

function unknown(detail: string): Check {
  return { mark: 0, detail };
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
