/**
 * How often each rule of a ledger was not kept since the start, in memory: what native senders were refused, what of foreign ones
 * was quarantined. For whoever changes a rule; what lasts is in the events and in the counts of their sources.
 */

import type { RuleName } from "../../entry/event-error.ts";
import type { Hex } from "../../merkle/bytes.ts";

/** What was told of one rule; times in milliseconds since 1970. */
export type ViolationFacts = RuleName & {
  /** Requests that were refused. */
  readonly refused: number;
  /** Events that were recorded as quarantined. */
  readonly quarantined: number;
  readonly lastAt: number;
  readonly lastSource: string;
};

export type ViolationCount = { readonly refused?: number; readonly quarantined?: number };

/** Of one ledger: more rules than it may have at a time, since rules are changed. */
const RULES_MAX = 512;

export class ViolationCounts {
  readonly #now: () => number;
  readonly #byLedger = new Map<Hex, Map<string, ViolationFacts>>();
  /** Since when is counted. */
  readonly since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.since = now();
  }

  count(ledgerId: Hex, rule: RuleName, source: string, { refused = 0, quarantined = 0 }: ViolationCount): void {
    const counts = this.#byLedger.get(ledgerId) ?? new Map<string, ViolationFacts>();
    this.#byLedger.set(ledgerId, counts);
    const key = JSON.stringify([rule.requirement, rule.schema]);
    const before = counts.get(key);
    // What was counted last stands last, so that what is dropped is what nobody broke for longest.
    counts.delete(key);
    const [oldest] = counts.keys();
    if (counts.size >= RULES_MAX && oldest !== undefined) counts.delete(oldest);
    counts.set(key, {
      ...rule,
      refused: (before?.refused ?? 0) + refused,
      quarantined: (before?.quarantined ?? 0) + quarantined,
      lastAt: this.#now(),
      lastSource: source,
    });
  }

  /** The rules that were not kept, the last of them first. */
  list(ledgerId: Hex): ViolationFacts[] {
    return [...(this.#byLedger.get(ledgerId)?.values() ?? [])].reverse();
  }
}
