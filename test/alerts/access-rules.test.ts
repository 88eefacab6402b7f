/** Rules about who reads what: each is told once, is over when it is, and is not told on weeks that are usual. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Access } from "../../src/access/access.ts";
import { AccessCounts } from "../../src/access/access-counts.ts";
import { KnownAddresses } from "../../src/access/known-addresses.ts";
import type { AccessesSeen, Facts } from "../../src/alerts/facts.ts";
import { NewAddress } from "../../src/alerts/rules/access/new-address.ts";
import { ReadingUnusual } from "../../src/alerts/rules/access/reading-unusual.ts";
import { RefusedOften } from "../../src/alerts/rules/access/refused-often.ts";
import { lookAtAccesses } from "../../src/service/watching/look-at-accesses.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { alertsBench, BEGIN, MINUTE, told } from "./alerts-bench.ts";
import { randomOf } from "./random.ts";

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const LOOK = 10 * MINUTE;
const hourOf = (at: number): number => new Date(at).getUTCDay() * 24 + new Date(at).getUTCHours();

function seen(more: Partial<AccessesSeen>): Pick<Facts, "accesses"> {
  return { accesses: { reading: [], refused: [], newAddresses: [], ...more } };
}

test("a key that is used from a new place is told for a day, once", async () => {
  const found = seen({ newAddresses: [{ key: "k1", source: "app", network: "203.0.113.9", at: BEGIN }] });
  assert.deepEqual(
    await told(
      new NewAddress(),
      { after: 0, ...found },
      { after: HOUR, ...found },
      { after: DAY, ...found },
      { after: DAY + MINUTE, ...seen({}) },
    ),
    ["fired notice k1 from 203.0.113.9", "resolved notice k1 from 203.0.113.9"],
  );
});

test("places of a key's first week are learned, so is where it always comes from, and one that comes from anywhere is not told; it outlives a start", async () => {
  const store = new MemoryStore();
  const known = await KnownAddresses.open(store);
  for (const network of ["10.0.0.1", "10.0.0.2"]) known.use("k1", network, BEGIN);
  for (let i = 0; i < 20; i++) known.use("roaming", `192.0.2.${i}`, BEGIN + i * DAY);
  for (let at = 0; at < 8 * WEEK; at += DAY) known.use("k1", "10.0.0.1", BEGIN + at);
  const at = BEGIN + 8 * WEEK;
  assert.deepEqual(known.newSince(at - DAY), []);
  known.use("k1", "203.0.113.9", at);
  const stolen = [{ key: "k1", network: "203.0.113.9", at }];
  assert.deepEqual(known.newSince(at - DAY), stolen);
  await store.writeRecords(known.takeChanges(), { durable: false });
  const again = await KnownAddresses.open(store);
  assert.deepEqual(again.newSince(at - DAY), stolen);
  again.use("k1", "203.0.113.9", at + DAY);
  assert.deepEqual(again.newSince(at), [], "it is new once");
});

test("a key that is used from very many new places at once is told all the same, and forgets none of those from which it always came", async () => {
  const known = await KnownAddresses.open(new MemoryStore());
  for (const network of ["10.0.0.1", "10.0.0.2"]) known.use("k1", network, BEGIN);
  const at = BEGIN + 8 * WEEK;
  for (let i = 0; i < 300; i++) known.use("k1", `192.0.2.${i}`, at);
  const places = known.newSince(at - DAY);
  assert.ok(places.length > 30, `${places.length} places`);
  assert.equal(known.use("k1", "10.0.0.1", at), false);
  const stolen = seen({ newAddresses: places.map((each) => ({ ...each, source: "app" })) });
  const changes = await told(new NewAddress(), { after: 8 * WEEK, ...stolen }, { after: 8 * WEEK + MINUTE, ...stolen });
  assert.equal(changes.length, 5);
  assert.ok(changes.includes("fired warning k1 from many addresses"), changes.join());
});

test("what an earlier version kept of places is read, and is old", async () => {
  const store = new MemoryStore();
  const value = JSON.stringify([["10.0.0.1", 20000]]);
  await store.writeRecords([{ space: "keyaddresses", key: "k1", value }], { durable: false });
  const known = await KnownAddresses.open(store);
  assert.equal(known.use("k1", "10.0.0.1", BEGIN), false);
  assert.deepEqual(known.newSince(0), []);
  known.use("k1", "10.0.0.2", BEGIN);
  assert.deepEqual(
    known.newSince(0).map(({ network }) => network),
    ["10.0.0.2"],
  );
});

test("many refusals of one key or address in an hour are told, and so are many of one code from many; few are not", async () => {
  const row = { who: "key k1", isKnown: true, code: "event_invalid", isDenied: false, count: 60 };
  const stranger = { ...row, who: "address 192.0.2.1", isKnown: false, count: 100, code: "route_unknown" };
  const busy = seen({ refused: [row, { ...row, code: "id_conflict", count: 40 }] });
  const quiet = seen({ refused: [row] });
  assert.deepEqual(
    await told(
      new RefusedOften(),
      { after: 0, ...quiet },
      { after: MINUTE, ...busy },
      { after: 2 * MINUTE, ...busy },
      { after: 3 * MINUTE, ...quiet },
      { after: 4 * MINUTE, ...quiet },
    ),
    ["fired warning key k1", "resolved warning key k1"],
  );
  const one = async (...refused: AccessesSeen["refused"]) =>
    told(new RefusedOften(), { after: 0, ...seen({ refused }) });
  assert.deepEqual(await one(stranger), ["fired notice address 192.0.2.1"]);
  assert.deepEqual(await one({ ...stranger, code: "key_invalid", isDenied: true }), [
    "fired warning address 192.0.2.1",
  ]);
  const many = Array.from({ length: 20 }, (_, i) => ({ ...stranger, who: `address 192.0.2.${i}`, count: 50 }));
  assert.deepEqual(await one(...many), ["fired warning code route_unknown"]);
  assert.deepEqual(await one(...many.slice(1)), []);
});

test("a flood from very many addresses is a few alerts, the same ones at each look, and keys that are known are told beside them", async () => {
  const row = { who: "key k1", isKnown: true, code: "event_invalid", isDenied: false, count: 150 };
  const strangers = (busiest: number) =>
    Array.from({ length: 3000 }, (_, i) => {
      return {
        ...row,
        who: `address n${i}`,
        isKnown: false,
        code: "key_invalid",
        isDenied: true,
        count: i === busiest ? 900 : 200,
      };
    });
  const flood = (busiest: number) => seen({ refused: [...strangers(busiest), row] });
  const all = await told(new RefusedOften(), { after: 0, ...flood(2999) }, { after: MINUTE, ...flood(1000) });
  assert.equal(all.length, 22);
  for (const what of ["address n2999", "key k1", "code key_invalid"])
    assert.ok(all.includes(`fired warning ${what}`), what);
});

test("refusals are counted for an hour, by key wherever it is and by address without one, and however many there are in little room", () => {
  const counts = new AccessCounts();
  const key = { id: "k1", source: "app" };
  counts.refuse({ key, network: "a", code: "c", route: "r" }, BEGIN);
  counts.refuse({ key, network: "b", code: "c", route: "r" }, BEGIN + 50 * MINUTE);
  assert.deepEqual(counts.refusedLately(BEGIN + 50 * MINUTE), [{ key: "k1", network: "", code: "c", count: 2 }]);
  assert.equal(counts.refusedLately(BEGIN + 70 * MINUTE)[0]?.count, 1);
  assert.deepEqual(counts.refusedLately(BEGIN + 3 * HOUR), []);
  for (let i = 0; i < 2000; i++) counts.refuse({ network: `n${i}`, code: "c", route: "r" }, BEGIN);
  const rows = counts.refusedLately(BEGIN);
  assert.ok(rows.length <= 513);
  assert.equal(
    rows.reduce((sum, { count }) => sum + count, 0),
    2000,
  );
});

test("what is looked at says which refusals were denials, and that nobody looks where accesses are not recorded", () => {
  const counts = new AccessCounts();
  const reads = { kind: "search", operation: "listEvents", network: "n", key: { id: "k1", source: "app" } } as const;
  counts.note(reads);
  counts.note({ ...reads, kind: "sign_in" });
  counts.noteExported(reads as Access, 70);
  counts.refuse({ network: "n", code: "key_invalid", route: "r" }, BEGIN);
  const keys = { list: () => [] };
  const accesses = { counts, newAddresses: () => [] };
  assert.deepEqual(lookAtAccesses({ accesses, keys, now: () => BEGIN }), {
    reading: [{ key: "k1", source: "app", accesses: 1, exported: 70 }],
    refused: [{ who: "address n", isKnown: false, code: "key_invalid", isDenied: true, count: 1 }],
    newAddresses: [],
  });
  assert.equal(lookAtAccesses({ keys, now: () => BEGIN }), "off");
});

/** Some keys over weeks, looked at every ten minutes. */
class Office {
  readonly told: string[] = [];
  readonly #counts = { accesses: 0, exported: 0 };
  readonly #learned = new Map<string, string>();
  readonly #random = randomOf(7);
  rule = new ReadingUnusual(hourOf);

  /** One person who reads in office hours with a lunch, somebody's evening now and then, and a program that exports each night. */
  usual(from: number, to: number): void {
    for (let at = from; at < to; at += LOOK) {
      const day = new Date(BEGIN + at).getUTCDay();
      const hour = new Date(BEGIN + at).getUTCHours();
      const isWork = day > 0 && day < 6 && hour >= 8 && hour < 18;
      const rate = isWork ? 0.6 : day > 0 && day < 6 && hour < 20 && hour > 6 ? 0.05 : 0;
      const accesses = this.#random() < rate ? Math.ceil(this.#random() * 20) : 0;
      this.look(at, { accesses, exported: accesses > 15 ? 500 : 0 });
    }
  }

  look(at: number, more: { accesses: number; exported: number }): void {
    this.#counts.accesses += more.accesses;
    this.#counts.exported += more.exported;
    const now = BEGIN + at;
    const facts = {
      now,
      conditions: [],
      countEvents: async () => 0,
      ...seen({ reading: [{ key: "k1", source: "desk", ...this.#counts }] }),
    };
    const troubles = this.rule.judge(facts);
    assert.ok(troubles !== "unknown" && !("off" in troubles));
    for (const { severity = this.rule.severity, detail } of troubles)
      this.told.push(
        `${severity} ${detail.includes("exported") ? "exported" : detail.includes("at which") ? "odd" : "read"}`,
      );
    for (const [key, text] of this.rule.learned()) this.#learned.set(key, text ?? "");
  }

  /** The service is started again: its counts begin anew, and what was learned is remembered. */
  restart(): void {
    const kept = new ReadingUnusual(hourOf);
    for (const [key, text] of this.#learned) kept.recall(key, text);
    kept.recall("broken", "{");
    kept.recall("other", '{"habit":{}}');
    this.rule = kept;
    this.#counts.accesses = 0;
    this.#counts.exported = 0;
  }
}

test("ten weeks of an office are not told; then much that is read or exported is, and a night is, though the service was started again", () => {
  const office = new Office();
  office.usual(0, 10 * WEEK);
  assert.deepEqual(office.told, []);
  const monday = 10 * WEEK + DAY;
  office.usual(10 * WEEK, monday + 10 * HOUR);
  office.look(monday + 10 * HOUR, { accesses: 20_000, exported: 0 });
  office.usual(monday + 10 * HOUR + LOOK, monday + 13 * HOUR);
  assert.deepEqual([...new Set(office.told)], ["warning read"]);
  office.told.length = 0;
  office.usual(monday + 13 * HOUR, monday + DAY + 9 * HOUR);
  assert.deepEqual(office.told, []);
  office.look(monday + DAY + 9 * HOUR, { accesses: 1, exported: 900_000 });
  office.usual(monday + DAY + 9 * HOUR + LOOK, monday + DAY + 12 * HOUR);
  assert.deepEqual([...new Set(office.told)], ["warning exported"]);
  office.told.length = 0;
  office.usual(monday + DAY + 12 * HOUR, monday + 2 * DAY);
  office.restart();
  office.look(monday + 2 * DAY + 3 * HOUR, { accesses: 1, exported: 0 });
  assert.deepEqual(office.told, ["notice odd"]);
  office.usual(monday + 2 * DAY + 3 * HOUR + LOOK, monday + 5 * DAY);
  assert.deepEqual([...new Set(office.told)], ["notice odd"]);
  office.told.length = 0;
  office.look(monday + 5 * DAY + 10 * HOUR, { accesses: 1, exported: 0 });
  assert.deepEqual(office.told, ["notice odd"], "nobody reads on a Saturday");
});

test("where accesses are not recorded, rules about them are off and say so: not judged, not unknown, and what fired is not over", async () => {
  const { open, clock, facts, health } = alertsBench();
  const rules = [new NewAddress(), new ReadingUnusual(hourOf), new RefusedOften()];
  const alerts = await open({ rules });
  const often = { who: "key k1", isKnown: true, code: "key_invalid", isDenied: true, count: 500 };
  Object.assign(facts, seen({ refused: [often] }));
  await alerts.evaluate();
  const keys = { list: () => [] };
  Object.assign(facts, { accesses: lookAtAccesses({ accesses: undefined, keys, now: () => clock.now }) });
  for (let looks = 0; looks < 3; looks++) {
    clock.now += HOUR;
    await alerts.evaluate();
  }
  const off = "who reads and changes what is not recorded here (access_off)";
  assert.deepEqual(
    alerts.rules().map(({ title: _, severity: __, ...rest }) => rest),
    rules.map(({ name }) => ({ name, off })),
  );
  assert.deepEqual(
    alerts.book.firing().map(({ rule }) => rule),
    ["refusals"],
  );
  assert.deepEqual(health.conditions(), [], "somebody wanted it so: that is no failure");
});
