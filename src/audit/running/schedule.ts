/** When a ledger is audited by itself: all of it so often, some entries of it so often. What was finished counts, whoever asked for it. */

import type { AuditKind } from "../../verify/report/audit-report.ts";

export type AuditPlan = {
  /** Between the end of a whole audit and the next; 0 for none. */
  readonly wholeMs: number;
  /** The same of samples; a whole one counts as one. */
  readonly sampleMs: number;
};

export type LastAudits = {
  /** When the ledger was made; ms since 1970. */
  readonly createdAt: number;
  readonly finished: readonly { readonly kind: AuditKind; readonly finishedAt: number }[];
  /** What is later was told by a clock that was wrong, and does not count: or nothing is audited until that time has come. */
  readonly now: number;
};

/** When the next audit of a kind is due; undefined for never. */
export function dueAt(kind: AuditKind, { wholeMs, sampleMs }: AuditPlan, last: LastAudits): number | undefined {
  const every = kind === "whole" ? wholeMs : sampleMs;
  if (every === 0) return undefined;
  const counted = last.finished.filter((each) => each.kind === "whole" || kind === "sample");
  const times = [last.createdAt, ...counted.map(({ finishedAt }) => finishedAt)].filter((at) => at <= last.now);
  return times.length === 0 ? last.now : Math.max(...times) + every;
}
