/** A watcher of which nothing is heard any more, or never was: it is the one who looks from outside. */

import { isRecent, spellSpan } from "../../../clock.ts";
import type { Facts, WatcherSeen } from "../../facts.ts";
import type { Rule, RuleJudgement, Trouble } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";
import { silentAfterMs } from "../../watchers/watcher-book.ts";

export class WatcherSilent implements Rule {
  readonly name = "watcher_silent";
  readonly title = "a watcher is silent";
  readonly severity = "warning";

  judge({ now, watchers }: Facts, isFiring: (subject: string) => boolean): RuleJudgement {
    if (watchers === undefined) return "unknown";
    return watchers.flatMap((watcher): Trouble[] => {
      const { ledger, name, state, countsFrom } = watcher;
      if (state !== "silent" && state !== "never_heard") return [];
      const subject = `${ledger}/${name}`;
      // A start of the service ends no silence, and begins none.
      if (!isFiring(subject) && isRecent(countsFrom, now, silentAfterMs(watcher))) return [];
      return [{ subject, detail: described(watcher) }];
    });
  }
}

function described({ ledger, name, lastAt, everyMs }: WatcherSeen): string {
  const since = lastAt === undefined ? "was never heard" : `was heard last at ${spellMoment(lastAt)}`;
  return `the watcher ${name} of ${ledger} ${since}; it should be every ${spellSpan(everyMs)}`;
}
