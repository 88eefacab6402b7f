/** A verdict on an archive: what may be said of it, from the one table of verdicts, and in which sentences. */

import type { VerifyOptions } from "../verify/options.ts";
import { foundOf, givenOf, weightiestOf } from "../verify/verdict/given-and-found.ts";
import { endpointNotes, forkNotes, notesOn } from "../verify/verdict/notes.ts";
import { chains, count, describeLedger } from "../verify/verdict/sentences.ts";
import { type Cell, cellOf, type Outcome, type SayingName } from "../verify/verdict/table.ts";
import { formatSeconds } from "../verify/verdict/time-words.ts";
import type { Step, StepsResult, Subject, Trail, Witness } from "../verify/verdict/verdict.ts";
import type { ArchiveHeader, ArchiveProof, ArchiveTrailer } from "./archive.ts";

/** What an archive holds, as it was read. */
export type ArchiveFacts = {
  readonly header: ArchiveHeader;
  readonly proof: ArchiveProof;
  readonly trailer: ArchiveTrailer;
  /** Of the last entry, milliseconds since 1970. */
  readonly lastRecordedAt: number;
  readonly shown: number;
  readonly withheld: number;
  /** Entries of which there is nothing but the leaf hash. */
  readonly byLeaf: number;
};

export type ArchiveVerdict = {
  readonly cell: Cell;
  /** As the cell says. */
  readonly outcome: Outcome;
  readonly checks: StepsResult;
  readonly steps: readonly Step[];
  readonly summary: string;
  readonly notes: readonly string[];
  /** What it holds; undefined when the verification failed. */
  readonly archive: (Pick<ArchiveHeader, "ledger" | "range"> & Pick<ArchiveTrailer, "entries" | "digest">) | undefined;
  readonly witnesses: readonly Witness[];
  readonly forkedOn: readonly number[];
};

const NOT_PROVED = "Not proved: whether the events are true, and whether every event was recorded.";
const ON_DEVELOPMENT = "a development chain, which runs on somebody's own machine and proves nothing to others";

/** The verdict on a file that is no archive. */
export function noArchive(options: VerifyOptions, what: string): ArchiveVerdict {
  const cell = cellOf(givenOf(options), "no-proof");
  const summary = `Nothing was verified. ${what}`;
  return { ...nothing(cell), checks: "failed", steps: [], summary, notes: [] };
}

/** @param facts undefined when it failed before its frame was judged */
export function judgeArchive(
  trail: Trail,
  proved: readonly Witness[],
  facts: ArchiveFacts | undefined,
  options: VerifyOptions,
): ArchiveVerdict {
  const { checks, steps, forkedOn, endpoints } = trail;
  const witnesses = weightiestOf(checks === "failed" ? [] : proved);
  const cell = cellOf(givenOf(options), foundOf(trail, witnesses));
  if (checks === "failed" || facts === undefined) {
    const failed = steps.find(({ state }) => state === "failed");
    const summary = `FAILED at step "${failed?.name}": ${failed?.detail}. Do not rely on this archive.`;
    return {
      ...nothing(cell),
      checks,
      steps,
      summary,
      notes: [...endpointNotes(endpoints), ...forkNotes(forkedOn, false)],
      forkedOn,
    };
  }
  const { header, trailer } = facts;
  const subject = subjectOf(facts);
  const shown = facts.shown > 0 ? ["some"] : [];
  const doubts = trail.doubts.map(({ detail }) => detail).join("; ");
  return {
    cell,
    outcome: cell.outcome,
    checks,
    steps,
    summary: SENTENCES[cell.name]({ facts, subject, witnesses, forkedOn, doubts }),
    notes: notesOn({ subject, proved, witnesses, forkedOn, shown, endpoints }, options.expected ?? {}),
    archive: { ledger: header.ledger, range: header.range, entries: trailer.entries, digest: trailer.digest },
    witnesses: proved,
    forkedOn,
  };
}

function nothing(cell: Cell) {
  return { cell, outcome: cell.outcome, archive: undefined, witnesses: [], forkedOn: [] };
}

function subjectOf({ header, proof, lastRecordedAt }: ArchiveFacts): Subject {
  const { id, name, owner, signer } = proof.ledger;
  const { size, root, signedAt } = proof.checkpoint;
  return {
    ledgerId: id,
    ledgerName: name,
    owner,
    signer,
    index: header.range.to - 1,
    size,
    root,
    recordedAt: lastRecordedAt,
    signedAt,
  };
}

type Said = {
  readonly facts: ArchiveFacts;
  readonly subject: Subject;
  readonly witnesses: readonly Witness[];
  readonly forkedOn: readonly number[];
  readonly doubts: string;
};

const SENTENCES: Readonly<Record<SayingName, (said: Said) => string>> = {
  verified: (said) => `Proved: ${held(said)}. ${NOT_PROVED}`,
  unfinal: (said) => `Proved: ${held(said)}. ${NOT_PROVED}`,
  byBlock: (said) =>
    `Proved: ${held(said)}. The hash does not say on which chain that block is: you know where you have it from. ${NOT_PROVED}`,
  forked: (said) =>
    `Proved: ${held(said)}. But the ledger is marked as forked on ${chains(said.forkedOn)}. ${NOT_PROVED}`,
  development: (said) => `Proved on ${ON_DEVELOPMENT}: ${held(said)}. ${NOT_PROVED}`,
  developmentForked: (said) =>
    `Proved on ${ON_DEVELOPMENT}: ${held(said)}. And the ledger is marked as forked there. ${NOT_PROVED}`,
  signed: (said) =>
    `Proved: ${said.subject.signer}, whom you expect, signed that ${rangeOf(said)}, are in the ledger's tree. No chain was asked: only the signer itself says that this was at ${formatSeconds(said.subject.signedAt)}. ${NOT_PROVED}`,
  developmentOnly: (said) =>
    `Could not tell: ${ON_DEVELOPMENT}, alone holds it. What was checked holds (${signed(said)}), and that may be all you want: then say that a development chain is enough.`,
  unvouched: (said) =>
    `Could not tell: recorded by ${said.subject.signer}, whom nobody vouched for, as ${rangeOf(said, "what it calls ")}. All of the file fits together; anybody can make such a file, of any ledger, with a key of their own.`,
  unasked: doubtful,
  unanchored: doubtful,
  unanswered: doubtful,
  failed: () => "FAILED. Do not rely on this archive.",
  noProof: () => "Nothing was verified.",
};

function doubtful(said: Said): string {
  return `Could not tell: ${said.doubts}. What was checked holds (${signed(said)}), but that is not what was asked.`;
}

function rangeOf({ facts, subject }: Said, calling = ""): string {
  const { from, to } = facts.header.range;
  const gone = facts.withheld === 0 ? "" : `, ${count(facts.withheld, "member")} of them withheld`;
  const byLeaf = facts.byLeaf === 0 ? "" : `, ${facts.byLeaf} of them by their leaf hash alone`;
  return `entries ${from} to ${to - 1} of ${calling}${describeLedger(subject)}, all ${facts.trailer.entries} of them in this file${byLeaf}${gone}`;
}

function signed({ facts, subject }: Said): string {
  const { from, to } = facts.header.range;
  return `entries ${from} to ${to - 1} are in a tree that ${subject.signer} signed`;
}

function held(said: Said): string {
  const { subject, witnesses } = said;
  const who = witnesses.some(({ byTrustedBlock }) => byTrustedBlock) ? "" : `${subject.signer} signed that `;
  const times = witnesses.slice(0, 1).map(({ blockTime, blockNumber, chainId, byTrustedBlock, isFinal }) => {
    const time = `no later than ${formatSeconds(blockTime)}, the time of block ${blockNumber}`;
    if (byTrustedBlock) return `${time} whose hash you trust`;
    return `${time} of chain ${chainId}, which ${isFinal ? "is final" : "is not final yet"}`;
  });
  return `${who}${rangeOf(said)}, are in the ledger's tree, and it was in the contract's storage ${times.join("")}`;
}
