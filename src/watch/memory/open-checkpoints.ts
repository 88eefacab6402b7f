/**
 * Open checkpoints: what was heard under a valid signature is kept until it is settled, and this is what is kept, which
 * proofs would settle it, and what has to go when there is no room. What is dropped cannot be chosen by whoever fills it.
 * Why: docs/decisions/0096.
 */

import { fromHex, type Hex, toHex } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import type { Conflict } from "../checks.ts";
import type { ChainSeen, Listened } from "../round-observations.ts";
import { type SignedStatement, signedStatement } from "../statement.ts";
import { claimedSizes, mergeClaims } from "./claims.ts";
import { addSigner, FORKS_MAX, OPEN_MAX, type Open, type Owed, STRANGERS_MAX, type WatchState } from "./state.ts";

/** Open checkpoints that are asked about in one round; the others have their turn. */
const ASKED_MAX = 8;

/** Pair of sizes of which a proof is wanted. */
export type Wanted = { readonly from: number; readonly to: number };

/**
 * The state with what was heard in a round. It is kept before anything is asked about it: whoever hangs at the proof shall
 * not have a watcher forget what it was about.
 */
export function remember(state: WatchState, { now, checkpoint, also = [] }: Listened): WatchState {
  const newest = checkpoint.ok && checkpoint.value !== undefined ? [checkpoint.value] : [];
  const heard = [...newest, ...also];
  const ledgerId = state.ledgerId ?? heard[0]?.ledgerId;
  if (ledgerId === undefined) return state;
  const added = heard
    .filter((statement) => statement.ledgerId === ledgerId && !isSame(statement, state.checkpoint))
    .map((statement) => ({ statement, since: now }));
  return { ...state, ledgerId, open: addOpen(state.open, added) };
}

/** Whether two statements say the same of a tree. */
export function isSame(a: Said, b: Said | undefined): boolean {
  return a.size === b?.size && a.root === b.root;
}

type Said = { readonly size: number; readonly root: Hex };

/** Puts lists of open ones together; of two that say the same under one key the older is kept. */
function addOpen(open: readonly Open[], more: readonly Open[]): readonly Open[] {
  const all = [...open];
  for (const each of more) {
    const at = all.findIndex(
      ({ statement }) => isSame(statement, each.statement) && statement.signer === each.statement.signer,
    );
    const held = all[at];
    if (held === undefined) all.push(each);
    else if (each.since < held.since) all[at] = each;
  }
  return all;
}

/** Whether a signer counts: as was said at the start, or as the contract knows. */
export function isKnown(state: WatchState, chain: ChainSeen | undefined, signer: Hex): boolean {
  return state.signers.includes(signer) || chain?.known.includes(signer) === true;
}

/** Those whose signer counts, without what is believed already. */
export function knownOpen(state: WatchState, chain: ChainSeen | undefined): readonly Open[] {
  return state.open.filter(({ statement }) => isKnown(state, chain, statement.signer));
}

/** What only the contract can tell: whose the signers are, and which roots it holds. */
export function questionsToContract(
  state: WatchState,
  heard: SignedStatement | undefined,
): { readonly signers: readonly Hex[]; readonly sizes: readonly number[] } {
  const strangers = state.open.map(({ statement }) => statement.signer).filter((each) => !state.signers.includes(each));
  const open = turn(state, undefined).map(({ statement }) => statement.size);
  const first = heard === undefined ? [] : [heard];
  const own = state.checkpoint === undefined ? [] : [state.checkpoint.size];
  const claimed = claimedSizes(state.claims);
  const signers = [...first.map(({ signer }) => signer), ...strangers];
  return {
    signers: [...new Set(signers)].slice(0, ASKED_MAX),
    sizes: [...new Set([...first.map(({ size }) => size), ...own, ...open, ...claimed])],
  };
}

/** Those whose turn it is. */
function turn(state: WatchState, chain: ChainSeen | undefined): readonly Open[] {
  return knownOpen(state, chain).slice(0, ASKED_MAX);
}

/** Proofs that would settle open checkpoints: against what is believed, and against what was heard last. */
export function proofsForOpen(
  state: WatchState,
  chain: ChainSeen | undefined,
  heard: SignedStatement | undefined,
): readonly Wanted[] {
  const own = state.checkpoint?.size;
  return turn(state, chain).flatMap(({ statement: { size } }) => {
    const others = [own, heard !== undefined && heard.size > size ? heard.size : undefined];
    return others
      .filter((other) => other !== undefined && other !== size)
      .map((other) => ({ from: Math.min(size, other as number), to: Math.max(size, other as number) }));
  });
}

/** Puts those that were asked about behind the others. */
export function rotate(open: readonly Open[], wasAsked: (size: number) => boolean): readonly Open[] {
  const [waits, asked] = [true, false].map((still) =>
    open.filter(({ statement }) => wasAsked(statement.size) !== still),
  );
  return [...(waits ?? []), ...(asked ?? [])];
}

/** Drops what there is no room for. @returns what is left, and how many of known signers had to go */
export function limitOpen(
  state: WatchState,
  open: readonly Open[],
  isOfLedger: (signer: Hex) => boolean,
): { readonly open: readonly Open[]; readonly dropped: number } {
  const known = open.filter(({ statement }) => isOfLedger(statement.signer));
  const strangers = open.filter(({ statement }) => !isOfLedger(statement.signer));
  const kept = new Set([...lowest(known, OPEN_MAX, state.salt), ...lowest(strangers, STRANGERS_MAX, state.salt)]);
  return { open: open.filter((each) => kept.has(each)), dropped: Math.max(0, known.length - OPEN_MAX) };
}

/** Those with the lowest hashes: each has the same chance, in whatever order and number they come. */
function lowest(open: readonly Open[], countMax: number, salt: Hex = "0x"): readonly Open[] {
  if (open.length <= countMax) return open;
  const rank = ({ statement }: Open): string =>
    toHex(keccak256(new Uint8Array([...fromHex(salt), ...fromHex(statement.root)])));
  const ranked = open.map((each) => ({ each, by: rank(each) })).sort((a, b) => (a.by < b.by ? -1 : 1));
  return ranked.slice(0, countMax).map(({ each }) => each);
}

/** Adds contradictions of two signatures, each once. */
export function addForks(forks: readonly Conflict[], more: readonly Conflict[]): readonly Conflict[] {
  const all = new Map<string, Conflict>();
  for (const each of [...forks, ...more]) {
    if (!all.has(keyOf(each))) all.set(keyOf(each), each);
  }
  return [...all.values()].slice(0, FORKS_MAX);
}

/** Whether both statements are signed, so that nobody's word is needed that they were made. */
export function isSigned({ a, b }: Conflict): boolean {
  return a.kind === "signed" && b.kind === "signed";
}

function keyOf({ a, b }: Conflict): string {
  return [a, b]
    .map(({ size, root }) => `${size} ${root}`)
    .sort()
    .join(" ");
}

/** What two watchers remember of one ledger: nothing that either heard is lost, and the debts are the older ones. */
export function mergeStates(mine: WatchState, theirs: WatchState): WatchState {
  const { checkpoint, roundAt } = mine;
  const isOther = checkpoint !== undefined && !isSame(checkpoint, theirs.checkpoint);
  const moved: Open[] = isOther ? [{ statement: signedStatement(checkpoint), since: roundAt }] : [];
  const owed: Record<string, number> = { ...mine.owed };
  for (const [name, at] of Object.entries(theirs.owed)) owed[name] = Math.min(at, owed[name] ?? at);
  const found = [mine.found, theirs.found].filter((each) => each !== undefined).sort((a, b) => a.at - b.at)[0];
  return {
    ...theirs,
    ...(mine.ledgerId !== undefined && { ledgerId: mine.ledgerId }),
    signers: mine.signers.reduce(addSigner, theirs.signers),
    open: addOpen(theirs.open, [...mine.open, ...moved]).filter(
      ({ statement }) => !isSame(statement, theirs.checkpoint),
    ),
    dropped: Math.max(mine.dropped, theirs.dropped),
    forks: addForks(theirs.forks, mine.forks),
    ...(found !== undefined && { found }),
    owed: owed as Owed,
    claims: mergeClaims(mine.claims, theirs.claims),
    heardAt: Math.max(mine.heardAt, theirs.heardAt),
    roundAt: Math.max(mine.roundAt, theirs.roundAt),
  };
}
