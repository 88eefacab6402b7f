/** The forms of what goes in and out about audits. */

import * as z from "zod";
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_REASONS } from "../../../verify/report/audit-report.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const part = z.number().gt(0).lt(1);
/** Less, and one audit would hold up all others for weeks. */
const SHARE_MIN = 0.01;

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
  }),
} as const;
