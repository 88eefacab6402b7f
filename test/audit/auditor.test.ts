/** The auditor of a service: on a schedule and when asked, through kills, with an event of the ledger and a condition of the service. */

import assert from "node:assert/strict";
import test from "node:test";
import { planChecks } from "../../src/audit/check-plan.ts";
import { AuditRecords } from "../../src/audit/running/audit-records.ts";
import { Auditor, type AuditorOptions } from "../../src/audit/running/auditor.ts";
import { AuditPace } from "../../src/audit/running/pace.ts";
import { dueAt } from "../../src/audit/running/schedule.ts";
import { readMembers } from "../../src/entry/prepare.ts";
import { Health } from "../../src/health.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Store } from "../../src/store/store.ts";
import { verifyReport } from "../../src/verify/report/check-report.ts";
import { withEntries } from "../ledger/altered.ts";
import { hash, many, openLedger, record, signer, storeWithLedger } from "../ledger/fixtures.ts";
import { until } from "../until.ts";

const HOUR_MS = 3_600_000;
const WISH = { kind: "whole", share: 1 } as const;
const ASKER = { key: "0123456789abcdef", source: "desk" };

async function filled(count = 1000): Promise<{ store: Store; ledger: Ledger }> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (let at = 0; at < count; at += 100) await ledger.append({ entries: many(100, `at ${at}`), source: "test" });
  return { store, ledger };
}

type Made = { readonly auditor: Auditor; readonly health: Health; readonly clock: { now: number } };

async function make(store: Store, ledger: Ledger, more: Partial<AuditorOptions> = {}): Promise<Made> {
  const health = new Health();
  const clock = { now: record.createdAt + 1000 };
  const auditor = new Auditor({
    store,
    hash,
    signer,
    health,
    version: "test",
    salts: (n) => new Uint8Array(16 * n),
    now: () => clock.now,
    plan: { wholeMs: 24 * HOUR_MS, sampleMs: HOUR_MS, share: 1 },
    checksOf: async (_, kind) =>
      planChecks(kind, { remembered: [], witnesses: [], now: () => clock.now, archives: undefined }),
    ...more,
  });
  await auditor.follow(ledger);
  return { auditor, health, clock };
}

const conditions = ({ health }: Made) => health.conditions().map(({ code }) => code);
const finishedOf = ({ auditor }: Made) => auditor.list(record.id).finished;

async function toldOf(ledger: Ledger): Promise<unknown[]> {
  const told: unknown[] = [];
  for await (const entry of ledger.entries(0, ledger.size)) {
    const { action, metadata } = readMembers(entry) as { action?: string; metadata?: unknown };
    if (action === "holdfast.audit.finish") told.push(metadata);
  }
  return told;
}

test("what is asked for is audited, its report is signed, and the ledger is told its digest", async () => {
  const { store, ledger } = await filled();
  const made = await make(store, ledger, { intervalMs: 0 });
  const { id } = await made.auditor.begin(record.id, WISH, ASKER);
  await made.auditor.runDue();
  const [done] = finishedOf(made);
  assert.equal(done?.report.audit.id, id);
  assert.deepEqual([done?.report.outcome, done?.isTold], ["partial", true], "there were no anchors to ask about");
  assert.deepEqual(done?.report.skipped, [{ check: "anchors", why: "the ledger has no anchors yet" }]);
  const verdict = await verifyReport(JSON.stringify(done?.report), { expected: { signers: [signer.address] } });
  assert.equal(verdict.outcome, "verified");
  assert.deepEqual(await toldOf(ledger), [
    { digest: done?.digest, findings: 0, kind: "whole", outcome: "partial", size: 1000 },
  ]);
  assert.deepEqual(conditions(made), []);
});

test("an audit that is stopped at any tile goes on with the next start, and nothing is read twice", async () => {
  const { store, ledger } = await filled(1300);
  const first = await make(store, ledger, { intervalMs: 0 });
  const { id } = await first.auditor.begin(record.id, WISH, ASKER);
  let reads = 0;
  const counting = new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (name !== "packedEntries") return typeof member === "function" ? member.bind(target) : member;
      return (...args: [never, number, number]) => {
        reads++;
        return target.packedEntries(...args);
      };
    },
  });
  for (let stops = 0; stops < 4; stops++) {
    const made = await make(counting, ledger, { intervalMs: 0 });
    // It stops as soon as it has begun: behind the next tile.
    const running = made.auditor.runDue();
    const stopping = made.auditor.stop();
    await assert.rejects(running, /the service stops/);
    await stopping;
    assert.equal(made.auditor.list(record.id).waiting[0]?.kept?.tree.size, 256 * (stops + 1));
  }
  const last = await make(counting, ledger, { intervalMs: 0 });
  await last.auditor.runDue();
  const [done] = finishedOf(last);
  assert.equal(done?.report.audit.id, id);
  assert.equal(done?.report.looked.find(({ check }) => check === "entries")?.count, 1300);
  assert.equal(reads, 6);
});

test("a report that was kept and not told, when the service was killed, is told by the next audit", async () => {
  const { store, ledger } = await filled();
  const deaf = new Proxy(ledger, {
    get: (target, name) => {
      if (name === "append") return async () => Promise.reject(new Error("killed"));
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const first = await make(store, deaf, { intervalMs: 0 });
  await first.auditor.begin(record.id, WISH, ASKER);
  await assert.rejects(first.auditor.runDue(), /killed/);
  assert.deepEqual(await toldOf(ledger), []);
  const next = await make(store, ledger, { intervalMs: 0 });
  await next.auditor.begin(record.id, WISH, ASKER);
  await next.auditor.runDue();
  const [second, earlier] = finishedOf(next);
  assert.deepEqual(await toldOf(ledger), [
    { digest: second?.digest, earlier: [earlier?.digest], findings: 0, kind: "whole", outcome: "partial", size: 1000 },
  ]);
});

test("findings are a condition of the service, also after a restart, until a whole audit finds nothing", async () => {
  const { store, ledger } = await filled();
  const damaged = withEntries(store, (entry, i) => (i === 40 ? undefined : entry));
  const bad = await make(damaged, ledger, { intervalMs: 0 });
  await bad.auditor.begin(record.id, WISH, ASKER);
  await bad.auditor.runDue();
  assert.deepEqual(conditions(bad), ["audit_finding"]);
  const again = await make(store, ledger, { intervalMs: 0 });
  assert.deepEqual(conditions(again), ["audit_finding"]);
  await again.auditor.begin(record.id, { kind: "sample", share: 1 }, ASKER);
  await again.auditor.runDue();
  assert.deepEqual(conditions(again), ["audit_finding"], "a sample that finds nothing is no all-clear");
  await again.auditor.begin(record.id, WISH, ASKER);
  await again.auditor.runDue();
  assert.deepEqual(conditions(again), []);
});

test("a ledger is audited by its schedule, and an idle one is not told of samples that found nothing", async () => {
  const { store, ledger } = await filled();
  const made = await make(store, ledger);
  await made.auditor.runDue();
  assert.deepEqual(finishedOf(made), []);
  const kinds = () => finishedOf(made).map(({ report }) => report.audit.kind);
  for (let hour = 1; hour <= 25; hour++) {
    made.clock.now = record.createdAt + hour * HOUR_MS + 1000 * hour;
    await made.auditor.runDue();
  }
  const wholeAt = kinds().flatMap((kind, before) => (kind === "whole" ? [25 - before] : []));
  assert.deepEqual(wholeAt, [25, 1], "the first of all, and one a day from then on");
  assert.equal(kinds().length, 25);
  const told = (await toldOf(ledger)) as { kind: string; earlier?: string[] }[];
  assert.deepEqual(
    told.map(({ kind, earlier }) => [kind, earlier?.length ?? 0]),
    [
      ["whole", 0],
      ["whole", 23],
    ],
  );
  await ledger.append({ entries: many(3, "more"), source: "test" });
  made.clock.now += 2 * HOUR_MS;
  await made.auditor.runDue();
  assert.equal((await toldOf(ledger)).length, 3);
});

test("an audit by schedule gives way to one that somebody waits for, and goes on behind it", async () => {
  const { store, ledger } = await filled(1300);
  const made = await make(store, ledger);
  made.clock.now += 25 * HOUR_MS;
  const records = await AuditRecords.open(store, record.id);
  assert.deepEqual(records.waiting, []);
  const running = made.auditor.runDue();
  await made.auditor.begin(record.id, { kind: "sample", wanted: { count: 5 }, share: 1 }, ASKER);
  await running;
  const order = finishedOf(made).map(({ report: { audit } }) => `${audit.reason} ${audit.kind}`);
  assert.deepEqual(order, ["schedule whole", "request sample"]);
  const [whole] = finishedOf(made);
  assert.equal(whole?.report.looked.find(({ check }) => check === "entries")?.count, 1300);
});

test("an audit that fails every time keeps no other from being carried out, and is said to fail", async () => {
  const { store, ledger } = await filled();
  const asked: string[] = [];
  const made: Made = await make(store, ledger, {
    checksOf: async (_, kind) => {
      asked.push(kind);
      if (kind === "whole") throw new Error("the bucket does not answer");
      return planChecks(kind, { remembered: [], witnesses: [], now: () => made.clock.now, archives: undefined });
    },
  });
  await made.auditor.begin(record.id, WISH, ASKER);
  const { id } = await made.auditor.begin(record.id, { kind: "sample", wanted: { count: 5 }, share: 1 }, ASKER);
  await assert.rejects(made.auditor.runDue(), /the bucket does not answer/);
  assert.deepEqual(
    finishedOf(made).map(({ report: { audit } }) => audit.id),
    [id],
  );
  // The whole one is tried again in each round, and the sample that is due by schedule is carried out.
  made.clock.now += 25 * HOUR_MS;
  asked.length = 0;
  await assert.rejects(made.auditor.runDue(), /the bucket does not answer/);
  assert.deepEqual(asked, ["whole", "sample"]);
  assert.equal(finishedOf(made)[0]?.report.audit.reason, "schedule");
});

test("a stop ends what an audit waits for elsewhere", async () => {
  const { store, ledger } = await filled();
  let isWaiting = false;
  const made = await make(store, ledger, {
    checksOf: (_, __, pace) =>
      new Promise((_resolve, reject) => {
        isWaiting = true;
        pace.signal.addEventListener("abort", () => reject(new Error("the bucket was not waited for")));
      }),
  });
  await made.auditor.begin(record.id, WISH, ASKER);
  made.auditor.start();
  await until("waiting", () => isWaiting);
  await made.auditor.stop();
  assert.deepEqual(conditions(made), [], "to be stopped is no failure");
});

test("a store that takes no writes is asked once in a round for each audit that is due", async () => {
  const { store, ledger } = await filled();
  let writes = 0;
  const refusing = new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (name === "writeRecords") return () => Promise.reject(new Error(`no room ${++writes}`));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const made = await make(refusing, ledger);
  made.clock.now += 25 * HOUR_MS;
  await assert.rejects(made.auditor.runDue(), /no room 1/);
  assert.equal(writes, 2);
});

test("the next audit is due so long after the last one that counts; a whole one counts as a sample, and the first of all is a whole one", () => {
  const plan = { wholeMs: 100, sampleMs: 10 };
  const at = (kind: "whole" | "sample", ...finished: ["whole" | "sample", number][]) =>
    dueAt(kind, plan, {
      createdAt: 1,
      now: 60,
      finished: finished.map(([of, finishedAt]) => ({ kind: of, finishedAt })),
    });
  assert.equal(at("whole"), 11, "before it nobody knows how the ledger is");
  assert.equal(at("sample"), 11);
  assert.equal(at("whole", ["sample", 50]), 11, "samples do not take its place");
  assert.equal(at("whole", ["whole", 1e9]), 11, "nor does one whose time is still to come");
  assert.equal(at("whole", ["sample", 55], ["whole", 50]), 150);
  assert.equal(at("sample", ["whole", 50], ["sample", 20]), 60);
  assert.equal(
    at("whole", ["whole", 1e9], ["whole", 50]),
    150,
    "one of a clock that was ahead for a while does not count",
  );
  const never = { createdAt: 1, finished: [], now: 60 };
  assert.equal(dueAt("whole", { wholeMs: 0, sampleMs: 1 }, never), undefined);
  assert.equal(dueAt("whole", { wholeMs: 100, sampleMs: 0 }, never), 101);
});

test("an audit of a ledger that was empty puts off none of one that has entries", async () => {
  const { store, ledger } = await filled(0);
  const made = await make(store, ledger, { intervalMs: 0 });
  await made.auditor.begin(record.id, WISH, ASKER);
  await made.auditor.runDue();
  assert.equal(finishedOf(made)[0]?.report.outcome, "nothing");
  assert.equal(made.auditor.nextAt(record.id, "whole"), record.createdAt + HOUR_MS);
  assert.equal(made.auditor.soonestAt(record.id), record.createdAt + HOUR_MS);
  await made.auditor.begin(record.id, WISH, ASKER);
  await made.auditor.runDue();
  assert.equal(finishedOf(made)[0]?.report.outcome, "partial", "the event about the first is an entry");
  assert.equal(made.auditor.soonestAt(record.id), made.clock.now + HOUR_MS);
});

test("a pace rests for what its share asks for", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const controller = new AbortController();
  const real = performance.now.bind(performance);
  let elapsed = 0;
  t.mock.method(performance, "now", () => real() * 0 + elapsed);
  const pace = new AuditPace(0.1, controller.signal);
  elapsed = 10;
  let isRested = false;
  const resting = pace.rest().then(() => {
    isRested = true;
  });
  t.mock.timers.tick(89);
  await Promise.resolve();
  assert.equal(isRested, false);
  t.mock.timers.tick(2);
  await resting;
  controller.abort(new Error("the service stops"));
  elapsed += 10;
  await assert.rejects(pace.rest());
});
