/** What the API answers about audits and watchers, as far as the page uses it. */

import type { AuditReportDocument, SampleClaim } from "../../../../verify/report/audit-report.ts";

type AuditOutcomeWord = AuditReportDocument["outcome"];

export type AuditAnswer = {
  readonly id: string;
  readonly kind: "whole" | "sample";
  readonly reason: "schedule" | "request" | "command";
  readonly state: "waiting" | "running" | "finished";
  readonly askedAt?: number;
  readonly startedAt?: number;
  /** Of one that is under way: entries that were looked at, of so many. */
  readonly done?: number;
  readonly of?: number;
  readonly finishedAt?: number;
  readonly outcome?: AuditOutcomeWord;
  /** Of the ledger, as it was audited. */
  readonly size?: number;
  readonly looked?: number;
  readonly findings?: number;
  /** Names of checks. */
  readonly notLookedAt?: readonly string[];
  readonly sample?: SampleClaim;
  readonly digest?: string;
};

export type CoverageRangeAnswer = {
  readonly from: number;
  /** Behind the last one. */
  readonly to: number;
  readonly whole?: { readonly id: string; readonly finishedAt: number };
  readonly sample?: SampleClaim & { readonly id: string; readonly finishedAt: number };
};

export type CoverageAnswer = {
  readonly state: "empty" | "never" | "sampled" | "damaged" | "stale" | "partial" | "whole";
  /** Of the audit that says so. */
  readonly audit?: string;
  readonly staleAt?: number;
  readonly ranges: readonly CoverageRangeAnswer[];
};

export type AuditsAnswer = {
  readonly audits: readonly AuditAnswer[];
  readonly nextWholeAt: number | null;
  readonly nextSampleAt: number | null;
  readonly coverage: CoverageAnswer;
};

export type FinishedAuditAnswer = AuditAnswer & { readonly report?: AuditReportDocument };

export type WatcherAnswer = {
  readonly name: string;
  readonly key: string;
  readonly everyS: number;
  readonly state: "good" | "silent" | "contradicts" | "unknown" | "never_heard";
  readonly last?: {
    /** By its own clock. */
    readonly at: number;
    readonly receivedAt: number;
    readonly size?: number;
    readonly findings: readonly { readonly code: string; readonly mark?: "bad" | "unknown"; readonly detail: string }[];
  };
  /** What it believes that is not what the ledger has. */
  readonly differs?: string;
};

export type WatchersAnswer = { readonly watchers: readonly WatcherAnswer[] };
