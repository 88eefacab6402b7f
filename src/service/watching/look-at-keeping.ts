/** How ledgers are kept: what audits found and when they are due, and how what is due by a retention policy goes. */

import type { AuditsSeen, PruningSeen } from "../../alerts/facts.ts";
import type { Auditor } from "../../audit/running/auditor.ts";
import { decisive, holdsForMs } from "../../audit/running/coverage.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import type { Retention } from "../../retention/retention.ts";

export type KeepingSurroundings = {
  readonly now: () => number;
  readonly registry: Pick<LedgerRegistry, "list">;
  readonly auditor: Pick<Auditor, "list" | "soonestAt">;
  readonly retention: Pick<Retention, "policies" | "pruner">;
};

/** Of ledgers that have entries: in an empty one there is nothing to look at. */
export function auditsSeen({ registry, auditor, now }: KeepingSurroundings): AuditsSeen[] {
  const ledgers = registry.list().filter(({ size }) => size > 0);
  return ledgers.map(({ record: { id, name, createdAt } }) => {
    const { waiting, finished } = auditor.list(id);
    // One of a ledger that was empty then has looked at nothing; when one ended whose time is still to come, nobody knows.
    const looked = finished.filter(({ report }) => report.outcome !== "nothing" && report.audit.finishedAt <= now());
    const damaged = decisive(finished.map(({ report }) => report)).find(({ outcome }) => outcome === "damaged");
    const underWaySince = waiting.find(({ startedAt }) => startedAt !== undefined)?.startedAt;
    const lastAt = looked[0]?.report.audit.finishedAt;
    return {
      ledger: name,
      // Without a schedule somebody is expected to ask for one before the last is too old.
      dueAt: auditor.soonestAt(id) ?? (lastAt ?? createdAt) + holdsForMs(0),
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

/** Of ledgers that have a policy. */
export function pruningSeen({ registry, retention }: KeepingSurroundings): PruningSeen[] {
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
