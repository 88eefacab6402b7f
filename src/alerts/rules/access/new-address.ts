/** A key that is used from an address from which it never was. */

import { isRecent } from "../../../clock.ts";
import type { Facts } from "../../facts.ts";
import { DAY_MS } from "../../learned/week.ts";
import type { Rule, RuleJudgement } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";

export class NewAddress implements Rule {
  readonly name = "new_address";
  readonly title = "a key is used from a new address";
  readonly severity = "notice";

  /** It is told for a day: nothing ends it. */
  judge({ now, accesses }: Facts): RuleJudgement {
    if (accesses === undefined) return "unknown";
    return accesses.newAddresses
      .filter(({ at }) => isRecent(at, now, DAY_MS))
      .map(({ key, source, network, at }) => ({
        subject: `${key} from ${network}`,
        detail: `the key ${key} of ${source} was used from ${network} for the first time at ${spellMoment(at)}`,
      }));
  }
}
