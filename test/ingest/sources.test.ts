/** What has come from each source: counted as it comes, kept over restarts, and counted again after a crash. */

import assert from "node:assert/strict";
import test from "node:test";
import { readCounted, spellCounted } from "../../src/ingest/sources/counted-entries.ts";
import { Rate } from "../../src/ingest/sources/rate.ts";
import { type CountedLedger, SourceBook } from "../../src/ingest/sources/source-counts.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import { ask, event, startService } from "../http/service.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { until } from "../until.ts";

const PLACE = { ledger: "main", source: "hosts", key: "k1", format: "logs" } as const;
const MINUTE = 60_000;

test("what comes is added up by source, key and format, with the newest time and how far its clock is off", async () => {
  const clock = { now: Date.UTC(2026, 10, 27, 12) };
  const book = await SourceBook.open(new MemoryStore(), () => clock.now);
  book.count(PLACE, { recorded: 3, quarantined: 1, bytes: 300, lastTime: "2026-11-27T11:59:58Z" });
  clock.now += 1000;
  book.count(PLACE, { recorded: 1, duplicates: 2, bytes: 50 });
  book.count({ ...PLACE, key: "k2" }, { recorded: 5, bytes: 1 });
  book.count({ ...PLACE, ledger: "other" }, { recorded: 9, bytes: 1 });
  const { perMinute: _, ...first } = book.list("main")[0] ?? assert.fail();
  assert.deepEqual(first, {
    ...PLACE,
    recorded: 4,
    quarantined: 1,
    duplicates: 2,
    refused: 0,
    bytes: 350,
    firstSeen: clock.now - 1000,
    lastSeen: clock.now,
    skewMs: 2000,
  });
  assert.deepEqual(
    book.list("main").map(({ key, recorded }) => [key, recorded]),
    [
      ["k1", 4],
      ["k2", 5],
    ],
  );
  await book.close();
});

test("counts are there after a restart, and what a crash lost of them is counted again from the entries", async () => {
  const store = new MemoryStore();
  const service = await startService({ store });
  const key = await service.key(["admin"], "hosts");
  const send = (n: number, format = "logs") =>
    ask(service, `POST /v1/ledgers/main/ingest/${format}`, {
      key,
      type: "text/plain",
      body: Array.from({ length: n }, (_, i) => `{"date":${1_790_000_000 + i},"message":"${n} ${i}"}`).join("\n"),
    });
  const main = service.ledgers.get("main") as CountedLedger;
  service.sources.follow(main);
  await send(4);
  await service.sources.keep();
  await send(3);
  await ask(service, "POST /v1/ledgers/main/events", {
    key,
    body: event({ time: new Date(service.clock.now).toISOString() }),
  });
  await ask(service, "POST /v1/ledgers/main/ingest/github", { key, body: "no JSON" });
  const expected = service.sources
    .list("main")
    .map(({ format, recorded, quarantined }) => [format, recorded, quarantined]);
  assert.deepEqual(expected, [
    ["github", 1, 1],
    ["logs", 7, 0],
    ["native", 1, 0],
  ]);
  // The service dies here: nothing more is written down.
  const book = await SourceBook.open(store, () => service.clock.now);
  book.follow(main);
  await book.settled();
  assert.deepEqual(
    book.list("main").map(({ format, recorded, quarantined }) => [format, recorded, quarantined]),
    expected,
  );
  assert.equal(book.list("main")[2]?.skewMs, 0);
  await book.close();
  const again = await SourceBook.open(store, () => service.clock.now);
  again.follow(main);
  await again.settled();
  assert.deepEqual(
    again.list("main").map(({ format, recorded, quarantined }) => [format, recorded, quarantined]),
    expected,
    "and is not counted twice",
  );
  await again.close();
  await service.close();
});

/** A store with so many entries of one source, of which some are damaged; it tells which it was asked for. */
function storeOf(count: number, damaged: readonly number[] = []) {
  const store = new MemoryStore();
  const asked: number[] = [];
  const members = [
    { salt: new Uint8Array(16), text: `"_source":{"format":"logs","key":"k1","source":"hosts"}` },
    { salt: new Uint8Array(16), text: `"time":"2026-11-27T12:00:00Z"` },
  ];
  const entries: Pick<Store, "entries">["entries"] = async function* (_id, from, to) {
    for (let index = from; index < to; index++) {
      asked.push(index);
      if (damaged.includes(index)) throw new DamagedStoreError(`entry ${index} is damaged`);
      yield { recordedAt: 1_790_000_000_000, members };
    }
  };
  const ledger: CountedLedger = { record: { id: `0x${"11".repeat(32)}`, name: "main" }, size: count };
  return { store: Object.assign(store, { entries }), ledger, asked };
}

const recordedOf = (book: SourceBook) => book.list("main").map(({ recorded }) => recorded);

test("a service that stops while it counts old entries goes on at the next start, and counts each once", async () => {
  const { store, ledger, asked } = storeOf(3000);
  const stopped = await SourceBook.open(store);
  stopped.follow(ledger);
  await until("some to be counted", () => asked.length > 1000);
  stopped.count({ ...PLACE, key: "k2" }, { recorded: 1, bytes: 1 });
  await stopped.close();
  assert.ok(asked.length < 3000, "it stopped in the middle");
  // What came meanwhile was counted as it came.
  const book = await SourceBook.open(store);
  book.follow({ ...ledger, size: 3001 });
  await book.settled();
  assert.deepEqual([recordedOf(book), new Set(asked).size, asked.length], [[3001, 1], 3001, 3001]);
  await book.close();
});

test("of a store without counts every entry is counted, however many there are", async () => {
  const { store, ledger } = storeOf(150_000);
  const book = await SourceBook.open(store);
  book.follow(ledger);
  await book.settled();
  assert.deepEqual(recordedOf(book), [150_000]);
  await book.close();
});

test("damaged entries are left out of the counts, and those behind them are not", async () => {
  const { store, ledger } = storeOf(1500, [0, 700, 701, 1499]);
  const book = await SourceBook.open(store);
  book.follow(ledger);
  await book.settled();
  assert.deepEqual(recordedOf(book), [1496]);
  await book.close();
});

test("while entries are counted again it is told how many are not yet, and that none are when all is counted", async () => {
  const { store, ledger, asked } = storeOf(3000);
  const book = await SourceBook.open(store);
  book.follow(ledger);
  assert.equal(book.uncounted("main"), 3000);
  await until("some to be counted", () => asked.length > 1000);
  const left = book.uncounted("main");
  assert.ok(left > 0 && left < 3000, `expected some to be left, got ${left}`);
  assert.equal(left + (recordedOf(book)[0] ?? 0), 3000);
  await book.settled();
  assert.deepEqual([book.uncounted("main"), book.uncounted("another")], [0, 0]);
  await book.close();
});

test("what an older version wrote of how much is counted is understood, and what nobody wrote is not", () => {
  assert.deepEqual(readCounted("17"), { size: 17, missing: [] });
  const counted = { size: 17, missing: [{ from: 0, to: 3 }] };
  assert.deepEqual(readCounted(spellCounted(counted)), counted);
  for (const text of ["", "x", "-1", "1.5", "[]", "{}", "[1,-2,3]", "[17,4]"])
    assert.equal(readCounted(text), undefined, text);
});

test("a rate is of the last ten minutes, and of less when there is less", () => {
  const rate = new Rate(0);
  rate.add(30_000, 10);
  assert.equal(rate.perMinute(30_000), 10, "of a minute at least");
  assert.equal(rate.perMinute(2 * MINUTE), 5);
  rate.add(9 * MINUTE, 90);
  assert.equal(rate.perMinute(9 * MINUTE + 59_999), 10);
  assert.equal(rate.perMinute(15 * MINUTE), 10, "only the minutes since are left");
  assert.equal(rate.perMinute(40 * MINUTE), 0);
  rate.add(39 * MINUTE, 10);
  assert.ok(rate.perMinute(40 * MINUTE) > 0, "a clock that went back loses nothing");
});

test("a list of sources tells the state of each key, and that one was used after its end", async () => {
  const service = await startService();
  const admin = await service.key(["admin"], "admin");
  const { text, key } = await service.keys.create({ roles: ["writer"], source: "ci", ledgers: ["main"], note: "old" });
  const send = () => ask(service, "POST /v1/ledgers/main/events", { key: text, body: event() });
  assert.equal((await send()).status, 201);
  await service.keys.revoke(key.id);
  service.clock.now += 5000;
  for (let i = 0; i < 2; i++) assert.equal((await send()).status, 401);
  const { sources, uncounted } = (await ask(service, "GET /v1/ledgers/main/sources", { key: admin })).as("Sources");
  assert.equal(uncounted, 0);
  const ci = sources.find(({ source }) => source === "ci");
  assert.deepEqual(
    [ci?.recorded, ci?.keys[0]?.state, ci?.keys[0]?.refused],
    [1, "revoked", { count: 2, lastAt: service.clock.now }],
  );
  assert.equal(ci?.received[0]?.format, "native");
  const metrics = (await ask(service, "GET /metrics", { key: admin })).text;
  assert.match(metrics, new RegExp(`holdfast_key_refused_uses\\{key="${key.id}",source="ci"\\} 2`));
  assert.match(
    metrics,
    /holdfast_source_recorded_events\{ledger="main",source="ci",format="native",key="[0-9a-f]{16}"\} 1/,
  );
  await service.close();
});
