/** A source of whose events many cannot be understood: they are kept whole, but searches by what they say do not find them. */

import type { Facts } from "../facts.ts";
import { LastHour } from "../last-hour.ts";
import type { Rule, RuleJudgement } from "../rule.ts";
import { sourceSubject } from "../spell.ts";

const SHARE = 0.05;
/** Fewer in an hour say nothing. */
const COUNT_MIN = 10;

export class QuarantineRate implements Rule {
  readonly name = "quarantine_rate";
  readonly title = "many events of a source are quarantined";
  readonly severity = "warning";
  readonly #recorded = new LastHour();
  readonly #quarantined = new LastHour();

  judge({ now, sources }: Facts): RuleJudgement {
    if (sources === undefined) return "unknown";
    for (const counts of [this.#recorded, this.#quarantined]) counts.look(now);
    return sources.flatMap((each) => {
      const subject = sourceSubject(each);
      const recorded = this.#recorded.grown(subject, now, each.recorded);
      const quarantined = this.#quarantined.grown(subject, now, each.quarantined);
      if (quarantined < COUNT_MIN || quarantined < SHARE * recorded) return [];
      const detail = `${quarantined} of the ${recorded} events that ${each.source} sent in the last hour are not understood and quarantined`;
      return [{ subject, detail }];
    });
  }
}
