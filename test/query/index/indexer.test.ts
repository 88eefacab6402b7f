/** The life of an index: it follows, waits, stops, starts again, and is built anew where it is not what it should be. */

import assert from "node:assert/strict";
import test from "node:test";
import { Health } from "../../../src/health.ts";
import { IndexDamagedError } from "../../../src/query/index/checksum.ts";
import type { IndexStore, IndexWrite } from "../../../src/query/index/index-store.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import { IndexBehindError } from "../../../src/query/index/waiters.ts";
import { query } from "../../../src/query/query.ts";
import type { Filter } from "../../../src/query/request.ts";
import { stats } from "../../../src/query/stats.ts";
import { FakeLedger } from "../fake-ledger.ts";
import { MemoryIndexStore } from "./memory-index.ts";

const SEGMENT = 10;
const RECORDED_AT = 1_700_000_000_000;

/** Event i of a ledger: every seventh is rare. */
const eventOf = (i: number) => ({ action: i % 7 === 0 ? "rare" : "common", actor: { type: "user", id: `u${i % 5}` } });
const events = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => eventOf(from + i));

function open(ledger: FakeLedger, indexStore: IndexStore, health = new Health()): Promise<Indexer> {
  return Indexer.open({ store: ledger, indexStore, ledger, segmentLength: SEGMENT, health });
}

async function openAndFollow(ledger: FakeLedger, indexStore: IndexStore): Promise<Indexer> {
  const indexer = await open(ledger, indexStore);
  indexer.start();
  await indexer.waitFor(ledger.size);
  return indexer;
}

async function find(indexer: Indexer, filter: Filter): Promise<number[]> {
  const { items, next } = await query(indexer, { filter, order: "asc", limit: 1000 });
  assert.equal(next, undefined);
  return items.map(({ index }) => index);
}

const multiplesOf7 = (size: number) => Array.from({ length: Math.ceil(size / 7) }, (_, i) => 7 * i);

async function assertFindsAll(indexer: Indexer, size: number): Promise<void> {
  assert.equal(indexer.watermark, size);
  assert.deepEqual(await find(indexer, { action: "rare" }), multiplesOf7(size));
}

test("an index follows every commit, also those that come while it works", async () => {
  const ledger = new FakeLedger();
  const indexer = await open(ledger, new MemoryIndexStore());
  ledger.append(events(0, 3));
  assert.equal(indexer.watermark, 0);
  indexer.start();
  for (let size = 3; size < 400; size += 1 + (size % 6)) {
    ledger.append(events(ledger.size, size));
    if (size % 4 === 0) await new Promise(setImmediate);
  }
  await indexer.waitFor(ledger.size);
  await assertFindsAll(indexer, ledger.size);
  assert.equal(indexer.segments.count, Math.floor(ledger.size / SEGMENT));
  await indexer.stop();
});

test("waiting ends when the size is reached, at its deadline, and when the index stops", async () => {
  const ledger = new FakeLedger();
  const indexer = await openAndFollow(ledger, new MemoryIndexStore());
  await indexer.waitFor(0);
  const reached = indexer.waitFor(2);
  ledger.append(events(0, 2));
  await reached;
  const late = { code: "index_behind", message: "expected an index of 5 entries, got 2 after 1 ms" };
  await assert.rejects(indexer.waitFor(5, { timeoutMs: 1 }), late);
  const stopped = assert.rejects(indexer.waitFor(5), IndexBehindError);
  await indexer.stop();
  await stopped;
  await assert.rejects(indexer.waitFor(5), IndexBehindError);
});

test("an index that is stopped writes nothing any more and still answers", async () => {
  const ledger = new FakeLedger();
  const indexer = await openAndFollow(ledger, new MemoryIndexStore());
  ledger.append(events(0, 25));
  await indexer.waitFor(25);
  await indexer.stop();
  ledger.append(events(25, 50));
  await new Promise(setImmediate);
  await assertFindsAll(indexer, 25);
});

test("a start goes on from the last closed segment and reads no entry before it again", async () => {
  const ledger = new FakeLedger();
  const indexStore = new MemoryIndexStore();
  ledger.append(events(0, 38));
  await (await openAndFollow(ledger, indexStore)).stop();
  ledger.append(events(38, 57));
  for (let index = 0; index < 30; index++) ledger.damaged.add(index);
  const indexer = await openAndFollow(ledger, indexStore);
  ledger.damaged.clear();
  await assertFindsAll(indexer, 57);
  await indexer.stop();
});

test("after a crash at any write of the index, a start finds everything", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 55));
  for (let writes = 0; writes <= 7; writes++) {
    const disk = new MemoryIndexStore();
    const crashed = await open(ledger, failingAfter(disk, writes)).catch(() => undefined);
    crashed?.start();
    const isOver = () => crashed === undefined || crashed.failure !== undefined || crashed.watermark === 55;
    for (let turns = 0; !isOver() && turns < 5000; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    const written = crashed?.segments.count ?? 0;
    assert.equal(written, Math.min(5, Math.max(0, writes - 1)));
    if (writes < 6) assert.equal(crashed?.failure?.message, crashed && "no space left");
    await crashed?.stop();
    const indexer = await openAndFollow(ledger, disk);
    await assertFindsAll(indexer, 55);
    await indexer.stop();
  }
});

/** An index store whose writes fail after the first n. */
function failingAfter(disk: IndexStore, n: number): IndexStore {
  let left = n;
  return {
    getMany: (keys) => disk.getMany(keys),
    list: (prefix) => disk.list(prefix),
    clear: (prefix) => disk.clear(prefix),
    close: () => disk.close(),
    write: async (writes: readonly IndexWrite[]) => {
      if (left-- <= 0) throw new Error("no space left");
      await disk.write(writes);
    },
  };
}

test("an index that does not get on is a notice until it does, and has then forgotten it", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 12));
  const disk = new MemoryIndexStore();
  let failures = 2;
  const flaky: IndexStore = { ...failingAfter(disk, Number.POSITIVE_INFINITY) };
  const health = new Health();
  const told: string[][] = [];
  const write: IndexStore["write"] = async (writes) => {
    told.push(health.conditions().map(({ code, isNotice }) => `${code} ${isNotice}`));
    if (writes.length > 1 && failures-- > 0) throw new Error("busy");
    await disk.write(writes);
  };
  const indexer = await open(ledger, { ...flaky, write }, health);
  indexer.start();
  await indexer.waitFor(12);
  await assertFindsAll(indexer, 12);
  assert.equal(indexer.failure, undefined);
  assert.ok(told.flat().includes("index_failing true"), "nothing was told while it failed");
  assert.deepEqual(health.conditions(), []);
  assert.equal(failures < 0, true);
  await indexer.stop();
});

test("an index that is deleted is built again", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 45));
  await (await openAndFollow(ledger, new MemoryIndexStore())).stop();
  const indexer = await openAndFollow(ledger, new MemoryIndexStore());
  await assertFindsAll(indexer, 45);
  await indexer.stop();
});

test("an index ahead of the ledger, or of another history, is dropped as far as it differs", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 45));
  const indexStore = new MemoryIndexStore();
  await (await openAndFollow(ledger, indexStore)).stop();

  ledger.truncate(23);
  const shorter = await open(ledger, indexStore);
  assert.equal(shorter.segments.end, 20);
  await shorter.stop();

  ledger.append([...events(0, 3), { action: "other" }, ...events(0, 18)], { history: "b" });
  assert.equal(ledger.size, 45);
  const indexer = await openAndFollow(ledger, indexStore);
  assert.deepEqual(await find(indexer, { action: "other" }), [26]);
  await indexer.stop();
});

test("two ledgers keep their indexes in one place without touching each other", async () => {
  const indexStore = new MemoryIndexStore();
  const a = new FakeLedger("a");
  const b = new FakeLedger("b");
  a.append(events(0, 30));
  b.append(Array.from({ length: 30 }, () => ({ action: "of b" })));
  const ofA = await openAndFollow(a, indexStore);
  const ofB = await openAndFollow(b, indexStore);
  assert.deepEqual(await find(ofA, { action: "of b" }), []);
  assert.equal((await find(ofB, { action: "of b" })).length, 30);
  await Promise.all([ofA.stop(), ofB.stop()]);
  const again = await open(a, indexStore);
  assert.equal(again.segments.end, 30);
  await again.stop();
});

/** Every value of an index, one after the other. */
async function keysOf(indexStore: IndexStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of indexStore.list("")) keys.push(key);
  return keys;
}

/** Everything that reads an index. */
async function readEverything(indexer: Indexer, size: number): Promise<void> {
  await assertFindsAll(indexer, size);
  const since = RECORDED_AT + 5;
  assert.deepEqual(await find(indexer, { since, until: since + 1 }), [5]);
  const { total } = await stats(indexer, { since: RECORDED_AT, until: since, interval: "hour", top: 5 });
  assert.equal(total, size);
}

test("any value of the index may be damaged or missing, before a start or while it runs: answers stay right", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 45), { recordedAt: Array.from({ length: 45 }, (_, i) => RECORDED_AT + i) });
  const whole = new MemoryIndexStore();
  await (await openAndFollow(ledger, whole)).stop();
  const keys = await keysOf(whole);
  assert.ok(keys.length > 16);
  for (const key of keys) {
    for (const damage of ["changed", "cut", "missing"] as const) {
      for (const when of ["before", "while"] as const) {
        const indexStore = new MemoryIndexStore();
        for await (const [key, value] of whole.list("")) await indexStore.write([{ key, value }]);
        const running = when === "while" ? await openAndFollow(ledger, indexStore) : undefined;
        const [value] = (await indexStore.getMany([key])) as [Uint8Array];
        const changed = value.map((byte, at) => (at === value.length - 1 ? byte ^ 1 : byte));
        const damaged = damage === "missing" ? undefined : damage === "cut" ? value.slice(0, 2) : changed;
        await indexStore.write([{ key, value: damaged }]);
        const indexer = running ?? (await openAndFollow(ledger, indexStore));
        await readEverything(indexer, 45);
        await indexer.stop();
      }
    }
  }
});

test("an index of another format is deleted and built again", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 45));
  const indexStore = new MemoryIndexStore();
  const prefix = `${ledger.record.id}/`;
  await indexStore.write([
    { key: `${prefix}meta`, value: new TextEncoder().encode('{"format":0,"seed":"0x00"}') },
    { key: `${prefix}of another format`, value: new Uint8Array(9) },
  ]);
  const indexer = await openAndFollow(ledger, indexStore);
  await assertFindsAll(indexer, 45);
  assert.ok(!(await keysOf(indexStore)).some((key) => key.includes("another")));
  await indexer.stop();
});

test("a segment that stays damaged after it was built again is an error, not an answer", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 25));
  const disk = new MemoryIndexStore();
  const rotten: IndexStore = {
    ...failingAfter(disk, Number.POSITIVE_INFINITY),
    getMany: async (keys) => {
      const values = await disk.getMany(keys);
      return values.map((value, i) => (keys[i]?.includes("/b/") ? value?.slice(1) : value));
    },
  };
  const indexer = await openAndFollow(ledger, rotten);
  await assert.rejects(find(indexer, { action: "rare" }), IndexDamagedError);
  await indexer.stop();
});

test("no answer shows what was erased, from closed segments and from the open one", async () => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 25));
  const indexer = await openAndFollow(ledger, new MemoryIndexStore());
  const erased = [14, 21];
  for (const index of erased) ledger.erase(index, "action");
  const left = multiplesOf7(25).filter((index) => !erased.includes(index));
  assert.deepEqual(await find(indexer, { action: "rare" }), left);
  await indexer.stop();
});

test("an index that has forgotten what was erased keeps no text of it in memory", async (t) => {
  const ledger = new FakeLedger();
  ledger.append(events(0, 25));
  const indexer = await openAndFollow(ledger, new MemoryIndexStore());
  const forget = t.mock.method(indexer.segments.terms, "forgetTexts");
  ledger.erase(21, "action");
  await indexer.forgetAll([[21, 22]]);
  assert.equal(forget.mock.callCount(), 1);
  await indexer.stop();
});

test("events with thousands of targets close a segment early, and all are found", async () => {
  const ledger = new FakeLedger();
  const targets = (i: number) => Array.from({ length: 2000 }, (_, n) => ({ type: "file", id: `${i}/${n}` }));
  ledger.append(Array.from({ length: 200 }, (_, i) => ({ action: "sync", targets: targets(i) })));
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger });
  indexer.start();
  await indexer.waitFor(200);
  assert.equal(indexer.segments.count, 1);
  for (const i of [0, 100, 199]) {
    const { items } = await query(indexer, { filter: { target: `file:${i}/1999` }, order: "desc", limit: 5 });
    assert.deepEqual(
      items.map(({ index }) => index),
      [i],
    );
  }
  await indexer.stop();
});
