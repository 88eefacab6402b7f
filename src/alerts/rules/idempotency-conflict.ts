/** A source that sends another event under an id that it used before: one of the two is not recorded. */

import type { Facts } from "../facts.ts";
import { HOUR_MS } from "../learned/week.ts";
import type { Rule, RuleJudgement } from "../rule.ts";
import { sourceSubject, spellMoment } from "../spell.ts";

export class IdempotencyConflict implements Rule {
  readonly name = "idempotency_conflict";
  readonly title = "a source uses an id twice";
  readonly severity = "warning";

  judge({ now, sources }: Facts): RuleJudgement {
    if (sources === undefined) return "unknown";
    return sources.flatMap(({ ledger, source, lastRefused }) => {
      if (lastRefused?.code !== "idempotency_conflict" || Math.abs(now - lastRefused.at) > HOUR_MS) return [];
      const when = spellMoment(lastRefused.at);
      const detail = `at ${when} ${source} sent another event under an id that it had used before, and it was refused`;
      return [{ subject: sourceSubject({ ledger, source }), detail }];
    });
  }
}
