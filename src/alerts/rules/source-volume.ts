/** A source from which far more or far less comes in an hour than in the same hour of other weeks. */

import type { Facts } from "../facts.ts";
import { readKept } from "../learned/read-kept.ts";
import { type FarOff, Volume } from "../learned/volume.ts";
import { HOUR_MS, type HourOfWeek } from "../learned/week.ts";
import type { Rule, RuleJudgement, Trouble } from "../rule.ts";
import { sourceSubject, spellMoment } from "../spell.ts";

export class SourceVolume implements Rule {
  readonly name = "source_volume";
  readonly title = "a source sends far more or far less than usual";
  readonly severity = "warning";
  readonly #hourOf: HourOfWeek;
  readonly #volumes = new Map<string, Volume>();
  readonly #keptAt = new Map<string, number>();
  #hour = 0;

  constructor(hourOf: HourOfWeek) {
    this.#hourOf = hourOf;
  }

  judge({ now, sources }: Facts): RuleJudgement {
    if (sources === undefined) return "unknown";
    this.#hour = Math.floor(now / HOUR_MS);
    const troubles: Trouble[] = [];
    for (const each of sources) {
      const subject = sourceSubject(each);
      const volume = this.#volumes.get(subject) ?? new Volume(this.#hourOf, { now, count: each.recorded });
      this.#volumes.set(subject, volume);
      volume.look(now, each.recorded);
      const { farOff } = volume;
      if (farOff !== undefined) troubles.push({ subject, detail: describeFarOff(`${each.source} sent`, farOff) });
    }
    return troubles;
  }

  learned(): readonly (readonly [string, string | undefined])[] {
    const due = [...this.#volumes].filter(([subject]) => this.#keptAt.get(subject) !== this.#hour);
    for (const [subject] of due) this.#keptAt.set(subject, this.#hour);
    return due.map(([subject, volume]) => [subject, JSON.stringify(volume.kept())] as const);
  }

  recall(subject: string, text: string): void {
    const kept = readKept(text, "means");
    if (kept !== undefined) this.#volumes.set(subject, new Volume(this.#hourOf, kept));
  }
}

/** @param what who did what, before the number */
function describeFarOff(what: string, { count, usual, hour }: FarOff): string {
  return `${what} ${count} events in the hour from ${spellMoment(hour * HOUR_MS)}; about ${usual} are usual in that hour`;
}
