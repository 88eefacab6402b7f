/** What a watcher elsewhere says to be wrong. It holds until the watcher says otherwise: one that fell silent takes nothing back. */

import { isOfHistory } from "../../../watch/word.ts";
import type { Facts } from "../../facts.ts";
import type { Rule, RuleJudgement, Trouble } from "../../rule.ts";

export class WatcherContradicts implements Rule {
  readonly name = "watcher_contradicts";
  readonly title = "a watcher says that something is wrong";
  readonly severity = "critical";

  judge({ watchers }: Facts, isFiring: (subject: string) => boolean): RuleJudgement {
    if (watchers === undefined) return "unknown";
    return watchers.flatMap(({ ledger, name, findings }) =>
      findings.flatMap(({ code, mark, detail }): Trouble[] => {
        const subject = `${ledger}/${name}/${code}`;
        const severity = isOfHistory(code) ? "critical" : "warning";
        if (mark === "bad") return [{ subject, detail: `the watcher ${name} of ${ledger}: ${detail}`, severity }];
        if (!isFiring(subject)) return [];
        return [{ subject, detail: `the watcher ${name} of ${ledger} cannot tell any more: ${detail}`, severity }];
      }),
    );
  }
}
