/** Counts against counting by hand. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { decodeCounts, encodeCounts } from "../../src/query/index/counts.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { type StatsRequest, stats } from "../../src/query/stats.ts";
import { FakeLedger, type TestEvent } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const BASE = Date.UTC(2026, 10, 20, 9);

async function indexOf(events: readonly TestEvent[], recordedAt: number[], segmentLength = 16_384): Promise<Indexer> {
  const ledger = new FakeLedger();
  ledger.append(events, { recordedAt });
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger, segmentLength });
  indexer.start();
  await indexer.waitFor(events.length);
  await indexer.stop();
  return indexer;
}

test("counts are those of counting every entry", async () => {
  const one = fc.record({
    action: fc.constantFrom("a", "b", "c", "d"),
    actor: fc.constantFrom("u1", "u2", undefined),
    outcome: fc.constantFrom("success", "failure", undefined),
    source: fc.constantFrom("crm", "erp", undefined),
    at: fc.integer({ min: BASE - 2 * HOUR, max: BASE + 2 * HOUR }),
  });
  const cases = fc.record({
    all: fc.array(one, { maxLength: 80 }),
    segmentLength: fc.integer({ min: 1, max: 30 }),
    since: fc.integer({ min: BASE - 2 * HOUR, max: BASE }),
    span: fc.integer({ min: 1, max: 3 * HOUR }),
    interval: fc.constantFrom<StatsRequest["interval"]>("minute", "hour"),
    top: fc.integer({ min: 1, max: 4 }),
  });
  const property = fc.asyncProperty(cases, async ({ all, segmentLength, since, span, interval, top }) => {
    const events = all.map(({ action, actor, outcome, source }) => ({
      action,
      ...(actor && { actor: { type: "user", id: actor } }),
      ...(outcome && { outcome }),
      ...(source && { source }),
    }));
    const times = all.map(({ at }) => at);
    const indexer = await indexOf(events, times, segmentLength);
    const found = await stats(indexer, { since, until: since + span, interval, top });
    const first = Math.floor(since / HOUR) * HOUR;
    const last = Math.ceil((since + span) / HOUR) * HOUR;
    const inside = all.filter(({ at }) => at >= first && at < last);
    const step = interval === "minute" ? MINUTE : HOUR;
    const entries = Array.from({ length: (last - first) / step }, (_, i) => {
      const from = first + i * step;
      return inside.filter(({ at }) => at >= from && at < from + step).length;
    });
    const topOf = (values: (string | undefined)[]) => {
      const shown = values.filter((value) => value !== undefined);
      const counts = [...new Set(shown)].map((value) => ({ value, count: shown.filter((v) => v === value).length }));
      return counts.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, top);
    };
    assert.deepEqual(found, {
      since: first,
      until: last,
      intervalMs: step,
      entries,
      total: inside.length,
      complete: true,
      top: {
        action: topOf(inside.map(({ action }) => action)),
        actor: topOf(inside.map(({ actor }) => actor && `user:${actor}`)),
        source: topOf(inside.map(({ source }) => source)),
        outcome: topOf(inside.map(({ outcome }) => outcome ?? "unknown")),
      },
      exact: { action: true, actor: true, source: true, outcome: true },
      watermark: { accepted: all.length, searchable: all.length },
    });
  });
  await fc.assert(property, { seed: 77, numRuns: 150 });
});

test("of too many values in an hour the most frequent are kept, and the answer says that it is not exact", async () => {
  const events = Array.from({ length: 1500 }, (_, i) => ({
    action: i % 3 === 0 ? "often" : `once-${i}`,
    actor: { type: "user", id: "u".repeat(1000) },
  }));
  const indexer = await indexOf(events, new Array(1500).fill(BASE), 1500);
  assert.equal(indexer.segments.count, 1);
  const found = await stats(indexer, { since: BASE, until: BASE + 1, interval: "hour", top: 1 });
  assert.deepEqual(found.top.action, [{ value: "often", count: 500 }]);
  assert.deepEqual(found.exact, { action: false, actor: true, source: true, outcome: true });
  assert.equal(found.top.actor[0]?.value, `user:${"u".repeat(250)}…`);
  assert.equal(found.total, 1500);
});

test("an entry before 1970 and one of the last possible year are counted", async () => {
  const late = Date.UTC(9999, 11, 31, 23, 59);
  const indexer = await indexOf([{ action: "a" }, { action: "b" }], [0, late], 1);
  const found = await stats(indexer, { since: late, until: late + 1, interval: "minute", top: 5 });
  assert.equal(found.entries.length, 60);
  assert.equal(found.entries[59], 1);
  assert.deepEqual(found.top.action, [{ value: "b", count: 1 }]);
});

test("counts are read as they were written", () => {
  const empty = decodeCounts(encodeCounts(new Map()));
  assert.deepEqual(empty, new Map());
  assert.throws(() => decodeCounts(new TextEncoder().encode("{}")), TypeError);
});

test("counts of an empty time, of more than 31 days or of too many values are refused", async () => {
  const indexer = await indexOf([], []);
  const request: StatsRequest = { since: BASE, until: BASE + 1, interval: "hour", top: 5 };
  await assert.rejects(stats(indexer, { ...request, until: BASE }), { parameter: "since" });
  await assert.rejects(stats(indexer, { ...request, until: BASE + 32 * 24 * HOUR }), { parameter: "since" });
  await assert.rejects(stats(indexer, { ...request, top: 0 }), { parameter: "top" });
  await assert.rejects(stats(indexer, { ...request, top: 101 }), { parameter: "top" });
});
