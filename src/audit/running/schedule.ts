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

/**
 * When the next audit of a kind is due; undefined for never. The first whole one is due as early as a sample would be: before it nobody
 * knows how a ledger is, and one that is new is small.
 */
export function dueAt(kind: AuditKind, plan: AuditPlan, last: LastAudits): number | undefined {
  const every = kind === "whole" ? wholeEvery(plan, last) : plan.sampleMs;
  if (every === 0) return undefined;
  const counted = last.finished.filter((each) => each.kind === "whole" || kind === "sample");
  const times = [last.createdAt, ...counted.map(({ finishedAt }) => finishedAt)].filter((at) => at <= last.now);
  return times.length === 0 ? last.now : Math.max(...times) + every;
}

function wholeEvery({ wholeMs, sampleMs }: AuditPlan, { finished, now }: LastAudits): number {
  const isFirst = finished.every(({ kind, finishedAt }) => kind !== "whole" || finishedAt > now);
  return isFirst && sampleMs > 0 ? Math.min(wholeMs, sampleMs) : wholeMs;
}
