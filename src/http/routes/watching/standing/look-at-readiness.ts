/** Whether the service can do its work, as `/readyz` says it, and what goes on failing in it. */

import { runbookOf } from "../../../../alerts/delivery/runbook.ts";
import type { Readiness } from "../readiness.ts";
import type { StandingLook, StandingReason } from "./standing.ts";

/** What is said by a look of its own is said under its code: one thing is told once. */
const LATE: Pick<StandingReason, "code" | "severity"> = { code: "anchor_lag", severity: "warning" };

export function lookAtReadiness(readiness: () => Promise<Readiness>): StandingLook {
  return {
    what: "whether the service can do its work",
    look: async () => {
      const { reasons, notices } = await readiness();
      const critical = reasons.map(({ code, detail }): StandingReason => {
        const kind = code === "anchor_late" ? LATE : { code, severity: "critical" as const };
        return { ...kind, text: detail, href: runbookOf({ rule: "condition", subject: code }) };
      });
      const others = notices.map(({ code, detail }): StandingReason => {
        return { code, severity: "warning", text: detail, href: runbookOf({ rule: "condition", subject: code }) };
      });
      return { reasons: [...critical, ...others], unseen: [] };
    },
  };
}
