/** Verifies an evidence set: every bundle, that all are of one ledger, and that none of what was written is missing. */

import { readersOf } from "./anchors.ts";
import type { Bundle } from "./bundle.ts";
import { judgeFrame } from "./frame.ts";
import type { VerifyOptions } from "./options.ts";
import { bundleIn, parseBundle } from "./parse.ts";
import { rememberingFrame, rememberingReader, rememberingRecover } from "./remember.ts";
import { isSetEnd, readSetStart, SET_FORMAT, SET_SHARED_FORMAT, type SetStart, SetTally } from "./set.ts";
import { SHARED_BEGIN, SharedProof } from "./shared.ts";
import { messageOf, type Outcome, type Verdict } from "./verdict.ts";
import { type Claim, claimOf, verifyClaim } from "./verify.ts";
import { describeSetSuccess, type SetFindings, type SetLedger } from "./words.ts";

const PROBLEMS_MAX = 20;
const NOTES_MAX = 1000;
/** Checkpoints whose roots are compared with each other; with more the whole cannot be told. */
const CHECKPOINTS_MAX = 200_000;

/** What was wrong, with the line it is in, from 1. */
export type SetProblem = { readonly line: number; readonly summary: string };

/** What became of a set and of its bundles. */
export type SetVerdict = SetFindings & {
  readonly outcome: Outcome;
  readonly verified: number;
  readonly failed: number;
  readonly undecided: number;
  /** The first 20 problems. */
  readonly problems: readonly SetProblem[];
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
  const check = new SetCheck();
  for await (const line of lines) {
    const item = check.takeLine(line);
    if (item === undefined) continue;
    const verdict = await verifyClaim(item.claim, remembering, judge);
    check.takeVerdict(verdict);
    onVerdict(verdict, check.line, item.bundle);
  }
  return check.finish();
}

/** A line that has to prove an entry. */
type SetItem = { readonly claim: () => Claim; readonly bundle: BundleSource };

class SetCheck {
  readonly #tally = new SetTally();
  readonly #problems: SetProblem[] = [];
  readonly #notes = new Set<string>();
  /** Roots of checkpoints by their size. */
  readonly #roots = new Map<number, string>();
  readonly #outcomes: Record<Outcome, number> = { verified: 0, failed: 0, undecided: 0 };
  #start: SetStart | undefined;
  /** The proof whose entries are coming, and how many have come. */
  #shared: { readonly proof: SharedProof; taken: number } | undefined;
  #ledger: SetLedger | undefined;
  #blockTime: number | undefined;
  #unanchored = 0;
  #isFinal = true;
  #byTrustedBlock = false;
  #hasEnd = false;
  #isBroken = false;
  #isTooLong = false;
  /** Number of the line taken last, from 1. */
  line = 0;

  /** Takes the next line; what it has to prove, if anything. */
  takeLine(line: string): SetItem | undefined {
    this.line++;
    if (this.line === 1) this.#start = readSetStart(line);
    if (this.line === 1 && this.#start === undefined)
      this.#break(`expected ${SET_FORMAT} or ${SET_SHARED_FORMAT} to begin`);
    if (this.#hasEnd) {
      // It fails whatever follows, so that nothing of it has to be judged.
      this.#break("expected nothing after the set's last line, got more");
      return undefined;
    }
    if (isSetEnd(line)) {
      this.#takeEnd(line);
      return undefined;
    }
    this.#tally.addLine(line);
    if (this.line === 1) return undefined;
    if (this.#shared !== undefined) return this.#takeEntry(line, this.#shared);
    if (this.#start?.isShared === true && line.startsWith(SHARED_BEGIN)) {
      this.#guard(() => {
        this.#shared = { proof: new SharedProof(line), taken: 0 };
      });
      return undefined;
    }
    return { claim: () => claimOf(parseBundle(line)), bundle: () => bundleIn(line) };
  }

  takeVerdict(verdict: Verdict): void {
    this.#outcomes[verdict.outcome]++;
    if (verdict.outcome !== "verified") this.#report(verdict.summary);
    for (const note of verdict.notes) if (this.#notes.size < NOTES_MAX) this.#notes.add(note);
    if (verdict.subject === undefined) return;
    this.#takeWitness(verdict);
    const { ledgerId, index, size, root } = verdict.subject;
    const expected = this.#start?.ledgerId;
    if (ledgerId !== expected) this.#break(`expected a bundle of ledger ${expected}, got ${ledgerId}`);
    this.#guard(() => this.#tally.addIndex(index));
    // Two roots for one size are two histories, also when each bundle holds by itself.
    const known = this.#roots.get(size) ?? root;
    if (known !== root)
      this.#break(`expected root ${known} for size ${size} as before, got ${root}: the ledger forked`);
    if (this.#roots.size < CHECKPOINTS_MAX) this.#roots.set(size, known);
    else if (!this.#roots.has(size)) this.#isTooLong = true;
  }

  finish(): SetVerdict {
    if (!this.#hasEnd) this.#break("expected the set's last line, got the end of the text: it was cut");
    const { verified, failed, undecided } = this.#outcomes;
    const count = verified + failed + undecided;
    const isFailed = this.#isBroken || failed > 0 || count === 0;
    if (this.#isTooLong) this.#report(`expected at most ${CHECKPOINTS_MAX} checkpoints in a set: verify it in parts`);
    const isUndecided = undecided > 0 || this.#isTooLong;
    const outcome: Outcome = isFailed ? "failed" : isUndecided ? "undecided" : "verified";
    const { first, last } = this.#tally;
    const isGapless = first !== undefined && last !== undefined && last - first + 1 === count;
    const counts = { outcome, count, verified, failed, undecided, first, last, isGapless };
    const [blockTime, unanchored] = [this.#blockTime, this.#unanchored];
    const proved = { blockTime, unanchored, isFinal: this.#isFinal, byTrustedBlock: this.#byTrustedBlock };
    const found = { ...counts, ...proved, ledger: this.#ledger, problems: this.#problems };
    return { ...found, summary: describe(found), notes: [...this.#notes] };
  }

  #takeWitness({ outcome, subject, witness }: Verdict): void {
    if (outcome !== "verified" || subject === undefined) return;
    const { ledgerId, ledgerName, owner } = subject;
    this.#ledger ??= { ledgerId, ledgerName, owner };
    if (witness === undefined) this.#unanchored++;
    else {
      this.#blockTime = Math.max(this.#blockTime ?? 0, witness.blockTime);
      this.#isFinal &&= witness.isFinal;
      this.#byTrustedBlock ||= witness.byTrustedBlock;
    }
  }

  #takeEntry(line: string, shared: { readonly proof: SharedProof; taken: number }): SetItem {
    const { proof } = shared;
    const position = shared.taken++;
    if (shared.taken === proof.count) this.#shared = undefined;
    return { claim: () => proof.claim(position, line), bundle: () => proof.bundle(position, line) };
  }

  #takeEnd(line: string): void {
    this.#hasEnd = true;
    if (this.#shared !== undefined) {
      const { proof, taken } = this.#shared;
      this.#break(`expected ${proof.count - taken} more entries of a shared proof, got the set's last line`);
    }
    if (this.#outcomes.failed > 0 || this.#isBroken) return; // counting what already failed says nothing more
    this.#guard(() => {
      const expected = this.#tally.end();
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

  #break(summary: string): void {
    this.#isBroken = true;
    this.#report(summary);
  }

  #report(summary: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ line: this.line, summary });
  }
}

function describe(set: Omit<SetVerdict, "summary" | "notes">): string {
  const { outcome, count, verified } = set;
  if (outcome === "verified") return describeSetSuccess(set);
  const [problem] = set.problems;
  const detail = problem === undefined ? "" : ` Line ${problem.line}: ${problem.summary}`;
  return `${outcome === "failed" ? "FAILED" : "Could not tell"}: ${verified} of ${count} bundles verified.${detail}`;
}
