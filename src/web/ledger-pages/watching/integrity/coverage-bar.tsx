/** The entries of the ledger as a bar, and in words: which were audited whole, which sampled, which by nobody, and where something was found. */

import type { ReportedFinding } from "../../../../verify/report/audit-report.ts";
import { formatCount } from "../../../parts/format.ts";
import { When } from "../../../parts/when.tsx";
import { useReach } from "../../live/service-reachable.tsx";
import { integrityHref } from "./audit-href.ts";
import { claimWords, placeWords, rangeKind } from "./audit-words.ts";
import { BAR_WIDTH, barParts, placeInBar } from "./bar-parts.ts";
import type { CoverageAnswer, CoverageRangeAnswer } from "./integrity-answers.ts";

const HEIGHT = 26;
/** What was found is seen however little of the ledger it is. */
const FOUND_WIDTH = 5;
/** More would be drawn one on the other. */
const FOUND_MAX = 200;

type Props = {
  readonly ledger: string;
  readonly coverage: CoverageAnswer;
  /** Of the audit that decides. */
  readonly findings: readonly ReportedFinding[];
};

export function CoverageCard({ ledger, coverage, findings }: Props) {
  const { isLost } = useReach();
  const size = coverage.ranges.at(-1)?.to ?? 0;
  if (size === 0) return null;
  // Green only while all of it is well and known to be so.
  const isGood = coverage.state === "whole" && !isLost;
  return (
    <section class="card stack tight coverage-card">
      <h2>What of the ledger was looked at</h2>
      <Bar coverage={coverage} findings={findings} isGood={isGood} />
      <p class="coverage-ends muted small" aria-hidden="true">
        <span>0</span>
        <span>{formatCount(size)}</span>
      </p>
      <div class="stacking">
        <table class="cards">
          <thead>
            <tr>
              <th>Entries</th>
              <th>Looked at</th>
              <th>Last (UTC)</th>
              <th>What that says</th>
            </tr>
          </thead>
          <tbody>
            {coverage.ranges.map((range) => (
              <RangeRow key={range.from} ledger={ledger} range={range} isGood={isGood} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Bar({ coverage: { ranges }, findings, isGood }: Omit<Props, "ledger"> & { readonly isGood: boolean }) {
  const words = ranges.map((range) => `entries ${placeWords(range.from, range.to)} ${LOOKED[rangeKind(range)]}`);
  const found = findings.length === 0 ? "" : `; something was found in ${formatCount(findings.length)} places`;
  return (
    <svg
      class="coverage"
      viewBox={`0 0 ${BAR_WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${words.join(", ")}${found}`}
    >
      <defs>
        <pattern id="coverage-lines" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="coverage-line" width="4" height="9" />
        </pattern>
      </defs>
      {barParts(ranges).map(({ x, width, kind }) => (
        <rect key={x} class={kind === "whole" && isGood ? "whole well" : kind} x={x} width={width} height={HEIGHT} />
      ))}
      {findings.slice(0, FOUND_MAX).map(({ kind, from, to }) => {
        const x = Math.min(placeInBar(ranges, from), BAR_WIDTH - FOUND_WIDTH);
        const width = Math.max(FOUND_WIDTH, placeInBar(ranges, to) - x);
        return <rect key={`${kind}/${from}`} class="found" x={x} width={width} height={HEIGHT} />;
      })}
    </svg>
  );
}

const LOOKED = { whole: "audited whole", sampled: "sampled", never: "never looked at" } as const;

type RowProps = { readonly ledger: string; readonly range: CoverageRangeAnswer; readonly isGood: boolean };

function RangeRow({ ledger, range, isGood }: RowProps) {
  const { from, to, whole, sample } = range;
  const kind = rangeKind(range);
  const last = whole ?? sample;
  return (
    <tr>
      <td data-label="Entries" class="nowrap">
        {placeWords(from, to)}
      </td>
      <td data-label="Looked at">
        <span class="marked">
          <span class={`coverage-key ${kind === "whole" && isGood ? "whole well" : kind}`} />
          <span>{LOOKED[kind]}</span>
        </span>
      </td>
      <td data-label="Last (UTC)" class="nowrap">
        {last === undefined ? (
          <span class="muted">never</span>
        ) : (
          <span>
            <a href={integrityHref(ledger, last.id)}>
              <When ms={last.finishedAt} />
            </a>
          </span>
        )}
      </td>
      <td data-label="It says">
        <span>
          {kind === "never" ? <span class="muted">nothing is known of these</span> : null}
          {kind === "whole" ? "each of these entries was read and hashed again" : null}
          {sample === undefined ? null : (
            <span class={kind === "whole" ? "muted small" : ""}>
              {kind === "whole" ? "; sampled as well, " : ""}
              {kind === "whole" ? <When ms={sample.finishedAt} /> : null}
              {kind === "whole" ? ": " : ""}
              {claimWords(sample)}
            </span>
          )}
        </span>
      </td>
    </tr>
  );
}
