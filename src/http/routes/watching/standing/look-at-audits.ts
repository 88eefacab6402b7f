/** What the last audits of each ledger say: none, none for too long, findings, or checks that did not look. */

import type { Auditor } from "../../../../audit/running/auditor.ts";
import { decisive } from "../../../../audit/running/coverage.ts";
import type { Hex } from "../../../../merkle/bytes.ts";
import { AUDIT_KINDS, type AuditReportDocument } from "../../../../verify/report/audit-report.ts";
import { formatMoment } from "./format-moment.ts";
import { type LookResult, NOTHING_WRONG, type StandingLook, type UnseenPart } from "./standing.ts";

/** Audits wait for each other: so late one may be. */
const LATE_MS = 86_400_000;
/** Where none is scheduled. */
const UNSCHEDULED_MS = 14 * 86_400_000;

export type WatchedLedger = {
  readonly record: { readonly id: Hex; readonly name: string; readonly readOnly?: boolean };
};
type WatchedAudits = Pick<Auditor, "list" | "nextAt" | "coverage">;

/** @param hrefOf the page about the integrity of a ledger */
export function lookAtAudits(
  auditor: WatchedAudits,
  ledgers: () => readonly WatchedLedger[],
  hrefOf: (ledger: string) => string,
): StandingLook {
  return {
    what: "what audits found",
    look: (now) => {
      const results = ledgers().map(({ record }) => auditsOf(auditor, record, hrefOf(record.name), now));
      return { reasons: results.flatMap(({ reasons }) => reasons), unseen: results.flatMap(({ unseen }) => unseen) };
    },
  };
}

function auditsOf(
  auditor: WatchedAudits,
  { id, name }: WatchedLedger["record"],
  href: string,
  now: number,
): LookResult {
  const { state } = auditor.coverage(id);
  // There is nothing to audit in an empty one.
  if (state === "empty") return NOTHING_WRONG;
  const place = { href, ledger: name };
  const counted = decisive(auditor.list(id).finished.map(({ report }) => report));
  const damaged = counted.find(({ outcome }) => outcome === "damaged");
  if (damaged !== undefined) {
    const text = foundBy(name, damaged);
    return { ...NOTHING_WRONG, reasons: [{ code: "audit", severity: "critical", text, ...place }] };
  }
  const unseen = (why: string): LookResult => ({
    ...NOTHING_WRONG,
    unseen: [{ what: `the ledger ${name}`, why, ...place }],
  });
  const last = counted.find(({ outcome }) => outcome !== "nothing");
  if (last === undefined) return unseen(`it was not audited yet; ${firstDue(auditor, id)}`);
  if (state === "stale" || isLate(auditor, id, last, now))
    return unseen(`an audit is overdue, the last ended at ${formatMoment(last.audit.finishedAt)}`);
  return { ...NOTHING_WRONG, unseen: skippedBy(counted, place) };
}

function foundBy(name: string, { audit, findings, more }: AuditReportDocument): string {
  const count = findings.length + more;
  const kinds = [...new Set(findings.map(({ kind }) => kind.replaceAll("_", " ")))].join(", ");
  return `the ledger ${name} is damaged: audit ${audit.id} found ${count === 1 ? "one thing" : `${count} things`} wrong (${kinds})`;
}

function firstDue(auditor: WatchedAudits, id: Hex): string {
  const due = dueTimes(auditor, id);
  return due.length === 0 ? "none is scheduled" : `the first audit is due at ${formatMoment(Math.min(...due))}`;
}

function dueTimes(auditor: WatchedAudits, id: Hex): number[] {
  return AUDIT_KINDS.flatMap((kind) => auditor.nextAt(id, kind) ?? []);
}

function isLate(auditor: WatchedAudits, id: Hex, { audit }: AuditReportDocument, now: number): boolean {
  const due = dueTimes(auditor, id);
  if (due.length === 0) return now - audit.finishedAt > UNSCHEDULED_MS;
  return due.some((at) => now - at > LATE_MS);
}

/** Of the newest whole one; a sample is of entries alone. */
function skippedBy(counted: readonly AuditReportDocument[], place: Pick<UnseenPart, "href" | "ledger">): UnseenPart[] {
  const skipped = counted.find(({ audit }) => audit.kind === "whole")?.skipped ?? [];
  return skipped.map(({ check, why }) => ({ what: `${check} of the ledger ${place.ledger}`, why, ...place }));
}
