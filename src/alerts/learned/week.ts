/** Hours of a week as people live them: what is usual on a Monday at nine is looked for on Mondays at nine. */

export const HOURS_OF_WEEK = 168;
export const SLOT_MS = 300_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

/** Place of a moment in its week, 0 to 167; Sunday at midnight is 0. */
export type HourOfWeek = (at: number) => number;

/**
 * By the clock on the wall of this machine (`TZ`), since office hours move with it and not with UTC.
 * @param at milliseconds since 1970
 */
export function localHourOfWeek(at: number): number {
  const date = new Date(at);
  return date.getDay() * 24 + date.getHours();
}
