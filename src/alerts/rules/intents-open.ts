/** Actions that were announced, and of which nobody recorded how they ended. */

import type { Facts } from "../facts.ts";
import type { Rule, RuleJudgement } from "../rule.ts";
import { spellMoment } from "../spell.ts";

export class IntentsOpen implements Rule {
  readonly name = "intents_open";
  readonly title = "an intent has no result";
  readonly severity = "warning";

  judge({ intents }: Facts): RuleJudgement {
    if (intents === undefined) return "unknown";
    return intents
      .filter(({ count }) => count > 0)
      .map(({ ledger, count, oldestAt }) => {
        const what = count === 1 ? "1 intent has no result" : `${count} intents have no result`;
        return { subject: ledger, detail: `${what} in ${ledger}, the oldest since ${spellMoment(oldestAt)}` };
      });
  }
}
