/** What a retention policy lets go, and that stays: somebody promised that it would not be kept. What is held by a legal hold stays rightly. */

import { spellSpan } from "../../../clock.ts";
import type { Facts, PruningSeen } from "../../facts.ts";
import { DAY_MS, HOUR_MS } from "../../learned/week.ts";
import type { Rule, RuleJudgement } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";

/** A place for archives may be away for so long. */
const FAILING_MS = HOUR_MS;
/** Anchors may be late by so much; that they are is told by a rule of its own before. */
const UNANCHORED_MS = DAY_MS;

export class RetentionHeldUp implements Rule {
  readonly name = "retention_held_up";
  readonly title = "what should be gone is kept";
  readonly severity = "warning";

  judge({ now, pruning }: Facts): RuleJudgement {
    if (pruning === undefined) return "unknown";
    return pruning.flatMap((each) => {
      const why = whyHeldUp(each, now);
      return why === undefined
        ? []
        : [{ subject: each.ledger, detail: `retention of ${each.ledger} does not get on: ${why}` }];
    });
  }
}

function whyHeldUp({ failing, lacksArchive, unanchoredSince }: PruningSeen, now: number): string | undefined {
  if (lacksArchive)
    return 'the policy has rules that archive first, and the configuration has no place for archives; set "archive"';
  if (failing !== undefined && now - failing.since > FAILING_MS)
    return `for ${spellSpan(now - failing.since)} it has failed, last with: ${failing.failure}`;
  if (unanchoredSince !== undefined && now - unanchoredSince > UNANCHORED_MS)
    return `since ${spellMoment(unanchoredSince)} something is due that is not final on every chain`;
  return undefined;
}
