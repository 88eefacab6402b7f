/** What became of a set: the verdict on the whole, and its bundles in a table, each of which can be looked at. */

import { useState } from "preact/hooks";
import type { SetVerdict } from "../../verify/set-check.ts";
import type { Outcome, Verdict } from "../../verify/verdict.ts";
import { formatCount, formatTime } from "../parts/format.ts";
import { Mark, type MarkKind, MarkShape } from "../parts/mark.tsx";
import { failedStep, stepWord } from "../verdict/words.ts";
import { BundleReport } from "./bundle-report.tsx";
import { bundleIn, type SetRow } from "./judge.ts";

const MARKS: Readonly<Record<Outcome, { kind: MarkKind; word: string }>> = {
  verified: { kind: "good", word: "verified" },
  undecided: { kind: "wait", word: "could not tell" },
  failed: { kind: "bad", word: "FAILED" },
};
const TITLES: Readonly<Record<Outcome, string>> = {
  verified: "Verified, the whole set",
  undecided: "Could not tell yet",
  failed: "FAILED",
};
const ROWS_MAX = 200;
const RANK: Readonly<Record<Outcome, number>> = { failed: 0, undecided: 1, verified: 2 };

function SetBanner({ verdict }: { readonly verdict: SetVerdict }) {
  const { kind } = MARKS[verdict.outcome];
  const { count, verified, failed, undecided, problems, notes } = verdict;
  return (
    <section class={`verdict ${kind}`} role="status" data-outcome={verdict.outcome}>
      <MarkShape kind={kind} />
      <h2>{TITLES[verdict.outcome]}</h2>
      <div>
        <p>
          {formatCount(count)} bundles: {formatCount(verified)} verified, {formatCount(undecided)} could not be told,{" "}
          {formatCount(failed)} failed. {verdict.outcome === "verified" ? gaps(verdict) : null}
        </p>
        <ul>
          {problems.slice(0, 5).map((problem) => (
            <li key={`${problem.line}/${problem.summary}`}>
              Line {problem.line}: {problem.summary}
            </li>
          ))}
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function gaps({ first, last, isGapless }: SetVerdict): string {
  const range = `Entries ${formatCount(first ?? 0)} to ${formatCount(last ?? 0)}`;
  return isGapless ? `${range}, none in between is missing.` : `${range}; others in between are not in the set.`;
}

function actionOf({ event }: Verdict): string {
  return typeof event?.action === "string" ? event.action : "";
}

function Row({ row, onOpen }: { readonly row: SetRow; readonly onOpen: () => void }) {
  const { verdict } = row;
  const { kind, word } = MARKS[verdict.outcome];
  const failed = failedStep(verdict);
  return (
    <tr>
      <td class="number">{row.line}</td>
      <td>
        <Mark kind={kind}>{failed === undefined ? word : `${word}: ${stepWord(failed.name)}`}</Mark>
      </td>
      <td class="number">{verdict.subject === undefined ? "" : formatCount(verdict.subject.index)}</td>
      <td class="nowrap">{verdict.subject === undefined ? "" : formatTime(verdict.subject.recordedAt)}</td>
      <td class="mono">{actionOf(verdict)}</td>
      <td class="number">
        <button type="button" class="button small" onClick={onOpen}>
          Show<span class="unseen"> line {row.line}</span>
        </button>
      </td>
    </tr>
  );
}

type Props = { readonly verdict: SetVerdict; readonly rows: readonly SetRow[] };

export function SetReport({ verdict, rows }: Props) {
  const [open, setOpen] = useState<SetRow | undefined>(undefined);
  const shown = [...rows].sort((a, b) => RANK[a.verdict.outcome] - RANK[b.verdict.outcome] || a.line - b.line);
  return (
    <div class="stack">
      <SetBanner verdict={verdict} />
      <section class="card">
        <h2>Bundles</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th class="number">Line</th>
                <th>Outcome</th>
                <th class="number">Entry</th>
                <th>Recorded (UTC)</th>
                <th>Action</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, ROWS_MAX).map((row) => (
                <Row key={row.line} row={row} onOpen={() => setOpen(row)} />
              ))}
            </tbody>
          </table>
        </div>
        {shown.length > ROWS_MAX ? (
          <p class="muted small">
            The first {ROWS_MAX} of {formatCount(shown.length)}; what failed comes first.
          </p>
        ) : null}
      </section>
      {open === undefined ? null : (
        <section class="stack" aria-label={`Line ${open.line}`}>
          <h2>Line {open.line}</h2>
          <BundleReport verdict={open.verdict} bundle={bundleIn(open.text)} />
        </section>
      )}
    </div>
  );
}
