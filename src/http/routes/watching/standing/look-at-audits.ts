/**
 * What the last audits of each ledger say: nothing, samples alone, something too old, findings, or checks that did not look. That one is
 * overdue says the rule `audit`.
 * Why: docs/decisions/0252.
 */

import { spellMoment } from "../../../../alerts/spell.ts";
import type { Auditor } from "../../../../audit/running/auditor.ts";
import type { Hex } from "../../../../merkle/bytes.ts";
import type { AuditReportDocument } from "../../../../verify/report/audit-report.ts";
import { type LookResult, NOTHING_WRONG, type StandingLook } from "./standing.ts";

export type WatchedLedger = {
  readonly record: { readonly id: Hex; readonly name: string; readonly readOnly?: boolean };
};
type WatchedAudits = Pick<Auditor, "list" | "soonestAt" | "nextAt" | "coverage">;

/** @param hrefOf the page about the integrity of a ledger */
export function lookAtAudits(
  auditor: WatchedAudits,
  ledgers: () => readonly WatchedLedger[],
  hrefOf: (ledger: string) => string,
): StandingLook {
  return {
    what: "what audits found",
    look: () => {
      const results = ledgers().map(({ record }) => auditsOf(auditor, record, hrefOf(record.name)));
      return { reasons: results.flatMap(({ reasons }) => reasons), unseen: results.flatMap(({ unseen }) => unseen) };
    },
  };
}

function auditsOf(auditor: WatchedAudits, { id, name }: WatchedLedger["record"], href: string): LookResult {
  const { state, audit } = auditor.coverage(id);
  // There is nothing to audit in an empty one.
  if (state === "empty") return NOTHING_WRONG;
  const place = { href, ledger: name };
  const unseen = (why: string): LookResult => ({
    ...NOTHING_WRONG,
    unseen: [{ what: `the ledger ${name}`, why, ...place }],
  });
  const deciding = auditor.list(id).finished.find(({ report }) => report.audit.id === audit)?.report;
  if (deciding === undefined) return unseen(`it was not audited yet; ${firstDue(auditor, id)}`);
  if (state === "damaged") {
    const text = foundBy(name, deciding);
    return { ...NOTHING_WRONG, reasons: [{ code: "audit", severity: "critical", text, ...place }] };
  }
  if (state === "stale")
    return unseen(`what the last audit says is too old, it ended at ${spellMoment(deciding.audit.finishedAt)}`);
  // Most of the entries, and all that stands beside them, nobody looked at: that is not good, whatever was drawn.
  if (state === "sampled") return unseen(`samples alone were looked at, which found nothing; ${wholeDue(auditor, id)}`);
  return {
    ...NOTHING_WRONG,
    unseen: deciding.skipped.map(({ check, why }) => ({ what: `${check} of the ledger ${name}`, why, ...place })),
  };
}

function foundBy(name: string, { audit, findings, more }: AuditReportDocument): string {
  const count = findings.length + more;
  const kinds = [...new Set(findings.map(({ kind }) => kind.replaceAll("_", " ")))].join(", ");
  return `the ledger ${name} is damaged: audit ${audit.id} found ${count === 1 ? "one thing" : `${count} things`} wrong (${kinds})`;
}

function firstDue(auditor: WatchedAudits, id: Hex): string {
  const at = auditor.soonestAt(id);
  return at === undefined ? "none is scheduled" : `the first audit is due at ${spellMoment(at)}`;
}

function wholeDue(auditor: WatchedAudits, id: Hex): string {
  const at = auditor.nextAt(id, "whole");
  return at === undefined ? "no whole audit is scheduled" : `the first whole audit is due at ${spellMoment(at)}`;
}
