/** The forms of what goes in and out about audits. */

import * as z from "zod";
import { COVERAGE_STATES } from "../../../audit/running/coverage.ts";
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_REASONS } from "../../../verify/report/audit-report.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const part = z.number().gt(0).lt(1);
/** Less, and one audit would hold up all others for weeks. */
const SHARE_MIN = 0.01;

const claim = {
  drawn: count.meta({ description: "Entries that were drawn" }),
  of: count.meta({ description: "of so many" }),
  damaged: count.meta({ description: "Were so many of them damaged, one at least was found" }),
  foundPpm: count.meta({ description: "with this probability, in millionths" }),
};
const about = { id: z.string().meta({ description: "Of the newest one" }), finishedAt: milliseconds };

const coverage = z
  .strictObject({
    state: z.enum(COVERAGE_STATES).meta({
      description:
        "empty: there is no entry; never: no audit looked at any; sampled: samples alone, which found nothing; damaged: the newest whole audit, or a sample since, " +
        "found something; stale: the newest whole one, or the newest sample where there is none, is too old; partial: the whole one found nothing, and did not look at all; " +
        "whole: it looked at all, and found nothing",
    }),
    audit: z.string().optional().meta({ description: "Id of the one that says so" }),
    staleAt: milliseconds.optional().meta({ description: "From when on that one is too old to say so" }),
    ranges: z
      .array(
        z.strictObject({
          from: count,
          to: count.meta({ description: "Behind the last one" }),
          whole: z.strictObject(about).optional(),
          sample: z.strictObject({ ...about, ...claim }).optional(),
        }),
      )
      .meta({ description: "All entries in order, and what looked at them; neither whole nor sample: nothing did" }),
  })
  .meta({ description: "What finished audits together say of the ledger as it is now" });

const auditFields = {
  id: z.string(),
  kind: z.enum(AUDIT_KINDS),
  reason: z.enum(AUDIT_REASONS).meta({ description: "Who wanted it" }),
  state: z.enum(["waiting", "running", "finished"]),
  askedAt: milliseconds.optional(),
  startedAt: milliseconds.optional(),
  done: count.optional().meta({ description: "Entries that were looked at, of one that is under way" }),
  of: count.optional(),
  finishedAt: milliseconds.optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional().meta({
    description: "whole only when every check looked at all that it is for, and found nothing",
  }),
  size: count.optional().meta({ description: "Of the ledger, as it was audited" }),
  looked: count.optional().meta({ description: "Entries that were looked at" }),
  findings: count.optional(),
  notLookedAt: z
    .array(z.string())
    .optional()
    .meta({ description: "Checks that did not look at all that they are for; the report says why" }),
  sample: z.strictObject(claim).optional(),
  digest: z.string().optional().meta({ description: "Of the report, as the ledger has it in an event" }),
};

export const AUDIT_SCHEMAS = {
  AuditRequest: z.strictObject({
    kind: z.enum(AUDIT_KINDS).default("whole"),
    entries: z.int().min(1).max(10_000_000).optional().meta({ description: "Of a sample: how many are drawn" }),
    confidence: part.optional().meta({ description: "Of a sample: how surely it finds one, together with `damaged`" }),
    damaged: part.optional().meta({ description: "when this part of all entries is damaged" }),
    share: z.number().min(SHARE_MIN).max(1).default(0.2).meta({ description: "Of the time of one thread" }),
  }),
  Audit: z.strictObject({
    ...auditFields,
    report: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "The signed report of one that is finished, docs/format.md §12" }),
  }),
  Audits: z.strictObject({
    audits: z
      .array(z.strictObject(auditFields))
      .meta({ description: "Those that wait or are under way, then the newest" }),
    nextWholeAt: milliseconds.nullable().meta({ description: "When the next begins by itself; null for never" }),
    nextSampleAt: milliseconds.nullable(),
    coverage,
  }),
} as const;
