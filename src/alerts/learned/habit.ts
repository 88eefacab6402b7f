/**
 * At which hours of the day and on which days of the week something is usually done, and whether it is odd that it is done now: that it
 * so seldom was before would come about by chance once in a thousand times, if all hours, or all days, were alike.
 */

import { HOUR_MS, type HourOfWeek, WEEK_MS } from "./week.ts";

/** Before so much is known nothing is odd. */
const KNOWN_MS = 4 * WEEK_MS;
const UNLIKELY = 1e-3;
/** Hours before and behind one that count as the same time of the day. */
const NEAR = 2;
export const HOURS_OF_DAY = 24;
const DAYS = 7;

/** What is kept of it. */
export type KeptHabit = {
  /** When it was first done; ms since 1970. */
  readonly since: number;
  /** Of each hour of the day, on how many days something was done in it; and on which day last. */
  readonly hours: readonly number[];
  readonly hourDays: readonly number[];
  /** On how many of each day of the week. */
  readonly days: readonly number[];
  readonly lastDay: number;
};

export class Habit {
  readonly #hourOf: HourOfWeek;
  readonly #kept: {
    -readonly [K in keyof KeptHabit]: KeptHabit[K] extends readonly number[] ? number[] : KeptHabit[K];
  };

  constructor(hourOf: HourOfWeek, kept: KeptHabit | { readonly since: number }) {
    this.#hourOf = hourOf;
    this.#kept =
      "hours" in kept
        ? { ...kept, hours: [...kept.hours], hourDays: [...kept.hourDays], days: [...kept.days] }
        : {
            since: kept.since,
            hours: new Array<number>(HOURS_OF_DAY).fill(0),
            hourDays: new Array<number>(HOURS_OF_DAY).fill(0),
            days: new Array<number>(DAYS).fill(0),
            lastDay: 0,
          };
  }

  /** Notes that it was done now. @returns whether that is odd */
  note(now: number): boolean {
    const kept = this.#kept;
    const at = this.#hourOf(now);
    const hour = at % HOURS_OF_DAY;
    const weekday = Math.floor(at / HOURS_OF_DAY);
    // The hour at which this day began, on the clock that people go by.
    const day = Math.floor(now / HOUR_MS) - hour;
    const isOdd = now - kept.since >= KNOWN_MS && (this.#isOddHour(hour, day) || this.#isOddDay(weekday, day, now));
    if (kept.hourDays[hour] !== day) kept.hours[hour] = (kept.hours[hour] as number) + 1;
    kept.hourDays[hour] = day;
    if (kept.lastDay !== day) kept.days[weekday] = (kept.days[weekday] as number) + 1;
    kept.lastDay = day;
    return isOdd;
  }

  kept(): KeptHabit {
    return this.#kept;
  }

  #isOddHour(hour: number, day: number): boolean {
    const { hours, hourDays } = this.#kept;
    const near = Array.from({ length: 2 * NEAR + 1 }, (_, i) => (hour + i - NEAR + HOURS_OF_DAY) % HOURS_OF_DAY);
    // What was done on this day already makes nothing of it usual.
    const before = near.reduce((sum, i) => sum + (hours[i] as number) - (hourDays[i] === day ? 1 : 0), 0);
    const expected = (sumOf(hours) * near.length) / HOURS_OF_DAY;
    return before <= 1 && Math.exp(-expected) * (1 + expected) < UNLIKELY;
  }

  #isOddDay(weekday: number, day: number, now: number): boolean {
    const { days, since, lastDay } = this.#kept;
    const weeks = Math.floor((now - since) / WEEK_MS);
    const before = (days[weekday] as number) - (lastDay === day ? 1 : 0);
    const rate = Math.min(1, sumOf(days) / (DAYS * weeks));
    const never = (1 - rate) ** weeks;
    const once = weeks * rate * (1 - rate) ** (weeks - 1);
    return before <= 1 && never + once < UNLIKELY;
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
