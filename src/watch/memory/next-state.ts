/** What a watcher remembers after a round: what it believes, what is still open or owed, and what it proved. */

import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { isLinked } from "../chain-checks.ts";
import { type Case, fits, isDisproved, unsettled } from "../check-input.ts";
import type { Check } from "../checks.ts";
import { headOf, isLinkedTo } from "../conclusions.ts";
import { proofIn } from "../round-observations.ts";
import type { SignedStatement } from "../statement.ts";
import { addForks, isKnown, isSame, isSigned, limitOpen, rotate } from "./open-checkpoints.ts";
import { addSigner, type Open, type Owed, updateWaiting, type WatchState } from "./state.ts";

/** Marks that decide what is remembered. */
export type Decisive = { readonly identity: Check; readonly agreement: Check };

/** The believed checkpoint moves only when nothing speaks against it; the rest is kept until it is settled. */
export function nextState(c: Case, checks: Decisive): WatchState {
  const { state, seen, own, facts } = c;
  const accepted = findAccepted(c, checks);
  const believed = accepted !== undefined && accepted.size > (own?.size ?? 0) ? accepted : own;
  const extension = nextExtension(c, believed);
  const { extension: _, ...rest } = state;
  const { open, dropped } = nextOpen(c, believed);
  // What only a node said is a claim; it is told while it stands, and proves nothing.
  const proved = facts.conflicts.filter(isSigned);
  const [first] = proved;
  return {
    ...rest,
    ...(believed !== undefined && { checkpoint: plain(believed) }),
    ...(extension !== undefined && { extension }),
    ...(first !== undefined &&
      state.found === undefined && { found: { finding: first.finding, detail: first.detail, at: seen.now } }),
    signers: nextSigners(c, accepted, believed),
    open,
    dropped: Math.min(state.dropped + dropped, Number.MAX_SAFE_INTEGER),
    forks: addForks(state.forks, proved),
    owed: nextOwed(c, checks),
    claims: c.claims,
    waiting: believed === undefined ? [] : updateWaiting(state.waiting, believed.size, anchoredSize(c), seen.now),
    heardAt: seen.checkpoint.ok ? seen.now : state.heardAt,
    roundAt: seen.now,
  };
}

/** The size up to which nothing waits for an anchor: as all nodes say, and not beyond what anybody signed. */
function anchoredSize({ chain, own, known }: Case): number | undefined {
  if (chain === undefined) return undefined;
  const least = Math.min(...chain.nodes.map(({ head }) => head.size));
  return least > Math.max(own?.size ?? 0, ...known.map(({ statement }) => statement.size)) ? undefined : least;
}

/** Whoever the contract knew once counts also when it cannot be asked; the signer of what is believed is never dropped. */
function nextSigners(
  { state, chain }: Case,
  accepted: SignedStatement | undefined,
  believed: SignedStatement | undefined,
): WatchState["signers"] {
  const met = state.open.map(({ statement }) => statement.signer).filter((each) => chain?.known.includes(each));
  const last = [accepted, believed].filter((each) => each !== undefined).map(({ signer }) => signer);
  return [...met, ...last].reduce(addSigner, state.signers);
}

/** The checkpoint that was heard, when it may be believed. */
function findAccepted(c: Case, { agreement }: Decisive): SignedStatement | undefined {
  const { seen, own, heard, facts } = c;
  if (heard === undefined || agreement.mark === -1) return undefined;
  if (!seen.chain.ok && seen.chain.isWrong) return undefined;
  if (own === undefined) return isDisproved(c, heard) ? undefined : heard;
  return isSame(heard, own) || isLinkedTo(facts, own, heard) ? heard : undefined;
}

function nextOpen(c: Case, believed: SignedStatement | undefined): ReturnType<typeof limitOpen> {
  const { state, seen, heard, chain, facts } = c;
  const isOfLedger = (signer: SignedStatement["signer"]): boolean => isKnown(state, chain, signer);
  const isSettled = ({ statement }: Open): boolean => {
    if (isSame(statement, believed)) return true;
    if (!isOfLedger(statement.signer)) return false;
    // One that is larger than what is believed is not settled by fitting: it is still to be held to.
    return fits(c, statement) ? statement.size <= (believed?.size ?? 0) : isDisproved(c, statement);
  };
  const left = state.open.filter((each) => !isSettled(each));
  // Whatever contradicts a tree contradicts every tree that extends it: the larger one stands for both.
  const isCovered = ({ statement }: Open): boolean => isLinkedTo(facts, statement, heard);
  const isLeft = heard !== undefined && left.some(({ statement }) => isSame(statement, heard));
  const covered = isLeft ? left.filter(isCovered) : [];
  const owing = unsettled(c);
  const since = Math.min(...covered.filter((each) => owing.includes(each)).map((each) => each.since));
  const kept = left
    .filter((each) => !covered.includes(each))
    .map((each) => (isSame(each.statement, heard) ? { ...each, since: Math.min(each.since, since) } : each));
  const asked = new Set(seen.proofs.flatMap(({ from, to }) => [from, to]));
  return limitOpen(
    state,
    rotate(kept, (size) => asked.has(size)),
    isOfLedger,
  );
}

/** Debts end when they are settled, and not because nobody spoke. */
function nextOwed(c: Case, { identity, agreement }: Decisive): Owed {
  const { state, seen, heard, chain } = c;
  const { owed } = state;
  const said = seen.checkpoint.ok ? seen.checkpoint.value : undefined;
  const isStranger = said !== undefined && heard === undefined && said.ledgerId === state.ledgerId;
  const owesSigner = isStranger && chain?.signer !== undefined;
  const proof = heard === undefined || chain === undefined ? undefined : proofIn(seen, chain.head.size, heard.size);
  const owesLink = proof?.ok === false && agreement.mark !== 1;
  const one = (name: keyof Owed, isNew: boolean, isOver: boolean): Owed =>
    isOver || (owed[name] === undefined && !isNew) ? {} : { [name]: owed[name] ?? seen.now };
  return {
    ...one("link", owesLink, agreement.mark === 1),
    ...one("signer", owesSigner, identity.mark === 1),
  };
}

function nextExtension(c: Case, believed: SignedStatement | undefined): WatchState["extension"] {
  const { state, seen, chain, facts } = c;
  if (believed === undefined) return undefined;
  if (chain === undefined) return isSame(believed, state.checkpoint) ? state.extension : undefined;
  if (isLinked(state, chain, believed)) return state.extension;
  const { size: from, root } = chain.head;
  if (from === 0 || !isLinkedTo(facts, headOf(state, chain), believed)) return undefined;
  const proof = proofIn(seen, from, believed.size);
  return proof?.ok === true ? { from, root, path: proof.value.path } : undefined;
}

function plain({ ledgerId, size, root, signedAt, signature }: SignedStatement): SignedCheckpoint {
  return { ledgerId, size, root, signedAt, signature };
}
