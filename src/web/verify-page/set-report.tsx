/** What became of a set: the verdict on the whole, and its bundles in a table, each of which can be looked at. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { SetVerdict } from "../../verify/set/check-set.ts";
import type { Outcome } from "../../verify/verdict/table.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { formatCount, formatTime } from "../parts/format.ts";
import { Mark, MarkShape } from "../parts/mark.tsx";
import { Banner } from "../verdict/banner.tsx";
import { Detail } from "../verdict/steps.tsx";
import { titleOf, WAYS } from "../verdict/verdict-text.ts";
import { BundleReport } from "./bundle-report.tsx";
import type { SetRow } from "./judge.ts";

const ROWS_MAX = 200;
const RANK: Readonly<Record<Outcome, number>> = { failed: 0, "no-proof": 0, undecided: 1, verified: 2 };

/** The outcome of the whole, large. */
export function SetBanner({ verdict }: { readonly verdict: SetVerdict }) {
  const { cell, count, verified, failed, undecided, missing, problems, notes, summary } = verdict;
  const way = WAYS[cell.name];
  // What is open for want of something to go by is open alike for every line.
  const listed = cell.outcome === "failed" || cell.found === "unanswered" ? problems.slice(0, 5) : [];
  return (
    <section class={`verdict ${cell.mark}`} role="status" data-outcome={cell.outcome}>
      <MarkShape kind={cell.mark} />
      <h2>{cell.word}</h2>
      <div>
        <p>
          {formatCount(count)} bundles: {formatCount(verified)} verified, {formatCount(undecided)} could not be told,{" "}
          {formatCount(failed)} failed{missing === 0 ? "" : `, ${formatCount(missing)} missing`}. {way}
        </p>
        {listed.length === 0 ? (
          <p>
            <Detail text={summary} />
          </p>
        ) : null}
        <ul>
          {listed.map((problem) => (
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

function actionOf({ event }: Verdict): string {
  return typeof event?.action === "string" ? event.action : "";
}

function Row({ row, onOpen }: { readonly row: SetRow; readonly onOpen: () => void }) {
  const { verdict } = row;
  return (
    <tr>
      <td class="number" data-label="Line">
        {row.line}
      </td>
      <td data-label="Outcome">
        <Mark kind={verdict.cell.mark}>{titleOf(verdict)}</Mark>
      </td>
      <td class="number" data-label="Entry">
        {verdict.subject === undefined ? "" : formatCount(verdict.subject.index)}
      </td>
      <td class="nowrap" data-label="Recorded">
        {verdict.subject === undefined ? "" : formatTime(verdict.subject.recordedAt)}
      </td>
      <td class="mono" data-label="Action">
        {actionOf(verdict)}
      </td>
      <td class="number">
        <button type="button" class="button small" onClick={onOpen}>
          Show<span class="unseen"> line {row.line}</span>
        </button>
      </td>
    </tr>
  );
}

type OpenProps = { readonly row: SetRow; readonly onClose: () => void };

function OpenRow({ row, onClose }: OpenProps) {
  const bundle = row.bundle();
  const place = useRef<HTMLElement>(null);
  // The button that opened it may be far down in the table.
  useEffect(() => place.current?.focus(), [row]);
  return (
    <section class="stack" ref={place} tabIndex={-1} aria-label={`Line ${row.line}`}>
      <div class="row between">
        <h2>Line {row.line}</h2>
        <button type="button" class="button" onClick={onClose}>
          Back to the set
        </button>
      </div>
      <Banner verdict={row.verdict} />
      <BundleReport verdict={row.verdict} bundle={bundle} />
    </section>
  );
}

function Rows({ rows, onOpen }: { readonly rows: readonly SetRow[]; readonly onOpen: (row: SetRow) => void }) {
  const shown = [...rows].sort((a, b) => RANK[a.verdict.outcome] - RANK[b.verdict.outcome] || a.line - b.line);
  return (
    <section class="card">
      <h2>Bundles</h2>
      <div class="stacking tall">
        <table class="cards">
          <thead>
            <tr>
              <th class="number">Line</th>
              <th>Outcome</th>
              <th class="number">Entry</th>
              <th>Recorded (UTC)</th>
              <th>Action</th>
              <th>
                <span class="unseen">Details</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, ROWS_MAX).map((row) => (
              <Row key={row.line} row={row} onOpen={() => onOpen(row)} />
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
  );
}

type Props = { readonly rows: readonly SetRow[] };

/** What follows the banner. */
export function SetReport({ rows }: Props) {
  const [open, setOpen] = useState<SetRow | undefined>(undefined);
  if (open === undefined) return <Rows rows={rows} onOpen={setOpen} />;
  return <OpenRow row={open} onClose={() => setOpen(undefined)} />;
}
