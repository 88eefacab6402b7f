/**
 * An event: the JSON object that a client sends, checked once where it enters. What is checked is not changed; the
 * members and their meaning are in entry/schema.ts.
 */

import type * as z from "zod";
import { utf8 } from "../merkle/bytes.ts";
import { describe, EventError, pointer } from "./event-error.ts";
import { isPlainEvent } from "./plain-event.ts";
import { eventSchema } from "./schema.ts";

/** A checked event; members that the schema does not name have any JSON value. */
export type Event = Readonly<z.infer<typeof eventSchema>>;

/** Sizes that an event may have. */
export type EventLimits = {
  /** Bytes of its canonical text in UTF-8; spaces in what was sent do not count. */
  readonly bytesMax: number;
  /** Members, those of the service included once they are added. */
  readonly membersMax: number;
  /** Nesting, for parseJson: an event is 1 deep, its actor 2. A batch in an array is one deeper. */
  readonly depthMax: number;
};

export const EVENT_LIMITS: EventLimits = { bytesMax: 65_536, membersMax: 64, depthMax: 32 };

/** Canonical text is at most this many times as long as any other: of "9e15", which it spells with 16 digits. */
const SPELLED_OUT = 4;

/**
 * Checks that a JSON value, as parseJson gives it, is an event, and returns it as it is.
 * @param textBytes bytes of the UTF-8 that it was read from, if known: a short one need not be measured again
 * @throws EventError with the first thing that is wrong
 */
export function checkEvent(
  value: unknown,
  limits: EventLimits = EVENT_LIMITS,
  textBytes = Number.POSITIVE_INFINITY,
): Event {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EventError("event_invalid", "", "an event, a JSON object", describe(value));
  }
  const names = Object.keys(value);
  const reserved = names.find((name) => name.startsWith("_"));
  if (reserved !== undefined) {
    const rule = "no name that begins with _ (the service sets those)";
    throw new EventError("event_reserved_name", pointer(reserved), rule, describe(reserved));
  }
  if (names.length > limits.membersMax) {
    const expected = `at most ${limits.membersMax} members`;
    throw new EventError("event_too_many_members", "", expected, String(names.length));
  }
  if (!isPlainEvent(value as Readonly<Record<string, unknown>>, names)) requireSchema(value);
  if (textBytes * SPELLED_OUT > limits.bytesMax) checkSize(value, limits.bytesMax);
  return value as Event;
}

/** @throws EventError with the first thing that is not as the schema has it */
function requireSchema(value: object): void {
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) throw invalid(value, parsed.error.issues[0] as z.core.$ZodIssue);
}

function checkSize(event: object, bytesMax: number): void {
  // Canonical text has the same members in another order, so it is as long; a UTF-16 unit is at most 3 bytes of UTF-8.
  const text = JSON.stringify(event);
  if (text.length * 3 <= bytesMax) return;
  const size = utf8(text).length;
  if (size > bytesMax) {
    throw new EventError("event_too_large", "", `at most ${bytesMax} bytes of canonical JSON`, String(size));
  }
}

function invalid(event: unknown, issue: z.core.$ZodIssue): EventError {
  let got = event;
  let path = "";
  for (const step of issue.path) {
    got = (got as Record<PropertyKey, unknown> | undefined)?.[step];
    path += pointer(typeof step === "symbol" ? String(step) : step);
  }
  return new EventError("event_invalid", path, expectation(issue), describe(got));
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return /^[aeiou]/.test(issue.expected) ? `an ${issue.expected}` : `a ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return "a text that is not empty";
    case "too_big":
      return `at most ${issue.maximum} characters`;
    default:
      return issue.message;
  }
}
