/** Scans and recording in one process: who has it for how long, counted by a clock that stands still unless work moves it. */

import assert from "node:assert/strict";
import test from "node:test";
import { countFilter } from "../../../src/query/filter-count.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import { query } from "../../../src/query/query.ts";
import { ScanTurns } from "../../../src/query/text/scan-turns.ts";
import { FakeLedger } from "../fake-ledger.ts";
import { MemoryIndexStore } from "../index/memory-index.ts";

const WORK_MS = 4;

/** Turns of a process in which each piece takes 4 ms, and `perSecond` events are recorded. */
function makeProcess(perSecond: number) {
  const process = { now: 1000, worked: 0, rested: 0, rests: 0, atOnce: 0, atOnceMax: 0 };
  let owed = 0;
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      process.now++;
      owed += perSecond / 1000;
      const events = Math.floor(owed);
      owed -= events;
      if (events > 0) turns.recorded(events);
    }
  };
  const rest = async (ms: number) => {
    process.rests++;
    process.rested += ms;
    pass(Math.ceil(ms));
  };
  const turns = new ScanTurns({ now: () => process.now, rest });
  const piece = () =>
    turns.piece(async () => {
      process.atOnceMax = Math.max(process.atOnceMax, ++process.atOnce);
      await Promise.resolve();
      process.worked += WORK_MS;
      pass(WORK_MS);
      process.atOnce--;
    });
  return { process, turns, piece };
}

/** So many scans of so many pieces each, all at once. */
async function scanAtOnce(scans: number, pieces: number, perSecond: number) {
  const { process, piece } = makeProcess(perSecond);
  const scan = async () => {
    for (let i = 0; i < pieces; i++) await piece();
  };
  await Promise.all(Array.from({ length: scans }, scan));
  // The rest behind the last piece.
  await piece();
  return process;
}

test("beside twenty scans recording has as much as beside one: one piece at a time, and a rest behind each", async () => {
  const one = await scanAtOnce(1, 400, 5000);
  const many = await scanAtOnce(20, 20, 5000);
  assert.equal(many.atOnceMax, 1);
  assert.deepEqual(
    { rests: many.rests, rested: many.rested, worked: many.worked },
    { rests: one.rests, rested: one.rested, worked: one.worked },
  );
  assert.ok(many.rested > 2.9 * many.worked, `${many.rested} ms beside ${many.worked} ms of scans`);
});

test("what scans rest goes by what is recorded: nothing while nothing comes, a little beside a trickle", async () => {
  const expected = new Map([
    [0, 0],
    [10, 0.06],
    [250, 1.5],
    [500, 3],
    [50_000, 3],
  ]);
  for (const [perSecond, share] of expected) {
    const { rested, worked } = await scanAtOnce(2, 500, perSecond);
    // Of each window it is known only when it ends how much came in it.
    assert.ok(Math.abs(rested / worked - share) <= 0.1, `${rested / worked} at ${perSecond} events a second`);
  }
});

test("a piece that waited long for others is no reason for others to have the process longer", async () => {
  const { process, turns } = makeProcess(1000);
  turns.recorded(1000);
  await turns.piece(async () => {
    process.now += 400;
  });
  await turns.piece(async () => undefined);
  assert.equal(process.rested, 24);
});

test("a piece that fails keeps no other from its turn", async () => {
  const { piece, turns } = makeProcess(0);
  const failing = turns.piece(() => Promise.reject(new Error("damaged")));
  const next = piece();
  await assert.rejects(failing, /damaged/);
  await next;
});

test("a search that has taken two seconds says how far it came, and goes on from there to the same events", async () => {
  let now = 0;
  const later = async () => {
    now += 700;
  };
  const scanTurns = new ScanTurns({ now: () => now, rest: later });
  const ledger = new FakeLedger();
  const wanted = [5, 700, 1500, 2999];
  const events = Array.from({ length: 3000 }, (_, i) => ({ message: wanted.includes(i) ? "needle" : "hay" }));
  ledger.append(events);
  const indexer = await Indexer.open({ store: ledger, ledger, indexStore: new MemoryIndexStore(), scanTurns });
  indexer.start();
  await indexer.waitFor(ledger.size);
  const found: number[] = [];
  let pages = 0;
  for (let after: string | undefined; ; ) {
    const request = { filter: { text: "NEEDLE" }, order: "asc", limit: 100 } as const;
    const page = await query(indexer, after === undefined ? request : { ...request, after });
    pages++;
    found.push(...page.items.map(({ index }) => index));
    assert.equal(page.complete, page.next === undefined);
    after = page.next;
    if (after === undefined) break;
  }
  // Three pieces of 256 entries in a request, or four where it had not to wait for the one before.
  assert.ok(pages >= 3 && pages <= 5, `${pages} pages`);
  assert.deepEqual(found, wanted);
  let count = 0;
  for (let after: string | undefined; ; ) {
    const counted = await countFilter(indexer, { text: "needle" }, after);
    count += counted.count;
    after = counted.next;
    if (after === undefined) break;
    assert.ok(counted.lookedAt.to - counted.lookedAt.from <= 4 * 256, JSON.stringify(counted.lookedAt));
  }
  assert.equal(count, wanted.length);
  await indexer.stop();
});

test("what any ledger records is known to the scans of all that share their turns", async () => {
  const { process, turns, piece } = makeProcess(0);
  const ledger = new FakeLedger();
  const indexer = await Indexer.open({ store: ledger, ledger, indexStore: new MemoryIndexStore(), scanTurns: turns });
  indexer.start();
  ledger.append(Array.from({ length: 500 }, () => ({ action: "a" })));
  await indexer.waitFor(500);
  await piece();
  await piece();
  assert.equal(process.rested, 3 * WORK_MS * process.rests);
  assert.ok(process.rests >= 1);
  await indexer.stop();
});
