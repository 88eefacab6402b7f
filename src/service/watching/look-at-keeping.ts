/** How ledgers are kept: what audits found and when they are due, and how what is due by a retention policy goes. */

import type { AuditsSeen, PruningSeen } from "../../alerts/facts.ts";
import type { Auditor } from "../../audit/running/auditor.ts";
import { decisive } from "../../audit/running/coverage.ts";
import { type AuditPlan, dueAt } from "../../audit/running/schedule.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import type { Retention } from "../../retention/retention.ts";

/** Where a schedule is turned off, somebody is expected to ask for an audit so often. */
const UNSCHEDULED_MS = 14 * 86_400_000;

export type KeepingSurroundings = {
  readonly now: () => number;
  readonly registry: Pick<LedgerRegistry, "list">;
  readonly auditor: Pick<Auditor, "list" | "plan">;
  readonly retention: Pick<Retention, "policies" | "pruner">;
};

/** Of ledgers that have entries: in an empty one there is nothing to look at. */
export function lookAtAudits({ registry, auditor, now }: KeepingSurroundings): AuditsSeen[] {
  const ledgers = registry.list().filter(({ size }) => size > 0);
  return ledgers.map(({ record: { id, name, createdAt } }) => {
    const { waiting, finished } = auditor.list(id);
    // One of a ledger that was empty then has looked at nothing.
    const looked = finished.filter(({ report }) => report.outcome !== "nothing");
    const damaged = decisive(finished.map(({ report }) => report)).find(({ outcome }) => outcome === "damaged");
    const last = { createdAt, finished: looked.map(({ report }) => report.audit), now: now() };
    const underWaySince = waiting.find(({ startedAt }) => startedAt !== undefined)?.startedAt;
    const lastAt = looked[0]?.report.audit.finishedAt;
    return {
      ledger: name,
      dueAt: nextDueAt(auditor.plan, last),
      ...(underWaySince !== undefined && { underWaySince }),
      ...(lastAt !== undefined && { lastAt }),
      ...(damaged !== undefined && {
        damaged: {
          id: damaged.audit.id,
          at: damaged.audit.finishedAt,
          findings: damaged.findings.length + damaged.more,
        },
      }),
    };
  });
}

/** The earlier one of both kinds. */
function nextDueAt(plan: AuditPlan, last: Parameters<typeof dueAt>[2]): number {
  const all = (["whole", "sample"] as const).flatMap((kind) => dueAt(kind, plan, last) ?? []);
  const times = [last.createdAt, ...last.finished.map(({ finishedAt }) => finishedAt)].filter((at) => at <= last.now);
  return all.length > 0 ? Math.min(...all) : Math.max(...times, 0) + UNSCHEDULED_MS;
}

/** Of ledgers that have a policy. */
export function lookAtPruning({ registry, retention }: KeepingSurroundings): PruningSeen[] {
  const governed = registry.list().filter(({ record }) => retention.policies.inForce(record.id) !== undefined);
  return governed.map(({ record: { id, name } }) => {
    const { lacksArchive = false, failure, failingSince, unanchoredSince } = retention.pruner.progress(id);
    const isFailing = failure !== undefined && failingSince !== undefined;
    return {
      ledger: name,
      lacksArchive,
      ...(isFailing && { failing: { since: failingSince, failure } }),
      ...(unanchoredSince !== undefined && { unanchoredSince }),
    };
  });
}
