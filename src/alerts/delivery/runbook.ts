/** Where it stands what an alert means and what to do about it: the project's documentation, as a path with an anchor. */

const RUNBOOKS = "docs/alerts.md";

/** Rules that have a section of their own there; the others are searches that somebody set. */
export const EXPLAINED: readonly string[] = [
  "source_silent",
  "source_volume",
  "quarantine_rate",
  "clock_skew",
  "idempotency_conflict",
  "intents_open",
  "denied_burst",
  "failed_burst",
  "anchor_lag",
  "disk_filling",
  "condition",
];

export function runbookOf(rule: string): string {
  return `${RUNBOOKS}#${EXPLAINED.includes(rule) ? rule : "searches-of-your-own"}`;
}
