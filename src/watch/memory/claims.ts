/**
 * What nodes said that is proved by nothing: the head of the contract, a root in it that contradicts a signed one, that the
 * ledger forked. Each claim is kept with who said it and when. It ends when it is taken back and others say otherwise too,
 * or when it was taken back for long; silence ends nothing, and what has ended stays as history. It is bounded.
 * Why: docs/decisions/0138.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { Conflict, Patience } from "../checks.ts";
import type { NodeSeen } from "../round-observations.ts";
import type { SignedStatement } from "../statement.ts";

/** A signed checkpoint that a claim contradicts, and the nodes between both sizes. */
export type Against = { readonly statement: SignedStatement; readonly nodes: readonly Hex[] };

export type Claim = {
  readonly what: "head" | "root" | "fork";
  /** Names of the nodes that said it; none when an earlier version did not keep them. */
  readonly by: readonly string[];
  /** Size that the contract was said to hold; 0 when it is about a fork. */
  readonly size: number;
  readonly root?: Hex;
  readonly against?: Against;
  /** When it was said first and last, milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** Since when some node says otherwise. */
  readonly since?: number;
  /** Since when nobody says it any more, and some node says otherwise. */
  readonly denied?: number;
  /** When it came to nothing; from then on it is history. */
  readonly ended?: number;
};

export const CLAIMS_MAX = 32;
/** Names that are kept of one claim. */
export const NAMES_MAX = 8;

/** What a round brings for claims. */
export type Round = {
  readonly now: number;
  /** When the round before was. */
  readonly before: number;
  readonly nodes: readonly NodeSeen[];
  /** Contradictions that only nodes vouch for. */
  readonly conflicts: readonly Conflict[];
  /** Whether two signatures show a statement to be one of two histories: then nobody's word is needed. */
  readonly isDisproved: (statement: SignedStatement) => boolean;
  readonly patience: Patience;
};

/** The claims after a round. */
export function nextClaims(claims: readonly Claim[], round: Round): readonly Claim[] {
  // Silence ends nothing.
  if (round.nodes.length === 0) return claims;
  const past = claims.filter(({ ended }) => ended !== undefined);
  const open = claims.filter(({ ended }) => ended === undefined);
  return limit([...past, ...nextHeads(open, round), ...nextFork(open, round), ...nextRoots(open, round)]);
}

/** Claims that stand and are bad news: not history, and not what everybody says. */
export function standing(claims: readonly Claim[], what: Claim["what"]): readonly Claim[] {
  return claims.filter((claim) => claim.what === what && claim.ended === undefined && isDisputed(claim));
}

/** Whether something speaks, or spoke, against a claim: what the service signed, or another head. */
export function isDisputed({ what, since }: Claim): boolean {
  return what !== "head" || since !== undefined;
}

/** Sizes of which nodes are to be asked the root again. */
export function claimedSizes(claims: readonly Claim[]): readonly number[] {
  return claims.filter(({ what, ended }) => what === "root" && ended === undefined).map(({ size }) => size);
}

/** A claim from a contradiction that nodes vouch for. @returns undefined when both sides are signed */
export function claimOf({ a, b, by = [], nodes }: Conflict, at: number): Claim | undefined {
  const [held, signed] = a.kind === "anchored" ? [a, b] : [b, a];
  if (held.kind !== "anchored" || signed.kind !== "signed") return undefined;
  return {
    what: "root",
    by: by.slice(0, NAMES_MAX),
    size: held.size,
    root: held.root,
    against: { statement: signed, nodes },
    first: at,
    last: at,
  };
}

/** Claims of two watchers of one ledger, each once. */
export function mergeClaims(mine: readonly Claim[], theirs: readonly Claim[]): readonly Claim[] {
  const all = new Map<string, Claim>();
  for (const claim of [...theirs, ...mine]) {
    const key = `${keyOf(claim)} ${claim.ended === undefined}`;
    const held = all.get(key);
    all.set(key, held === undefined ? claim : joined(held, claim));
  }
  return limit([...all.values()]);
}

function joined(a: Claim, b: Claim): Claim {
  const newer = a.last > b.last ? a : b;
  return { ...newer, by: names(a.by, b.by), first: Math.min(a.first, b.first) };
}

/** Who of the nodes that answer says a claim in a round, and who says otherwise: each does one of the two. */
type Voices = { readonly said: readonly string[]; readonly denied: readonly string[] };

/** One step of a claim in a round in which some node answers: said again, denied, or come to nothing. */
function step(claim: Claim, { said, denied }: Voices, supporters: number, round: Round): Claim {
  const { now } = round;
  const { denied: deniedBefore, since: sinceBefore, ...rest } = claim;
  const since = sinceBefore ?? now;
  // A head that only others still show was not said again by its own node.
  const last = claim.by.some((name) => said.includes(name)) ? now : claim.last;
  if (said.length > 0) return denied.length > 0 ? { ...rest, last, since } : { ...rest, last };
  const deniedSince = deniedBefore ?? now;
  const next = { ...rest, since, denied: deniedSince };
  const isOver = isOutvoted(claim, denied, supporters) || isOutlasted(claim, deniedSince, round);
  return isOver ? { ...next, ended: now } : next;
}

/** The word of one node alone, which it took back, or does not repeat, while others say otherwise. */
function isOutvoted({ by }: Claim, denied: readonly string[], supporters: number): boolean {
  if (supporters > 1) return false;
  const others = denied.filter((name) => !by.includes(name)).length;
  return others >= (denied.length > others ? 1 : 2);
}

/** An anchor that a chain lost is made again by then, or `lag` says so; and it has been told as bad before it ends. */
function isOutlasted({ what, since }: Claim, deniedSince: number, { now, before, patience }: Round): boolean {
  const wasTold = what !== "head" || (since !== undefined && before - since > patience.silentMs);
  return wasTold && now - deniedSince > Math.max(patience.lagMs, patience.silentMs);
}

/** The largest head that each node showed; one that went back is held to what it said. */
function nextHeads(open: readonly Claim[], round: Round): readonly Claim[] {
  const heads = open.filter(({ what }) => what === "head");
  const { now, nodes, patience } = round;
  const next = heads.flatMap((claim) => {
    const own = nodes.find(({ name }) => claim.by.includes(name));
    const before = voicesOf(claim, nodes);
    const isSettled = before.said.length > 0 && before.denied.length === 0;
    const wasBad = isSettled && claim.since !== undefined && now - claim.since > patience.silentMs;
    const history = wasBad ? [{ ...claim, ended: now }] : [];
    // Of a node that is not asked any more nothing is left to say once the others show as much.
    if (isSettled && own === undefined) return history;
    const { since: _since, denied: _denied, ...fresh } = claim;
    const kept = isSettled ? fresh : claim;
    const said = own !== undefined && before.said.includes(own.name) ? withHead(kept, own, now) : kept;
    const supporters = heads.filter((each) => each === claim || supports(each, said)).length;
    return [...history, step(said, voicesOf(said, nodes), supporters, round)];
  });
  const known = next.filter(({ ended }) => ended === undefined).flatMap(({ by }) => by);
  const added = nodes
    .filter(({ name, head }) => head.size > 0 && !known.includes(name))
    .map((node): Claim => ({ what: "head", by: [node.name], ...headOf(node), first: now, last: now }));
  return [...next, ...added.map((claim) => disputed(claim, round))];
}

function headOf({ head }: NodeSeen): { readonly size: number; readonly root: Hex } {
  return { size: head.size, root: head.root };
}

/** A claim with what its node shows now; one that nobody denied begins anew with another head. */
function withHead(claim: Claim, node: NodeSeen, now: number): Claim {
  const isNew = claim.since === undefined && claim.size !== node.head.size;
  return { ...claim, ...headOf(node), first: isNew ? now : claim.first };
}

function supports(head: Claim, { size, root }: Claim): boolean {
  return head.size > size || (head.size === size && head.root === root);
}

function disputed(claim: Claim, { now, nodes }: Round): Claim {
  return voicesOf(claim, nodes).denied.length === 0 ? claim : { ...claim, since: now };
}

function voicesOf(head: Claim, nodes: readonly NodeSeen[]): Voices {
  const said = nodes.filter((node) => holds(node, head)).map(({ name }) => name);
  const denied = nodes.map(({ name }) => name).filter((name) => !said.includes(name));
  return { said, denied };
}

/** Whether a node's head is one that can extend what was claimed. */
function holds({ head, roots }: NodeSeen, { size, root }: Claim): boolean {
  if (head.size < size) return false;
  const held = head.size === size ? head.root : roots.find((each) => each.size === size)?.root;
  return held === undefined || root === undefined || held === root;
}

function nextFork(open: readonly Claim[], round: Round): readonly Claim[] {
  const { now, nodes } = round;
  const said = nodes.filter(({ head }) => head.forked).map(({ name }) => name);
  const denied = nodes.filter(({ head }) => !head.forked).map(({ name }) => name);
  const held = open.find(({ what }) => what === "fork");
  if (held === undefined && said.length === 0) return [];
  const claim: Claim = held ?? { what: "fork", by: [], size: 0, first: now, last: now };
  const by = names(claim.by, said);
  return [step({ ...claim, by }, { said, denied }, by.length, round)];
}

/** Roots that contradict a signed one; of each signed one there is one claim, whoever says it. */
function nextRoots(open: readonly Claim[], round: Round): readonly Claim[] {
  const { now, nodes, conflicts, isDisproved } = round;
  const all = new Map(open.filter(({ what }) => what === "root").map((claim) => [keyOf(claim), claim]));
  for (const conflict of conflicts) {
    const claim = claimOf(conflict, now);
    if (claim?.against === undefined || isDisproved(claim.against.statement)) continue;
    const held = all.get(keyOf(claim));
    all.set(keyOf(claim), held === undefined ? claim : { ...joined(held, claim), ...timesOf(held) });
  }
  return [...all.values()].map((claim) => {
    const { against } = claim;
    if (against !== undefined && isDisproved(against.statement)) return { ...claim, ended: now };
    const said = nodes.filter((node) => contradicts(node, claim)).map(({ name }) => name);
    const denied = nodes.filter((node) => !contradicts(node, claim)).map(({ name }) => name);
    const by = names(claim.by, said);
    return step({ ...claim, by }, { said, denied }, by.length, round);
  });
}

/** Since when others deny a claim, which is not made younger by its being said with another root. */
function timesOf({ since, denied }: Claim): Pick<Claim, "since" | "denied"> {
  return { ...(since !== undefined && { since }), ...(denied !== undefined && { denied }) };
}

/** Whether what a node holds for the size of a claim cannot be true together with what was signed. */
function contradicts({ head, roots }: NodeSeen, { size, root, against }: Claim): boolean {
  const held = roots.find((each) => each.size === size)?.root ?? (head.size === size ? head.root : undefined);
  if (held === undefined) return false;
  return against?.statement.size === size ? held !== against.statement.root : held === root;
}

function names(known: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...known, ...more])].slice(0, NAMES_MAX);
}

function keyOf({ what, by, against }: Claim): string {
  const { size, root } = against?.statement ?? { size: 0, root: "" };
  return `${what} ${what === "head" ? by.join(" ") : ""} ${size} ${root}`;
}

/** Of one thing one line of history; when there are too many, the oldest history goes first, and then the newest claims. */
function limit(claims: readonly Claim[]): readonly Claim[] {
  const past = new Map<string, Claim>();
  for (const claim of claims.filter(({ ended }) => ended !== undefined)) {
    const held = past.get(keyOf(claim));
    const first = Math.min(claim.first, held?.first ?? claim.first);
    past.delete(keyOf(claim));
    past.set(keyOf(claim), { ...claim, first });
  }
  const open = claims.filter(({ ended }) => ended === undefined);
  const disputedFirst = [...open.filter(isDisputed), ...open.filter((claim) => !isDisputed(claim))];
  const kept = disputedFirst.slice(0, CLAIMS_MAX);
  const room = CLAIMS_MAX - kept.length;
  return [...(room === 0 ? [] : [...past.values()].slice(-room)), ...kept];
}
