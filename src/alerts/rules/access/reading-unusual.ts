/** A key with which far more is read or exported than usual, or at a time at which it hardly ever was. */

import { readJson } from "../../../json/read.ts";
import type { Facts, ReadingSeen } from "../../facts.ts";
import { Habit, HOURS_OF_DAY, type KeptHabit } from "../../learned/habit.ts";
import { type FarOff, type KeptVolume, Volume } from "../../learned/volume.ts";
import { HOUR_MS, HOURS_OF_WEEK, type HourOfWeek } from "../../learned/week.ts";
import type { Rule, RuleJudgement, Trouble, TurnedOff } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";
import { ACCESSES_OFF } from "./accesses-off.ts";

/** What is counted of a key. */
const COUNTED = ["accesses", "exported"] as const;
type Counted = (typeof COUNTED)[number];

/** People read and export now and then, at any hour: so many times the most that is usual in an hour is much. */
const OVER_MOST = 3;
const DID: Readonly<Record<Counted, string>> = {
  accesses: "requests read or looked for something",
  exported: "events were exported",
};

/** Counts begin anew with each start of the service, and sums do not. */
type Sum = { readonly volume: Volume; total: number; seen: number };

type Known = {
  readonly sums: Readonly<Record<Counted, Sum>>;
  readonly habit: Habit;
  oddAt: number | undefined;
  keptAt: number;
};

type KeptReading = {
  readonly volumes: Readonly<Record<Counted, KeptVolume>>;
  readonly totals: Readonly<Record<Counted, number>>;
  readonly habit: KeptHabit;
};

export class ReadingUnusual implements Rule {
  readonly name = "reading_unusual";
  readonly title = "a key reads or exports far more than usual, or at an odd hour";
  readonly severity = "warning";
  readonly #hourOf: HourOfWeek;
  readonly #known = new Map<string, Known>();
  #hour = 0;

  constructor(hourOf: HourOfWeek) {
    this.#hourOf = hourOf;
  }

  judge({ now, accesses }: Facts): RuleJudgement | TurnedOff {
    if (accesses === undefined) return "unknown";
    if (accesses === "off") return ACCESSES_OFF;
    this.#hour = Math.floor(now / HOUR_MS);
    for (const { key } of accesses.reading) if (!this.#known.has(key)) this.#known.set(key, this.#begin(now));
    return [...this.#known].flatMap(([key, known]): Trouble[] => {
      const seen = accesses.reading.find((each) => each.key === key);
      const grown = COUNTED.map((what) => this.#look(known.sums[what], now, seen?.[what] ?? 0));
      if (grown.some((by) => by > 0) && known.habit.note(now)) known.oddAt = now;
      if (known.oddAt !== undefined && Math.abs(now - known.oddAt) > HOUR_MS) known.oddAt = undefined;
      return troubleOf(seen ?? { key, source: "" }, known);
    });
  }

  learned(): readonly (readonly [string, string | undefined])[] {
    const due = [...this.#known].filter(([, { keptAt }]) => keptAt !== this.#hour);
    for (const [, known] of due) known.keptAt = this.#hour;
    return due.map(([key, { sums, habit }]) => {
      const volumes = { accesses: sums.accesses.volume.kept(), exported: sums.exported.volume.kept() };
      const totals = { accesses: sums.accesses.total, exported: sums.exported.total };
      return [key, JSON.stringify({ volumes, totals, habit: habit.kept() } satisfies KeptReading)] as const;
    });
  }

  recall(key: string, text: string): void {
    const kept = readKeptReading(text);
    if (kept === undefined) return;
    const sumOf = (what: Counted): Sum => ({
      volume: new Volume(this.#hourOf, kept.volumes[what], OVER_MOST),
      total: kept.totals[what],
      seen: 0,
    });
    const sums = { accesses: sumOf("accesses"), exported: sumOf("exported") };
    this.#known.set(key, { sums, habit: new Habit(this.#hourOf, kept.habit), oddAt: undefined, keptAt: this.#hour });
  }

  #begin(now: number): Known {
    const sum = (): Sum => ({ volume: new Volume(this.#hourOf, { now, count: 0 }, OVER_MOST), total: 0, seen: 0 });
    const sums = { accesses: sum(), exported: sum() };
    return { sums, habit: new Habit(this.#hourOf, { since: now }), oddAt: undefined, keptAt: 0 };
  }

  /** @returns by how much it grew since the last look */
  #look(sum: Sum, now: number, count: number): number {
    const grown = Math.max(0, count - sum.seen);
    sum.seen = count;
    sum.total += grown;
    sum.volume.look(now, sum.total);
    return grown;
  }
}

/** Less than usual harms nobody. */
function troubleOf({ key, source }: Pick<ReadingSeen, "key" | "source">, { sums, oddAt }: Known): Trouble[] {
  const whose = source === "" ? `the key ${key}` : `the key ${key} of ${source}`;
  for (const what of COUNTED) {
    const { farOff } = sums[what].volume;
    if (farOff !== undefined && farOff.count > farOff.usual)
      return [{ subject: key, detail: `with ${whose} ${describe(what, farOff)}` }];
  }
  if (oddAt === undefined) return [];
  const detail = `with ${whose} something was read at ${spellMoment(oddAt)}, a time of the day or week at which it hardly ever was`;
  return [{ subject: key, detail, severity: "notice" }];
}

function describe(what: Counted, { count, usual, hour }: FarOff): string {
  return `${count} ${DID[what]} in the hour from ${spellMoment(hour * HOUR_MS)}; about ${usual} are usual in that hour`;
}

/** @returns undefined when the text is something else */
function readKeptReading(text: string): KeptReading | undefined {
  try {
    const { volumes, totals, habit } = readJson(text) as KeptReading;
    const areVolumes = COUNTED.every((what) => volumes[what].means.length === HOURS_OF_WEEK && totals[what] >= 0);
    return areVolumes && habit.hours.length === HOURS_OF_DAY ? { volumes, totals, habit } : undefined;
  } catch {
    return undefined;
  }
}
