/**
 * The sentences of a verdict, one for each name in the table (table.ts): what was proved of a bundle, of whom and by when,
 * and what was not. Each says only what was checked. A short form of each is for the top of a page.
 * Why: docs/decisions/0095.
 */

import type { SayingName } from "./table.ts";
import { formatSeconds, spellTime } from "./time-words.ts";
import type { Step, Subject, Witness } from "./verdict.ts";

const NOT_PROVED = "Not proved: whether the event is true, and whether every event was recorded.";
const ON_DEVELOPMENT = "a development chain, which runs on somebody's own machine and proves nothing to others";

/** What is known when a verdict is put in words. */
export type VerdictFacts = {
  readonly steps: readonly Step[];
  /** Why it could not be told. */
  readonly doubts: readonly string[];
  readonly subject: Subject;
  /** What the verdict rests on, the earliest first. */
  readonly witnesses: readonly Witness[];
  /** Chains on which the ledger is marked as forked. */
  readonly forkedOn: readonly number[];
  /** An action that has the form of one. */
  readonly action: string | undefined;
  readonly shown: readonly string[];
  readonly withheld: number;
  /** The reader said who signs. */
  readonly isSignerExpected: boolean;
};

/** A whole sentence or more, and one for the top of a page. */
export type Saying = { readonly summary: string; readonly brief: string };

/** A name that whoever opened a ledger chose: any other text would speak in the voice of who quotes it. */
const PLAIN = /^[\w.:/-]{1,80}$/;

/** A text if it has the form of a name, else nothing. */
export function plainName(text: unknown): string | undefined {
  return typeof text === "string" && PLAIN.test(text) ? text : undefined;
}

/** Sentences of a verdict "failed". */
export function sayFailure(steps: readonly Step[]): Saying {
  const step = steps.find(({ state }) => state === "failed");
  const summary = `FAILED at step "${step?.name ?? "bundle"}": ${step?.detail ?? "nothing was checked"}. Do not rely on this bundle.`;
  return { summary, brief: "Do not rely on this proof. It was changed, or it never was one." };
}

/**
 * Sentences of a verdict "no proof".
 * @param what says what it is instead, as a sentence or more
 */
export function sayNoProof(what: string): Saying {
  return { summary: `Nothing was verified. ${what}`, brief: what };
}

/** What may be said. */
export function say(name: SayingName, facts: VerdictFacts): Saying {
  return SENTENCES[name](facts);
}

const SENTENCES: Readonly<Record<SayingName, (facts: VerdictFacts) => Saying>> = {
  verified: (facts) => ({ summary: `Proved: ${signedAndHeld(facts)}. ${NOT_PROVED}`, brief: recordedBy(facts) }),
  unfinal: (facts) => ({ summary: `Proved: ${signedAndHeld(facts)}. ${NOT_PROVED}`, brief: recordedBy(facts) }),
  byBlock: (facts) => {
    const open = "The hash does not say on which chain that block is: you know where you have it from";
    const who = facts.isSignerExpected ? `, signed by ${facts.subject.signer} as you expect` : "";
    const held = `${entryOf(facts)}${who}, is in the ledger's tree, and it was in the contract's storage ${timesOf(facts)}`;
    return { summary: `Proved: ${held}. ${open}. ${NOT_PROVED}`, brief: `${recordedBy(facts)} ${open}.` };
  },
  forked: (facts) => ({
    summary: `Proved: ${signedAndHeld(facts)}. But the ledger is marked as forked on ${chains(facts.forkedOn)}. ${NOT_PROVED}`,
    brief: `${recordedBy(facts)} But a signer of this ledger signed two histories; this entry is in the one that the contract holds.`,
  }),
  development: sayDevelopment,
  developmentForked: (facts) => {
    const { summary, brief } = sayDevelopment(facts);
    return {
      summary: `${summary} And the ledger is marked as forked there.`,
      brief: `${brief} And the ledger forked.`,
    };
  },
  signed: (facts) => {
    const { subject } = facts;
    const what = `${subject.signer}, whom you expect, signed that ${entryOf(facts)}, is in the ledger's tree`;
    const said = `only the signer itself says that this was at ${formatSeconds(subject.signedAt)}`;
    return {
      summary: `Proved: ${what}. No chain was asked: ${said}. ${NOT_PROVED}`,
      brief: `${entryHere(facts)} is unchanged since ${subject.signer}, whom you expect, signed it. Whether a chain holds it was not asked.`,
    };
  },
  developmentOnly: (facts) => {
    const where = facts.witnesses.map(({ chainId }) => chainId).filter((chainId) => chainId !== undefined);
    const only = where.length === 0 ? "the file itself names" : `only ${chains(where)} holds it,`;
    return {
      summary: `Could not tell: ${only} ${ON_DEVELOPMENT}. What was checked holds (${signedOf(facts)}), and that may be all you want: then say that a development chain is enough.`,
      brief: `${entryHere(facts)} holds on ${ON_DEVELOPMENT}.`,
    };
  },
  unvouched: (facts) => {
    const { subject } = facts;
    const anybody =
      "All of the file fits together; anybody can make such a file, of any ledger, with a key of their own";
    return {
      summary: `Could not tell: recorded by ${subject.signer}, whom nobody vouched for, as ${entryOf(facts, "what it calls ")}. ${anybody}.`,
      brief: `The file fits together, and ${subject.signer} signed it: nobody vouched for that signer here. Anybody can make such a file, of any ledger, with a key of their own.`,
    };
  },
  unasked: (facts) => ({
    summary: sayDoubt(facts),
    brief: `${entryHere(facts)} is signed by ${facts.subject.signer}, and the file names an anchor that nobody was asked about: ${facts.doubts.join("; ")}.`,
  }),
  unanchored: (facts) => ({
    summary: sayDoubt(facts),
    brief: `${entryHere(facts)} is signed by ${facts.subject.signer}, but this file names no anchor. Get the proof again after the next one.`,
  }),
  unanswered: (facts) => ({
    summary: sayDoubt(facts),
    brief: `All that can be checked in the file holds. Its anchor was not checked: ${facts.doubts.join("; ")}.`,
  }),
  failed: ({ steps }) => sayFailure(steps),
  noProof: () => sayNoProof("Nothing in it is of a proof."),
};

function sayDevelopment(facts: VerdictFacts): Saying {
  const isByBlock = facts.witnesses.some(({ byTrustedBlock }) => byTrustedBlock);
  const held = isByBlock
    ? `${entryOf(facts)}, is in the ledger's tree, and it was in the contract's storage ${timesOf(facts)}`
    : signedAndHeld(facts);
  return {
    summary: `Proved on ${ON_DEVELOPMENT}: ${held}. ${NOT_PROVED}`,
    brief: `${recordedBy(facts)} All this on ${ON_DEVELOPMENT}.`,
  };
}

function sayDoubt(facts: VerdictFacts): string {
  return `Could not tell: ${facts.doubts.join("; ")}. What could be checked holds: ${signedOf(facts)}. The rest has to be checked before this proves anything.`;
}

function signedOf({ subject }: VerdictFacts): string {
  return `entry ${subject.index} is in a tree that ${subject.signer} signed`;
}

function signedAndHeld(facts: VerdictFacts): string {
  const signed = `${facts.subject.signer} signed that ${entryOf(facts)}, is in the ledger's tree`;
  return `${signed}, and it was in the contract's storage ${timesOf(facts)}`;
}

function entryOf({ subject, shown, withheld }: VerdictFacts, calling = ""): string {
  const members = `${count(shown.length, "member")} shown${withheld === 0 ? "" : ` and ${withheld} withheld`}`;
  return `entry ${subject.index} of ${calling}${describeLedger(subject)}, with ${members}`;
}

/** The earliest block, and when another one is final and that one is not, the earliest final one besides. */
function timesOf({ witnesses }: VerdictFacts): string {
  const [first] = witnesses;
  const final = witnesses.find(({ isFinal }) => isFinal);
  const said = [first, ...(first === final ? [] : [final])].filter((witness) => witness !== undefined);
  return said.map(timeOf).join(", and ");
}

function timeOf({ blockTime, blockNumber, byTrustedBlock, chainId, isFinal }: Witness): string {
  const time = `no later than ${formatSeconds(blockTime)}, the time of block ${blockNumber}`;
  if (byTrustedBlock) return `${time} whose hash you trust`;
  return `${time} of chain ${chainId}, which ${isFinal ? "is final" : "is not final yet"}`;
}

/** By its name alone nobody knows a ledger: anybody can open one of that name. */
export function describeLedger({ ledgerName, ledgerId, owner }: Pick<Subject, "ledgerName" | "ledgerId" | "owner">) {
  return `ledger ${JSON.stringify(ledgerName)} (${ledgerId}), opened by ${owner}`;
}

function recordedBy(facts: VerdictFacts): string {
  const { subject, witnesses, action } = facts;
  const what = `${action === undefined ? "An event" : `“${action}”`}, entry ${subject.index}`;
  const time = spellTime(witnesses[0]?.blockTime ?? 0);
  return `${what} of the ${nameOf(subject)} that ${subject.owner} opened, was recorded at ${time} at the latest, and not changed since. Whether it is true is not proved.`;
}

function entryHere({ subject }: VerdictFacts): string {
  return `Entry ${subject.index} of ${nameOf(subject)}`;
}

/** A ledger by its name, which whoever opened it chose; by its id when that is no name. */
function nameOf({ ledgerName, ledgerId }: Subject): string {
  return `ledger ${plainName(ledgerName) === undefined ? ledgerId : `“${ledgerName}”`}`;
}

/** "chain 1 and chain 10". */
export function chains(chainIds: readonly number[]): string {
  return [...new Set(chainIds)].map((chainId) => `chain ${chainId}`).join(" and ");
}

/** "1 member", "2 members". */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
