/** Where it stands what an alert means and what to do about it: the project's documentation, as a path with an anchor. */

import { CONDITION_CODES } from "../../health.ts";
import type { Alert } from "../alert.ts";

const RUNBOOKS = "docs/alerts.md";
/** It has a section for each condition. */
const CONDITIONS = "docs/operations.md";

/** Rules that have a section of their own there; the others are searches that somebody set. */
export const EXPLAINED: readonly string[] = [
  "source_silent",
  "source_volume",
  "quarantine_rate",
  "clock_skew",
  "idempotency_conflict",
  "sequence_gap",
  "intents_open",
  "denied_burst",
  "failed_burst",
  "new_address",
  "reading_unusual",
  "refusals",
  "ended_key_used",
  "anchor_lag",
  "audit",
  "retention_held_up",
  "disk_filling",
  "condition",
  "watcher_silent",
  "watcher_contradicts",
  "watcher_blind",
];

export function runbookOf({ rule, subject }: Pick<Alert, "rule" | "subject">): string {
  const codes: readonly string[] = CONDITION_CODES;
  if (rule === "condition" && codes.includes(subject)) return `${CONDITIONS}#${subject}`;
  return `${RUNBOOKS}#${EXPLAINED.includes(rule) ? rule : "searches-of-your-own"}`;
}
