/** Verdicts in plain words: what was proved of a bundle, of whom and by when, and what was not. */

import type { Expectations } from "./options.ts";
import type { Step, Subject, Witness } from "./verdict.ts";

/** Chain ids that development nodes use: anvil and Hardhat, Ganache and Geth's --dev. */
const DEVELOPMENT_CHAINS: readonly number[] = [31337, 1337];
/** A clock that is off by more than this is worth a word. */
const CLOCK_TOLERANCE_S = 900;

/** What is said of a ledger that the contract has marked. */
export const FORKED =
  "it was proved to the contract that a signer of this ledger signed two histories that cannot both be true";

const NOT_PROVED = "Not proved: whether the event is true, and whether every event was recorded.";
const NOT_PROVED_OF_SET = "Not proved: whether the events are true, and whether every event was recorded.";

/** What is known when a verdict is put in words. */
export type Findings = {
  readonly subject: Subject;
  /** The earliest proved anchor. */
  readonly witness: Witness | undefined;
  readonly shown: readonly string[];
  readonly withheld: number;
};

/** What is known when the verdict on a set is put in words. */
export type SetFindings = {
  readonly count: number;
  /** Index of the first and the last entry. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Every index from the first to the last is there. */
  readonly isGapless: boolean;
  readonly ledger: SetLedger | undefined;
  /** Time of the latest block that proves one of the entries, seconds since 1970; undefined when no chain proved any. */
  readonly blockTime: number | undefined;
  /** How many of the bundles were verified without a chain. */
  readonly unanchored: number;
  /** Every block that proves one is final. */
  readonly isFinal: boolean;
  /** By hashes that were trusted, so that no chain was asked whether the blocks are final. */
  readonly byTrustedBlock: boolean;
};

export type SetLedger = Pick<Subject, "ledgerId" | "ledgerName" | "owner">;

/** Sentence of a verdict "failed". */
export function describeFailure(steps: readonly Step[]): string {
  const step = steps.find(({ state }) => state === "failed");
  return `FAILED at step "${step?.name ?? "bundle"}": ${step?.detail ?? "nothing was checked"}. Do not rely on this bundle.`;
}

/** Sentence of a verdict "undecided". */
export function describeDoubt(reasons: readonly string[], { subject }: Findings): string {
  const proved = `entry ${subject.index} is in a tree that ${subject.signer} signed`;
  return `Could not tell: ${reasons.join("; ")}. What was checked holds (${proved}), but that is not what was asked.`;
}

/** Sentences of a verdict "verified". */
export function describeSuccess({ subject, witness, shown, withheld }: Findings): string {
  const members = `${count(shown.length, "member")} shown${withheld === 0 ? "" : ` and ${withheld} withheld`}`;
  const entry = `entry ${subject.index} of ${describeLedger(subject)}, with ${members}`;
  const what = `Proved: ${subject.signer} signed that ${entry}, is in the ledger's tree`;
  if (witness === undefined) {
    const said = `only the signer itself says that this was at ${formatSeconds(subject.signedAt)}`;
    return `${what}. No chain was asked: ${said}. ${NOT_PROVED}`;
  }
  const time = `no later than ${formatSeconds(witness.blockTime)}, the time of block ${witness.blockNumber}`;
  const block = witness.byTrustedBlock
    ? `whose hash you trust`
    : `of chain ${witness.chainId}, which ${witness.isFinal ? "is final" : "is not final yet"}`;
  return `${what}, and it was in the contract's storage ${time} ${block}. ${NOT_PROVED}`;
}

/** Sentences of a verdict "verified" on a set. */
export function describeSetSuccess(set: SetFindings): string {
  const { count: all, first, last, ledger, blockTime, unanchored } = set;
  const gaps = set.isGapless ? "none in between is missing" : "others in between are not in the set";
  const of = ledger === undefined ? "" : ` of ${describeLedger(ledger)}`;
  const said = [`Proved: all ${count(all, "bundle")} of the set, entries ${first} to ${last}${of}; ${gaps}.`];
  if (blockTime !== undefined) {
    const which = unanchored === 0 ? "Each" : `Each of ${all - unanchored}`;
    const time = `no later than ${formatSeconds(blockTime)}, the time of the latest block that proves one`;
    said.push(`${which} was in the contract's storage ${time}; ${describeFinality(set)}.`);
  }
  if (unanchored > 0) said.push(`For ${unanchored} no chain was asked: only the signer itself says when that was.`);
  return [...said, NOT_PROVED_OF_SET].join(" ");
}

function describeFinality({ isFinal, byTrustedBlock }: SetFindings): string {
  if (byTrustedBlock) return "you trust the hashes of all those blocks";
  return isFinal ? "all those blocks are final" : "not all those blocks are final yet";
}

/** By its name alone nobody knows a ledger: anybody can open one of that name. */
function describeLedger({ ledgerName, ledgerId, owner }: SetLedger): string {
  return `ledger ${JSON.stringify(ledgerName)} (${ledgerId}), opened by ${owner}`;
}

/** What the reader of a verdict shall know besides. */
export function notesOn({ subject, witness, shown }: Findings, expected: Expectations): string[] {
  const notes: string[] = [];
  if (expected.ledgerId === undefined && expected.owner === undefined) {
    const ids = `id ${subject.ledgerId}, owner ${subject.owner}, signer ${subject.signer}`;
    notes.push(`You did not say which ledger you expect. Compare this one with what its owner publishes: ${ids}.`);
  }
  if (witness === undefined && expected.signer === undefined) {
    notes.push(`Without a chain nobody but the bundle says that ${subject.signer} signs for this ledger: compare it.`);
  }
  if (shown.length === 0) notes.push("No member is shown: it is proved that there is an entry, not what it says.");
  if (witness === undefined) return notes;
  if (DEVELOPMENT_CHAINS.includes(witness.chainId)) {
    notes.push(
      `Chain ${witness.chainId} is a development chain on somebody's own machine: it proves nothing to others.`,
    );
  }
  if (witness.byTrustedBlock) {
    const unproved = "neither the chain id nor the transaction hash that the bundle names";
    notes.push(`A block hash proves ${unproved}, nor that ${subject.signer} is a signer of the ledger.`);
  }
  if (witness.isForked) notes.push(`Beware: ${FORKED}. This entry is in the history that the contract holds.`);
  if (subject.recordedAt > (witness.blockTime + CLOCK_TOLERANCE_S) * 1000) {
    const said = formatSeconds(Math.floor(subject.recordedAt / 1000));
    notes.push(`The entry says it was recorded at ${said}, after the block that proves it: its clock was wrong.`);
  }
  return notes;
}

/** Spells seconds since 1970 as ISO 8601. */
export function formatSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString().replace(".000Z", "Z");
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
