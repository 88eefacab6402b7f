/**
 * What finished audits together say of a ledger: which of its entries were looked at how and when, and how it stands. What nobody
 * looked at is said as plainly as what was found.
 * Why: docs/decisions/0234.
 */

import type { AuditReportDocument, SampleClaim } from "../../verify/report/audit-report.ts";

/** An audit as far as it says what was covered. */
export type CoveringAudit = Pick<AuditReportDocument, "audit" | "outcome" | "checkpoint" | "sample">;

/** Entries [from, to), and the newest audits of each kind that were about all of them; with neither, nobody looked at them. */
export type CoverageRange = {
  readonly from: number;
  readonly to: number;
  readonly whole?: { readonly id: string; readonly finishedAt: number };
  readonly sample?: SampleClaim & { readonly id: string; readonly finishedAt: number };
};

/**
 * - `empty`: there is no entry. `never`: no audit looked at any. `sampled`: samples alone, which found nothing. `damaged`: the newest
 *   whole audit, or a sample since, found something. `stale`: the newest whole one, or the newest sample where there is none, is too old to
 *   say how the ledger is. `partial`: the whole one found nothing and did not look at all. `whole`: it looked at all, and found nothing.
 */
export const COVERAGE_STATES = ["empty", "never", "sampled", "damaged", "stale", "partial", "whole"] as const;
export type CoverageState = (typeof COVERAGE_STATES)[number];

export type Coverage = {
  readonly state: CoverageState;
  /** Of the audit that says so. */
  readonly audit?: string;
  /** From when on that audit is too old to say so; ms since 1970. */
  readonly staleAt?: number;
  /** All entries, in order and without gaps. */
  readonly ranges: readonly CoverageRange[];
};

export type CoverageOptions = {
  /** Of the ledger, now. */
  readonly size: number;
  /** Between whole audits; 0 where none is made by schedule. */
  readonly wholeMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
};

const WEEK_MS = 7 * 86_400_000;

/** For how long an audit says how a ledger is: until two whole ones should have ended since. @param wholeMs as in {@link CoverageOptions} */
export function holdsForMs(wholeMs: number): number {
  return 2 * (wholeMs === 0 ? WEEK_MS : wholeMs);
}

/** @param finished the newest first */
export function coverageOf(finished: readonly CoveringAudit[], { size, wholeMs, now }: CoverageOptions): Coverage {
  const counted = finished.filter(({ outcome }) => outcome !== "nothing");
  const ranges = rangesOf(counted, size);
  if (size === 0) return { state: "empty", ranges };
  const [newest] = counted;
  if (newest === undefined) return { state: "never", ranges };
  const damaged = decisive(counted).find(({ outcome }) => outcome === "damaged");
  const whole = counted.find(({ audit }) => audit.kind === "whole");
  const deciding = whole ?? newest;
  const { id, finishedAt } = deciding.audit;
  const staleAt = finishedAt + holdsForMs(wholeMs);
  if (damaged !== undefined) return { state: "damaged", audit: damaged.audit.id, staleAt, ranges };
  const about = { audit: id, staleAt, ranges };
  // One that is still to come was told by a clock that was wrong: how old it is nobody knows.
  if (staleAt <= now || finishedAt > now) return { state: "stale", ...about };
  if (whole === undefined) return { state: "sampled", ...about };
  return { state: whole.outcome === "whole" ? "whole" : "partial", ...about };
}

/** Audits that say how a ledger is: the newest whole one that had something to look at, and those since. @param finished the newest first */
export function decisive<T extends Pick<CoveringAudit, "audit" | "outcome">>(finished: readonly T[]): readonly T[] {
  const at = finished.findIndex(({ audit, outcome }) => audit.kind === "whole" && outcome !== "nothing");
  return at < 0 ? finished : finished.slice(0, at + 1);
}

function rangesOf(counted: readonly CoveringAudit[], size: number): CoverageRange[] {
  const ends = new Set([...counted.map((each) => Math.min(sizeOf(each), size)), size]);
  const ranges: CoverageRange[] = [];
  let from = 0;
  for (const to of [...ends].sort((a, b) => a - b)) {
    if (to === from) continue;
    const covering = counted.filter((each) => sizeOf(each) >= to);
    const range = rangeOf(from, to, covering);
    const before = ranges.at(-1);
    if (before !== undefined && before.whole?.id === range.whole?.id && before.sample?.id === range.sample?.id) {
      ranges[ranges.length - 1] = { ...before, to };
    } else ranges.push(range);
    from = to;
  }
  return ranges;
}

function rangeOf(from: number, to: number, covering: readonly CoveringAudit[]): CoverageRange {
  const whole = covering.find(({ audit }) => audit.kind === "whole")?.audit;
  const sampled = covering.find(({ sample }) => sample !== undefined);
  return {
    from,
    to,
    ...(whole !== undefined && { whole: { id: whole.id, finishedAt: whole.finishedAt } }),
    ...(sampled?.sample !== undefined && { sample: { ...sampled.sample, ...timeOf(sampled) } }),
  };
}

function timeOf({ audit: { id, finishedAt } }: CoveringAudit): { readonly id: string; readonly finishedAt: number } {
  return { id, finishedAt };
}

function sizeOf({ checkpoint }: CoveringAudit): number {
  return checkpoint?.size ?? 0;
}
