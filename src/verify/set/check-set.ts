/**
 * Verifies an evidence set: every bundle, that all are of one ledger, and that none of what was written is missing.
 * Why of its line ends: docs/decisions/0131.
 */

import { type Bundle, BundleError } from "../bundle/bundle.ts";
import { bundleIn, parseBundle } from "../bundle/parse.ts";
import { rememberingFrame, rememberingReader, rememberingRecover } from "../cache.ts";
import { readersOf } from "../check-anchors.ts";
import { judgeFrame } from "../check-frame.ts";
import type { VerifyOptions } from "../options.ts";
import { givenOf, weightiestOf } from "../verdict/given-and-found.ts";
import { type SetFindings, type SetLedger, type SetProblem, saySet } from "../verdict/set-sentences.ts";
import { type Cell, cellOf, type Found, type Given, leastOf, type Outcome } from "../verdict/table.ts";
import { messageOf, type StepsResult, type Verdict } from "../verdict/verdict.ts";
import { claimOf, verifyClaim } from "../verify.ts";
import { Gaps } from "./gaps.ts";
import {
  isEdge,
  isSetEnd,
  readSetEnd,
  readSetStart,
  SET_FORMAT,
  SET_SHARED_FORMAT,
  type SetStart,
  SetTally,
} from "./set.ts";
import { SHARED_BEGIN, SharedProof } from "./shared-proof.ts";
import { describeMissing, meansEntry, type RunItem, SharedRun } from "./shared-run.ts";

/** Spaces as JSON has them. */
const BLANK = /^[ \t\r]*$/;
const PROBLEMS_MAX = 20;
const NOTES_MAX = 1000;
/** Checkpoints whose roots are compared with each other; with more the whole cannot be told. */
const CHECKPOINTS_MAX = 200_000;
const TOO_MANY = `expected at most ${CHECKPOINTS_MAX} checkpoints in a set: verify it in parts`;

const CRLF_TOLD =
  "expected lines that end with a newline alone, as they were written, got some that end with CR LF: the file was changed since, by a mail program, an editor or git; take the carriage returns out (tr -d '\\r') and verify it again";

/** What became of a set and of its bundles. */
export type SetVerdict = SetFindings & {
  /** What may be said of the whole: what may be said of the bundle of which least may be said. */
  readonly cell: Cell;
  /** As the cell says. */
  readonly outcome: Outcome;
  /** What the steps of all bundles and of the set itself came to. */
  readonly checks: StepsResult;
  readonly failed: number;
  readonly undecided: number;
  readonly summary: string;
  /** What the reader shall know besides; the same note is given once. */
  readonly notes: readonly string[];
};

/** Gives the bundle that a verdict was about; undefined when its line holds none. */
export type BundleSource = () => Bundle | undefined;

/**
 * Verifies a set. It resolves to a verdict whatever the lines hold, and rejects only when they cannot be read.
 * @param lines without newlines, from the set's first line
 * @param onVerdict is told of every bundle, with its line from 1
 */
export async function verifySet(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
  onVerdict: (verdict: Verdict, line: number, bundle: BundleSource) => void = () => undefined,
): Promise<SetVerdict> {
  // Bundles of a set share checkpoints and anchors; each is recovered and asked about once.
  const chain = readersOf(options).map(rememberingReader);
  const remembering = { recover: rememberingRecover(), ...options, chain };
  const judge = rememberingFrame((frame) => judgeFrame(frame, remembering));
  const check = new SetCheck(givenOf(options));
  for await (const line of lines) {
    const item = check.takeLine(line);
    if (item === undefined) continue;
    const verdict = await verifyClaim(item.claim, remembering, judge);
    check.takeVerdict(verdict);
    onVerdict(verdict, check.line, item.bundle);
  }
  return check.finish();
}

class SetCheck {
  readonly #given: Given;
  readonly #tally = new SetTally();
  /** What is wrong, and what is only open: the first is told first. */
  readonly #problems: SetProblem[] = [];
  readonly #open: SetProblem[] = [];
  readonly #notes = new Set<string>();
  /** Roots of checkpoints by their size. */
  readonly #roots = new Map<number, string>();
  readonly #outcomes: Record<Outcome, number> = { verified: 0, failed: 0, undecided: 0, "no-proof": 0 };
  readonly #found = new Set<Found>();
  readonly #signers = new Set<string>();
  readonly #forkedOn = new Set<number>();
  #start: SetStart | undefined;
  /** The proof whose entries are coming. */
  #run: SharedRun | undefined;
  readonly #gaps = new Gaps();
  #missing = 0;
  #ledger: SetLedger | undefined;
  #blockTime: number | undefined;
  #unanchored = 0;
  #isOpen = false;
  #isFinal = true;
  #byTrustedBlock = false;
  #hasEnd = false;
  /** A carriage return is a byte of its line, and so of the digest. */
  #hasReturns = false;
  /** Number of the line taken last, from 1. */
  line = 0;

  constructor(given: Given) {
    this.#given = given;
  }

  /** Takes the next line; what it has to prove, if anything. */
  takeLine(line: string): RunItem | undefined {
    this.line++;
    this.#hasReturns ||= line.endsWith("\r");
    if (this.line === 1) this.#start = readSetStart(line);
    if (this.line === 1 && this.#start === undefined)
      this.#break(`expected ${SET_FORMAT} or ${SET_SHARED_FORMAT} to begin`);
    if (this.#hasEnd) {
      // Editors and programs that print lines leave such ones behind; nothing can be meant by them.
      if (BLANK.test(line)) return undefined;
      // It fails whatever follows, so that nothing of it has to be judged.
      this.#break("expected nothing after the set's last line, got more");
      return undefined;
    }
    if (isSetEnd(line)) {
      this.#takeEnd(line);
      return undefined;
    }
    this.#tally.addLine(line);
    // What the others prove does not depend on the first line: without it they are judged all the same.
    if (this.line === 1 && (this.#start !== undefined || isEdge(line))) return undefined;
    const isShared = this.#start?.isShared ?? true;
    if (isShared && line.startsWith(SHARED_BEGIN)) {
      this.#endRun();
      this.#guard(() => {
        this.#run = new SharedRun(new SharedProof(line));
      });
      return undefined;
    }
    if (this.#run?.isComplete === true) this.#endRun();
    return this.#run?.take(line, this.line) ?? this.#takeBundle(line, isShared);
  }

  #takeBundle(line: string, isShared: boolean): RunItem {
    this.#endRun();
    if (isShared && meansEntry(line)) return { claim: refuseEntry, bundle: () => undefined };
    return { claim: () => claimOf(parseBundle(line)), bundle: () => bundleIn(line) };
  }

  /** Tells which entries of the proof have not come. */
  #endRun(): void {
    const missing = this.#run?.missing(this.line) ?? [];
    this.#run = undefined;
    for (const { line, indexes } of missing) {
      this.#missing += indexes.length;
      this.#break(describeMissing(indexes), line);
    }
  }

  takeVerdict(verdict: Verdict): void {
    this.#outcomes[verdict.outcome]++;
    this.#found.add(verdict.cell.found);
    this.#isOpen ||= verdict.checks === "open";
    if (verdict.outcome === "failed") this.#report(verdict.summary);
    if (verdict.outcome === "undecided") this.#report(verdict.summary, this.#open);
    for (const chainId of verdict.forkedOn) this.#forkedOn.add(chainId);
    for (const note of verdict.notes) if (this.#notes.size < NOTES_MAX) this.#notes.add(note);
    if (verdict.subject === undefined) return;
    this.#takeWitness(verdict);
    const { ledgerId, index, size, root } = verdict.subject;
    const expected = this.#start?.ledgerId;
    if (expected !== undefined && ledgerId !== expected)
      this.#break(`expected a bundle of ledger ${expected}, got ${ledgerId}`);
    this.#guard(() => this.#tally.addIndex(index));
    this.#gaps.take(index);
    // Two roots for one size are two histories, also when each bundle holds by itself.
    const known = this.#roots.get(size) ?? root;
    if (known !== root)
      this.#break(`expected root ${known} for size ${size} as before, got ${root}: the ledger forked`);
    if (this.#roots.size < CHECKPOINTS_MAX) this.#roots.set(size, known);
    else if (!this.#roots.has(size)) {
      if (!this.#found.has("unanswered")) this.#report(TOO_MANY, this.#open);
      this.#found.add("unanswered");
      this.#isOpen = true;
    }
  }

  finish(): SetVerdict {
    this.#endRun();
    if (!this.#hasEnd) this.#break("expected the set's last line, got the end of the text: it was cut");
    const { verified, failed, undecided } = this.#outcomes;
    const count = verified + failed + undecided;
    // A set in which one bundle fails is not malformed for that.
    if (failed > 0 || count === 0) this.#found.add("contradicted");
    this.#found.delete("malformed");
    const { first, last } = this.#tally;
    const cell = cellOf(this.#given, leastOf([...this.#found]) ?? "contradicted");
    const found: SetFindings = {
      count,
      verified,
      first,
      last,
      isGapless: first !== undefined && last !== undefined && last - first + 1 === count,
      ledger: this.#ledger,
      signers: [...this.#signers],
      blockTime: this.#blockTime,
      unanchored: this.#unanchored,
      isFinal: this.#isFinal,
      byTrustedBlock: this.#byTrustedBlock,
      forkedOn: [...this.#forkedOn],
      missing: this.#missing,
      problems: [...this.#problems.toSorted((a, b) => a.line - b.line), ...this.#open].slice(0, PROBLEMS_MAX),
    };
    const summary = saySet(cell.name, found);
    const checks = cell.outcome === "failed" ? "failed" : this.#isOpen ? "open" : "passed";
    return { cell, outcome: cell.outcome, checks, ...found, failed, undecided, summary, notes: [...this.#notes] };
  }

  #takeWitness({ checks, subject, witnesses: proved }: Verdict): void {
    if (checks !== "passed" || subject === undefined) return;
    const { ledgerId, ledgerName, owner, signer } = subject;
    this.#ledger ??= { ledgerId, ledgerName, owner };
    this.#signers.add(signer);
    const witnesses = weightiestOf(proved);
    const witness = witnesses.find(({ isFinal }) => isFinal) ?? witnesses[0];
    if (witness === undefined) this.#unanchored++;
    else {
      this.#blockTime = Math.max(this.#blockTime ?? 0, witness.blockTime);
      this.#isFinal &&= witness.isFinal;
      this.#byTrustedBlock ||= witness.byTrustedBlock;
    }
  }

  #takeEnd(line: string): void {
    this.#hasEnd = true;
    this.#endRun();
    const { verified, failed, undecided } = this.#outcomes;
    const end = readSetEnd(line);
    const missing = (end?.count ?? 0) - verified - failed - undecided - this.#missing;
    if (end !== undefined && missing > 0) {
      this.#missing += missing;
      this.#break(this.#gaps.describe(missing, end, this.#tally.first ?? end.first));
    }
    if (this.#outcomes.failed > 0 || this.#found.has("contradicted")) return; // counting what already failed says nothing more
    this.#guard(() => {
      const expected = this.#tally.end();
      if (line !== expected && this.#hasReturns) throw new RangeError(CRLF_TOLD);
      if (line !== expected) throw new RangeError(`expected the set's last line ${expected}, got ${line}`);
    });
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#break(messageOf(error));
    }
  }

  #break(summary: string, line = this.line): void {
    this.#found.add("contradicted");
    this.#report(summary, this.#problems, line);
  }

  #report(summary: string, problems = this.#problems, line = this.line): void {
    if (problems.length < PROBLEMS_MAX) problems.push({ line, summary });
  }
}

function refuseEntry(): never {
  throw new BundleError("bundle_member_missing", "", "the shared proof of this entry in a line before it", "none");
}
