/**
 * What becomes of a case. The worst thing that was seen is its outcome; each comes with a sentence of what was seen.
 */

/** From harmless to worst. Those up to "recovered" keep every promise. */
export const OUTCOMES = [
  /** The call that was to fail never came: nothing was tried. */
  "missed",
  /** It went on, or started, and everything is there. */
  "survived",
  /** It refused to go on and said a way out, which leads to everything. */
  "recovered",
  /** Something failed for good, and neither the log nor /readyz has a word of it. */
  "silent",
  /** The fault passed, and what it stopped did not go on by itself. */
  "stuck",
  /** The process ended, without a message. */
  "died",
  /** Something took longer than anybody waits. */
  "hung",
  /** A start was refused, and the way out that it named does not lead out. */
  "refused",
  /** Looking changed what was looked at. */
  "changed",
  /** What is there was answered as not there, or other than it is; or damage was called whole. */
  "wrong",
  /** An acknowledged event is at another place. */
  "moved",
  /** An acknowledged event is gone. */
  "lost",
  /** An index was given to two events, or one size was signed with two roots. */
  "forked",
  /** The harness itself failed. */
  "broken",
] as const;

export type Outcome = (typeof OUTCOMES)[number];
export type Finding = { readonly outcome: Outcome; readonly text: string };

/** Sentences of one outcome that are shown. */
const SHOWN = 2;

/** Whether an outcome keeps what was promised. */
export function isKept(outcome: Outcome): boolean {
  return OUTCOMES.indexOf(outcome) <= OUTCOMES.indexOf("recovered");
}

/** What was seen in the course of a case. */
export class Findings {
  readonly #all: Finding[] = [];

  add(outcome: Outcome, text: string): void {
    if (this.#all.some((each) => each.outcome === outcome && each.text === text)) return;
    this.#all.push({ outcome, text });
  }

  /** The worst of it. */
  get outcome(): Outcome {
    const places = this.#all.map(({ outcome }) => OUTCOMES.indexOf(outcome));
    return OUTCOMES[Math.max(OUTCOMES.indexOf("survived"), ...places)] as Outcome;
  }

  /** The sentences, the worst first; of each kind the first ones, and how many there are. */
  get texts(): string[] {
    return OUTCOMES.toReversed().flatMap((outcome) => {
      const texts = this.#all.filter((each) => each.outcome === outcome).map(({ text }) => `${outcome}: ${text}`);
      const more = texts.length - SHOWN;
      return more > 0 ? [...texts.slice(0, SHOWN), `${outcome}: and ${more} more`] : texts;
    });
  }
}

/** How a case ended. */
export type Result = { readonly outcome: Outcome; readonly texts: readonly string[] };

/** The result of findings; when no fault happened, the case tried nothing, unless something is wrong all the same. */
export function resultOf(findings: Findings, faults: number): Result {
  const outcome = findings.outcome;
  return { outcome: faults === 0 && isKept(outcome) ? "missed" : outcome, texts: findings.texts };
}
