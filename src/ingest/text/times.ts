/** Times as senders spell them, as RFC 3339: exactly, to the last digit that came. */

import { isDateTime } from "../../entry/time.ts";

/** Digits of a second that a unit has. */
const DIGITS = { s: 0, ms: 3, us: 6, ns: 9 } as const;

/** What a count since 1970 counts. */
export type TimeUnit = keyof typeof DIGITS;

const COUNT = /^(\d{1,20})(?:\.(\d{1,20}))?$/;
/** Digits of a second that are kept: those of a nanosecond. */
const DIGITS_MAX = 9;
const ZERO = 0x30;

/** As {@link isDateTime} takes it, but for what stands between its parts and how the zone is spelled. */
const SPELLED =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,20}))? ?(?:Z|z|UTC|GMT|([+-]\d\d)(?::?(\d\d))?(?: [A-Z]{1,5})?)$/;
/** Digits of the seconds, milliseconds, microseconds and nanoseconds of 2001 and later, and whose they are. */
const UNITS: readonly (readonly [number, TimeUnit])[] = [
  [11, "s"],
  [14, "ms"],
  [17, "us"],
  [20, "ns"],
];
const COUNT_DIGITS_MIN = 10;

/** A text that is an RFC 3339 date and time; undefined for any other value. */
export function asTime(value: unknown): string | undefined {
  return typeof value === "string" && isDateTime(value) ? value : undefined;
}

/**
 * The RFC 3339 time of what a sender of logs puts where a time stands: a text that says its zone, in one of the spellings that
 * are about, or a count since 1970 whose size tells what it counts. A time without a zone is none: it could be any of 26.
 */
export function foreignTime(value: unknown): string | undefined {
  if (typeof value === "number") return timeOfNumber(value) ?? timeOfAnyCount(String(value));
  if (typeof value !== "string" || value.length > 64) return undefined;
  if (isDateTime(value)) return value;
  const match = SPELLED.exec(value);
  if (match === null) return timeOfAnyCount(value);
  const [, day, time, fraction, hours, minutes = "00"] = match;
  const zone = hours === undefined ? "Z" : `${hours}:${minutes}`;
  const text = `${day}T${time}${fraction === undefined ? "" : `.${fraction}`}${zone}`;
  return isDateTime(text) ? text : undefined;
}

/** Of whole seconds or milliseconds, which most numbers are that stand for a time; the same as of their digits. */
function timeOfNumber(count: number): string | undefined {
  if (!Number.isSafeInteger(count) || count < 1e9 || count >= 1e14) return undefined;
  if (count < 1e11) return `${textOfSecond(count)}Z`;
  const second = Math.floor(count / 1000);
  const part = withoutZeros(String(count - second * 1000).padStart(3, "0"));
  return part === "" ? `${textOfSecond(second)}Z` : `${textOfSecond(second)}.${part}Z`;
}

function timeOfAnyCount(count: string): string | undefined {
  const digits = COUNT.exec(count)?.[1]?.length ?? 0;
  if (digits < COUNT_DIGITS_MIN) return undefined;
  const unit = UNITS.find(([most]) => digits <= most)?.[1];
  return unit === undefined ? undefined : timeOfCount(count, unit);
}

/**
 * The RFC 3339 time of a count since 1970, a number or its digits; undefined when it is none, or beyond the year 9999.
 * 1795763652.557843 in "s" is 2026-11-27T07:14:12.557843Z.
 */
export function timeOfCount(count: unknown, unit: TimeUnit): string | undefined {
  const match = typeof count === "number" || typeof count === "string" ? COUNT.exec(String(count)) : null;
  if (match === null) return undefined;
  const [, whole = "", fraction = ""] = match;
  const digits = DIGITS[unit];
  const padded = whole.padStart(digits + 1, "0");
  const split = padded.length - digits;
  const second = textOfSecond(Number(padded.slice(0, split)));
  if (second === undefined) return undefined;
  const part = withoutZeros((padded.slice(split) + fraction).slice(0, DIGITS_MAX));
  return part === "" ? `${second}Z` : `${second}.${part}Z`;
}

/** The last second of the year 9999. */
const SECOND_MAX = 253_402_300_799;
/** Items of one request happened in a few seconds, so the last one is kept. */
const last = { second: -1, text: "" };

function textOfSecond(second: number): string | undefined {
  if (second > SECOND_MAX) return undefined;
  if (last.second !== second) {
    last.text = new Date(second * 1000).toISOString().slice(0, -5);
    last.second = second;
  }
  return last.text;
}

function withoutZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  return digits.slice(0, end);
}
