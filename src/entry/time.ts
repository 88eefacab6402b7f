/**
 * The one reader of dates and times, as RFC 3339 §5.6 spells them: what an event may say, what a query may ask and when
 * a key may end are the same texts. A sender's text is checked and then kept as it is, never rewritten.
 */

const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const MILLISECONDS = /^-?\d{1,15}$/;

/** A 0 stands for any digit. */
const PLAIN_FORM = Array.from("0000-00-00T00:00:00", (letter) => letter.charCodeAt(0));
const PLAIN_LENGTH = PLAIN_FORM.length + 1;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const POINT = 0x2e;
const ZULU = 0x5a;

/** Numbers that are times of 2001 to 2286 in seconds; in milliseconds they are days of early 1970, which nobody means. */
const SECONDS_MIN = 1e9;
const SECONDS_MAX = 1e10;
/** The last time that ECMAScript knows. */
const DATE_MAX = 8.64e15;

export const MOMENT_RULE =
  "an RFC 3339 time such as 2026-11-20T09:30:00Z (a + in a URL is written %2B), a date, or milliseconds (not seconds) since 1970";

/** The same as JSON Schema has it. */
export const MOMENT_FORM = {
  anyOf: [
    { type: "string", format: "date-time" },
    { type: "string", format: "date" },
    { type: "integer", minimum: -999_999_999_999_999, maximum: SECONDS_MIN - 1 },
    { type: "integer", minimum: SECONDS_MAX, maximum: 999_999_999_999_999 },
  ],
} as const;

/** The same of a JSON value, see momentOf. */
export const MOMENT_VALUE_FORM = {
  anyOf: [
    { type: "string", format: "date-time" },
    { type: "string", format: "date" },
    { type: "string", pattern: MILLISECONDS.source },
    { type: "integer", minimum: -DATE_MAX, maximum: SECONDS_MIN - 1 },
    { type: "integer", minimum: SECONDS_MAX, maximum: DATE_MAX },
  ],
} as const;

/** Whether a text is an RFC 3339 date and time of a day that exists; a leap second is let through. */
export function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text);
  return match !== null && Number(match[3]) <= daysOf(Number(match[1]), Number(match[2]));
}

/**
 * Milliseconds since 1970 of an RFC 3339 date and time, rounded down; undefined for any other text. A leap second is
 * taken as the first of the next minute.
 */
export function parseDateTime(text: string): number | undefined {
  if (!isDateTime(text)) return undefined;
  const isLeap = text.slice(17, 19) === "60";
  const plain = isLeap ? `${text.slice(0, 17)}59${text.slice(19)}` : text;
  const time = Date.parse(plain.toUpperCase());
  if (Number.isNaN(time)) return undefined;
  return isLeap ? time + 1000 : time;
}

/**
 * The same of the commonest spelling, in UTC and in capital letters, from its bytes [start, end); undefined for any other text, of
 * which nothing is said.
 */
export function readPlainUtc(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < PLAIN_LENGTH || bytes[end - 1] !== ZULU) return undefined;
  for (let i = 0; i < PLAIN_FORM.length; i++) {
    const expected = PLAIN_FORM[i] as number;
    if (expected === DIGIT_0 ? !isDigit(bytes[start + i]) : bytes[start + i] !== expected) return undefined;
  }
  const year = 100 * twoDigits(bytes, start) + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  // Of the first hundred years Date.UTC makes those of another century.
  if (year < 100 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const millisecond = plainFraction(bytes, start + PLAIN_FORM.length, end - 1);
  return millisecond === undefined ? undefined : Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
}

/** Milliseconds of the fraction of a second in [start, end), rounded down; 0 where there is none. */
function plainFraction(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (start === end) return 0;
  if (bytes[start] !== POINT || end - start < 2) return undefined;
  let milliseconds = 0;
  let scale = 100;
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i];
    if (!isDigit(byte)) return undefined;
    milliseconds += Math.floor(scale) * (byte - DIGIT_0);
    scale /= 10;
  }
  return milliseconds;
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  return 10 * ((bytes[at] as number) - DIGIT_0) + (bytes[at + 1] as number) - DIGIT_0;
}

/**
 * Milliseconds since 1970 of what somebody asks for: a date and time as above, a date, which begins at 00:00 UTC, or
 * such milliseconds, below zero before 1970. Undefined for anything else, and for what must be seconds.
 */
export function parseMoment(text: string): number | undefined {
  if (MILLISECONDS.test(text)) return isSeconds(Number(text)) ? undefined : Number(text);
  return parseDateTime(DATE.test(text) ? `${text}T00:00:00Z` : text);
}

/** The same of a JSON value: a text as above, or a number of milliseconds. */
export function momentOf(value: string | number): number | undefined {
  if (typeof value === "string") return parseMoment(value);
  const isTime = Number.isInteger(value) && Math.abs(value) <= DATE_MAX && !isSeconds(value);
  return isTime ? value : undefined;
}

/** Whether a number that stands for milliseconds since 1970 must be meant as seconds. */
function isSeconds(value: number): boolean {
  return value >= SECONDS_MIN && value < SECONDS_MAX;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
