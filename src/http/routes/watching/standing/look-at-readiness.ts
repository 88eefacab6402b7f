/** Whether the service can do its work, as `/readyz` says it, and what goes on failing in it. */

import { runbookOf } from "../../../../alerts/delivery/runbook.ts";
import type { Severity } from "../../../../alerts/rule.ts";
import type { Condition, ConditionCode } from "../../../../health.ts";
import type { Readiness } from "../readiness.ts";
import type { StandingLook, StandingReason } from "./standing.ts";

/** Conditions of which another look, or a rule of alerts, says more: one thing is told once. */
const SAID_ELSEWHERE: ReadonlyMap<ConditionCode, string> = new Map([
  ["anchor_late", "anchor_lag"],
  ["audit_finding", "audit"],
  ["pruning_failing", "retention_held_up"],
  ["archive_unavailable", "retention_held_up"],
  ["archive_not_kept", "retention_held_up"],
]);

export function lookAtReadiness(readiness: () => Promise<Readiness>): StandingLook {
  return {
    what: "whether the service can do its work",
    look: async () => {
      const { reasons, notices } = await readiness();
      const severityOf = (code: ConditionCode) => (code === "anchor_late" ? "warning" : "critical");
      const critical = reasons.map((each) => reasonOf(each, severityOf(each.code)));
      const others = notices.map((each) => reasonOf(each, "warning"));
      return { reasons: [...critical, ...others], unseen: [] };
    },
  };
}

function reasonOf({ code, detail }: Pick<Condition, "code" | "detail">, severity: Severity): StandingReason {
  const href = runbookOf({ rule: "condition", subject: code });
  return { code: SAID_ELSEWHERE.get(code) ?? code, severity, text: detail, href };
}
