/** The audits of the ledger, the newest first: what each came to, and what it did not look at. */

import { useFirstOnes } from "../../../parts/first-ones.tsx";
import { formatCount } from "../../../parts/format.ts";
import { Mark } from "../../../parts/mark.tsx";
import { When } from "../../../parts/when.tsx";
import { integrityHref } from "./audit-href.ts";
import { outcomeMark, REASONS } from "./audit-words.ts";
import type { AuditAnswer } from "./integrity-answers.ts";

const SHOWN = 8;

type Props = {
  readonly ledger: string;
  readonly audits: readonly AuditAnswer[];
  /** Id of the one whose report is shown. */
  readonly open: string | undefined;
};

export function AuditTable({ ledger, audits, open }: Props) {
  const finished = audits.filter(({ state }) => state === "finished");
  const { shown, rest } = useFirstOnes(finished, "audits", SHOWN);
  if (finished.length === 0) return null;
  return (
    <section class="card stack tight wrapping">
      <h2>Last audits</h2>
      <div class="stacking">
        <table class="cards audits">
          <thead>
            <tr>
              <th>Ended (UTC)</th>
              <th>Of</th>
              <th>Result</th>
              <th class="number">Looked at</th>
              <th>Not looked at</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((audit) => (
              <AuditRow key={audit.id} ledger={ledger} audit={audit} isOpen={audit.id === open} />
            ))}
          </tbody>
        </table>
      </div>
      {rest}
    </section>
  );
}

type RowProps = { readonly ledger: string; readonly audit: AuditAnswer; readonly isOpen: boolean };

function AuditRow({ ledger, audit, isOpen }: RowProps) {
  const { id, kind, finishedAt = 0, reason, size = 0, looked = 0, findings = 0, notLookedAt = [] } = audit;
  const { kind: mark, word } = outcomeMark(audit);
  return (
    <tr aria-current={isOpen ? "true" : undefined}>
      <td data-label="Ended" class="nowrap">
        <span>
          <a href={integrityHref(ledger, id)}>
            <When ms={finishedAt} />
          </a>
        </span>
      </td>
      <td data-label="Of">{kind === "whole" ? "all of it" : "a sample"}</td>
      <td data-label="Result">
        <Mark kind={mark}>{findings > 0 ? `${formatCount(findings)} findings` : word}</Mark>
      </td>
      <td data-label="Looked at" class="number nowrap">
        {formatCount(looked)} of {formatCount(size)}
      </td>
      <td data-label="Not looked at">
        {notLookedAt.length === 0 ? <span class="muted">–</span> : <span>{notLookedAt.join(", ")}</span>}
      </td>
      <td data-label="Why" class="nowrap">
        {REASONS[reason]}
      </td>
    </tr>
  );
}
