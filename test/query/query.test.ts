/** Queries against reading everything: random events, filters and pages, over a ledger that grows meanwhile. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { spellValue } from "../../src/entry/spelled-value.ts";
import { Indexer, type IndexerParts } from "../../src/query/index/indexer.ts";
import { QUERY_BOUNDS, type QueryItem, query } from "../../src/query/query.ts";
import type { Filter, Order, QueryRequest } from "../../src/query/request.ts";
import { FakeLedger, type TestEvent } from "./fake-ledger.ts";
import { MemoryIndexStore } from "./index/memory-index.ts";

const ODD = [
  "a\u0000b",
  "\u0000",
  "é",
  "e\u0301",
  "💥",
  "x".repeat(256),
  "user:u1",
  "u1",
  "*",
  "a/b",
  "\uffff",
  '"q":',
];
const ACTIONS = ["k8s.pods.get", "k8s.pods.list", "k8s.secrets.get", "k8s", "user.login", "s3:Get", "a/b.c", "k8s."];
const HOUR = 3_600_000;
const BASE = Date.parse("2026-11-20T09:00:00Z");

const idOf = fc.oneof(fc.constantFrom("u1", "u2", "u3"), fc.constantFrom(...ODD));
const plain = { noNullPrototype: true } as const;
const party = fc.record({ type: fc.constantFrom("user", "agent"), id: idOf }, plain);
const event = fc.record(
  {
    action: fc.constantFrom(...ACTIONS),
    actor: fc.oneof(
      party,
      fc.tuple(party, party).map(([actor, on_behalf_of]) => ({ ...actor, on_behalf_of })),
    ),
    targets: fc.array(party, { maxLength: 3 }),
    outcome: fc.constantFrom("success", "failure", "denied"),
    source: fc.constantFrom("crm", "erp"),
    tenant: fc.constantFrom("t1", "t2", ODD[5] as string),
    id: idOf,
    time: fc.integer({ min: -2, max: 2 }).map((hours) => new Date(BASE + hours * HOUR).toISOString()),
    _source: fc.record(
      {
        key: fc.constantFrom("k1", "k2"),
        format: fc.constant("native"),
        source: fc.constantFrom("crm", "hr"),
      },
      plain,
    ),
    other: fc.constant("u1"),
  },
  { ...plain, requiredKeys: ["action"] },
);
const hidden = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.subarray(["actor", "targets", "outcome", "time"]) },
);
const recorded = fc.record({ event, hidden, recordedAt: fc.integer({ min: BASE, max: BASE + 5000 }) });
type Recorded = { event: TestEvent; hidden: string[]; recordedAt: number };

const time = fc.integer({ min: BASE - 10, max: BASE + 5010 });
const filter: fc.Arbitrary<Filter> = fc
  .record(
    {
      action: fc.constantFrom(...ACTIONS, "k8s.*", "k8s.pods.*", "s3:*", "a/*"),
      actor: fc.constantFrom("u1", "user:u1", "agent:*", ...ODD),
      onBehalfOf: fc.constantFrom("u2", "user:*"),
      target: fc.constantFrom("u1", "agent:u2", "user:*", ...ODD),
      outcome: fc.constantFrom("success", "failure", "unknown"),
      source: fc.constantFrom("crm", "hr"),
      key: fc.constantFrom("k1", "k2"),
      format: fc.constantFrom("native", "k8s"),
      tenant: fc.constantFrom("t1", ODD[5] as string),
      id: fc.constantFrom("u3", ...ODD),
      range: fc.tuple(time, time),
      occurredSince: fc.integer({ min: -2, max: 2 }).map((hours) => BASE + hours * HOUR),
      from: fc.integer({ min: 0, max: 60 }),
      to: fc.integer({ min: 60, max: 200 }),
    },
    { requiredKeys: [] },
  )
  .chain(({ range, ...whole }) => {
    const [a, b] = range ?? [0, 0];
    const times = range === undefined ? {} : { since: Math.min(a, b), until: Math.max(a, b) + 1 };
    const names = Object.keys(whole) as (keyof typeof whole)[];
    // Most filters have one to three parts, or nothing would ever match.
    return fc.subarray(names, { maxLength: 3 }).map((kept) => ({
      ...times,
      ...Object.fromEntries(kept.map((name) => [name, whole[name]])),
    }));
  });

/** Written from the meaning of the filters, without anything of src/query. */
function isWanted({ event, hidden, recordedAt }: Recorded, index: number, wanted: Filter): boolean {
  const shown = Object.fromEntries(Object.entries(event).filter(([name]) => !hidden.includes(name)));
  const { action, actor, targets = [], outcome = "unknown", source, tenant, id, time, _source } = shown as Shown;
  const named = (party: Party | undefined, text: string) =>
    party !== undefined && [party.id, `${party.type}:${party.id}`, `${party.type}:*`].includes(text);
  const occurred = time === undefined ? Number.NaN : Date.parse(time);
  const checks: [unknown, () => boolean][] = [
    [
      wanted.action,
      () =>
        wanted.action === action ||
        (/[.:/]\*$/.test(wanted.action ?? "") && action.startsWith((wanted.action ?? "").slice(0, -1))),
    ],
    [wanted.actor, () => named(actor, wanted.actor as string)],
    [wanted.onBehalfOf, () => named(actor?.on_behalf_of, wanted.onBehalfOf as string)],
    [wanted.target, () => targets.some((target) => named(target, wanted.target as string))],
    [wanted.outcome, () => outcome === wanted.outcome],
    [wanted.source, () => source === wanted.source || _source?.source === wanted.source],
    [wanted.key, () => _source?.key === wanted.key],
    [wanted.format, () => _source?.format === wanted.format],
    [wanted.tenant, () => tenant === wanted.tenant],
    [wanted.id, () => id === wanted.id],
    [wanted.since, () => recordedAt >= (wanted.since as number)],
    [wanted.until, () => recordedAt < (wanted.until as number)],
    [wanted.occurredSince, () => occurred >= (wanted.occurredSince as number)],
    [wanted.from, () => index >= (wanted.from as number)],
    [wanted.to, () => index < (wanted.to as number)],
  ];
  return checks.every(([asked, holds]) => asked === undefined || holds());
}

type Party = { type: string; id: string; on_behalf_of?: Party };
type Shown = {
  action: string;
  actor?: Party;
  targets?: Party[];
  outcome?: string;
  source?: string;
  tenant?: string;
  id?: string;
  time?: string;
  _source?: { key: string; format: string; source: string };
};

async function setUp(all: readonly Recorded[], parts: Partial<IndexerParts> = {}) {
  const ledger = new FakeLedger();
  record(ledger, all);
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger, ...parts });
  indexer.start();
  await indexer.waitFor(all.length);
  return { ledger, indexer };
}

function record(ledger: FakeLedger, all: readonly Recorded[]): void {
  for (const { event, hidden, recordedAt } of all) ledger.append([event], { hidden, recordedAt });
}

/** A filter as a client spells it: a star that belongs to a value has a backslash in front. */
function spelled(filter: Filter): Filter {
  const spell = (value: unknown) => (typeof value !== "string" || /[.:/]\*$/.test(value) ? value : spellValue(value));
  return Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, spell(value)]));
}

/** Follows the cursors to the end; after each page the ledger grows. */
async function readAll(indexer: Indexer, request: QueryRequest, workMax: number, grow: () => Promise<void>) {
  const items: QueryItem[] = [];
  let searchable: number | undefined;
  let after: string | undefined;
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 1000, "expected every page to get on");
    const asked = after === undefined ? request : { ...request, after };
    const page = await query(indexer, asked, { bounds: { ...QUERY_BOUNDS, workMax } });
    assert.ok(page.items.length <= request.limit);
    assert.equal(page.unreadable, undefined);
    if (page.complete && page.next !== undefined) assert.equal(page.items.length, request.limit);
    items.push(...page.items);
    searchable = request.order === "desc" ? (searchable ?? page.watermark.searchable) : page.watermark.searchable;
    if (page.next === undefined) return { items, searchable };
    after = page.next;
    await grow();
  }
}

test("a query finds exactly what reading every entry finds, in both directions and while the ledger grows", async () => {
  const cases = fc.record({
    first: fc.array(recorded, { maxLength: 120 }),
    later: fc.array(fc.array(recorded, { maxLength: 10 }), { maxLength: 4 }),
    segmentLength: fc.integer({ min: 1, max: 40 }),
    filter,
    order: fc.constantFrom<Order>("desc", "asc"),
    limit: fc.integer({ min: 1, max: 20 }),
    workMax: fc.oneof(fc.constant(4096), fc.integer({ min: 0, max: 40 })),
  });
  let found = 0;
  let paged = 0;
  const property = fc.asyncProperty(cases, async ({ first, later, segmentLength, filter, order, limit, workMax }) => {
    const all = [...first] as Recorded[];
    const { ledger, indexer } = await setUp(all, { segmentLength });
    const more = [...later] as Recorded[][];
    const result = await readAll(indexer, { filter: spelled(filter), order, limit }, workMax, async () => {
      const next = more.shift() ?? [];
      all.push(...next);
      record(ledger, next);
      await indexer.waitFor(all.length);
    });
    await indexer.stop();
    const wanted = all.flatMap((one, i) => (i < result.searchable && isWanted(one, i, filter) ? [i] : []));
    if (order === "desc") wanted.reverse();
    assert.deepEqual(
      result.items.map(({ index }) => index),
      wanted,
    );
    for (const { index, event, recordedAt, withheld } of result.items) {
      const one = all[index] as Recorded;
      const hidden = one.hidden.filter((name) => name in one.event);
      const shown = Object.fromEntries(Object.entries(one.event).filter(([name]) => !hidden.includes(name)));
      assert.deepEqual(
        { event, recordedAt, withheld },
        { event: shown, recordedAt: one.recordedAt, withheld: hidden.length },
      );
    }
    found += wanted.length;
    if (wanted.length > limit) paged++;
  });
  await fc.assert(property, { seed: 70, numRuns: 2000 });
  assert.ok(found > 1500 && paged > 80, `expected cases with results and pages, got ${found} and ${paged}`);
});

test("an entry with withheld members is found by the others only, and tells how many are withheld", async () => {
  const events = [{ action: "user.login", actor: { type: "user", id: "u1" }, tenant: "t1" }];
  const ledger = new FakeLedger();
  ledger.append(events, { hidden: ["actor"] });
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger });
  indexer.start();
  await indexer.waitFor(1);
  const ask = (filter: Filter) => query(indexer, { filter, order: "desc", limit: 10 });
  assert.deepEqual((await ask({ actor: "u1" })).items, []);
  const [item] = (await ask({ action: "user.login", outcome: "unknown" })).items;
  assert.deepEqual(item?.event, { action: "user.login", tenant: "t1" });
  assert.equal(item?.withheld, 1);
  await indexer.stop();
});

test("a page says how far the ledger and the index are", async () => {
  const { ledger, indexer } = await setUp([{ event: { action: "a" }, hidden: [], recordedAt: BASE }]);
  await indexer.stop();
  ledger.append([{ action: "b" }]);
  const page = await query(indexer, { filter: {}, order: "desc", limit: 10 });
  assert.deepEqual(page.watermark, { accepted: 2, searchable: 1 });
  assert.equal(page.items.length, 1);
});

test("a page that ends because of the bound on work says so, and its cursor gets to the end", async () => {
  const all = Array.from({ length: 300 }, (_, i) => ({
    event: { action: i === 7 ? "rare" : "common" },
    hidden: [],
    recordedAt: BASE,
  }));
  const { indexer } = await setUp(all, { segmentLength: 10 });
  const request: QueryRequest = { filter: { action: "rare" }, order: "desc", limit: 10 };
  const first = await query(indexer, request, { bounds: { ...QUERY_BOUNDS, workMax: 5 } });
  assert.deepEqual({ items: first.items, complete: first.complete }, { items: [], complete: false });
  const { items } = await readAll(indexer, request, 5, async () => undefined);
  assert.deepEqual(
    items.map(({ index }) => index),
    [7],
  );
  await indexer.stop();
});

test("what was read for a page is in it: a small bound on work gets on by all that it worked for", async () => {
  const ledger = new FakeLedger();
  ledger.append(Array.from({ length: 1000 }, (_, i) => ({ action: "a", message: `n${i}` })));
  const indexer = await Indexer.open({ store: ledger, ledger, indexStore: new MemoryIndexStore() });
  indexer.start();
  await indexer.waitFor(1000);
  for (const filter of [{ text: "n" }, {}]) {
    const page = await query(
      indexer,
      { filter, order: "asc", limit: 500 },
      { bounds: { ...QUERY_BOUNDS, workMax: 1 } },
    );
    assert.ok(page.items.length >= 64, `expected all entries of one read, got ${page.items.length}`);
  }
  await indexer.stop();
});

test("a page of large events ends before its answer grows without bound", async () => {
  const all = Array.from({ length: 10 }, () => ({
    event: { action: "a", note: "x".repeat(1000) },
    hidden: [],
    recordedAt: BASE,
  }));
  const { indexer } = await setUp(all);
  const bounds = { ...QUERY_BOUNDS, bytesMax: 2500 };
  const page = await query(indexer, { filter: {}, order: "asc", limit: 10 }, { bounds });
  assert.deepEqual([page.items.length, page.complete], [3, false]);
  assert.ok(page.next);
  await indexer.stop();
});

for (const readsAhead of [false, true]) {
  const how = readsAhead ? "reads ahead" : "reads one by one";
  test(`an entry that a store which ${how} cannot read is named, and ends neither search nor indexing`, async () => {
    const ledger = new FakeLedger();
    ledger.readsAhead = readsAhead;
    ledger.damaged.add(3);
    ledger.append(Array.from({ length: 20 }, () => ({ action: "a" })));
    const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger, segmentLength: 8 });
    indexer.start();
    await indexer.waitFor(20);
    const everything = await query(indexer, { filter: {}, order: "asc", limit: 100 });
    assert.equal(everything.items.length, 19);
    assert.deepEqual(everything.unreadable, [3]);
    ledger.damaged.add(5);
    const found = await query(indexer, { filter: { action: "a" }, order: "asc", limit: 100 });
    assert.equal(found.items.length, 18);
    assert.deepEqual(found.unreadable, [5]);
    await indexer.stop();
  });
}
