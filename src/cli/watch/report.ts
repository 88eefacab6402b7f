/**
 * What a watcher tells: a report is one JSON line on standard output, and what a webhook gets. One is given when a check
 * changes, when the believed checkpoint moves, and when there is evidence.
 */

import { CHECKS, type CheckMark, type CheckName, type Checks } from "../../watch/checks.ts";
import type { Disagreement } from "../../watch/claim-text.ts";
import type { WatchState } from "../../watch/memory/state.ts";

export const REPORT_FORMAT = "holdfast/watch-report@1";

export type WatchOutcome = "good" | "bad" | "unknown";

export type Report = {
  readonly format: typeof REPORT_FORMAT;
  /** ISO 8601. */
  readonly at: string;
  readonly url: string;
  readonly ledger: string;
  readonly ledgerId: string | null;
  readonly outcome: WatchOutcome;
  readonly checks: Checks;
  /** Checks whose mark is another than in the report before. */
  readonly changed: readonly CheckName[];
  /** The believed checkpoint. */
  readonly checkpoint: WatchState["checkpoint"] | null;
  /** How many other signed checkpoints are kept until it is proved how they fit. */
  readonly open: number;
  /** What nodes said and nothing proves: what stands, and what came to nothing. */
  readonly disagrees: readonly Disagreement[];
  /** Files of evidence that this round wrote. */
  readonly evidence: readonly string[];
  /** Transaction by which the watcher itself anchored. */
  readonly anchored?: string;
  /** What went wrong with the watcher itself. */
  readonly trouble?: string;
};

/** Bad when any check is, good when all are. */
export function outcomeOf(checks: Checks): WatchOutcome {
  const marks = CHECKS.map((name) => checks[name].mark);
  if (marks.includes(-1)) return "bad";
  return marks.includes(0) ? "unknown" : "good";
}

/** Checks whose mark changed; all that are not good when there was nothing before. */
export function changedChecks(before: Checks | undefined, after: Checks): CheckName[] {
  const markBefore = (name: CheckName): CheckMark => before?.[name].mark ?? 1;
  return CHECKS.filter((name) => after[name].mark !== markBefore(name));
}

/** A report for people. */
export function describeReport({ checks, checkpoint, open, disagrees, evidence, anchored, trouble }: Report): string[] {
  const marks: Readonly<Record<CheckMark, string>> = { [-1]: "BAD", 0: "?", 1: "ok" };
  const width = Math.max(...CHECKS.map((name) => name.length));
  const lines = CHECKS.map((name) => {
    const { mark, detail } = checks[name];
    return `${marks[mark].padEnd(4)} ${name.padEnd(width)}  ${detail}`;
  });
  const believed = checkpoint ? [`Believed: size ${checkpoint.size}, root ${checkpoint.root}.`] : [];
  const unproved = open === 0 ? [] : [`Signed checkpoints that are kept until it is proved how they fit: ${open}.`];
  const said = disagrees.map(({ detail, first, ended }) => {
    return `${ended === undefined ? "Disagrees" : "Disagreed"}: ${detail} (first at ${first}).`;
  });
  const files = evidence.map((file) => `Evidence is in ${file}; see holdfast fork-proof.`);
  return [
    ...lines,
    "",
    ...believed,
    ...unproved,
    ...said,
    ...files,
    ...(anchored === undefined ? [] : [`Anchored in transaction ${anchored}.`]),
    ...(trouble === undefined ? [] : [`Trouble: ${trouble}.`]),
  ];
}
