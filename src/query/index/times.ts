/**
 * The two times of each entry of a segment: when it was recorded, and when the event says that it happened. They are
 * read only where a segment lies across the end of a time range; for the others the ranges in its header decide.
 */

import { ByteReader, ByteWriter } from "./index-bytes.ts";
import { addPosition, emptyMask, type Mask } from "./positions.ts";

/** Milliseconds since 1970, by position; `occurredAt` is NaN where an event has no time that can be read. */
export type Times = { readonly recordedAt: Float64Array; readonly occurredAt: Float64Array };

/** Times from `since` up to but without `until`, ms since 1970; no end is ±Infinity. */
export type TimeRange = { readonly since: number; readonly until: number };

/** Least and greatest of some times, both inclusive, and how many entries have none. */
export type TimeSpan = { readonly min: number; readonly max: number; readonly missing: number };

export function spanOf(times: Float64Array): TimeSpan {
  let span = { min: 0, max: 0, missing: 0 };
  let found = false;
  for (const time of times) {
    if (Number.isNaN(time)) span.missing++;
    else if (!found) span = { min: time, max: time, missing: span.missing };
    else if (time < span.min) span.min = time;
    else if (time > span.max) span.max = time;
    found ||= !Number.isNaN(time);
  }
  return span;
}

/** Whether all of the entries with times in a span are in a range, or some may be, or none is. */
export function coverage(span: TimeSpan, range: TimeRange): "all" | "some" | "none" {
  if (range.since === Number.NEGATIVE_INFINITY && range.until === Number.POSITIVE_INFINITY) return "all";
  if (span.max < range.since || span.min >= range.until) return "none";
  return span.min >= range.since && span.max < range.until && span.missing === 0 ? "all" : "some";
}

/** Positions whose time is in a range. */
export function timeMask(times: Float64Array, { since, until }: TimeRange): Mask {
  const mask = emptyMask();
  for (let i = 0; i < times.length; i++) {
    const time = times[i] as number;
    if (time >= since && time < until) addPosition(mask, i);
  }
  return mask;
}

/** The recorded times as steps from one to the next, each followed by how far the event's own time is from it. */
export function encodeTimes({ recordedAt, occurredAt }: Times): Uint8Array {
  const writer = new ByteWriter(4 * recordedAt.length);
  let last = 0;
  for (let i = 0; i < recordedAt.length; i++) {
    const recorded = recordedAt[i] as number;
    writer.signed(recorded - last);
    writer.signed((occurredAt[i] as number) - recorded);
    last = recorded;
  }
  return writer.take();
}

/** @throws RangeError when there are fewer bytes than `length` entries need */
export function decodeTimes(bytes: Uint8Array, length: number): Times {
  const recordedAt = new Float64Array(length);
  const occurredAt = new Float64Array(length);
  const reader = new ByteReader(bytes);
  let last = 0;
  for (let i = 0; i < length; i++) {
    last += reader.signed();
    recordedAt[i] = last;
    occurredAt[i] = last + reader.signed();
  }
  return { recordedAt, occurredAt };
}
