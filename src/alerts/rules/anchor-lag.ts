/** A ledger that is not anchored in time, or not at all any more. */

import { spellSpan } from "../../clock.ts";
import type { AnchoringSeen, Facts } from "../facts.ts";
import type { Rule, RuleJudgement, Trouble } from "../rule.ts";

/** So many intervals, and the time that a chain may take, after which an entry should be anchored. */
const INTERVALS = 3;
const CHAIN_MS = 600_000;

export class AnchorLag implements Rule {
  readonly name = "anchor_lag";
  readonly title = "a ledger is not anchored in time";
  readonly severity = "warning";

  judge({ anchoring }: Facts): RuleJudgement {
    return anchoring === undefined ? "unknown" : anchoring.flatMap(troubleOf);
  }
}

/** How long the oldest entry may wait where one is anchored at the latest after an interval. */
export function anchorLagMaxMs(intervalMs: number): number {
  return INTERVALS * intervalMs + CHAIN_MS;
}

function troubleOf({ chain, ledger, oldestUnanchoredS, intervalMs, halted }: AnchoringSeen): Trouble[] {
  const subject = `${ledger} on ${chain}`;
  if (halted !== undefined)
    return [{ subject, detail: `anchoring of ${subject} has halted: ${halted}`, severity: "critical" }];
  const lagMs = oldestUnanchoredS * 1000;
  if (lagMs <= anchorLagMaxMs(intervalMs)) return [];
  const detail = `the oldest entry of ${ledger} that is not anchored on ${chain} waits for ${spellSpan(lagMs)}, promised: ${spellSpan(intervalMs)}`;
  return [{ subject, detail }];
}
