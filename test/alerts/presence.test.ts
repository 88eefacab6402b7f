/** Silence as it is learned, on generated traffic: weeks of five kinds of sources, with and without a sender that stops. */

import assert from "node:assert/strict";
import test from "node:test";
import { Presence } from "../../src/alerts/learned/presence.ts";
import { DAY_MS, HOUR_MS, WEEK_MS } from "../../src/alerts/learned/week.ts";
import { randomOf } from "./random.ts";

const BEGIN = Date.UTC(2026, 0, 4); // a Sunday
const LOOK_MS = 60_000;
const utcHourOfWeek = (at: number): number => new Date(at).getUTCDay() * 24 + new Date(at).getUTCHours();

/** Milliseconds until the next event after a moment. */
type Traffic = (at: number, random: () => number) => number;

const exponential = (meanMs: number, random: () => number): number => -meanMs * Math.log(1 - random());
const isOffice = (at: number): boolean => {
  const hour = utcHourOfWeek(at);
  const day = Math.floor(hour / 24);
  return day >= 1 && day <= 5 && hour % 24 >= 8 && hour % 24 < 18;
};

const TRAFFIC: Readonly<Record<string, Traffic>> = {
  steady: (_, random) => exponential(20_000, random),
  "in office hours": (at, random) => {
    let next = at + exponential(60_000, random);
    while (!isOffice(next)) next = Math.floor(next / HOUR_MS + 1) * HOUR_MS + exponential(60_000, random);
    return next - at;
  },
  "once a night": (at, random) => {
    const midnight = Math.floor(at / DAY_MS + 1) * DAY_MS;
    return midnight + 2 * HOUR_MS + random() * 20 * 60_000 - at;
  },
  "in bursts": (_, random) => (random() < 0.98 ? exponential(500, random) : exponential(4 * HOUR_MS, random)),
  rare: (_, random) => exponential(21 * HOUR_MS, random),
};

/** Times at which silence begins to be told, while a source sends until `stopsAt` and somebody looks every minute until `until`. */
function told(
  traffic: Traffic,
  seed: number,
  { stopsAt = Number.POSITIVE_INFINITY, until }: { stopsAt?: number; until: number },
) {
  const random = randomOf(seed);
  let presence = new Presence(utcHourOfWeek, { since: BEGIN, lastCame: BEGIN });
  let lastCame = BEGIN;
  let next = BEGIN + traffic(BEGIN, random);
  const times: number[] = [];
  let isSilent = false;
  for (let now = BEGIN + LOOK_MS; now <= until; now += LOOK_MS) {
    while (next <= now && next < stopsAt) {
      lastCame = next;
      next += traffic(next, random);
    }
    presence.look(now, lastCame, !isSilent);
    const isNow = presence.silence() !== undefined;
    if (isNow && !isSilent) times.push(now);
    isSilent = isNow;
    // What is kept is as good as what was never put away.
    if (now % DAY_MS === 0) presence = new Presence(utcHourOfWeek, JSON.parse(JSON.stringify(presence.kept())));
  }
  return times;
}

for (const [name, traffic] of Object.entries(TRAFFIC)) {
  test(`a source that sends ${name} is never called silent while it does as it used to`, () => {
    const weeks = name === "rare" || name === "in bursts" ? 4 : 6;
    assert.deepEqual(told(traffic, 7, { until: BEGIN + weeks * WEEK_MS }), []);
  });
}

const STOPS: readonly (readonly [kind: string, at: number, hours: number])[] = [
  ["steady", 4 * WEEK_MS + 3 * DAY_MS, 0.4],
  ["in office hours", 4 * WEEK_MS + 2 * DAY_MS + 10 * HOUR_MS, 0.6],
  ["once a night", 4 * WEEK_MS + 2 * DAY_MS, 40],
];
for (const [name, at, hours] of STOPS) {
  test(`one that sends ${name} and stops is told within ${hours} hours, once`, () => {
    const stopsAt = BEGIN + at;
    const times = told(TRAFFIC[name] as Traffic, 11, { stopsAt, until: stopsAt + 2 * DAY_MS });
    assert.equal(times.length, 1);
    assert.ok((times[0] as number) - stopsAt <= hours * HOUR_MS, `${((times[0] as number) - stopsAt) / HOUR_MS} hours`);
  });
}

test("one that always sends is told after its first week already", () => {
  const stopsAt = BEGIN + WEEK_MS + DAY_MS;
  const [first = Number.POSITIVE_INFINITY] = told(TRAFFIC.steady as Traffic, 3, { stopsAt, until: stopsAt + DAY_MS });
  assert.ok(first - stopsAt < HOUR_MS);
});

test("while nobody looked there was no silence, and no pause to learn from", () => {
  const presence = new Presence(utcHourOfWeek, { since: BEGIN, lastCame: BEGIN });
  let now = BEGIN;
  for (; now < BEGIN + 4 * WEEK_MS; now += LOOK_MS) presence.look(now, now, true);
  const back = now + 3 * DAY_MS;
  presence.look(back, now - LOOK_MS, true);
  assert.equal(presence.silence(), undefined);
  presence.look(back + LOOK_MS, back + 1, true);
  assert.ok(Math.max(...presence.kept().pauses) < HOUR_MS);
});

test("a clock that was a year ahead for a while leaves a source that is silent later to be told", () => {
  const presence = new Presence(utcHourOfWeek, { since: BEGIN, lastCame: BEGIN });
  let now = BEGIN;
  for (; now < BEGIN + 4 * WEEK_MS; now += LOOK_MS) presence.look(now, now, true);
  const ahead = now + 52 * WEEK_MS;
  for (let i = 0; i < 10; i++) presence.look(ahead + i * LOOK_MS, ahead + i * LOOK_MS, true);
  // Put right: what came last was seen by the wrong clock, until something comes again.
  for (; now < BEGIN + 4 * WEEK_MS + HOUR_MS; now += LOOK_MS) presence.look(now, ahead + 9 * LOOK_MS, true);
  assert.ok(presence.silence() !== undefined, "nothing has come for an hour");
  for (; now < BEGIN + 4 * WEEK_MS + 2 * HOUR_MS; now += LOOK_MS) presence.look(now, now, true);
  assert.equal(presence.silence(), undefined);
});

test("pauses are remembered over weeks in which nobody looked", () => {
  const presence = new Presence(utcHourOfWeek, { since: BEGIN, lastCame: BEGIN });
  let lastCame = BEGIN;
  const silences: string[] = [];
  const look = (from: number, to: number): void => {
    for (let now = from; now < to; now += LOOK_MS) {
      // By day something comes every ten minutes, and at night nothing.
      const hour = new Date(now).getUTCHours();
      if (hour >= 8 && hour < 18 && now % (10 * LOOK_MS) === 0) lastCame = now;
      presence.look(now, lastCame, true);
      if (presence.silence() !== undefined) silences.push(new Date(now).toISOString());
    }
  };
  look(BEGIN, BEGIN + 4 * WEEK_MS);
  look(BEGIN + 10 * WEEK_MS + 9 * HOUR_MS, BEGIN + 11 * WEEK_MS);
  assert.deepEqual(silences, []);
});

test("what somebody expects goes before what was learned", () => {
  const presence = new Presence(utcHourOfWeek, { since: BEGIN, lastCame: BEGIN });
  for (let now = BEGIN; now <= BEGIN + HOUR_MS; now += LOOK_MS) presence.look(now, BEGIN, true);
  assert.equal(presence.silence(), undefined);
  assert.equal(presence.silence(HOUR_MS - 1)?.by, "expected");
  assert.equal(presence.silence(HOUR_MS), undefined);
});
