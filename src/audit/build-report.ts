/** What an audit came to as a report, signed by the ledger's signer. */

import type { LedgerSigner } from "../keys/signer.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { LedgerRecord } from "../store/store.ts";
import {
  type AuditReportDocument,
  outcomeOf,
  REPORT_FORMAT,
  type ReportBody,
  type SampleClaim,
  statementOf,
} from "../verify/report/audit-report.ts";
import type { FullAudit } from "./audit.ts";

/** Findings of a report; more are counted in it. */
const FINDINGS_MAX = 1000;
const DETAIL_MAX = 1000;

export type ReportParts = {
  readonly record: LedgerRecord;
  readonly version: string;
  readonly audit: ReportBody["audit"];
  readonly full: FullAudit;
  readonly sample?: SampleClaim | undefined;
};

export async function signReport(
  { record, version, audit, full, sample }: ReportParts,
  signer: LedgerSigner,
): Promise<AuditReportDocument> {
  const { report, looked, byDigest, left } = full;
  const { head, findings } = report;
  const { id, name, label, owner } = record;
  const skipped = looked.flatMap(({ check, skipped: why }) => (why === undefined ? [] : [{ check, why }]));
  const counts = looked.map(({ check, looked: count }) => ({ check, count }));
  const shown = findings.slice(0, FINDINGS_MAX).map((each) => ({ ...each, detail: each.detail.slice(0, DETAIL_MAX) }));
  const checkpoint = head && {
    size: head.size,
    root: head.root,
    signedAt: head.signedAt,
    signature: head.signature,
  };
  const body: Omit<ReportBody, "outcome"> = {
    format: REPORT_FORMAT,
    version,
    ledger: { id, name, label, owner: checksumAddress(owner), signer: checksumAddress(signer.address) },
    audit,
    ...(checkpoint !== undefined && { checkpoint }),
    looked: counts,
    skipped,
    byDigest,
    ...(sample !== undefined && { sample }),
    findings: shown,
    more: left + findings.length - shown.length,
  };
  const whole: ReportBody = { ...body, outcome: outcomeOf({ ...body, kind: audit.kind }) };
  return { ...whole, signature: await signer.signReport(statementOf(whole)) };
}
