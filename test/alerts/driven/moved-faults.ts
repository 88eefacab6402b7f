/** Faults that take hours, by the rule that is to tell them: how each is put in, within which time it is to be told, and how it is mended. */

import assert from "node:assert/strict";
import type { Severity } from "../../../src/alerts/rule.ts";
import { packEntry } from "../../../src/entry/packed.ts";
import { PAYER } from "../../anchor/world.ts";
import { DAY, HOUR, MINUTE, type MovedService } from "./moved-service.ts";

export type MovedFault = {
  readonly rule: string;
  readonly what: string;
  readonly subject: string | ((moved: MovedService) => string);
  readonly severity: Severity;
  /** What has to have been before, and is no fault. */
  readonly before?: (moved: MovedService) => Promise<unknown>;
  readonly breakIt: (moved: MovedService) => Promise<unknown>;
  /** Absent where it is over by itself. */
  readonly mend?: (moved: MovedService) => Promise<unknown>;
  /** Within so long it fires; a look when absent. */
  readonly withinMs?: number;
  /** At the latest so long after it was mended it is over, the two looks included that an end takes. */
  readonly overMs?: number;
  /** Between two looks. */
  readonly stepMs?: number;
};

const SOON = 5 * MINUTE;
/** Hours that have to be known of a source before anything is far more than usual. */
const KNOWN = 100 * HOUR;
/** So much in an hour is far more than nothing. */
const FLOOD = 1100;

function cloudEvents(moved: MovedService, ...numbers: readonly number[]): Promise<unknown> {
  const body = numbers.map((sequence) => ({
    specversion: "1.0",
    id: String(sequence),
    source: "/till",
    type: "sale.closed",
    time: new Date(moved.now).toISOString(),
    sequence: String(sequence),
  }));
  const type = "application/cloudevents-batch+json";
  return moved.ask("POST /v1/ledgers/main/ingest/cloudevents", { body: JSON.stringify(body), type });
}

async function flood(moved: MovedService): Promise<void> {
  for (let half = 0; half < 2; half++) await moved.send(...moved.events(FLOOD / 2));
}

/** Ids of keys by what they stand for. */
function keyOf({ service }: MovedService, source: string): string {
  return service.keys.list().find((each) => each.source === source)?.id ?? assert.fail(source);
}

const OF_SOURCES: readonly MovedFault[] = [
  {
    rule: "source_volume",
    what: "a thousand events in an hour of a source that sends hardly any",
    subject: "main/billing",
    severity: "warning",
    before: async (moved) => {
      await moved.send(moved.event());
      await moved.pass(KNOWN, HOUR);
    },
    breakIt: flood,
    withinMs: HOUR,
    overMs: 3 * HOUR,
    stepMs: HOUR,
  },
  {
    rule: "clock_skew",
    what: "a source whose clock is two hours behind",
    subject: "main/billing",
    severity: "notice",
    breakIt: (moved) => moved.send(moved.event({ time: new Date(moved.now - 2 * HOUR).toISOString() })),
    mend: (moved) => moved.send(moved.event()),
  },
  {
    rule: "idempotency_conflict",
    what: "two events under one id",
    subject: "main/billing",
    severity: "warning",
    breakIt: async (moved) => {
      await moved.send(moved.event({ id: "once", action: "a.b" }));
      const body = moved.event({ id: "once", action: "c.d" });
      assert.equal((await moved.ask("POST /v1/ledgers/main/events", { body })).status, 409);
    },
    overMs: HOUR + SOON,
  },
  {
    rule: "sequence_gap",
    what: "numbers of a sender that did not come",
    subject: "main/billing",
    severity: "warning",
    before: (moved) => cloudEvents(moved, ...Array.from({ length: 120 }, (_, i) => i + 1)),
    breakIt: (moved) => cloudEvents(moved, 123),
    withinMs: 12 * MINUTE,
    mend: (moved) => cloudEvents(moved, 121, 122),
  },
];

const OF_EVENTS: readonly MovedFault[] = [
  ...(["denied", "failure"] as const).map(
    (outcome): MovedFault => ({
      rule: outcome === "denied" ? "denied_burst" : "failed_burst",
      what: `fifty events with the outcome ${outcome}`,
      subject: "main",
      severity: "warning",
      breakIt: (moved) => moved.send(...moved.events(50, { outcome })),
      overMs: 8 * MINUTE,
    }),
  ),
  {
    rule: "intents_open",
    what: "an action that was announced, and not what came of it",
    subject: "main",
    severity: "warning",
    breakIt: (moved) => moved.send(moved.event({ intent: "pay-1" })),
    withinMs: HOUR + 2 * MINUTE,
    mend: (moved) => moved.send(moved.event({ result_of: "pay-1" })),
  },
];

const OF_ACCESSES: readonly MovedFault[] = [
  {
    rule: "ended_key_used",
    what: "a key that was revoked and is used",
    subject: (moved) => keyOf(moved, "left"),
    severity: "warning",
    breakIt: async (moved) => {
      const key = await moved.service.key(["writer"], "left");
      assert.equal((await moved.ask(`DELETE /v1/keys/${keyOf(moved, "left")}`)).status, 200);
      const answer = await moved.ask("POST /v1/ledgers/main/events", { key, body: moved.event() });
      assert.equal(answer.status, 401);
    },
    overMs: HOUR + SOON,
  },
  {
    rule: "new_address",
    what: "a key that is used from elsewhere after a week",
    subject: (moved) => `${keyOf(moved, "billing")} from 203.0.113.9`,
    severity: "notice",
    before: async (moved) => {
      await moved.ask("GET /v1/key", { headers: { "X-Forwarded-For": "10.0.0.1" } });
      await moved.pass(8 * DAY, DAY);
    },
    breakIt: (moved) => moved.ask("GET /v1/key", { headers: { "X-Forwarded-For": "203.0.113.9" } }),
    overMs: DAY + 3 * HOUR,
    stepMs: HOUR,
  },
  {
    rule: "reading_unusual",
    what: "a thousand events that are exported with a key that reads hardly any",
    subject: (moved) => keyOf(moved, "billing"),
    severity: "warning",
    before: async (moved) => {
      await flood(moved);
      await moved.ask("GET /v1/ledgers/main/events?limit=1");
      await moved.pass(KNOWN, HOUR);
    },
    breakIt: (moved) => moved.ask("GET /v1/ledgers/main/export"),
    withinMs: HOUR,
    overMs: 3 * HOUR,
    stepMs: HOUR,
  },
  {
    rule: "refusals",
    what: "a hundred requests of a key that may not",
    subject: (moved) => `key ${keyOf(moved, "curious")}`,
    severity: "warning",
    breakIt: async (moved) => {
      const key = await moved.service.key(["writer"], "curious");
      for (let i = 0; i < 100; i++) assert.equal((await moved.ask("GET /v1/keys", { key })).status, 403);
    },
    overMs: HOUR + 2 * SOON,
  },
];

const OF_ANCHORING: readonly MovedFault[] = [
  {
    rule: "anchor_lag",
    what: "fees above what was allowed",
    subject: "main on chain",
    severity: "warning",
    before: (moved) => moved.pass(2 * HOUR, 10 * MINUTE),
    breakIt: async (moved) => {
      moved.chain.baseFee = 10n ** 13n;
      await moved.send(moved.event());
    },
    withinMs: 3 * HOUR + 20 * MINUTE,
    mend: async (moved) => {
      moved.chain.baseFee = 10n ** 10n;
    },
    overMs: 2 * HOUR,
    stepMs: 10 * MINUTE,
  },
  {
    rule: "anchor_lag",
    what: "a payer without money",
    subject: "main on chain",
    severity: "critical",
    before: (moved) => moved.pass(2 * HOUR, 10 * MINUTE),
    breakIt: async (moved) => {
      moved.chain.fund(PAYER.address, 0n);
      await moved.send(moved.event());
    },
    withinMs: 2 * HOUR,
    mend: async (moved) => moved.chain.fund(PAYER.address),
    overMs: 2 * HOUR,
    stepMs: 10 * MINUTE,
  },
];

/** An entry whose time is another one than was recorded, which no hash leads to; the same again mends it. */
async function changeEntry({ service, ledger }: MovedService, byMs: number): Promise<void> {
  const { id } = ledger.record;
  const entry = (await service.store.entry(id, 1)) ?? assert.fail();
  const changed = { ...packEntry(entry), recordedAt: entry.recordedAt + byMs };
  await service.store.replaceEntries(id, [{ index: 1, entry: changed }], []);
}

const OF_LEDGERS: readonly MovedFault[] = [
  {
    rule: "audit",
    what: "an entry that was changed in the store",
    subject: "main",
    severity: "critical",
    before: (moved) => moved.send(...moved.events(5)),
    breakIt: async (moved) => {
      await changeEntry(moved, -1);
      await moved.audit();
    },
    mend: async (moved) => {
      await changeEntry(moved, 1);
      await moved.audit();
    },
  },
  {
    rule: "audit",
    what: "a ledger that nobody audited for two weeks",
    subject: "main",
    severity: "warning",
    before: async (moved) => {
      await moved.send(moved.event());
      await moved.audit();
      await moved.pass(13 * DAY, DAY);
    },
    breakIt: (moved) => moved.look(DAY),
    withinMs: 7 * HOUR,
    stepMs: HOUR,
    mend: (moved) => moved.audit(),
    overMs: 3 * HOUR,
  },
  {
    rule: "retention_held_up",
    what: "what is due, and is not final on a chain",
    subject: "main",
    severity: "warning",
    before: async (moved) => {
      await moved.send(moved.event());
      const key = await moved.service.key(["privacy"], "counsel");
      const rules = [{ name: "logins", action: "user.*", keepAtMost: "P2D", after: "prune" }];
      const answer = await moved.ask("PUT /v1/ledgers/main/retention", { key, body: { rules } });
      assert.equal(answer.status, 200, answer.text);
    },
    breakIt: async ({ service, ledger }) => {
      const chain = { chainId: 1, contract: `0x${"c0".repeat(20)}`, anchoredSize: 0, finalSize: 0 } as const;
      service.chains.set(ledger.record.id, [{ ...chain, lagMs: 0, lagMaxMs: HOUR }]);
    },
    withinMs: 2 * DAY + DAY + 2 * HOUR,
    stepMs: HOUR,
    mend: async ({ service, ledger }) => service.chains.delete(ledger.record.id),
    overMs: 3 * HOUR,
  },
];

const OF_WATCHERS: readonly MovedFault[] = [
  {
    rule: "watcher_silent",
    what: "a watcher that is not heard",
    subject: "main/auditor",
    severity: "warning",
    before: async (moved) => {
      await moved.send(moved.event());
      await moved.say("good");
    },
    breakIt: async () => undefined,
    withinMs: 4 * MINUTE,
    mend: (moved) => moved.say("good"),
    overMs: 2 * MINUTE,
  },
  {
    rule: "watcher_contradicts",
    what: "a watcher that was shown another root",
    subject: "main/auditor/root",
    severity: "critical",
    before: (moved) => moved.send(moved.event()),
    breakIt: (moved) => moved.say("bad", { code: "root", mark: "bad", detail: "size 1 has another root" }),
    mend: (moved) => moved.say("good"),
  },
  {
    rule: "watcher_blind",
    what: "a watcher that cannot tell",
    subject: "main/auditor",
    severity: "warning",
    before: (moved) => moved.send(moved.event()),
    breakIt: (moved) => moved.say("unknown", { code: "chain", mark: "unknown", detail: "its node does not answer" }),
    withinMs: 3 * HOUR,
    mend: (moved) => moved.say("good"),
  },
];

export const MOVED_FAULTS: readonly MovedFault[] = [
  ...OF_SOURCES,
  ...OF_EVENTS,
  ...OF_ACCESSES,
  ...OF_ANCHORING,
  ...OF_LEDGERS,
  ...OF_WATCHERS,
];
