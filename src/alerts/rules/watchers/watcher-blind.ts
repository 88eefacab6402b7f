/** A watcher that is heard and has not been able to tell for long: what it looks at is looked at by nobody. */

import { spellSpan } from "../../../clock.ts";
import type { Facts } from "../../facts.ts";
import type { Rule, RuleJudgement, Trouble } from "../../rule.ts";

/** As long as an anchor may take by what watchers expect. */
const BLIND_MS = 10_800_000;

export class WatcherBlind implements Rule {
  readonly name = "watcher_blind";
  readonly title = "a watcher cannot tell";
  readonly severity = "warning";

  judge({ now, watchers }: Facts): RuleJudgement {
    if (watchers === undefined) return "unknown";
    return watchers.flatMap(({ ledger, name, unknownSince = now, findings }): Trouble[] => {
      if (now - unknownSince < BLIND_MS) return [];
      const what = findings.map(({ code, detail }) => `${code}: ${detail}`).join("; ");
      const detail = `the watcher ${name} of ${ledger} has not been able to tell for ${spellSpan(now - unknownSince)}: ${what}`;
      return [{ subject: `${ledger}/${name}`, detail }];
    });
  }
}
