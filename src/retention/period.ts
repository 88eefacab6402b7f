/**
 * Periods as laws have them, in years and months of the calendar: ISO 8601-1:2019 §5.5.2 without fractions, such as P6Y, P3M or
 * P1Y6M; PT30S is for trying things out. Counted in UTC; a day that a month does not have is the last one that it has.
 */

export type Period = {
  readonly months: number;
  /** What has the same length everywhere: weeks, days and less. */
  readonly ms: number;
};

export const PERIOD_RULE = "a period of ISO 8601 up to 1000 years, such as P6Y, P12M, P90D or PT36H";

const FORM = /^P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const LENGTH_MAX = 40;
const DAY_MS = 86_400_000;
const MONTHS_MAX = 12_000;
const MS_MAX = 365_250 * DAY_MS;
/** Of some months on end, by how much they may differ from so many average ones; a February makes three days. */
const MONTH_MS = (365.2425 / 12) * DAY_MS;
const SLACK_MS = 4 * DAY_MS;

/** Undefined for a text that is none. */
export function readPeriod(text: string): Period | undefined {
  const match = text.length > LENGTH_MAX ? null : FORM.exec(text);
  if (match === null) return undefined;
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const period = {
    months: 12 * years + months,
    ms: (7 * weeks + days) * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1000,
  };
  return period.months <= MONTHS_MAX && period.ms <= MS_MAX ? period : undefined;
}

/** A time so much later. @param time milliseconds since 1970 */
export function addPeriod(time: number, { months, ms }: Period): number {
  if (months === 0) return time + ms;
  const from = new Date(time);
  const first = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1);
  const day = Math.min(from.getUTCDate(), daysOfMonth(first));
  return first + (day - 1) * DAY_MS + (time - startOfDay(time)) + ms;
}

/** Whether one period is surely not shorter than another, from whatever day on they are counted. */
export function isAtLeast(a: Period, b: Period): boolean {
  if (a.months >= b.months && a.ms >= b.ms) return true;
  return leastMs(a) >= mostMs(b);
}

function leastMs({ months, ms }: Period): number {
  return months === 0 ? ms : months * MONTH_MS - SLACK_MS + ms;
}

function mostMs({ months, ms }: Period): number {
  return months === 0 ? ms : months * MONTH_MS + SLACK_MS + ms;
}

function startOfDay(time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS;
}

function daysOfMonth(first: number): number {
  const date = new Date(first);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
