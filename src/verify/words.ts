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

/** What is known when a verdict is put in words. */
export type Findings = {
  readonly subject: Subject;
  /** The earliest proved anchor. */
  readonly witness: Witness | undefined;
  readonly shown: readonly string[];
  readonly withheld: number;
};

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
  const who = `ledger ${JSON.stringify(subject.ledgerName)} (${subject.ledgerId}), opened by ${subject.owner}`;
  const what = `Proved: entry ${subject.index} of ${who}, with ${members}, is in the tree that ${subject.signer} signed`;
  if (witness === undefined) {
    const said = `Only the signer itself says that this was at ${formatSeconds(subject.signedAt)}`;
    return `${what}. ${said}: no chain was asked. ${NOT_PROVED}`;
  }
  const time = `no later than ${formatSeconds(witness.blockTime)}, the time of block ${witness.blockNumber}`;
  const block = witness.byTrustedBlock
    ? `whose hash you trust`
    : `of chain ${witness.chainId}, which ${witness.isFinal ? "is final" : "is not final yet"}`;
  return `${what}, and in the contract's storage ${time} ${block}. ${NOT_PROVED}`;
}

/** What the reader of a verdict shall know besides. */
export function notesOn({ subject, witness, shown }: Findings, expected: Expectations): string[] {
  const notes: string[] = [];
  if (expected.ledgerId === undefined && expected.owner === undefined) {
    const ids = `id ${subject.ledgerId}, owner ${subject.owner}, signer ${subject.signer}`;
    notes.push(`You did not say which ledger you expect. Compare this one with what its owner publishes: ${ids}.`);
  } else if (witness === undefined && expected.signer === undefined) {
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
