/** A sender whose own numbers leave some out: what it sent under them is not here. */

import type { Facts } from "../facts.ts";
import { DAY_MS } from "../learned/week.ts";
import type { Rule, RuleJudgement } from "../rule.ts";
import { sourceSubject, spellMoment } from "../spell.ts";

/** What is sent by several connections at once, or again, comes late. */
const LATE_MS = 600_000;

export class SequenceComplete implements Rule {
  readonly name = "sequence_gap";
  readonly title = "numbers of a sender are missing";
  readonly severity = "warning";

  /** It is told for a day, unless what is missing comes. */
  judge({ now, sequences }: Facts): RuleJudgement {
    if (sequences === undefined) return "unknown";
    return sequences.flatMap(({ ledger, source, gaps }) => {
      const told = gaps.filter(({ since }) => now - since > LATE_MS && now - since < DAY_MS);
      const [first] = told;
      if (first === undefined) return [];
      const count = told.reduce((sum, { from, to }) => sum + to - from + 1, 0);
      const which = first.from === first.to ? `${first.from}` : `${first.from} to ${first.to}`;
      const more = told.length === 1 ? "" : ` and ${told.length - 1} more stretches`;
      const detail = `${count} numbers of ${source} did not come, ${which} of ${first.of}${more}, since ${spellMoment(first.since)}; a hundred before had come without a gap`;
      return [{ subject: sourceSubject({ ledger, source }), detail }];
    });
  }
}
