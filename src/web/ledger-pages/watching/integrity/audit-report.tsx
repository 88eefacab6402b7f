/** One audit in full: what its signed report says, what was found and what to do, the file to take away, and how it is verified. */

import type { AuditReportDocument, ReportedFinding } from "../../../../verify/report/audit-report.ts";
import { Command } from "../../../parts/command.tsx";
import { useFirstOnes } from "../../../parts/first-ones.tsx";
import { formatCount } from "../../../parts/format.ts";
import { Hash } from "../../../parts/hash.tsx";
import { Icon } from "../../../parts/icon.tsx";
import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import { When } from "../../../parts/when.tsx";
import { saveText } from "../../downloads/save.ts";
import { routeHash } from "../../route.ts";
import { checkWords, claimWords, findingWords, outcomeMark, placeWords, REASONS } from "./audit-words.ts";

type Props = { readonly ledger: string; readonly report: AuditReportDocument; readonly digest: string | undefined };

export function AuditReport({ ledger, report, digest }: Props) {
  const { audit, findings, more } = report;
  const { kind, word } = outcomeMark(report);
  return (
    <article class="card stack wrapping" aria-label={`Report of audit ${audit.id}`}>
      <div class="row between">
        <h2>
          {audit.kind === "whole" ? "Audit of all of it" : "Audit of a sample"}, ended{" "}
          <When ms={audit.finishedAt} zone />
        </h2>
        <Mark kind={kind}>{word}</Mark>
      </div>
      <Facts report={report} digest={digest} />
      <Checks report={report} />
      <Findings ledger={ledger} findings={findings} more={more} />
      <Take ledger={ledger} report={report} />
    </article>
  );
}

function Facts({ report, digest }: Omit<Props, "ledger">) {
  const { audit, checkpoint, byDigest, sample, version, ledger } = report;
  return (
    <dl class="facts">
      <dt>Entries</dt>
      <dd>{checkpoint === undefined ? "none" : `${formatCount(checkpoint.size)}, of a checkpoint with the root`}</dd>
      {checkpoint === undefined ? null : (
        <>
          <dt>Root</dt>
          <dd>
            <Hash value={checkpoint.root} what="root" />
          </dd>
        </>
      )}
      {sample === undefined ? null : (
        <>
          <dt>Sample</dt>
          <dd>{claimWords(sample)}</dd>
        </>
      )}
      <dt>By digest alone</dt>
      <dd>
        {byDigest.withheld + byDigest.pruned === 0
          ? "none: nothing was erased or pruned in them"
          : `members of ${formatCount(byDigest.withheld)} entries that were erased, and ${formatCount(byDigest.pruned)} entries that were pruned`}
      </dd>
      <dt>Began</dt>
      <dd>
        <When ms={audit.startedAt} zone />, {REASONS[audit.reason]}, Holdfast {version}
      </dd>
      <dt>Signed by</dt>
      <dd>
        <Hash value={ledger.signer} what="signer" />
      </dd>
      {digest === undefined ? null : (
        <>
          <dt>Digest</dt>
          <dd>
            <Hash value={digest} what="digest of the report" />
          </dd>
        </>
      )}
    </dl>
  );
}

/** What each check looked at, and whatever of it it did not. */
function Checks({ report: { looked, skipped } }: { readonly report: AuditReportDocument }) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Check</th>
            <th>That</th>
            <th class="number">Looked at</th>
            <th>Not looked at</th>
          </tr>
        </thead>
        <tbody>
          {looked.map(({ check, count }) => {
            const whys = skipped.filter((each) => each.check === check).map(({ why }) => why);
            return (
              <tr key={check}>
                <td data-label="Check">{check}</td>
                <td data-label="That">
                  <span>{checkWords(check)}</span>
                </td>
                <td data-label="Looked at" class="number">
                  {formatCount(count)}
                </td>
                <td data-label="Not looked at">
                  <NotLookedAt whys={whys} count={count} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function NotLookedAt({ whys, count }: { readonly whys: readonly string[]; readonly count: number }) {
  if (whys.length > 0) return <Mark kind="half">{whys.join("; ")}</Mark>;
  return <span class="muted">{count === 0 ? "there was none of it" : "–"}</span>;
}

type FindingsProps = {
  readonly ledger: string;
  readonly findings: readonly ReportedFinding[];
  /** Findings that the report has no room for. */
  readonly more: number;
};

function Findings({ ledger, findings, more }: FindingsProps) {
  const { shown, rest } = useFirstOnes(findings, "findings");
  if (findings.length === 0) return <p>Nothing was found in what was looked at.</p>;
  return (
    <>
      <h3>What was found</h3>
      <div class="stacking">
        <table class="cards findings">
          <thead>
            <tr>
              <th>What</th>
              <th>Entries</th>
              <th>As it was found</th>
              <th>What to do</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ kind, from, to, detail }) => (
              <tr key={`${kind}/${from}`}>
                <td data-label="What">
                  <Mark kind="bad">
                    {findingWords(kind).what} <code>{kind}</code>
                  </Mark>
                </td>
                <td data-label="Entries" class="nowrap">
                  {to > from ? (
                    <span>
                      <a href={routeHash({ ledger, page: "events", item: from })}>{placeWords(from, to)}</a>
                    </span>
                  ) : (
                    <span class="muted">–</span>
                  )}
                </td>
                <td data-label="Found">
                  <Said text={detail} />
                </td>
                <td data-label="To do">
                  <span>{findingWords(kind).todo}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest}
      {more === 0 ? null : <p>{formatCount(more)} more findings had no room in the report.</p>}
    </>
  );
}

/** The file, and what verifies it without this service. */
function Take({ ledger, report }: Omit<Props, "digest">) {
  const name = `${ledger}-audit-${report.audit.id}.json`;
  return (
    <div class="stack tight">
      <p class="row">
        <button type="button" class="button" onClick={() => saveText(name, `${JSON.stringify(report)}\n`)}>
          <Icon name="down" />
          Download the signed report
        </button>
        <button type="button" class="button" onClick={() => print()}>
          Print to sign
        </button>
      </p>
      <p class="muted small">
        It verifies without this service; take the signer’s address from somewhere else than this page:
      </p>
      <Command text={`npx holdfast verify ${name} --signer ${report.ledger.signer}`} />
    </div>
  );
}
