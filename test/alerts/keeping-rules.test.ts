/** Rules about how ledgers and keys are kept: audits, retention, keys that have ended. Each fires once, and is over when what it tells is. */

import assert from "node:assert/strict";
import test from "node:test";
import type { AuditsSeen, EndedKeySeen, Facts, PruningSeen } from "../../src/alerts/facts.ts";
import { EndedKeyUsed } from "../../src/alerts/rules/access/ended-key-used.ts";
import { LedgerAudited } from "../../src/alerts/rules/ledgers/ledger-audited.ts";
import { RetentionHeldUp } from "../../src/alerts/rules/ledgers/retention-held-up.ts";
import { LookAround, type Surroundings } from "../../src/service/watching/look-around.ts";
import { auditsSeen } from "../../src/service/watching/look-at-keeping.ts";
import { alertsBench, BEGIN, MINUTE, told } from "./alerts-bench.ts";

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("an audit that found something is critical once, until one finds nothing; one that is overdue is told, in its turn", async () => {
  const of = (more: Partial<AuditsSeen>): Pick<Facts, "audits"> => ({ audits: [{ ledger: "main", ...more }] });
  const damaged = { id: "a1", at: BEGIN, findings: 2 };
  assert.deepEqual(
    await told(
      new LedgerAudited(),
      { after: 0, ...of({ damaged }) },
      { after: MINUTE, ...of({ damaged }) },
      { after: 2 * MINUTE, ...of({ dueAt: BEGIN + DAY }) },
      { after: 3 * MINUTE, ...of({ dueAt: BEGIN + DAY }) },
    ),
    ["fired critical main", "resolved critical main"],
  );
  const due = of({ dueAt: BEGIN - 30 * DAY });
  const late = { after: 7 * HOUR, ...due };
  assert.deepEqual(await told(new LedgerAudited(), { after: 0, ...due }, { after: 5 * HOUR, ...due }), []);
  assert.deepEqual(await told(new LedgerAudited(), { after: 0, ...due }, late), ["fired warning main"]);
  const began = of({ dueAt: BEGIN - 30 * DAY, underWaySince: BEGIN });
  assert.deepEqual(await told(new LedgerAudited(), { after: 0, ...began }, { after: 6 * DAY, ...began }), []);
  assert.deepEqual(await told(new LedgerAudited(), { after: 8 * DAY, ...began }), ["fired warning main"]);
});

test("an empty ledger is not overdue, one is due when the auditor says so, and without a schedule two weeks after the last", () => {
  const HELD = { id: "0x01", name: "main", createdAt: BEGIN } as const;
  const report = (outcome: string, finishedAt: number) => ({
    report: { outcome, findings: [], more: 0, audit: { id: "a", kind: "whole", finishedAt } },
  });
  const dueOf = (size: number, soonest: number | undefined, ...finished: readonly unknown[]) =>
    auditsSeen({
      now: () => BEGIN + 20 * DAY,
      registry: { list: () => [{ record: HELD, size }] },
      auditor: { soonestAt: () => soonest, list: () => ({ waiting: [], finished }) },
    } as unknown as Surroundings).map(({ dueAt }) => dueAt);
  assert.deepEqual(dueOf(0, BEGIN), []);
  assert.deepEqual(dueOf(1, BEGIN + HOUR), [BEGIN + HOUR]);
  const asked = report("whole", BEGIN + 10 * DAY);
  assert.deepEqual(dueOf(1, undefined), [BEGIN + 14 * DAY], "somebody has to ask for one");
  assert.deepEqual(dueOf(1, undefined, asked), [BEGIN + 24 * DAY]);
  assert.deepEqual(dueOf(1, undefined, report("nothing", BEGIN + 19 * DAY), asked), [BEGIN + 24 * DAY]);
  assert.deepEqual(dueOf(1, undefined, report("whole", BEGIN + 90 * DAY), asked), [BEGIN + 24 * DAY]);
});

test("retention that does not get on is told when it has failed for an hour, lacks a place or waits for a chain for a day, once", async () => {
  const of = (more: Partial<PruningSeen>): Pick<Facts, "pruning"> => ({
    pruning: [{ ledger: "main", lacksArchive: false, ...more }],
  });
  const failing = of({ failing: { since: BEGIN, failure: "the bucket does not answer" } });
  assert.deepEqual(
    await told(
      new RetentionHeldUp(),
      { after: 0, ...failing },
      { after: HOUR, ...failing },
      { after: HOUR + MINUTE, ...failing },
      { after: HOUR + 2 * MINUTE, ...failing },
      { after: HOUR + 3 * MINUTE, ...of({}) },
      { after: HOUR + 4 * MINUTE, ...of({}) },
    ),
    ["fired warning main", "resolved warning main"],
  );
  assert.deepEqual(await told(new RetentionHeldUp(), { after: HOUR, ...failing }), []);
  assert.deepEqual(await told(new RetentionHeldUp(), { after: 0, ...of({ lacksArchive: true }) }), [
    "fired warning main",
  ]);
  const waiting = of({ unanchoredSince: BEGIN });
  assert.deepEqual(await told(new RetentionHeldUp(), { after: DAY, ...waiting }), []);
  assert.deepEqual(await told(new RetentionHeldUp(), { after: DAY + 1, ...waiting }), ["fired warning main"]);
});

test("a key that has ended is told when it is used, until an hour after the last use", async () => {
  const of = (lastAt: number): Pick<Facts, "endedKeys"> => ({
    endedKeys: [{ key: "k1", source: "app", how: "revoked", endedAt: BEGIN, count: 1, lastAt: BEGIN + lastAt }],
  });
  assert.deepEqual(
    await told(
      new EndedKeyUsed(),
      { after: 0, endedKeys: [] },
      { after: MINUTE, ...of(MINUTE) },
      { after: HOUR, ...of(HOUR) },
      { after: 2 * HOUR, ...of(HOUR) },
      { after: 2 * HOUR + MINUTE, ...of(HOUR) },
      { after: 2 * HOUR + 2 * MINUTE, ...of(HOUR) },
    ),
    ["fired warning k1", "resolved warning k1"],
  );
});

test("what is looked at has keys by how they ended, and says once why it does not know something", async () => {
  const logged: string[] = [];
  let isAway = true;
  const note = ({ what }: { readonly what?: string }) => logged.push(`${what} ${isAway}`);
  const keys = [
    { id: "k1", source: "a", revokedAt: 5, expiresAt: 9 },
    { id: "k2", source: "b", expiresAt: 9 },
    { id: "k3", source: "c" },
  ];
  const around = new LookAround({
    data: "/nowhere",
    now: () => BEGIN,
    health: alertsBench().health,
    log: { warn: note, info: note },
    registry: { list: () => [] },
    sources: { list: () => [] },
    watchers: { all: () => [] },
    keys: { list: () => keys, refusals: (id: string) => (id === "k3" ? undefined : { count: 1, lastAt: 10 }) },
    anchoring: () => (isAway ? Promise.reject(new Error("the chain is away")) : Promise.resolve([])),
    indexer: () => undefined,
  } as unknown as Surroundings);
  const facts = await around.look();
  await around.look();
  assert.equal(facts.anchoring, undefined);
  isAway = false;
  assert.deepEqual((await around.look()).anchoring, []);
  await around.look();
  assert.deepEqual(
    logged.filter((line) => line.startsWith("anchoring")),
    ["anchoring true", "anchoring false"],
  );
  assert.deepEqual(
    (facts.endedKeys as readonly EndedKeySeen[]).map(({ key, how, endedAt }) => [key, how, endedAt]),
    [
      ["k1", "revoked", 5],
      ["k2", "expired", 9],
    ],
  );
});
