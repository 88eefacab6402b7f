/** The sentences of a verdict on an evidence set, one for each name in the table (table.ts). */

import { chains, count, describeLedger } from "./sentences.ts";
import type { SayingName } from "./table.ts";
import { formatSeconds } from "./time-words.ts";
import type { Subject } from "./verdict.ts";

const NOT_PROVED = "Not proved: whether the events are true, and whether every event was recorded.";
const ON_DEVELOPMENT = "a development chain, which runs on somebody's own machine and proves nothing to others";

export type SetLedger = Pick<Subject, "ledgerId" | "ledgerName" | "owner">;

/** What is known when the verdict on a set is put in words. */
export type SetFindings = {
  readonly count: number;
  readonly verified: number;
  /** How many that were in the set when it was written are not there any more, as far as it shows. */
  readonly missing: number;
  /** Index of the first and the last entry. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Every index from the first to the last is there. */
  readonly isGapless: boolean;
  readonly ledger: SetLedger | undefined;
  /** Who signed. */
  readonly signers: readonly string[];
  /** Time of the latest block that proves one of the entries, seconds since 1970; undefined when no chain proved any. */
  readonly blockTime: number | undefined;
  /** How many of the bundles hold without a chain. */
  readonly unanchored: number;
  /** Every block that proves one is final. */
  readonly isFinal: boolean;
  /** By hashes that were trusted, so that no chain was asked whether the blocks are final. */
  readonly byTrustedBlock: boolean;
  /** Chains on which the ledger is marked as forked. */
  readonly forkedOn: readonly number[];
  readonly problems: readonly SetProblem[];
};

/** What was wrong, with the line it is in, from 1. */
export type SetProblem = { readonly line: number; readonly summary: string };

/** What may be said. */
export function saySet(name: SayingName, set: SetFindings): string {
  return SENTENCES[name](set);
}

const SENTENCES: Readonly<Record<SayingName, (set: SetFindings) => string>> = {
  verified: (set) => `Proved: ${proved(set)}`,
  unfinal: (set) => `Proved: ${proved(set)}`,
  byBlock: (set) => `Proved: ${proved(set)}`,
  forked: (set) => `Proved: ${proved(set)} But the ledger is marked as forked on ${chains(set.forkedOn)}.`,
  development: (set) => `Proved on ${ON_DEVELOPMENT}: ${proved(set)}`,
  developmentForked: (set) =>
    `Proved on ${ON_DEVELOPMENT}: ${proved(set)} And the ledger is marked as forked on ${chains(set.forkedOn)}.`,
  signed: (set) => `Proved: ${proved(set)}`,
  developmentOnly: (set) => {
    const only = `${countOf(set)} verified; for the others only ${ON_DEVELOPMENT}, holds them`;
    return `Could not tell: ${only}. That may be all you want: then say that a development chain is enough.`;
  },
  unvouched: (set) => {
    const who = set.signers.join(" and ");
    const anybody = "All of it fits together; anybody can make such a set, of any ledger, with a key of their own";
    return `Could not tell: recorded by ${who}, whom nobody vouched for, as ${rangeOf(set, "what it calls ")}. ${anybody}.`;
  },
  unasked: (set) => `Could not tell: ${countOf(set)} verified; the others name anchors, and there was nobody to ask.`,
  unanchored: (set) => `Could not tell: ${countOf(set)} verified.${problemOf(set)}`,
  unanswered: (set) => `Could not tell: ${countOf(set)} verified.${problemOf(set)}`,
  failed: (set) => `FAILED: ${countOf(set)} verified${missingOf(set)}.${problemOf(set)}`,
  noProof: () => "Nothing was verified. Nothing in it is of a proof.",
};

function countOf({ verified, count: all }: SetFindings): string {
  return `${verified} of ${count(all, "bundle")}`;
}

function missingOf({ missing }: SetFindings): string {
  return missing === 0 ? "" : `, and ${missing} ${missing === 1 ? "is" : "are"} missing`;
}

function problemOf({ problems }: SetFindings): string {
  const [problem] = problems;
  return problem === undefined ? "" : ` Line ${problem.line}: ${problem.summary}`;
}

function rangeOf(set: SetFindings, calling = ""): string {
  const { count: all, first, last, ledger } = set;
  const of = ledger === undefined ? "" : ` of ${calling}${describeLedger(ledger)}`;
  const gaps = set.isGapless ? "none in between is missing" : "others in between are not in the set";
  return `all ${count(all, "bundle")} of the set, entries ${first} to ${last}${of}; ${gaps}`;
}

function proved(set: SetFindings): string {
  const { count: all, blockTime, unanchored, signers } = set;
  const said = [`${rangeOf(set)}.`];
  if (blockTime !== undefined) {
    const which = unanchored === 0 ? "Each" : `Each of ${all - unanchored}`;
    const time = `no later than ${formatSeconds(blockTime)}, the time of the latest block that proves one`;
    said.push(`${which} was in the contract's storage ${time}; ${describeFinality(set)}.`);
  }
  if (unanchored > 0) {
    const who = `${signers.join(" and ")}, whom you expect, signed`;
    said.push(`For ${unanchored} no chain was asked: ${who}, and only the signer itself says when that was.`);
  }
  return [...said, NOT_PROVED].join(" ");
}

function describeFinality({ isFinal, byTrustedBlock }: SetFindings): string {
  if (byTrustedBlock) return "you trust the hashes of all those blocks";
  return isFinal ? "all those blocks are final" : "not all those blocks are final yet";
}
