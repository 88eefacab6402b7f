/**
 * How much usually comes in an hour, learned for each hour of the week, and whether an hour is far off. Counts are compared by their
 * logarithms: ten times as much is as far off as a tenth, whatever the source is like.
 */

import { HOUR_MS, HOURS_OF_WEEK, type HourOfWeek } from "./week.ts";

/** Weeks that an hour of the week has to be known from. */
const WEEKS_MIN = 3;
/** Newer weeks weigh more: a quarter of what is known is last week's. */
const FADE = 0.25;
/** Standard deviations, of which each hour has at least what a factor of 1.4 makes. */
const FAR = 6;
const DEVIATION_MIN = 0.35;
/** Fewer than these, expected and there, are never far off. */
const COUNT_MIN = 100;
/** Before three weeks are known: so many times what ever came in an hour, and at least so much. */
const EVER_FACTOR = 20;
const EVER_MIN = 1000;
/** Those of a long weekend: what comes on the first day of work behind it is no surprise. */
const EVER_HOURS = 96;

/** What is kept of it; `hour` counts from 1970. */
export type KeptVolume = {
  readonly hour: number;
  readonly atHour: number;
  /** Of each hour of the week: mean and variance of ln(1 + count), and of how many weeks. */
  readonly means: readonly number[];
  readonly variances: readonly number[];
  readonly weeks: readonly number[];
  readonly most: number;
  /** The most in an hour that was not far off. */
  readonly mostUsual?: number;
  readonly hours: number;
};

/** An hour that was far off. */
export type FarOff = { readonly count: number; readonly usual: number; readonly hour: number };

export class Volume {
  readonly #hourOf: HourOfWeek;
  readonly #overMost: number;
  #kept: { -readonly [K in keyof KeptVolume]: KeptVolume[K] extends readonly number[] ? number[] : KeptVolume[K] };
  #farOff: FarOff | undefined;

  /**
   * @param kept what was remembered, or how many had come until the moment at which counting begins
   * @param overMost so many times the most of any usual hour has to come besides, where something comes now and then at any hour
   */
  constructor(hourOf: HourOfWeek, kept: KeptVolume | { readonly now: number; readonly count: number }, overMost = 0) {
    this.#hourOf = hourOf;
    this.#overMost = overMost;
    const zeros = () => new Array<number>(HOURS_OF_WEEK).fill(0);
    this.#kept =
      "means" in kept
        ? { ...kept, means: [...kept.means], variances: [...kept.variances], weeks: [...kept.weeks] }
        : {
            // The hour that is under way is not whole.
            hour: Math.floor(kept.now / HOUR_MS) + 1,
            atHour: kept.count,
            means: zeros(),
            variances: zeros(),
            weeks: zeros(),
            most: 0,
            hours: 0,
          };
  }

  /** Looks at how many came in all; an hour is judged and learned when it is over. */
  look(now: number, count: number): void {
    const kept = this.#kept;
    const hour = Math.floor(now / HOUR_MS);
    if (hour < kept.hour) {
      // Further behind than that is a clock that was ahead: what it said would not come for long.
      kept.hour = Math.min(kept.hour, hour + 1);
      kept.atHour = count;
      return;
    }
    if (hour === kept.hour) return;
    // An hour that nobody saw end is neither judged nor learned, nor is what came after it.
    if (hour === kept.hour + 1) this.#close(kept.hour, Math.max(0, count - kept.atHour));
    kept.hour = hour;
    kept.atHour = count;
  }

  /** The last whole hour, where it was far off. */
  get farOff(): FarOff | undefined {
    return this.#farOff;
  }

  kept(): KeptVolume {
    const { means, variances, ...rest } = this.#kept;
    const rounded = (each: number) => Math.round(each * 1e4) / 1e4;
    return { ...rest, means: means.map(rounded), variances: variances.map(rounded) };
  }

  #close(hour: number, count: number): void {
    const kept = this.#kept;
    const at = this.#hourOf(hour * HOUR_MS);
    const size = Math.log1p(count);
    const weeks = kept.weeks[at] as number;
    const mean = kept.means[at] as number;
    const usual = Math.round(Math.expm1(mean));
    const isKnown = weeks >= WEEKS_MIN;
    const deviation = Math.max(DEVIATION_MIN, Math.sqrt(kept.variances[at] as number));
    const { mostUsual = kept.most } = kept;
    const byHours =
      Math.abs(size - mean) > FAR * deviation &&
      Math.max(count, usual) >= COUNT_MIN &&
      (this.#overMost === 0 || count > this.#overMost * mostUsual);
    const byMost = (most: number): boolean =>
      kept.hours >= EVER_HOURS && count >= EVER_MIN && count > EVER_FACTOR * most;
    // Hours that are sometimes empty and sometimes not vary so much that nothing is far off by them.
    const isFar = isKnown ? byHours || (this.#overMost > 0 && byMost(mostUsual)) : byMost(kept.most);
    this.#farOff = isFar ? { count, usual: isKnown ? usual : kept.most, hour } : undefined;
    const weight = weeks === 0 ? 1 : Math.max(FADE, 1 / (weeks + 1));
    const off = size - mean;
    kept.means[at] = mean + weight * off;
    kept.variances[at] = (1 - weight) * ((kept.variances[at] as number) + weight * off * off);
    kept.weeks[at] = weeks + 1;
    kept.most = Math.max(kept.most, count);
    kept.mostUsual = isFar ? mostUsual : Math.max(mostUsual, count);
    kept.hours++;
  }
}
