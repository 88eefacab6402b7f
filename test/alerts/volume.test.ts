/** Hours with far more or far less than usual, on generated traffic. */

import assert from "node:assert/strict";
import test from "node:test";
import { Volume } from "../../src/alerts/learned/volume.ts";
import { HOUR_MS, WEEK_MS } from "../../src/alerts/learned/week.ts";
import { randomOf } from "./random.ts";

const BEGIN = Date.UTC(2026, 0, 4);
const hourOf = (at: number): number => new Date(at).getUTCDay() * 24 + new Date(at).getUTCHours();

/** Hours, from the beginning on, that were told as far off; `countOf` says what comes in one. */
function told(hours: number, countOf: (hour: number) => number): number[] {
  let count = 0;
  let volume = new Volume(hourOf, { now: BEGIN - 1, count });
  const found: number[] = [];
  for (let hour = 0; hour < hours; hour++) {
    const start = BEGIN + hour * HOUR_MS;
    volume.look(start, count);
    count += countOf(hour);
    volume.look(start + HOUR_MS, count);
    if (volume.farOff !== undefined) found.push(hour);
    if (hour % 100 === 0) volume = new Volume(hourOf, JSON.parse(JSON.stringify(volume.kept())));
  }
  return found;
}

/** Office hours with noise of a factor of two both ways. */
function office(seed: number): (hour: number) => number {
  const random = randomOf(seed);
  return (hour) => {
    const isOffice =
      hour % 24 >= 8 && hour % 24 < 18 && Math.floor(hour / 24) % 7 >= 1 && Math.floor(hour / 24) % 7 <= 5;
    return isOffice ? Math.round(2000 * 2 ** (2 * random() - 1)) : Math.round(5 * random());
  };
}

const WEEKS = (n: number): number => (n * WEEK_MS) / HOUR_MS;
/** A Tuesday at ten, in the sixth week. */
const TUESDAY = WEEKS(5) + 2 * 24 + 10;

test("what is as usual is not told, over eight weeks of office hours", () => {
  assert.deepEqual(told(WEEKS(8), office(5)), []);
});

test("an hour with a hundred times as much, one at night with as much as by day, and one with hardly any are told, each alone", () => {
  for (const [hour, count] of [
    [TUESDAY, 200_000],
    [TUESDAY - 8, 3000],
    [TUESDAY, 20],
  ] as const) {
    const usual = office(5);
    assert.deepEqual(
      told(TUESDAY + 24, (each) => (each === hour ? count : usual(each))),
      [hour],
    );
  }
});

test("in the first weeks only what nobody ever sent is told", () => {
  const usual = office(9);
  assert.deepEqual(
    told(WEEKS(1), (each) => (each === 130 ? 100_000 : usual(each))),
    [130],
  );
});

test("an hour that nobody saw end, or that ended while nobody looked, is not judged", () => {
  const volume = new Volume(hourOf, { now: BEGIN, count: 0 });
  for (let hour = 1; hour < WEEKS(4); hour++) volume.look(BEGIN + hour * HOUR_MS, hour * 1000);
  const later = BEGIN + (WEEKS(4) + 5) * HOUR_MS;
  volume.look(later, WEEKS(4) * 1000 + 1_000_000);
  assert.equal(volume.farOff, undefined);
});

test("after a clock that was a year ahead hours are judged again", () => {
  const volume = new Volume(hourOf, { now: BEGIN, count: 0 });
  let hour = 1;
  for (; hour < WEEKS(4); hour++) volume.look(BEGIN + hour * HOUR_MS, hour * 1000);
  volume.look(BEGIN + (hour + WEEKS(52)) * HOUR_MS, hour * 1000);
  for (const end = hour + 3; hour < end; hour++) volume.look(BEGIN + hour * HOUR_MS, hour * 1000);
  volume.look(BEGIN + hour * HOUR_MS, hour * 1000 + 1_000_000);
  assert.ok(volume.farOff !== undefined);
});
