/** What becomes of something wrong: told once, told when it is over, also when the service is killed in between. */

import assert from "node:assert/strict";
import test from "node:test";
import type { AlertError } from "../../src/alerts/alert-error.ts";
import type { Alerts } from "../../src/alerts/alerts.ts";
import type { Rule, Trouble } from "../../src/alerts/rule.ts";
import { until } from "../until.ts";
import { alertsBench, KeepingChannel, MINUTE } from "./alerts-bench.ts";

const HAND = { key: "k1", source: "ada" };

/** A rule that finds what a test says. */
class SaidRule implements Rule {
  readonly name = "said";
  readonly title = "something is wrong";
  readonly severity = "warning";
  found: readonly Trouble[] | "unknown" | Error = [];

  judge() {
    if (this.found instanceof Error) throw this.found;
    return this.found;
  }
}

async function look(alerts: Alerts, clock: { now: number }, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    clock.now += MINUTE;
    await alerts.evaluate();
  }
}

test("what is wrong is told once as long as it lasts, and once when it is over, to the channel and to the ledger", async () => {
  const { open, clock, channel, ledger } = alertsBench();
  const rule = new SaidRule();
  const alerts = await open({ rules: [rule] });
  alerts.outbox.start();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  await look(alerts, clock, 5);
  assert.equal(alerts.book.firing().length, 1);
  rule.found = [];
  await look(alerts, clock);
  assert.equal(alerts.book.firing().length, 1, "one look that finds nothing ends nothing");
  await look(alerts, clock);
  await until("told", () => channel.told.length === 2);
  assert.deepEqual(
    channel.told.map(({ kind }) => kind),
    ["fired", "resolved"],
  );
  assert.equal(ledger.events.size, 2);
  assert.equal(alerts.book.firing().length, 0);
  assert.equal(alerts.book.over()[0]?.subject, "a");
  await alerts.stop();
});

test("what cannot be found out stays as it was, and after half an hour it is said that nobody looked", async () => {
  const { open, clock, health } = alertsBench();
  const rule = new SaidRule();
  const alerts = await open({ rules: [rule] });
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  await look(alerts, clock);
  for (const found of ["unknown", new Error("the rule is broken")] as const) {
    rule.found = found;
    await look(alerts, clock, 29);
    assert.equal(alerts.book.firing().length, 1);
  }
  assert.deepEqual(
    health.conditions().map(({ code }) => code),
    ["alerts_unjudged"],
  );
  rule.found = [];
  await look(alerts, clock, 2);
  assert.deepEqual(health.conditions(), []);
  assert.equal(alerts.book.firing().length, 0);
});

test("killed between firing and delivery: it is told after the start, under the same id, and the ledger has it once", async () => {
  const { open, clock, channel, ledger } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  const killed = await open({ rules: [rule] });
  await look(killed, clock);
  // It never sent anything, and is never stopped.
  const [fired] = killed.outbox.waiting();
  assert.equal(channel.told.length, 0);
  const alerts = await open({ rules: [rule] });
  alerts.outbox.start();
  await until("told", () => channel.told.length === 1);
  assert.equal(channel.told[0]?.id, fired?.change.id);
  await look(alerts, clock, 3);
  assert.equal(ledger.events.size, 1);
  assert.equal(alerts.book.firing().length, 1, "it fires on, and is no second alert");
  await until("told", () => alerts.outbox.waiting().length === 0);
  assert.equal(channel.told.length, 1);
  await alerts.stop();
});

test("what the receiver has and the store was not told is sent again, under the same id", async () => {
  const { open, clock, channel, store } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  const alerts = await open({ rules: [rule] });
  await look(alerts, clock);
  const kept = await copyOf(store.records("alert-deliveries"));
  alerts.outbox.start();
  await until("told", () => channel.told.length === 1 && alerts.outbox.waiting().length === 0);
  await alerts.stop();
  await store.writeRecords(
    kept.map(([key, value]) => ({ space: "alert-deliveries", key, value })),
    { durable: true },
  );
  const again = await open({ rules: [rule] });
  again.outbox.start();
  await until("told", () => channel.told.length === 2);
  assert.equal(channel.told[0]?.id, channel.told[1]?.id);
  await again.stop();
});

test("a receiver that is away is tried with growing pauses; what it did not take is a dead letter that can be sent again", async () => {
  const { open, clock, channel, health } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  channel.answer = () => ({ isTaken: false, reason: "it answered with status 500" });
  const other = new KeepingChannel("other");
  const alerts = await open({ rules: [rule], channels: [channel, other] });
  await look(alerts, clock);
  const pauses: number[] = [];
  alerts.outbox.start();
  for (let attempts = 1; attempts <= 10; attempts++) {
    await until(
      "told",
      () => alerts.outbox.deadLetters().length === 1 || alerts.outbox.waiting()[0]?.attempts === attempts,
    );
    const [waiting] = alerts.outbox.waiting();
    if (waiting === undefined) break;
    pauses.push(Math.round((waiting.dueAt - clock.now) / MINUTE));
    clock.now = waiting.dueAt;
    await alerts.outbox.revive(); // wakes it, and there is nothing to revive yet
  }
  assert.equal(other.told.length, 1, "one that is away holds no other up");
  assert.equal(pauses.length, 9);
  assert.ok(
    pauses.every((pause, i) => i === 0 || pause > (pauses[i - 1] as number)),
    String(pauses),
  );
  assert.equal(alerts.outbox.deadLetters()[0]?.failure, "it answered with status 500");
  assert.ok(health.conditions().some(({ code }) => code === "alerts_undelivered"));
  await alerts.stop();
  channel.answer = () => ({ isTaken: true });
  const again = await open({ rules: [rule], channels: [channel, other] });
  assert.equal(again.outbox.deadLetters().length, 1, "dead letters survive a start");
  again.outbox.start();
  assert.equal(await again.outbox.revive(), 1);
  await until("told", () => channel.told.length === 1);
  assert.deepEqual(health.conditions(), []);
  await again.stop();
});

test("what an alert became later waits for what it was before", async () => {
  const { open, clock, channel } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  let isAway = true;
  channel.answer = () => (isAway ? { isTaken: false, reason: "away" } : { isTaken: true });
  const alerts = await open({ rules: [rule] });
  alerts.outbox.start();
  await look(alerts, clock);
  await until("told", () => alerts.outbox.waiting()[0]?.attempts === 1);
  rule.found = [];
  await look(alerts, clock, 2);
  isAway = false;
  clock.now += 60 * MINUTE;
  await alerts.outbox.revive();
  await until("told", () => channel.told.length === 2);
  assert.deepEqual(
    channel.told.map(({ kind }) => kind),
    ["fired", "resolved"],
  );
  await alerts.stop();
});

test("one that is acknowledged or silenced says by whom; while it is silenced only what is worse than that is not told", async () => {
  const { open, clock, channel } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  const alerts = await open({ rules: [rule] });
  alerts.outbox.start();
  await look(alerts, clock);
  const { id } = alerts.book.firing()[0] ?? assert.fail();
  await alerts.book.acknowledge(id, HAND, "on it");
  await alerts.book.silence(id, clock.now + 10 * MINUTE, HAND);
  rule.found = [];
  await look(alerts, clock, 2);
  await until("told", () => alerts.outbox.waiting().length === 0);
  assert.deepEqual(
    channel.told.map(({ kind, alert }) => [kind, alert.acknowledged?.source, alert.silenced?.source]),
    [
      ["fired", undefined, undefined],
      ["acknowledged", "ada", undefined],
      ["silenced", "ada", "ada"],
    ],
  );
  await assert.rejects(alerts.book.acknowledge(id, HAND), (error: AlertError) => error.code === "over");
  await assert.rejects(alerts.book.acknowledge("0".repeat(16), HAND), (error: AlertError) => error.code === "unknown");
  await alerts.stop();
});

test("what becomes worse is told again, what becomes less bad is not", async () => {
  const { open, clock, channel } = alertsBench();
  const rule = new SaidRule();
  const alerts = await open({ rules: [rule] });
  alerts.outbox.start();
  for (const severity of ["warning", "critical", "notice"] as const) {
    rule.found = [{ subject: "a", detail: severity, severity }];
    await look(alerts, clock);
  }
  await until("told", () => alerts.outbox.waiting().length === 0);
  assert.deepEqual(
    channel.told.map(({ kind, alert }) => [kind, alert.severity]),
    [
      ["fired", "warning"],
      ["worsened", "critical"],
    ],
  );
  assert.equal(alerts.book.firing()[0]?.severity, "notice");
  await alerts.stop();
});

test("a store that cannot write fires nothing that it would forget: it fires when it can be kept", async () => {
  const { open, clock, channel, store } = alertsBench();
  const rule = new SaidRule();
  rule.found = [{ subject: "a", detail: "a is wrong" }];
  const writing = { isAway: true };
  const refusing = {
    records: store.records.bind(store),
    writeRecords: (...args: Parameters<typeof store.writeRecords>) =>
      writing.isAway ? Promise.reject(new Error("no room")) : store.writeRecords(...args),
  };
  const alerts = await open({ rules: [rule], store: refusing });
  alerts.outbox.start();
  await assert.rejects(look(alerts, clock), /no room/);
  assert.equal(alerts.book.firing().length, 0);
  writing.isAway = false;
  await look(alerts, clock);
  await until("told", () => channel.told.length === 1);
  await alerts.stop();
});

test("of more than a thousand things that are wrong at once a thousand fire, and it is said that there are more", async () => {
  const { open, clock, health } = alertsBench();
  const rule = new SaidRule();
  rule.found = Array.from({ length: 1001 }, (_, i) => ({ subject: `${i}`, detail: "wrong" }));
  const alerts = await open({ rules: [rule], channels: [] });
  await look(alerts, clock, 2);
  assert.equal(alerts.book.firing().length, 1000);
  assert.ok(health.conditions().some(({ code }) => code === "alerts_too_many"));
});

test("a thousand lesser alerts hide nothing that is critical", async () => {
  const { open, clock } = alertsBench();
  const rule = new SaidRule();
  rule.found = Array.from({ length: 1000 }, (_, i) => ({ subject: `${i}`, detail: "wrong" }));
  const alerts = await open({ rules: [rule], channels: [] });
  await look(alerts, clock, 2);
  rule.found = [...rule.found, { subject: "worst", detail: "evidence is lost", severity: "critical" }];
  await look(alerts, clock, 2);
  assert.deepEqual([alerts.book.firing().length, alerts.book.firing()[0]?.subject], [1001, "worst"]);
});

async function copyOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
