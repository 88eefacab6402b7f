/** Each rule on facts that it should tell, on such that it should not, and on facts that are not there. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Facts, SourceSeen } from "../../src/alerts/facts.ts";
import type { Rule } from "../../src/alerts/rule.ts";
import { EndedKeyUsed } from "../../src/alerts/rules/access/ended-key-used.ts";
import { NewAddress } from "../../src/alerts/rules/access/new-address.ts";
import { ReadingUnusual } from "../../src/alerts/rules/access/reading-unusual.ts";
import { RefusedOften } from "../../src/alerts/rules/access/refused-often.ts";
import { AnchorLag } from "../../src/alerts/rules/anchor-lag.ts";
import { ClockSkew } from "../../src/alerts/rules/clock-skew.ts";
import { ConditionHolds } from "../../src/alerts/rules/condition-holds.ts";
import { DiskFilling } from "../../src/alerts/rules/disk-filling.ts";
import { EventsFound } from "../../src/alerts/rules/events-found.ts";
import { IdempotencyConflict } from "../../src/alerts/rules/idempotency-conflict.ts";
import { IntentsOpen } from "../../src/alerts/rules/intents-open.ts";
import { LedgerAudited } from "../../src/alerts/rules/ledgers/ledger-audited.ts";
import { RetentionHeldUp } from "../../src/alerts/rules/ledgers/retention-held-up.ts";
import { QuarantineRate } from "../../src/alerts/rules/quarantine-rate.ts";
import { SequenceComplete } from "../../src/alerts/rules/sequence-complete.ts";
import { SourceSilent } from "../../src/alerts/rules/source-silent.ts";
import { SourceVolume } from "../../src/alerts/rules/source-volume.ts";
import type { Condition } from "../../src/health.ts";
import { BEGIN, MINUTE } from "./alerts-bench.ts";

const HOUR = 60 * MINUTE;
const GIB = 2 ** 30;
const hourOf = (at: number): number => new Date(at).getUTCDay() * 24 + new Date(at).getUTCHours();
const source = (more: Partial<SourceSeen>): SourceSeen => ({
  ledger: "main",
  source: "app",
  recorded: 0,
  quarantined: 0,
  ...more,
});

type Step = Partial<Facts> & { readonly at: number };

function factsOf({ at, ...more }: Step): Facts {
  return { conditions: [], countEvents: () => Promise.resolve(0), ...more, now: BEGIN + at };
}

/** What the rule says of the last of some looks: severity and subject of each trouble. */
async function judged(rule: Rule, ...steps: readonly Step[]): Promise<string[] | "unknown"> {
  let last: Awaited<ReturnType<Rule["judge"]>> = [];
  for (const step of steps) last = await rule.judge(factsOf(step), () => false);
  assert.ok(typeof last === "string" || !("off" in last));
  return last === "unknown" ? last : last.map(({ severity = rule.severity, subject }) => `${severity} ${subject}`);
}

test("a clock that is off is told on both sides, and what is a little late is not", async () => {
  const at = 0;
  assert.deepEqual(await judged(new ClockSkew(), { at, sources: [source({ skewMs: 2 * HOUR })] }), ["notice main/app"]);
  assert.deepEqual(await judged(new ClockSkew(), { at, sources: [source({ skewMs: -2 * MINUTE })] }), [
    "notice main/app",
  ]);
  assert.deepEqual(await judged(new ClockSkew(), { at, sources: [source({ skewMs: MINUTE }), source({})] }), []);
});

test("many quarantined in an hour are told, few or a small part are not, and it is over when the hour is", async () => {
  const looks = (recorded: number, quarantined: number): Step[] => [
    { at: 0, sources: [source({ recorded: 1000, quarantined: 900 })] },
    { at: 10 * MINUTE, sources: [source({ recorded: 1000 + recorded, quarantined: 900 + quarantined })] },
  ];
  assert.deepEqual(await judged(new QuarantineRate(), ...looks(100, 10)), ["warning main/app"]);
  assert.deepEqual(await judged(new QuarantineRate(), ...looks(100, 9)), []);
  assert.deepEqual(await judged(new QuarantineRate(), ...looks(10_000, 50)), []);
  const later = { at: 71 * MINUTE, sources: [source({ recorded: 1100, quarantined: 910 })] };
  assert.deepEqual(await judged(new QuarantineRate(), ...looks(100, 10), later), []);
  const begun: Step[] = [
    { at: 0, sources: [] },
    { at: MINUTE, sources: [source({ recorded: 12, quarantined: 12 })] },
  ];
  assert.deepEqual(
    await judged(new QuarantineRate(), ...begun),
    ["warning main/app"],
    "what a source begins with counts",
  );
  assert.deepEqual(await judged(new QuarantineRate(), ...begun.slice(1)), [], "not what was there before a start");
});

test("what a clock that was a year ahead saw is not counted into the last hour, nor told for a year", async () => {
  const YEAR = 365 * 24 * HOUR;
  const of = (at: number, recorded: number, quarantined: number): Step => ({
    at,
    sources: [source({ recorded, quarantined })],
  });
  const looks = [of(YEAR, 0, 0), of(0, 50, 50), of(2 * HOUR, 1050, 60)];
  assert.deepEqual(await judged(new QuarantineRate(), ...looks), []);
  const lastRefused = { code: "idempotency_conflict", at: BEGIN + YEAR };
  assert.deepEqual(await judged(new IdempotencyConflict(), { at: HOUR, sources: [source({ lastRefused })] }), []);
  const disk = (at: number, freeBytes: number): Step => ({ at, disk: { freeBytes, totalBytes: 1000 * GIB } });
  const filling = Array.from({ length: 3 }, (_, i) => disk(i * HOUR, (500 - 100 * i) * GIB));
  assert.deepEqual(await judged(new DiskFilling(), disk(YEAR, 600 * GIB), ...filling), ["warning data folder"]);
});

test("an id that was used twice is told for an hour, another refusal is not", async () => {
  const of = (code: string, at: number): Step => ({
    at: HOUR,
    sources: [source({ lastRefused: { code, at: BEGIN + at } })],
  });
  assert.deepEqual(await judged(new IdempotencyConflict(), of("idempotency_conflict", MINUTE)), ["warning main/app"]);
  assert.deepEqual(await judged(new IdempotencyConflict(), of("idempotency_conflict", -MINUTE)), []);
  assert.deepEqual(await judged(new IdempotencyConflict(), of("event_invalid", MINUTE)), []);
});

test("intents without results, conditions and events that a filter finds are told, each by what it is about", async () => {
  const intents = [
    { ledger: "main", count: 2, oldestAt: BEGIN },
    { ledger: "other", count: 0, oldestAt: BEGIN },
  ];
  assert.deepEqual(await judged(new IntentsOpen(), { at: HOUR, intents }), ["warning main"]);
  const conditions: readonly Condition[] = [
    { code: "store_not_writable", detail: "full" },
    { code: "store_damaged", detail: "one", isNotice: true },
    { code: "store_damaged", detail: "two", isNotice: true },
    { code: "alerts_undelivered", detail: "itself" },
  ];
  assert.deepEqual(await judged(new ConditionHolds(), { at: 0, conditions }), [
    "critical store_not_writable",
    "warning store_damaged",
  ]);
  const denied = new EventsFound({
    name: "denied",
    title: "denied",
    severity: "warning",
    ledgers: () => ["main", "other"],
    filter: "outcome=denied",
    withinMs: 5 * MINUTE,
    atLeast: 50,
  });
  const asked: unknown[] = [];
  const countEvents: Facts["countEvents"] = async (...of) => {
    asked.push(of);
    return of[0] === "main" ? 50 : 49;
  };
  assert.deepEqual(await judged(denied, { at: HOUR, countEvents }), ["warning main"]);
  assert.deepEqual(asked[0], ["main", "outcome=denied", BEGIN + HOUR - 5 * MINUTE, 50]);
  assert.equal(await judged(denied, { at: HOUR, countEvents: async () => undefined }), "unknown");
});

test("a ledger that is anchored too late is told, one that halted at once and worse", async () => {
  const of = (oldestUnanchoredS: number, halted?: string): Step => ({
    at: 0,
    anchoring: [
      { chain: "main", ledger: "l", oldestUnanchoredS, intervalMs: HOUR, ...(halted !== undefined && { halted }) },
    ],
  });
  assert.deepEqual(await judged(new AnchorLag(), of(3 * 3600 + 601)), ["warning l on main"]);
  assert.deepEqual(await judged(new AnchorLag(), of(3 * 3600 + 600)), []);
  assert.deepEqual(await judged(new AnchorLag(), of(0, "root_differs")), ["critical l on main"]);
});

test("a disk is told when little is free, or when it will be full within a day, and not when it is small or slow", async () => {
  const disk = (at: number, freeBytes: number, totalBytes = 100 * GIB): Step => ({
    at,
    disk: { freeBytes, totalBytes },
  });
  assert.deepEqual(await judged(new DiskFilling(), disk(0, 4 * GIB)), ["warning data folder"]);
  assert.deepEqual(await judged(new DiskFilling(), disk(0, 0.5 * GIB)), ["critical data folder"]);
  assert.deepEqual(await judged(new DiskFilling(), disk(0, 4 * GIB, 20 * GIB)), []);
  assert.deepEqual(await judged(new DiskFilling(), disk(0, 60 * GIB), disk(2 * HOUR, 54 * GIB)), [
    "warning data folder",
  ]);
  assert.deepEqual(await judged(new DiskFilling(), disk(0, 60 * GIB), disk(2 * HOUR, 57 * GIB)), []);
  assert.deepEqual(
    await judged(new DiskFilling(), disk(0, 60 * GIB), disk(MINUTE, 50 * GIB)),
    [],
    "a minute says nothing",
  );
});

test("a source that was expected and does not come is told; one that may be silent never is; what was learned is remembered", async () => {
  const rule = new SourceSilent(hourOf, { app: 10 * MINUTE, rare: "off" });
  const sources = [source({ lastSeen: BEGIN }), source({ source: "rare", lastSeen: BEGIN })];
  const looks = Array.from({ length: 12 }, (_, i) => ({ at: i * MINUTE, sources }));
  assert.deepEqual(await judged(rule, ...looks), ["warning main/app"]);
  const [kept] = rule.learned();
  const again = new SourceSilent(hourOf, { app: 10 * MINUTE });
  again.recall("main/app", kept?.[1] ?? "");
  again.recall("main/broken", "{");
  assert.deepEqual(await judged(again, { at: 12 * MINUTE, sources: [source({ lastSeen: BEGIN })] }), [
    "warning main/app",
  ]);
});

test("thirty days of a hundred sources are judged every five minutes for volume and silence without falling behind", async () => {
  const rules = [new SourceSilent(hourOf), new SourceVolume(hourOf), new QuarantineRate()];
  const told: string[] = [];
  const five = 5 * MINUTE;
  for (let at = 0; at < 30 * 24 * HOUR; at += five) {
    const sources = Array.from({ length: 100 }, (_, i) =>
      source({ source: `s${i}`, recorded: (at / MINUTE) * (i + 1), lastSeen: BEGIN + at - MINUTE }),
    );
    for (const rule of rules) told.push(...((await judged(rule, { at, sources })) as string[]));
  }
  assert.deepEqual(told, []);
});

test("a source may be called as anything is in JavaScript, and what is learned is kept when a clock was put back", async () => {
  const rule = new SourceSilent(hourOf);
  let at = 0;
  const look = (lastSeen: number) =>
    judged(rule, { at, sources: [source({ source: "constructor", lastSeen: BEGIN + lastSeen })] });
  for (; at < 8 * 24 * HOUR; at += MINUTE) await look(at);
  const stopped = at - MINUTE;
  for (; at < stopped + HOUR; at += MINUTE) await look(stopped);
  assert.deepEqual(await look(stopped), ["warning main/constructor"]);
  assert.equal(rule.learned().length, 1);
  at -= 24 * HOUR;
  await look(at);
  assert.equal(rule.learned().length, 1);
});

test("of facts that are not there every rule says that it does not know", async () => {
  const rules = [
    new SourceSilent(hourOf),
    new SourceVolume(hourOf),
    new QuarantineRate(),
    new ClockSkew(),
    new IdempotencyConflict(),
    new IntentsOpen(),
    new AnchorLag(),
    new DiskFilling(),
    new EndedKeyUsed(),
    new SequenceComplete(),
    new NewAddress(),
    new ReadingUnusual(hourOf),
    new RefusedOften(),
    new LedgerAudited(),
    new RetentionHeldUp(),
  ];
  for (const rule of rules) assert.equal(await judged(rule, { at: 0 }), "unknown", rule.name);
});
