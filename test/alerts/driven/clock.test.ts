/** Rules that judge hours, over a service whose clock a test moves: what is sent to it is told at the next look, once, and is over in its time. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import test, { after, before } from "node:test";
import type { Alerts } from "../../../src/alerts/alerts.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { type AlertParts, openAlerts } from "../../../src/service/watching/open-alerts.ts";
import { ask, event, type Running, startService } from "../../http/service.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { until } from "../../until.ts";

const MINUTE = 60_000;
let service: Running;
let alerts: Alerts;
let key: string;
const noLog = () => undefined;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "billing");
  const config = {
    intervalS: 60,
    without: [],
    silentAfterS: { billing: "never" as const },
    searches: [],
    channels: [],
  };
  const { sources, ledgers, keys, health, clock, indexer, auditor, retention, watchers } = service;
  const parts: AlertParts = {
    data: tmpdir(),
    now: () => clock.now,
    health,
    log: { debug: noLog, info: noLog, warn: noLog, error: noLog },
    sources,
    registry: ledgers,
    keys,
    anchoring: async () => [],
    indexer,
    auditor,
    retention,
    watchers,
    hash: await fastKeccak256(),
    salts: createSalts(),
    // What it tells is looked at in the book, not in a ledger.
    store: new MemoryStore(),
    ledger: "none",
  };
  const opened = await openAlerts(config, parts);
  assert.ok(opened !== undefined);
  alerts = opened;
  await look();
});
after(() => service.close());

/** A look, once the index has everything, a minute later. */
async function look(): Promise<void> {
  service.clock.now += MINUTE;
  await until("indexed", () => service.indexer("main")?.watermark === service.ledgers.get("main")?.size);
  await alerts.evaluate();
}

const send = (events: object | readonly object[]) =>
  ask(service, "POST /v1/ledgers/main/events", { key, body: events as object });
const now = (more: object = {}) => event({ time: new Date(service.clock.now).toISOString(), ...more });
const many = (outcome: string) => Array.from({ length: 50 }, () => now({ outcome }));

type Driven = { readonly breakIt: () => Promise<unknown>; readonly waitMin?: number; readonly lastsMin: number };

/** `lastsMin`: at the latest so long after it began it is over, two looks included. */
const DRIVEN: Readonly<Record<string, Driven>> = {
  denied_burst: { breakIt: () => send(many("denied")), lastsMin: 8 },
  failed_burst: { breakIt: () => send(many("failure")), lastsMin: 8 },
  clock_skew: {
    breakIt: () => send(event({ time: new Date(service.clock.now - 7_200_000).toISOString() })),
    lastsMin: 130,
  },
  idempotency_conflict: {
    breakIt: async () => {
      await send(now({ id: "once", action: "a.b" }));
      assert.equal((await send(now({ id: "once", action: "c.d" }))).status, 409);
    },
    lastsMin: 65,
  },
  intents_open: { breakIt: () => send(now({ intent: "pay-1" })), waitMin: 62, lastsMin: 0 },
};

const over = (rule: string) => alerts.book.over().filter((each) => each.rule === rule);
const firing = (rule: string) => alerts.book.firing().filter((each) => each.rule === rule);

for (const [rule, { breakIt, waitMin = 1, lastsMin }] of Object.entries(DRIVEN)) {
  test(`${rule} is told within its promise, once, and is over when it is`, async () => {
    assert.equal(firing(rule).length, 0);
    await breakIt();
    for (let minute = 0; minute < waitMin && firing(rule).length === 0; minute++) await look();
    const [fired] = firing(rule);
    assert.ok(fired !== undefined, `${rule} fires within ${waitMin} minutes`);
    if (rule === "intents_open") await send(now({ result_of: "pay-1" }));
    else await send(now());
    for (let minute = 0; minute <= lastsMin + 3 && firing(rule).length > 0; minute++) await look();
    assert.deepEqual(
      over(rule).map(({ id }) => id),
      [fired.id],
    );
    // Fired, and resolved: nothing else became of it.
    assert.equal(over(rule)[0]?.changes, 2);
  });
}
