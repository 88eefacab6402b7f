/** What all checks look at: the memory, what was seen, and what follows from both. */

import type { Conflict, Patience } from "./checks.ts";
import { type Conclusions, isLinkedTo } from "./conclusions.ts";
import type { Claim } from "./memory/claims.ts";
import { isSame, isSigned } from "./memory/open-checkpoints.ts";
import type { Open, Owed, WatchState } from "./memory/state.ts";
import type { ChainSeen, Seen } from "./round-observations.ts";
import type { SignedStatement, Statement } from "./statement.ts";

export type Case = {
  readonly state: WatchState;
  readonly seen: Seen;
  readonly patience: Patience;
  readonly own: SignedStatement | undefined;
  /** The checkpoint that was heard, when its signer counts: what nobody known signed is no statement of the ledger. */
  readonly heard: SignedStatement | undefined;
  readonly chain: ChainSeen | undefined;
  /** Open checkpoints of known signers; the one that was heard is among them unless it is the believed one. */
  readonly known: readonly Open[];
  readonly facts: Conclusions;
  /** What nodes said that is proved by nothing, after this round. */
  readonly claims: readonly Claim[];
};

/** Whether it was proved that a checkpoint and the believed one are of one tree. */
export function fits({ own, heard, facts }: Case, statement: Statement): boolean {
  if (own === undefined) return heard !== undefined && isSame(statement, heard);
  if (isSame(statement, own)) return true;
  if (isLinkedTo(facts, statement, own) || isLinkedTo(facts, own, statement)) return true;
  return isLinkedTo(facts, statement, heard) && isLinkedTo(facts, own, heard);
}

/** Whether a checkpoint is one of two signed ones that contradict each other: it is settled, and kept as evidence. */
export function isDisproved({ facts }: Pick<Case, "facts">, statement: Statement): boolean {
  return isOneOf(facts.conflicts, statement);
}

/** Whether two signatures show that a statement is of one of two histories. */
export function isOneOf(conflicts: readonly Conflict[], statement: Statement): boolean {
  return conflicts.filter(isSigned).some(({ a, b }) => isSame(a, statement) || isSame(b, statement));
}

/** Checkpoints of which it is owed how they fit the believed one, the oldest debt first. */
export function unsettled(c: Case): readonly Open[] {
  return c.known
    .filter(({ statement }) => !fits(c, statement) && !isDisproved(c, statement))
    .sort((a, b) => a.since - b.since);
}

/** Whether something has been owed for too long. */
export function isOverdue({ state, seen, patience }: Case, what: keyof Owed): boolean {
  return isLate(state.owed[what], seen.now, patience);
}

export function isLate(since: number | undefined, now: number, { silentMs }: Patience): boolean {
  return since !== undefined && now - since > silentMs;
}

/** The first contradiction that a check found. */
export function conflictOf({ facts }: Case, finding: Conflict["finding"]): Conflict | undefined {
  return facts.conflicts.find((conflict) => conflict.finding === finding);
}
