/** Checks of what the service itself says: that it speaks, for whom, and that its tree only grows. */

import { checksumAddress } from "../merkle/address.ts";
import { type Case, conflictOf, isLate, isOverdue, unsettled } from "./check-input.ts";
import { bad, type Check, doubtful, good, seconds, unknown } from "./checks.ts";
import { isKnown } from "./memory/open-checkpoints.ts";
import { proofIn } from "./round-observations.ts";
import type { SignedStatement } from "./statement.ts";

export function checkService({ seen, state, patience }: Case): Check {
  if (seen.checkpoint.ok) return good("the service gave its newest checkpoint");
  const silentMs = seen.now - state.heardAt;
  const detail = `no checkpoint for ${seconds(silentMs)}: ${seen.checkpoint.reason}`;
  return doubtful(silentMs > patience.silentMs, detail);
}

/** @param said the checkpoint that was heard, whoever signed it */
export function checkIdentity(c: Case, said: SignedStatement | undefined): Check {
  const { state, chain } = c;
  const late = isOverdue(c, "signer");
  if (said === undefined) {
    const owed = late ? "; the last one was of a signer whom the contract does not know" : "";
    return doubtful(late, `no checkpoint was heard${owed}`);
  }
  if (said.ledgerId !== state.ledgerId) {
    return bad(`expected a checkpoint of ledger ${state.ledgerId}, got one of ${said.ledgerId}`);
  }
  const who = `signed by ${checksumAddress(said.signer)}`;
  if (state.signers.includes(said.signer)) return good(who);
  if (chain === undefined) return unknown(`${who}, and the contract cannot be asked about it`);
  if (chain.signer === undefined) return unknown(`ledger ${said.ledgerId} is not open in the contract`);
  if (isKnown(state, chain, said.signer)) return good(`${who}, whom the contract knows as a signer of the ledger`);
  // A signer is replaced in the service first and in the contract a little later.
  return doubtful(late, `${who}, whom the contract does not know as a signer of the ledger`);
}

/** Every size that was signed counts, also one that was never proved. */
export function checkSize({ seen, own, heard, known }: Case): Check {
  const most = Math.max(own?.size ?? 0, ...known.map(({ statement }) => statement.size));
  if (heard !== undefined) {
    if (heard.size >= most) return good(`size ${heard.size}`);
    return bad(`the ledger had ${most} entries and now has ${heard.size}`);
  }
  if (!seen.checkpoint.ok || seen.checkpoint.value !== undefined) return unknown("no checkpoint to compare with");
  if (most === 0) return unknown("nothing is recorded yet");
  return bad(`the ledger had ${most} entries and now is said to be empty`);
}

export function checkRoot(c: Case): Check {
  const { own, heard } = c;
  const conflict = conflictOf(c, "root");
  if (conflict !== undefined) return bad(conflict.detail);
  if (heard === undefined) return unknown("no checkpoint to compare with");
  if (own?.size === heard.size) return good(`size ${own.size} has the root it had`);
  return good(`nothing else was heard for size ${heard.size}`);
}

export function checkConsistent(c: Case): Check {
  const { state, seen, patience, own, heard, facts } = c;
  if (conflictOf(c, "root") !== undefined) return bad("another tree of one size");
  const conflict = conflictOf(c, "consistency");
  if (conflict !== undefined) return bad(conflict.detail);
  if (state.dropped > 0) {
    return bad(`${state.dropped} signed checkpoints were never proved, and were too many to be kept`);
  }
  const debts = unsettled(c);
  const [oldest] = debts;
  const [astray] = facts.astray;
  if (astray !== undefined) {
    return bad(
      `expected a proof that size ${astray.to} begins with size ${astray.from}, got a path that leads elsewhere`,
    );
  }
  if (oldest !== undefined && own !== undefined) {
    return doubtful(isLate(oldest.since, seen.now, patience), describeDebts(c, own, debts.length));
  }
  if (heard === undefined) return unknown("no checkpoint to compare with");
  if (own === undefined) return unknown("the first checkpoint: there is nothing to compare it with yet");
  if (heard.size === own.size) return good("the same tree");
  return good(`proved that size ${heard.size} begins with size ${own.size}`);
}

function describeDebts(c: Case, own: SignedStatement, count: number): string {
  const [oldest] = unsettled(c);
  if (oldest === undefined) return "";
  const { size } = oldest.statement;
  const from = Math.min(size, own.size);
  const to = Math.max(size, own.size);
  const answer = proofIn(c.seen, from, to);
  const reason = answer === undefined || answer.ok ? "it was not asked this time" : answer.reason;
  const others = count === 1 ? "" : `, nor how ${count - 1} others fit`;
  const owed = `owed for ${seconds(c.seen.now - oldest.since)}`;
  return `the service does not prove that size ${to} begins with size ${from}${others} (${owed}): ${reason}`;
}
