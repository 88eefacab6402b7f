/** Alerts on a bad day: a disk that is full, a ledger that takes nothing, receivers that hang or are away, a clock that was wrong. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import test from "node:test";
import type { Alert } from "../../src/alerts/alert.ts";
import { StandardWebhook } from "../../src/alerts/delivery/channels/standard-webhook.ts";
import { AlertOutbox } from "../../src/alerts/delivery/outbox.ts";
import type { Rule, Trouble } from "../../src/alerts/rule.ts";
import { readAlerts, alerts as settings } from "../../src/service/settings/alert-settings.ts";
import { countUntil, firstOpen, LookAround, type Surroundings } from "../../src/service/watching/look-around.ts";
import { toldLedger } from "../../src/service/watching/open-alerts.ts";
import { until } from "../until.ts";
import { alertsBench, KeepingChannel, MINUTE, TAKEN } from "./alerts-bench.ts";

const WRONG: readonly Trouble[] = [{ subject: "a", detail: "a is wrong" }];
const DAY = 24 * 60 * MINUTE;

function ruleOf(judge: Rule["judge"]): Rule {
  return { name: "said", title: "something is wrong", severity: "warning", judge };
}

/** A receiver that forgets what it is not told again. */
class ForgettingChannel extends KeepingChannel {
  readonly refreshed: (readonly Alert[])[] = [];

  async refresh(firing: readonly Alert[]) {
    this.refreshed.push(firing);
    return TAKEN;
  }
}

/** A store that takes writes until `isFull`. */
function filling({ store }: ReturnType<typeof alertsBench>) {
  const disk = { isFull: false };
  const writeRecords: typeof store.writeRecords = (...args) =>
    disk.isFull ? Promise.reject(new Error("no room")) : store.writeRecords(...args);
  return { disk, store: { records: store.records.bind(store), writeRecords } };
}

test("while nothing can be written down each channel is told that, once, with what is wrong besides", async () => {
  const bench = alertsBench();
  const { open, channel, health } = bench;
  const { disk, store } = filling(bench);
  const other = new KeepingChannel("other");
  let looks = 0;
  const rule = ruleOf(() => {
    looks++;
    return WRONG;
  });
  let isAway = true;
  other.answer = () => (isAway ? { isTaken: false, reason: "away" } : TAKEN);
  health.report("store", { code: "store_not_writable", detail: "the disk is full" });
  disk.isFull = true;
  const alerts = await open({ rules: [rule], store, channels: [channel, other], intervalMs: 1 });
  alerts.start();
  await until("told", () => channel.told.length === 1);
  assert.ok(looks >= 2, "a store that is away for one look is no outage");
  const [told] = channel.told;
  assert.deepEqual([told?.kind, told?.alert.severity, told?.alert.subject], ["fired", "critical", "alerts_failing"]);
  assert.match(told?.alert.detail ?? "", /nobody is told what goes wrong.*the disk is full/);
  const then = looks;
  isAway = false;
  await until("looked again", () => looks > then + 3);
  assert.deepEqual([channel.told.length, other.told.length], [1, 1]);
  assert.equal(other.told[0]?.id, told?.id);
  disk.isFull = false;
  await until("fired", () => channel.told.some(({ alert }) => alert.rule === "said"));
  await alerts.stop();
});

test("a receiver that forgets is told again what fires, also while nothing can be written down", async () => {
  const bench = alertsBench();
  const { disk, store } = filling(bench);
  const channel = new ForgettingChannel();
  let found = WRONG;
  const alerts = await bench.open({ rules: [ruleOf(() => found)], store, channels: [channel] });
  await alerts.evaluate();
  disk.isFull = true;
  found = [...WRONG, { subject: "b", detail: "b is wrong" }];
  await assert.rejects(alerts.evaluate(), /no room/);
  assert.deepEqual(
    channel.refreshed.map((firing) => firing.map(({ subject }) => subject)),
    [["a"], ["a"]],
  );
});

test("a ledger that takes no events keeps no channel from being told; it is told later, once", async () => {
  const { open, ledger, health } = alertsBench();
  const channel = new ForgettingChannel();
  let isStopped = true;
  const append: typeof ledger.append = (event) =>
    isStopped ? Promise.reject(new Error("the ledger is stopped")) : ledger.append(event);
  const alerts = await open({ rules: [ruleOf(() => WRONG)], channels: [channel], ledger: () => ({ append }) });
  await alerts.evaluate();
  assert.equal(channel.refreshed[0]?.length, 1);
  assert.deepEqual(
    health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["alerts_untold", true]],
  );
  isStopped = false;
  await alerts.evaluate();
  assert.deepEqual([ledger.events.size, health.conditions()], [1, []]);
});

test("a ledger that is here to be read is not the one that is told of alerts", () => {
  const named = (...all: readonly (readonly [string, boolean])[]) => {
    const ledgers = new Map(all.map(([name, readOnly]) => [name, { record: { name, readOnly } }]));
    return { get: (name: string) => ledgers.get(name) as never };
  };
  const told = (registry: ReturnType<typeof named>) => toldLedger(registry, "main")?.record.name;
  assert.equal(told(named(["_access", false], ["main", false])), "_access");
  assert.equal(told(named(["_access", true], ["main", false])), "main");
  assert.equal(told(named(["_access", true], ["main", true])), undefined);
});

test("a stop waits neither for a receiver that never answers nor for rules that have not judged yet", async (t) => {
  const { open, store } = alertsBench();
  const server = createServer((socket) => t.after(() => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const asked = new Promise((resolve) => server.once("connection", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const secrets = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];
  const channel = new StandardWebhook({ name: "hangs", url, secrets, from: "notice", now: Date.now });
  let last = 0;
  let judged = 0;
  let stopping: Promise<void> | undefined;
  let isToStop = false;
  const rules = [
    ruleOf(() => WRONG),
    ruleOf(() => {
      if (isToStop && stopping === undefined) {
        judged = last;
        stopping = alerts.stop();
      }
      return "unknown";
    }),
    ruleOf(() => {
      last++;
      return "unknown";
    }),
  ];
  const alerts = await open({ rules, channels: [channel], intervalMs: 1, store });
  alerts.start();
  await asked;
  isToStop = true;
  await until("stopping", () => stopping !== undefined);
  await stopping;
  assert.equal(last, judged);
  assert.equal(alerts.outbox.waiting()[0]?.attempts, 0, "an attempt that a stop ended is none");
});

test("of what waits for a channel that is away for days the newest are kept waiting, and the oldest are dead letters", async () => {
  const { store, clock, health, channel } = alertsBench();
  channel.answer = () => ({ isTaken: false, reason: "away" });
  const log = { warn: () => undefined };
  const outbox = await AlertOutbox.open({
    store,
    channels: [channel],
    now: () => clock.now,
    health,
    log,
    waitingMax: 10,
  });
  const changes = Array.from({ length: 25 }, (_, i) => {
    const id = `${i}`.padStart(16, "0");
    const at = clock.now + i;
    const alert = { id, rule: "said", subject: id, title: "t", severity: "warning", detail: "d" } as const;
    return { id: `${id}-1`, kind: "fired", at, alert: { ...alert, firedAt: at, seenAt: at, changes: 1 } } as const;
  });
  await store.writeRecords(
    changes.flatMap((change) => outbox.writes(change)),
    { durable: true },
  );
  clock.now += MINUTE;
  outbox.take(changes);
  outbox.start();
  await until("tried", () => outbox.waiting().every(({ attempts }) => attempts === 1));
  await outbox.stop();
  assert.deepEqual([outbox.waiting().length, outbox.deadLetters().length], [10, 15]);
  assert.equal(outbox.waiting()[0]?.change.id, changes[15]?.id);
  const again = await AlertOutbox.open({ store, channels: [channel], now: () => clock.now, health, log });
  assert.deepEqual([again.waiting().length, again.deadLetters().length], [10, 15]);
});

test("what a clock that was a year ahead put off is sent when it is put right", async () => {
  const { open, clock, channel } = alertsBench();
  clock.now += 365 * DAY;
  const killed = await open({ rules: [ruleOf(() => WRONG)] });
  await killed.evaluate();
  clock.now -= 365 * DAY;
  const alerts = await open();
  alerts.outbox.start();
  await until("told", () => channel.told.length === 1);
  await alerts.stop();
});

test("a search may name the ledger of accesses; one that is not there cannot be judged, and is not quiet", async () => {
  const search = { name: "who_reads", title: "t", filter: "action=holdfast.access.read", ledger: "_access" };
  const read = readAlerts(settings.parse({ searches: [search] }));
  assert.equal(read?.searches[0]?.ledger, "_access");
  const { health } = alertsBench();
  const empty = {
    registry: { list: () => [] },
    sources: { list: () => [] },
    keys: { list: () => [] },
    watchers: { all: () => [] },
    anchoring: async () => [],
    log: { warn: () => undefined, info: () => undefined },
  };
  const parts = { ...empty, data: "/nowhere", now: Date.now, health, indexer: () => undefined };
  const { countEvents } = await new LookAround(parts as unknown as Surroundings).look();
  assert.equal(await countEvents("misspelt", "outcome=denied", 0, 1), undefined);
});

test("events are counted until there are enough; what was not looked at to its end is not called nothing", async () => {
  const asked: unknown[] = [];
  const pages = (...counts: readonly number[]) => {
    asked.length = 0;
    return async (after: string | undefined) => {
      asked.push(after);
      const complete = asked.length === counts.length;
      return { count: counts[asked.length - 1] ?? 0, complete, ...(!complete && { next: `${asked.length}` }) };
    };
  };
  assert.equal(await countUntil(3, pages(1, 0, 1)), 2);
  assert.deepEqual(asked, [undefined, "1", "2"]);
  assert.equal(await countUntil(3, pages(1, 2, 1)), 3);
  assert.equal(asked.length, 2);
  assert.equal(await countUntil(3, pages(1, 0, 0, 0, 0, 9)), undefined);
});

test("intents that were not gone through to their end are not said to have results", async () => {
  const pages = (...found: readonly (readonly [items: readonly string[], complete: boolean])[]) => {
    const left = [...found];
    return async () => {
      const [items, complete] = left.shift() ?? [[], false];
      return { items, complete };
    };
  };
  assert.deepEqual(await firstOpen(pages([[], false], [["a"], false], [["b"], true])), ["a"]);
  assert.deepEqual(await firstOpen(pages([[], false], [[], true], [["b"], true])), []);
  await assert.rejects(firstOpen(pages()), /not yet to their end/);
});
