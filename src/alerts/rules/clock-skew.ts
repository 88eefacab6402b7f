/** A source whose clock is far off: its events cannot be ordered by the times that they say. */

import { spellSpan } from "../../clock.ts";
import type { Facts } from "../facts.ts";
import type { Rule, RuleJudgement } from "../rule.ts";
import { sourceSubject } from "../spell.ts";

/** What is waiting in a spool for some minutes is no wrong clock. */
const BEHIND_MS = 3_600_000;
const AHEAD_MS = 60_000;

export class ClockSkew implements Rule {
  readonly name = "clock_skew";
  readonly title = "the clock of a source is off";
  readonly severity = "notice";

  judge({ sources }: Facts): RuleJudgement {
    if (sources === undefined) return "unknown";
    return sources.flatMap(({ ledger, source, skewMs = 0 }) => {
      if (skewMs <= BEHIND_MS && skewMs >= -AHEAD_MS) return [];
      const side = skewMs > 0 ? "in the past" : "in the future";
      const detail = `the newest event from ${source} says a time ${spellSpan(Math.abs(skewMs))} ${side}`;
      return [{ subject: sourceSubject({ ledger, source }), detail }];
    });
  }
}
