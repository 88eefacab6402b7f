/**
 * When something usually comes from a source, learned from when it came, and how unusual it is that nothing comes now. For each hour of
 * the week there is the probability that something comes within five minutes; that a source is quiet for some time by chance is
 * the product of what is left of them. Beside it the longest pauses of the last weeks are remembered.
 *
 * What nobody looked at is no silence: while the service was away, nothing is learned and nothing counts.
 * Why these two and no mean of pauses: docs/decisions/0230.
 */

import { DAY_MS, HOURS_OF_WEEK, type HourOfWeek, SLOT_MS, WEEK_MS } from "./week.ts";

/** Slots of an hour of the week that have to be seen before it says anything: those of three weeks. */
const SEEN_MIN = 36;
/** By chance a source is quiet so long once in so many times. */
const UNLIKELY = Math.log(1e-4);
const LONGEST_FACTOR = 1.5;
/** Nothing shorter is a silence, however steady a source is. */
const QUIET_MIN_MS = 15 * 60_000;
/** Until three weeks are known no pause is unusual that a long weekend makes. */
const LEARNING_MS = 3 * WEEK_MS;
const LEARNING_QUIET_MS = 4 * DAY_MS;
/** From a source that came in nearly every slot of a whole week, as soon as that week is over. */
const STEADY = 0.99;
const STEADY_QUIET_MS = 30 * 60_000;
/** Longer between two looks, and what lies between was not looked at. */
const LOOKED_MS = 2 * SLOT_MS;
const WEEKS = 4;
const SLOTS_OF_HOUR = 12;

/** What is kept of it; times in milliseconds since 1970. */
export type KeptPresence = {
  /** The first slot that was looked at. */
  readonly since: number;
  /** Of each hour of the week, how often something came, 0 to 1, and in how many slots that was looked for. */
  readonly came: readonly number[];
  readonly looked: readonly number[];
  /** The longest pauses of the last weeks, the present one last. */
  readonly pauses: readonly number[];
  readonly week: number;
  readonly lastLook: number;
  readonly lastCame: number;
  /** Logarithm of the probability of the present silence. */
  readonly quiet: number;
  /** How much of the present silence nobody looked at. */
  readonly unseenMs: number;
};

/** Why a silence is one; `usual` in milliseconds, where a pause is compared. */
export type Silence = {
  readonly quietMs: number;
  readonly by: "hours" | "pauses" | "steady" | "expected";
  readonly usualMs?: number;
};

export class Presence {
  readonly #hourOf: HourOfWeek;
  #since: number;
  readonly #came: number[];
  readonly #looked: number[];
  #pauses: number[];
  #week: number;
  #lastLook: number;
  #lastCame: number;
  #quiet: number;
  #unseenMs: number;

  /** @param kept what was remembered, or since when the source is looked at, and when something last came from it */
  constructor(hourOf: HourOfWeek, kept: KeptPresence | { readonly since: number; readonly lastCame: number }) {
    this.#hourOf = hourOf;
    const all: KeptPresence =
      "came" in kept
        ? kept
        : {
            ...kept,
            came: new Array<number>(HOURS_OF_WEEK).fill(0),
            looked: new Array<number>(HOURS_OF_WEEK).fill(0),
            pauses: [0],
            week: weekOf(kept.since),
            lastLook: kept.since,
            quiet: 0,
            unseenMs: Math.max(0, kept.since - kept.lastCame),
          };
    this.#since = all.since;
    this.#came = [...all.came];
    this.#looked = [...all.looked];
    this.#pauses = [...all.pauses];
    this.#week = all.week;
    this.#lastLook = all.lastLook;
    this.#lastCame = all.lastCame;
    this.#quiet = all.quiet;
    this.#unseenMs = all.unseenMs;
  }

  /**
   * Looks at the source: what came since the last look, or that nothing did.
   * @param lastCame when something last came
   * @param mayLearn whether a silence that ends now was usual; not when somebody was told of it
   */
  look(now: number, lastCame: number, mayLearn: boolean): void {
    if (now < this.#lastLook - LOOKED_MS) this.#putBack(now);
    if (now <= this.#lastLook) return;
    // What is yet to come was seen by a clock that was ahead.
    const hasCome = lastCame > this.#lastCame && lastCame <= now;
    const isSeen = now - this.#lastLook <= LOOKED_MS;
    // Weeks that nobody looked at are none of the last ones, whose pauses are remembered.
    if (!isSeen) this.#week += weekOf(now) - weekOf(this.#lastLook);
    if (hasCome) {
      if (isSeen) this.#learn(lastCame, mayLearn && this.#unseenMs === 0);
      this.#lastCame = lastCame;
      this.#quiet = 0;
      this.#unseenMs = 0;
    } else if (!isSeen) this.#unseenMs += now - this.#lastLook;
    if (isSeen) this.#countQuiet(now);
    this.#lastLook = now;
  }

  /** The clock was ahead, and was put right: what it said of the present silence was not looked at, and does not count. */
  #putBack(now: number): void {
    this.#lastLook = now;
    this.#lastCame = Math.min(this.#lastCame, now);
    this.#unseenMs = now - this.#lastCame;
    this.#quiet = 0;
    this.#week = weekOf(now);
    this.#since = Math.min(this.#since, now);
  }

  /** Whether it is silent now, in the sense of what was learned; a time that somebody set goes first. */
  silence(expectedMs?: number): Silence | undefined {
    const quietMs = this.#lastLook - this.#lastCame - this.#unseenMs;
    if (expectedMs !== undefined) {
      return quietMs > expectedMs ? { quietMs, by: "expected", usualMs: expectedMs } : undefined;
    }
    if (quietMs < QUIET_MIN_MS) return undefined;
    if (this.#quiet < UNLIKELY) return { quietMs, by: "hours" };
    const longest = Math.max(...this.#pauses);
    const usualMs = Math.max(LONGEST_FACTOR * longest, this.isLearning ? LEARNING_QUIET_MS : QUIET_MIN_MS);
    if (quietMs > usualMs) return { quietMs, by: "pauses", usualMs };
    if (this.#isSteady && quietMs > STEADY_QUIET_MS) return { quietMs, by: "steady", usualMs: STEADY_QUIET_MS };
    return undefined;
  }

  /** Whether less than three weeks are known of it. */
  get isLearning(): boolean {
    return this.#lastLook - this.#since < LEARNING_MS;
  }

  kept(): KeptPresence {
    return {
      since: this.#since,
      came: this.#came.map((each) => Math.round(each * 1e4) / 1e4),
      looked: [...this.#looked],
      pauses: [...this.#pauses],
      week: this.#week,
      lastLook: this.#lastLook,
      lastCame: this.#lastCame,
      quiet: Math.round(this.#quiet * 1e4) / 1e4,
      unseenMs: this.#unseenMs,
    };
  }

  get #isSteady(): boolean {
    return this.#looked.every((slots, hour) => slots >= SLOTS_OF_HOUR && (this.#came[hour] as number) >= STEADY);
  }

  /** What came, and the pause before it: nothing is learned of a pause as long as it lasts, so that no outage becomes usual. */
  #learn(lastCame: number, wasUsual: boolean): void {
    for (const week = weekOf(lastCame); this.#week < week; this.#week++) {
      this.#pauses = [...this.#pauses, 0].slice(-WEEKS);
    }
    const longest = this.#pauses.at(-1) as number;
    if (wasUsual) this.#pauses[this.#pauses.length - 1] = Math.max(longest, lastCame - this.#lastCame);
    const before = slotOf(this.#lastCame);
    const slot = slotOf(lastCame);
    if (slot === before) return;
    if (wasUsual) for (let empty = before + 1; empty < slot; empty++) this.#learnSlot(empty, 0);
    this.#learnSlot(slot, 1);
  }

  /** The mean of the first three weeks; from then on what is older fades. */
  #learnSlot(slot: number, came: number): void {
    const hour = this.#hourOf(slot * SLOT_MS);
    const looked = Math.min((this.#looked[hour] as number) + 1, SEEN_MIN);
    const before = this.#came[hour] as number;
    this.#looked[hour] = looked;
    this.#came[hour] = before + (came - before) / looked;
  }

  /** Slots that ended since the last look and have nothing: how likely is that. */
  #countQuiet(now: number): void {
    for (let slot = slotOf(this.#lastLook); (slot + 1) * SLOT_MS <= now; slot++) {
      if (slot > slotOf(this.#lastCame)) this.#quiet += this.#oddsOfNothing(this.#hourOf(slot * SLOT_MS));
    }
  }

  /**
   * Logarithm of the probability that a slot of this hour has nothing; 0 where too little is known. Something always came is no more
   * than the rule of succession makes of it: 37 in 38 after 36 slots.
   */
  #oddsOfNothing(hour: number): number {
    const looked = this.#looked[hour] as number;
    if (looked < SEEN_MIN) return 0;
    const surest = (looked + 1) / (looked + 2);
    return Math.log(1 - Math.min(this.#came[hour] as number, surest));
  }
}

function slotOf(at: number): number {
  return Math.floor(at / SLOT_MS);
}

function weekOf(at: number): number {
  return Math.floor(at / WEEK_MS);
}
