/** More events than should be in a while that a filter finds: bursts of what is denied or fails, and whatever somebody wants to know of. */

import { spellSpan } from "../../clock.ts";
import type { Facts } from "../facts.ts";
import type { Rule, RuleJudgement, Severity, Trouble } from "../rule.ts";

export type EventsFoundSettings = {
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  /** Names of ledgers. */
  readonly ledgers: () => readonly string[];
  /** As a search has it. */
  readonly filter: string;
  readonly withinMs: number;
  readonly atLeast: number;
};

export class EventsFound implements Rule {
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  readonly #settings: EventsFoundSettings;

  constructor(settings: EventsFoundSettings) {
    this.name = settings.name;
    this.title = settings.title;
    this.severity = settings.severity;
    this.#settings = settings;
  }

  async judge({ now, countEvents }: Facts): Promise<RuleJudgement> {
    const { ledgers, filter, withinMs, atLeast } = this.#settings;
    const troubles: Trouble[] = [];
    for (const ledger of ledgers()) {
      const count = await countEvents(ledger, filter, now - withinMs, atLeast);
      if (count === undefined) return "unknown";
      if (count < atLeast) continue;
      const detail = `${count} events of ${ledger} in the last ${spellSpan(withinMs)} are ${filter}; ${atLeast} are worth a look`;
      troubles.push({ subject: ledger, detail });
    }
    return troubles;
  }
}
