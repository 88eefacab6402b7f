/** A source from which nothing comes, though something usually would, or somebody expects it to. */

import { spellSpan } from "../../clock.ts";
import type { Facts, SourceSeen } from "../facts.ts";
import { Presence, type Silence } from "../learned/presence.ts";
import { readKept } from "../learned/read-kept.ts";
import type { HourOfWeek } from "../learned/week.ts";
import type { Rule, RuleJudgement, Trouble } from "../rule.ts";
import { sourceSubject, spellMoment } from "../spell.ts";

/** What is learned is written down so often. */
const KEEP_MS = 300_000;

/** By name of a source: the longest pause that is all right, in milliseconds; "off" for one that may be silent. */
export type ExpectedPauses = Readonly<Record<string, number | "off">>;

type Watched = { readonly presence: Presence; keptAt: number };

export class SourceSilent implements Rule {
  readonly name = "source_silent";
  readonly title = "a source is silent";
  readonly severity = "warning";
  readonly #hourOf: HourOfWeek;
  readonly #expected: ReadonlyMap<string, number | "off">;
  readonly #watched = new Map<string, Watched>();
  #now = 0;

  constructor(hourOf: HourOfWeek, expected: ExpectedPauses = {}) {
    this.#hourOf = hourOf;
    this.#expected = new Map(Object.entries(expected));
  }

  judge({ now, sources }: Facts, isFiring: (subject: string) => boolean): RuleJudgement {
    if (sources === undefined) return "unknown";
    this.#now = now;
    const troubles: Trouble[] = [];
    for (const each of sources) {
      if (each.lastSeen === undefined || this.#expected.get(each.source) === "off") continue;
      const subject = sourceSubject(each);
      const { presence } = this.#of(subject, now, each.lastSeen);
      presence.look(now, each.lastSeen, !isFiring(subject));
      const expected = this.#expected.get(each.source);
      const silence = presence.silence(expected === "off" ? undefined : expected);
      if (silence !== undefined) troubles.push({ subject, detail: describe(each, silence) });
    }
    return troubles;
  }

  learned(): readonly (readonly [string, string | undefined])[] {
    const due = [...this.#watched].filter(([, { keptAt }]) => Math.abs(this.#now - keptAt) >= KEEP_MS);
    for (const [, each] of due) each.keptAt = this.#now;
    return due.map(([subject, { presence }]) => [subject, JSON.stringify(presence.kept())] as const);
  }

  recall(subject: string, text: string): void {
    const kept = readKept(text, "came");
    if (kept !== undefined) this.#watched.set(subject, { presence: new Presence(this.#hourOf, kept), keptAt: 0 });
  }

  #of(subject: string, now: number, lastCame: number): Watched {
    const found = this.#watched.get(subject) ?? {
      presence: new Presence(this.#hourOf, { since: now, lastCame: Math.min(now, lastCame) }),
      keptAt: 0,
    };
    this.#watched.set(subject, found);
    return found;
  }
}

const WHY: Readonly<Record<Silence["by"], (usualMs: number) => string>> = {
  hours: () => "at this hour of the week something nearly always comes",
  pauses: (usualMs) => `no pause of the last weeks was as long: ${spellSpan(usualMs)} would be unusual`,
  steady: () => "it never paused for five minutes in a whole week",
  expected: (usualMs) => `something is expected at least every ${spellSpan(usualMs)}`,
};

function describe({ ledger, source, lastSeen = 0 }: SourceSeen, { quietMs, by, usualMs = 0 }: Silence): string {
  const last = `nothing has come from ${source} to ${ledger} since ${spellMoment(lastSeen)}`;
  return `${last}, for ${spellSpan(quietMs)} while it was looked at; ${WHY[by](usualMs)}`;
}
