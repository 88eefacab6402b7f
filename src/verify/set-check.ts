/** Verifies an evidence set: every bundle, that all are of one ledger, and that none of what was written is missing. */

import { readersOf } from "./anchors.ts";
import type { VerifyOptions } from "./options.ts";
import { rememberingReader, rememberingRecover } from "./remember.ts";
import { isSetEnd, readSetBegin, SET_FORMAT, SetTally } from "./set.ts";
import { messageOf, type Outcome, type Verdict } from "./verdict.ts";
import { verifyText } from "./verify.ts";

const PROBLEMS_MAX = 20;

/** What was wrong, with the line it is in, from 1. */
export type SetProblem = { readonly line: number; readonly summary: string };

/** What became of a set and of its bundles. */
export type SetVerdict = {
  readonly outcome: Outcome;
  readonly count: number;
  readonly verified: number;
  readonly failed: number;
  readonly undecided: number;
  /** Index of the first and the last entry. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Every index from the first to the last is there. */
  readonly isGapless: boolean;
  /** The first 20 problems. */
  readonly problems: readonly SetProblem[];
  readonly summary: string;
  /** What the reader shall know besides; the same note is given once. */
  readonly notes: readonly string[];
};

/**
 * Verifies a set. It resolves to a verdict whatever the lines hold, and rejects only when they cannot be read.
 * @param lines without newlines, from the set's first line
 * @param onVerdict is told of every bundle, with its line from 1
 */
export async function verifySet(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
  onVerdict: (verdict: Verdict, line: number) => void = () => undefined,
): Promise<SetVerdict> {
  // Bundles of a set share checkpoints and anchors; each is recovered and asked about once.
  const chain = readersOf(options).map(rememberingReader);
  const remembering = { recover: rememberingRecover(), ...options, chain };
  const check = new SetCheck();
  for await (const line of lines) {
    if (!check.takeLine(line)) continue;
    const verdict = await verifyText(line, remembering);
    check.takeVerdict(verdict);
    onVerdict(verdict, check.line);
  }
  return check.finish();
}

class SetCheck {
  readonly #tally = new SetTally();
  readonly #problems: SetProblem[] = [];
  readonly #notes = new Set<string>();
  /** Roots of checkpoints by their size. */
  readonly #roots = new Map<number, string>();
  readonly #outcomes: Record<Outcome, number> = { verified: 0, failed: 0, undecided: 0 };
  #ledgerId: string | undefined;
  #hasEnd = false;
  #isBroken = false;
  /** Number of the line taken last, from 1. */
  line = 0;

  /** Takes the next line; whether it has to be a bundle. */
  takeLine(line: string): boolean {
    this.line++;
    if (this.line === 1) this.#ledgerId = readSetBegin(line);
    if (this.line === 1 && this.#ledgerId === undefined) this.#break(`expected the first line of a ${SET_FORMAT}`);
    if (this.#hasEnd) this.#break("expected nothing after the set's last line, got more");
    if (isSetEnd(line)) {
      this.#takeEnd(line);
      return false;
    }
    this.#tally.addLine(line);
    return this.line > 1;
  }

  takeVerdict(verdict: Verdict): void {
    this.#outcomes[verdict.outcome]++;
    if (verdict.outcome !== "verified") this.#report(verdict.summary);
    for (const note of verdict.notes) this.#notes.add(note);
    if (verdict.subject === undefined) return;
    const { ledgerId, index, size, root } = verdict.subject;
    if (ledgerId !== this.#ledgerId) this.#break(`expected a bundle of ledger ${this.#ledgerId}, got ${ledgerId}`);
    this.#guard(() => this.#tally.addIndex(index));
    // Two roots for one size are two histories, also when each bundle holds by itself.
    const known = this.#roots.get(size) ?? root;
    if (known !== root)
      this.#break(`expected root ${known} for size ${size} as before, got ${root}: the ledger forked`);
    this.#roots.set(size, known);
  }

  finish(): SetVerdict {
    if (!this.#hasEnd) this.#break("expected the set's last line, got the end of the text: it was cut");
    const { verified, failed, undecided } = this.#outcomes;
    const count = verified + failed + undecided;
    const isFailed = this.#isBroken || failed > 0 || count === 0;
    const outcome: Outcome = isFailed ? "failed" : undecided > 0 ? "undecided" : "verified";
    const { first, last } = this.#tally;
    const isGapless = first !== undefined && last !== undefined && last - first + 1 === count;
    const found = { outcome, count, verified, failed, undecided, first, last, isGapless, problems: this.#problems };
    return { ...found, summary: describe(found), notes: [...this.#notes] };
  }

  #takeEnd(line: string): void {
    this.#hasEnd = true;
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
  const { outcome, count, verified, first, last, isGapless } = set;
  if (outcome === "verified") {
    const gaps = isGapless ? "none in between is missing" : "others in between are not in the set";
    return `Proved: all ${count} bundles of the set, entries ${first} to ${last}; ${gaps}.`;
  }
  const [problem] = set.problems;
  const detail = problem === undefined ? "" : ` Line ${problem.line}: ${problem.summary}`;
  return `${outcome === "failed" ? "FAILED" : "Could not tell"}: ${verified} of ${count} bundles verified.${detail}`;
}
