/**
 * The report of an audit: what was looked at, what was not and why, and what was found, in JSON that is signed. docs/format.md §12
 * is its specification.
 */

import { canonicalJson } from "../../json/canonical.ts";
import { type Hex, toHex, utf8 } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import type { ReportStatement } from "../../merkle/report-statement.ts";

export const REPORT_FORMAT = "holdfast/audit-report@1";

/**
 * - `whole`: every check looked at all that it is for, and found nothing. `partial`: nothing was found in what was looked at, and
 *   something was not, as in a sample. `damaged`: something was found. `nothing`: there was not one entry to look at.
 */
export const AUDIT_OUTCOMES = ["whole", "partial", "damaged", "nothing"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Whether every entry was looked at, or some that were drawn. */
export const AUDIT_KINDS = ["whole", "sample"] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** Who wanted it: the service by its schedule, a request, or a command beside the store. */
export const AUDIT_REASONS = ["schedule", "request", "command"] as const;
export type AuditReason = (typeof AUDIT_REASONS)[number];

export type ReportedFinding = {
  readonly kind: string;
  /** Entries [from, to) that it is about. */
  readonly from: number;
  readonly to: number;
  readonly detail: string;
};

/** What a sample would have found: of `damaged` entries among `of`, at least one, with this probability in millionths. */
export type SampleClaim = {
  readonly of: number;
  readonly drawn: number;
  readonly damaged: number;
  readonly foundPpm: number;
};

export type ReportBody = {
  readonly format: typeof REPORT_FORMAT;
  /** Of the software. */
  readonly version: string;
  readonly ledger: {
    readonly id: Hex;
    readonly name: string;
    readonly label: Hex;
    /** EIP-55 spelling. */
    readonly owner: string;
    readonly signer: string;
  };
  readonly audit: {
    readonly id: string;
    readonly kind: AuditKind;
    readonly reason: AuditReason;
    /** Milliseconds since 1970. */
    readonly startedAt: number;
    readonly finishedAt: number;
  };
  readonly outcome: AuditOutcome;
  /** The newest one that was looked at; absent when the ledger had none. */
  readonly checkpoint?: {
    readonly size: number;
    readonly root: Hex;
    readonly signedAt: number;
    readonly signature: Hex;
  };
  /** How many each check looked at. */
  readonly looked: readonly { readonly check: string; readonly count: number }[];
  /** What was not looked at, and why. */
  readonly skipped: readonly { readonly check: string; readonly why: string }[];
  /** Entries that could be looked at only by digest: of some members, or of nothing but the leaf hash. */
  readonly byDigest: { readonly withheld: number; readonly pruned: number };
  readonly sample?: SampleClaim;
  readonly findings: readonly ReportedFinding[];
  /** Findings that there was no room for. */
  readonly more: number;
};

export type AuditReportDocument = ReportBody & {
  /** By the ledger's signer at that time, 65 bytes r || s || v. */
  readonly signature: Hex;
};

/** keccak256 of the canonical text without the signature. */
export function reportTextDigest(report: ReportBody | AuditReportDocument): Hex {
  const { signature: _, ...body } = report as AuditReportDocument;
  return toHex(keccak256(utf8(canonicalJson(body))));
}

/** What is signed of a report. */
export function statementOf(report: ReportBody): ReportStatement {
  return {
    ledgerId: report.ledger.id,
    size: report.checkpoint?.size ?? 0,
    digest: reportTextDigest(report),
    finishedAt: Math.floor(report.audit.finishedAt / 1000),
  };
}

/**
 * What an audit came to: a report over nothing proves nothing, and one that did not look at all is never whole.
 */
export function outcomeOf(
  report: Pick<ReportBody, "looked" | "skipped" | "findings" | "more" | "checkpoint"> & { readonly kind: AuditKind },
): AuditOutcome {
  if (report.findings.length + report.more > 0) return "damaged";
  const entries = report.looked.find(({ check }) => check === "entries")?.count ?? 0;
  if (report.checkpoint === undefined || entries === 0) return "nothing";
  return report.kind === "whole" && report.skipped.length === 0 ? "whole" : "partial";
}
