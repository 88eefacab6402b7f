/** What goes on failing in a part of the service, as `/readyz` says it: each such condition is an alert as long as it holds. */

import type { ConditionCode } from "../../health.ts";
import type { Facts } from "../facts.ts";
import type { Rule, RuleJudgement } from "../rule.ts";

/** Those that are alerts already, by a rule of their own, or that only alerts themselves bring about. */
const TOLD_OTHERWISE: ReadonlySet<ConditionCode> = new Set([
  "alerts_undelivered",
  "audit_finding",
  "pruning_failing",
  "archive_unavailable",
  "archive_not_kept",
]);

export class ConditionHolds implements Rule {
  readonly name = "condition";
  readonly title = "a part of the service fails";
  readonly severity = "critical";

  judge({ conditions }: Facts): RuleJudgement {
    const told = conditions.filter(({ code }) => !TOLD_OTHERWISE.has(code));
    const byCode = new Map(told.map((each) => [each.code, each]));
    return [...byCode.values()].map(({ code, detail, isNotice }) => ({
      subject: code,
      detail,
      severity: isNotice === true ? "warning" : "critical",
    }));
  }
}
