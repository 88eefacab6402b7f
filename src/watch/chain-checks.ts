/** Checks of what the contract says, and of the node that says it. */

import { type Case, conflictOf, isLate, isOverdue } from "./check-input.ts";
import { bad, type Check, doubtful, good, seconds, unknown } from "./checks.ts";
import { describeClaim } from "./claim-text.ts";
import { headOf, isLinkedTo } from "./conclusions.ts";
import { standing } from "./memory/claims.ts";
import { isSame, isSigned } from "./memory/open-checkpoints.ts";
import type { WatchState } from "./memory/state.ts";
import { type ChainSeen, proofIn, rootIn } from "./round-observations.ts";
import type { Statement } from "./statement.ts";

/** A block may be from so far in the future, by clocks that are not quite right. */
const AHEAD_MS = 900_000;

export function checkChain(c: Case): Check {
  const { seen, patience, claims } = c;
  const [oldest] = standing(claims, "head").toSorted((a, b) => (a.since ?? 0) - (b.since ?? 0));
  const isOld = isLate(oldest?.since, seen.now, patience);
  if (!seen.chain.ok) {
    const { reason, isWrong } = seen.chain;
    return doubtful(isWrong || isOld, oldest === undefined ? reason : `${reason}; ${describeClaim(oldest, seen.now)}`);
  }
  const { signer, block, nodes, wrong } = seen.chain.value;
  if (wrong.length > 0) return bad(wrong.join("; "));
  if (signer === undefined) return unknown(`the ledger is not open in the contract as of ${describeBlock(block)}`);
  if (oldest === undefined) return good(`asked ${describeBlock(block)}`);
  const said = nodes.map(({ name, head }) => `${name} says that it holds ${head.size}`).join(" and ");
  const why = "a node is behind, hides or invents something, or the chain was reorganised";
  return doubtful(isOld, `${describeClaim(oldest, seen.now)}; now ${said}, as of ${describeBlock(block)}: ${why}`);
}

/** Whether the node stands still; what it says of an old block is no news. */
export function checkBlock({ seen, chain, patience }: Case): Check {
  if (chain === undefined) return unknown("the contract cannot be asked");
  const what = describeBlock(chain.block);
  const { blockMs } = patience;
  if (blockMs === undefined) return good(`the newest is ${what}; how old it may be is not said for this chain`);
  const ageMs = seen.now - chain.block.time * 1000;
  if (ageMs > blockMs) {
    return bad(`the newest is ${what}, ${seconds(ageMs)} old: the node stands still, or a clock is wrong`);
  }
  if (ageMs < -AHEAD_MS) {
    return bad(`the newest is ${what}, ${seconds(-ageMs)} in the future: a clock is wrong, or the node lies`);
  }
  return good(`the newest is ${what}`);
}

/** Whether what the contract holds is of one tree with every checkpoint that counts. */
export function checkAgreement(c: Case): Check {
  const conflict = conflictOf(c, "agreement");
  if (conflict !== undefined) return bad(conflict.detail);
  const [claim] = standing(c.claims, "root");
  return claim === undefined ? checkAgreementOfNewest(c) : bad(describeClaim(claim, c.seen.now));
}

/** Whether what the contract holds is of one tree with the newest checkpoint and the believed one. */
export function checkAgreementOfNewest(c: Case): Check {
  const found = findAgreement(c);
  if (found.mark !== 0 || c.chain === undefined || !isOverdue(c, "link")) return found;
  return bad(`${found.detail}; a proof has been owed for ${seconds(c.seen.now - (c.state.owed.link ?? c.seen.now))}`);
}

function findAgreement(c: Case): Check {
  const { seen, state, own, heard, chain, facts } = c;
  if (chain === undefined) return unknown("the contract cannot be asked");
  const isOurs = (each: Statement): boolean => each.kind === "signed" && (isSame(each, own) || isSame(each, heard));
  const conflict = facts.conflicts.find(({ finding, a, b }) => finding === "agreement" && (isOurs(a) || isOurs(b)));
  if (conflict !== undefined) return bad(conflict.detail);
  const newest = heard ?? own;
  const { size, root } = chain.head;
  if (newest === undefined) return unknown("no checkpoint to compare with");
  if (size === 0) return unknown("nothing is anchored yet");
  // The contract itself saw to it that its head extends every root that it holds.
  if (rootIn(chain, newest.size) === newest.root) {
    return good(`the contract holds root ${newest.root} for size ${newest.size}`);
  }
  if (size > newest.size) {
    return unknown(`the contract holds size ${size}, the newest checkpoint heard is ${newest.size}`);
  }
  if (size === newest.size) return bad(`the contract's head and its root for size ${size} differ: ${root}`);
  if (isLinked(state, chain, newest)) return good(`size ${newest.size} begins with the anchored size ${size}`);
  const what = `that size ${newest.size} begins with the anchored size ${size}`;
  if (heard === undefined) return unknown(`nobody proves ${what}`);
  if (isLinkedTo(facts, headOf(state, chain), heard)) return good(`proved ${what}`);
  const proof = proofIn(seen, size, heard.size);
  if (proof?.ok === true) return bad(`expected a proof ${what}, got a path that leads elsewhere`);
  return unknown(`the service does not prove ${what}: ${proof?.reason ?? "it was not asked"}`);
}

/** Whether an earlier round proved that a checkpoint extends the contract's head. */
export function isLinked(
  { extension, checkpoint }: WatchState,
  { head }: Pick<ChainSeen, "head">,
  newest: { size: number; root: string },
): boolean {
  if (extension?.from !== head.size || extension.root !== head.root) return false;
  return checkpoint?.size === newest.size && checkpoint.root === newest.root;
}

export function checkAhead({ seen, heard, chain }: Case): Check {
  if (chain === undefined) return unknown("the contract cannot be asked");
  const size = heard?.size ?? (seen.checkpoint.ok && seen.checkpoint.value === undefined ? 0 : undefined);
  if (size === undefined) return unknown("no checkpoint to compare with");
  if (chain.head.size <= size) return good(`${chain.head.size} of ${size} entries are anchored`);
  const said = `${chain.nodes[0].name} says that the contract holds size ${chain.head.size}`;
  return bad(`${said}, the service has only ${size}: its store is an old one, or the node invents something`);
}

/** What two signatures prove stays for good; what a node says is bad while it stands, and called no proof. */
export function checkFork({ seen, state, chain, own, heard, facts, claims }: Case): Check {
  const conflict = facts.conflicts.find(isSigned);
  if (conflict !== undefined) return bad(`two statements contradict each other: ${conflict.detail}`);
  if (state.found !== undefined) return bad(`found before: ${state.found.detail}`);
  const [fork] = standing(claims, "fork");
  if (fork !== undefined) return bad(describeClaim(fork, seen.now));
  const [root] = standing(claims, "root");
  if (root !== undefined)
    return unknown("that there is another history is what a node says or said, see agreement: not a proof");
  if (chain === undefined) return unknown("the contract cannot be asked");
  return own === undefined && heard === undefined ? unknown("no checkpoint yet") : good("no contradiction is known");
}

export function checkLag({ seen, state, patience, chain, own, heard }: Case): Check {
  if (chain === undefined) return unknown("the contract cannot be asked");
  if (own === undefined && heard === undefined) return unknown("no checkpoint yet");
  if (chain.head.superseded) return unknown("the ledger has a successor and takes no more anchors: watch that one");
  const oldest = state.waiting.find(({ size }) => size > chain.head.size);
  if (oldest === undefined) return good(`anchored up to size ${chain.head.size}`);
  const waitedMs = seen.now - oldest.since;
  const detail = `size ${oldest.size} has waited ${seconds(waitedMs)} for an anchor as of ${describeBlock(chain.block)}`;
  return waitedMs > patience.lagMs ? bad(detail) : good(detail);
}

function describeBlock({ number, time }: ChainSeen["block"]): string {
  const date = new Date(time * 1000);
  return `block ${number} of ${Number.isNaN(date.getTime()) ? `${time} s after 1970` : date.toISOString()}`;
}
