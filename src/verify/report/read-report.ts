/** Text -> report, strictly: every member is known and present, every value has its one spelling. What it says may still be a lie. */

import { BUNDLE_LIMITS } from "../bundle/bundle.ts";
import { address, type FormOf, hex, integer, list, object, oneOf, text } from "../bundle/forms.ts";
import { readBundleJson } from "../bundle/strict-json.ts";
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_REASONS, type AuditReportDocument, REPORT_FORMAT } from "./audit-report.ts";

const LIMITS = { charactersMax: 16 * 1024 * 1024, depthMax: 4, valuesMax: 200_000 };
const LIST_MAX = 20_000;
const TEXT_MAX = 4096;

const hash = hex(32);
const words = text(TEXT_MAX);
const name = text(64);

const report: FormOf<AuditReportDocument> = object<AuditReportDocument>(
  {
    format: oneOf([REPORT_FORMAT]),
    version: name,
    ledger: object({ id: hash, name: text(BUNDLE_LIMITS.nameLengthMax), label: hash, owner: address, signer: address }),
    audit: object({
      id: name,
      kind: oneOf(AUDIT_KINDS),
      reason: oneOf(AUDIT_REASONS),
      startedAt: integer,
      finishedAt: integer,
    }),
    outcome: oneOf(AUDIT_OUTCOMES),
    checkpoint: object({ size: integer, root: hash, signedAt: integer, signature: hex(65) }),
    looked: list(object({ check: name, count: integer }), 0, LIST_MAX),
    skipped: list(object({ check: name, why: words }), 0, LIST_MAX),
    byDigest: object({ withheld: integer, pruned: integer }),
    sample: object({ of: integer, drawn: integer, damaged: integer, foundPpm: integer }),
    findings: list(object({ kind: name, from: integer, to: integer, detail: words }), 0, LIST_MAX),
    more: integer,
    signature: hex(65),
  },
  { optional: ["checkpoint", "sample"] },
);

/** @throws BundleError */
export function readReport(content: string): AuditReportDocument {
  return report(readBundleJson(content, LIMITS), "");
}

/** Whether a text is meant as the report of an audit. */
export function meansReport(begin: string): boolean {
  return /"format"\s*:\s*"holdfast\\?\/audit-report@/.test(begin);
}
