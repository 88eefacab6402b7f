/** Audits: asked for, listed, and how far one is. */

import type { FinishedAudit, OpenAudit } from "../../../audit/running/audit-records.ts";
import type { Auditor } from "../../../audit/running/auditor.ts";
import { SAMPLE_DEFAULT, type SampleSize } from "../../../audit/sample/probability.ts";
import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

/** Audits of a ledger that wait: more would be the same again. */
const WAITING_MAX = 8;

export function beginAudit({ auditor, limits }: Services, budget: BodyBudget): Answering<"beginAudit"> {
  return async ({ req, res, key, ledger }) => {
    const request = checkBody(SCHEMAS.AuditRequest, await receiveValue(req, res, { limits, budget }));
    const { kind, entries, confidence, damaged, share } = request;
    const isSized = entries !== undefined || confidence !== undefined || damaged !== undefined;
    if (kind === "whole" && isSized)
      throw unfit("expected a size of the sample with the kind sample, got it with whole");
    if (entries !== undefined && (confidence !== undefined || damaged !== undefined))
      throw unfit("expected either entries, or confidence and damaged, got both");
    const { id } = ledger.record;
    if (auditor.list(id).waiting.length >= WAITING_MAX)
      throw new Problem("audits_max", `expected fewer than ${WAITING_MAX} audits of the ledger that wait, got as many`);
    const wanted: SampleSize | undefined = entries !== undefined ? { count: entries } : sizeOf(confidence, damaged);
    const wish = { kind, share, ...(kind === "sample" && wanted !== undefined && { wanted }) };
    const begun = auditor.begin(id, wish, { key: key.id, source: key.source });
    return json(202, shownOpen(auditor, await within(limits.answerMs, begun)));
  };
}

export function listAudits({ auditor }: Services): Answering<"listAudits"> {
  return ({ ledger, query }) => {
    const { id } = ledger.record;
    const { waiting, finished } = auditor.list(id);
    const audits = [...waiting.map((each) => shownOpen(auditor, each)), ...finished.map(shownFinished)];
    return json(200, {
      audits: audits.slice(0, query.limit),
      nextWholeAt: auditor.nextAt(id, "whole") ?? null,
      nextSampleAt: auditor.nextAt(id, "sample") ?? null,
      coverage: auditor.coverage(id),
    });
  };
}

export function readAudit({ auditor }: Services): Answering<"readAudit"> {
  return ({ ledger, path }) => {
    const { waiting, finished } = auditor.list(ledger.record.id);
    const open = waiting.find(({ id }) => id === path.audit);
    if (open !== undefined) return json(200, shownOpen(auditor, open));
    const done = finished.find(({ report }) => report.audit.id === path.audit);
    if (done !== undefined) return json(200, { ...shownFinished(done), report: done.report });
    throw new Problem("audit_unknown", `expected the id of an audit of this ledger, got ${JSON.stringify(path.audit)}`);
  };
}

function unfit(message: string): Problem {
  return new Problem("request_invalid", message);
}

function sizeOf(confidence: number | undefined, damaged: number | undefined): SampleSize | undefined {
  if (confidence === undefined && damaged === undefined) return undefined;
  return { confidence: confidence ?? SAMPLE_DEFAULT.confidence, damaged: damaged ?? SAMPLE_DEFAULT.damaged };
}

function shownOpen(auditor: Auditor, { id, kind, reason, askedAt, startedAt, kept }: OpenAudit): object {
  const progress = auditor.progress(id);
  const far = progress ?? (kept && { done: kept.tree.size, of: kept.head.size });
  return {
    id,
    kind,
    reason,
    state: progress === undefined ? "waiting" : "running",
    askedAt,
    ...(startedAt !== undefined && { startedAt }),
    ...(far !== undefined && { done: far.done, of: far.of }),
  };
}

function shownFinished({ report, digest }: FinishedAudit): object {
  const { audit, outcome, checkpoint, looked, skipped, sample, findings, more } = report;
  return {
    ...audit,
    state: "finished",
    outcome,
    size: checkpoint?.size ?? 0,
    looked: looked.find(({ check }) => check === "entries")?.count ?? 0,
    findings: findings.length + more,
    notLookedAt: [...new Set(skipped.map(({ check }) => check))],
    ...(sample !== undefined && { sample }),
    digest,
  };
}
