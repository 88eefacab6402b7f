/**
 * The decisions of a watcher: what it remembers and what it saw -> a mark for every check, evidence, and what it remembers
 * next. Pure, so that every lie of a service is a row in a table. Whatever was not seen is unknown, never good; the
 * believed checkpoint moves only to one that is signed by a known signer and proved to extend it; and what was heard or is
 * owed is forgotten only when it is settled.
 */

import {
  checkAgreement,
  checkAgreementOfNewest,
  checkAhead,
  checkBlock,
  checkChain,
  checkFork,
  checkLag,
} from "./chain-checks.ts";
import { type Case, isOneOf } from "./check-input.ts";
import { type Check, type Conflict, type JudgedChecks, type Patience, unknown } from "./checks.ts";
import { compareAll } from "./conclusions.ts";
import { nextClaims } from "./memory/claims.ts";
import { nextState } from "./memory/next-state.ts";
import { isSigned, knownOpen, remember } from "./memory/open-checkpoints.ts";
import { onClock, type WatchState } from "./memory/state.ts";
import type { Seen } from "./round-observations.ts";
import { signedStatement } from "./statement.ts";
import { checkTime } from "./time-check.ts";
import { checkConsistent, checkIdentity, checkRoot, checkService, checkSize } from "./tree-checks.ts";

export type Judgement = {
  readonly checks: JudgedChecks;
  /** Contradictions of this round. */
  readonly conflicts: readonly Conflict[];
  readonly next: WatchState;
};

/** Judges one round. */
export function judge(before: WatchState, seen: Seen, patience: Patience): Judgement {
  const c = caseOf(remember(onClock(before, seen.now, seen.elapsedMs), seen), seen, patience);
  const said = seen.checkpoint.ok ? seen.checkpoint.value : undefined;
  const identity = checkIdentity(c, said);
  // What nobody known has signed is no statement of the ledger, and nothing follows from it.
  const valid: Case = { ...c, heard: identity.mark === 1 ? said : undefined };
  const agreement = checkAgreementOfNewest(valid);
  const block = checkBlock(valid);
  // What an old block says speaks against somebody as well as a new one, but for nobody.
  const asOf = (check: Check): Check =>
    block.mark === 1 || check.mark !== 1 ? check : unknown(`as of an old block: ${check.detail}`);
  const checks: JudgedChecks = {
    service: checkService(valid),
    identity,
    size: checkSize(valid),
    root: checkRoot(valid),
    consistency: checkConsistent(valid),
    chain: checkChain(valid),
    block,
    agreement: asOf(checkAgreement(valid)),
    ahead: asOf(checkAhead(valid)),
    fork: asOf(checkFork(valid)),
    lag: asOf(checkLag(valid)),
    time: checkTime(valid),
  };
  return { checks, conflicts: valid.facts.conflicts, next: nextState(valid, { identity, agreement }) };
}

function caseOf(state: WatchState, seen: Seen, patience: Patience): Case {
  const own = state.checkpoint === undefined ? undefined : signedStatement(state.checkpoint);
  const chain = seen.chain.ok ? seen.chain.value : undefined;
  const known = knownOpen(state, chain);
  const signed = [...(own === undefined ? [] : [own]), ...known.map(({ statement }) => statement)];
  const facts = compareAll(state, seen, chain, signed);
  const claims = nextClaims(state.claims, {
    now: seen.now,
    before: state.roundAt,
    nodes: chain?.nodes ?? [],
    conflicts: facts.conflicts.filter((each) => !isSigned(each)),
    isDisproved: (statement) => isOneOf([...facts.conflicts, ...state.forks], statement),
    patience,
  });
  return { state, seen, patience, own, heard: undefined, chain, known, facts, claims };
}
