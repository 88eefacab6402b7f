/** What a watcher tells of claims: who said what, since when, and what became of it. */

import { type Claim, isDisputed } from "./memory/claims.ts";
import type { WatchState } from "./memory/state.ts";

/** A claim as reports have it; times in ISO 8601. */
export type Disagreement = {
  /** Names of the nodes that said it. */
  readonly nodes: readonly string[];
  readonly what: Claim["what"];
  readonly detail: string;
  readonly first: string;
  readonly last: string;
  /** When it came to nothing; without it, it stands. */
  readonly ended?: string;
};

/** Claims that stand and those that came to nothing, the newest last; a head that nobody denies is none. */
export function disagreements({ claims, roundAt }: WatchState): readonly Disagreement[] {
  return claims.filter(isDisputed).map((claim) => {
    const { by: nodes, what, first, last, ended } = claim;
    const detail = describeClaim(claim, roundAt);
    const times = { first: iso(first), last: iso(last) };
    const over = ended === undefined ? {} : { ended: iso(ended) };
    return { nodes, what, detail, ...times, ...over };
  });
}

/** A sentence about a claim as it was in a round at a time. */
export function describeClaim(claim: Claim, now: number): string {
  const { by, denied, ended, last } = claim;
  const who = by.length === 0 ? "a node, of which an earlier version kept no name," : by.join(" and ");
  const isSaid = denied === undefined && ended === undefined && last >= now;
  const said = `${who} ${isSaid ? (by.length > 1 ? "say" : "says") : "said"} that ${contentOf(claim)}`;
  if (ended !== undefined) return `${said}, last at ${iso(last)}, and it came to nothing at ${iso(ended)}`;
  if (isSaid) return said;
  const since = denied === undefined ? "" : `, and since ${iso(denied)} nobody says so`;
  return `${said}, last at ${iso(last)}${since}`;
}

function contentOf({ what, size, root, against }: Claim): string {
  if (what === "head") return `the contract holds size ${size}${root === undefined ? "" : ` with root ${root}`}`;
  if (what === "fork") return "the contract holds a proof that the ledger was forked";
  const held = `the contract holds root ${root} for size ${size}`;
  const { statement } = against ?? {};
  if (statement === undefined) return held;
  if (statement.size === size) return `${held}, the service signed ${statement.root}`;
  return `${held}, with which size ${statement.size} does not begin that the service signed`;
}

function iso(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms after 1970` : date.toISOString();
}
