/** A key that is revoked or has expired, and is used still: by a sender that was forgotten, whose events are lost, or by somebody who has it wrongly. */

import type { Facts } from "../../facts.ts";
import { HOUR_MS } from "../../learned/week.ts";
import type { Rule, RuleJudgement } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";

export class EndedKeyUsed implements Rule {
  readonly name = "ended_key_used";
  readonly title = "a key that has ended is still used";
  readonly severity = "warning";

  /** It is over an hour after the last use. */
  judge({ now, endedKeys }: Facts): RuleJudgement {
    if (endedKeys === undefined) return "unknown";
    return endedKeys
      .filter(({ lastAt }) => Math.abs(now - lastAt) <= HOUR_MS)
      .map(({ key, source, how, endedAt, count, lastAt }) => {
        const ended = `the key ${key} of ${source} ${how === "revoked" ? "was revoked" : "expired"} at ${spellMoment(endedAt)}`;
        const times = count === 1 ? "once" : `${count} times`;
        return {
          subject: key,
          detail: `${ended} and was used ${times} since the start of the service, last at ${spellMoment(lastAt)}; nothing sent with it is recorded`,
        };
      });
  }
}
