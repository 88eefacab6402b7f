/** The indexes of a service: whatever happens to their database, the service goes on and they are built again. */

import assert from "node:assert/strict";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Level } from "level";
import { Health } from "../../src/health.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { Indexes } from "../../src/service/indexes.ts";
import { many, openLedger, record, storeWithLedger } from "../ledger/fixtures.ts";
import { MemoryStore } from "../store/memory-store.ts";

const source = "test";
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-indexes-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Another ledger, without entries. */
async function openSecond(): Promise<Ledger> {
  const store = new MemoryStore();
  const second = { ...record, id: deriveLedgerId(record.owner, labelOf("second")), name: "second" };
  await store.addLedger(second);
  return openLedger(store, { record: second });
}

/** An index of a segment and some more, in sorted files. */
async function makeIndex(t: TestContext): Promise<{ directory: string; ledger: Ledger }> {
  const directory = join(makeFolder(t), "index");
  const ledger = await openLedger(await storeWithLedger());
  for (let i = 0; i < 2; i++) await ledger.append({ entries: many(9000, `part ${i}`), source });
  const indexes = await Indexes.open({ directory, log, health: new Health() });
  await indexes.follow(ledger);
  await indexes.get("main")?.waitFor(18_000, { timeoutMs: 60_000 });
  await indexes.close();
  // LevelDB makes a sorted file of its log when it opens.
  await (await Indexes.open({ directory, log, health: new Health() })).close();
  return { directory, ledger };
}

async function settled(indexes: Indexes, health: Health): Promise<void> {
  while (health.conditions().length > 0 || indexes.get("main") === undefined) await sleep(5);
}

test("a service whose index cannot be opened goes on without, and has it as soon as it can", async (t) => {
  const folder = makeFolder(t);
  const place = join(folder, "taken");
  writeFileSync(place, "a file where a folder should be");
  const health = new Health();
  const indexes = await Indexes.open({ directory: join(place, "index"), log, health });
  t.after(() => indexes.close());
  const ledger = await openLedger(await storeWithLedger());
  await ledger.append({ entries: many(50), source });
  await indexes.follow(ledger);
  assert.equal(indexes.get(ledger.record.name), undefined);
  assert.deepEqual(
    health.conditions().map(({ code }) => code),
    ["index_unavailable"],
  );
  rmSync(place);
  mkdirSync(place);
  await settled(indexes, health);
  await indexes.get(ledger.record.name)?.waitFor(50);
  assert.equal(indexes.get(ledger.record.name)?.watermark, 50);
});

test("scans of all ledgers take turns with each other, and know what is recorded in any", async (t) => {
  const indexes = await Indexes.open({ directory: join(makeFolder(t), "index"), log, health: new Health() });
  t.after(() => indexes.close());
  const first = await openLedger(await storeWithLedger());
  const second = await openSecond();
  for (const ledger of [first, second]) await indexes.follow(ledger);
  const turns = [first, second].map(({ record }) => indexes.get(record.name)?.scanTurns);
  assert.ok(turns[0]);
  assert.equal(turns[0], turns[1]);
});

test("an index that fails to write once is thrown away and built again", async (t) => {
  const health = new Health();
  const told: string[] = [];
  const report = health.report.bind(health);
  t.mock.method(health, "report", (part: string, condition: { code: string } | undefined, cause: unknown) => {
    told.push(`${part} ${condition?.code ?? "well"}`);
    report(part, condition as never, cause);
  });
  const indexes = await Indexes.open({ directory: join(makeFolder(t), "index"), log, health });
  t.after(() => indexes.close());
  const ledger = await openLedger(await storeWithLedger());
  // More than one segment, so that something is written.
  for (let i = 0; i < 2; i++) await ledger.append({ entries: many(9000, `part ${i}`), source });
  const batch = Level.prototype.batch as () => object;
  let failures = 1;
  t.mock.method(Level.prototype, "batch", function failing(this: Level) {
    const made = batch.call(this);
    if (failures-- > 0) Object.assign(made, { write: () => Promise.reject(new Error("injected: I/O error")) });
    return made;
  } as never);
  await indexes.follow(ledger);
  while (!told.includes("index well")) await sleep(5);
  assert.ok(told.includes("index index_unavailable"));
  await settled(indexes, health);
  await indexes.get(ledger.record.name)?.waitFor(18_000, { timeoutMs: 60_000 });
  assert.equal(indexes.get(ledger.record.name)?.watermark, 18_000);
});

test("an index that cannot be compacted, as on a full disk, is begun anew, and until then nobody is told that it is compacted", async (t) => {
  const health = new Health();
  const indexes = await Indexes.open({ directory: join(makeFolder(t), "index"), log, health });
  t.after(() => indexes.close());
  const ledger = await openLedger(await storeWithLedger());
  await ledger.append({ entries: many(50), source });
  await indexes.follow(ledger);
  const batch = Level.prototype.batch as () => object;
  let failures = 1;
  t.mock.method(Level.prototype, "batch", function failing(this: Level) {
    const made = batch.call(this);
    if (failures-- > 0) Object.assign(made, { write: () => Promise.reject(new Error("injected: No space left")) });
    return made;
  } as never);
  await assert.rejects(indexes.compact(), /injected/);
  await assert.rejects(indexes.compact(), /got one that is verified or begun anew/);
  await settled(indexes, health);
  await indexes.compact();
  await indexes.get("main")?.waitFor(50);
});

test("an index that fails again while it is begun anew is begun anew once more, and not believed", async (t) => {
  const health = new Health();
  const indexes = await Indexes.open({ directory: join(makeFolder(t), "index"), log, health });
  t.after(() => indexes.close());
  const first = await openLedger(await storeWithLedger());
  const second = await openSecond();
  for (let i = 0; i < 2; i++) await first.append({ entries: many(9000, `part ${i}`), source });
  const batch = Level.prototype.batch as unknown as () => { length: number; write: () => Promise<void> };
  const hasFailedTwice = Promise.withResolvers<void>();
  let failures = 0;
  let begun = 0;
  t.mock.method(Level.prototype, "batch", function failing(this: Level) {
    const made = batch.call(this);
    const write = made.write.bind(made);
    made.write = async () => {
      // An index begins with a single write; what follows are segments.
      const isBeginning = made.length < 3;
      if (failures === 1 && isBeginning) begun++;
      // The second ledger's index is being written while the first one's segment fails.
      if (failures === 1 && isBeginning && begun === 2) await hasFailedTwice.promise;
      if (failures >= 2 || isBeginning) return write();
      failures++;
      if (failures === 2) hasFailedTwice.resolve();
      throw new Error("injected: I/O error");
    };
    return made;
  } as never);
  await indexes.follow(first);
  await indexes.follow(second);
  await hasFailedTwice.promise;
  await settled(indexes, health);
  await indexes.get("main")?.waitFor(18_000, { timeoutMs: 60_000 });
  while (health.conditions().length > 0) await sleep(5);
  assert.equal(indexes.get("main")?.failure, undefined);
});

test("a large index is verified behind the start: it is used when that is done, and kept when the service stops before", async (t) => {
  const { directory, ledger } = await makeIndex(t);
  const inTheMiddle = await Indexes.open({ directory, log, health: new Health(), startBytes: 0 });
  await inTheMiddle.follow(ledger);
  await inTheMiddle.close();
  const health = new Health();
  const indexes = await Indexes.open({ directory, log, health, startBytes: 0 });
  t.after(() => indexes.close());
  await indexes.follow(ledger);
  assert.equal(indexes.get("main"), undefined);
  const [condition] = health.conditions();
  assert.deepEqual([condition?.code, condition?.isNotice], ["index_verifying", true]);
  await settled(indexes, health);
  assert.equal(indexes.get("main")?.segments.count, 1, "nothing was thrown away");
  await indexes.get("main")?.waitFor(18_000, { timeoutMs: 60_000 });
});

test("a large index that is damaged is thrown away when that is found, and built again", async (t) => {
  const { directory, ledger } = await makeIndex(t);
  const [file] = globSync(join(directory, "*.ldb")) as [string];
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0, 100, 1000));
  const health = new Health();
  const indexes = await Indexes.open({ directory, log, health, startBytes: 0 });
  t.after(() => indexes.close());
  await indexes.follow(ledger);
  await settled(indexes, health);
  assert.equal(indexes.get("main")?.segments.count, 0, "it begins empty");
  await indexes.get("main")?.waitFor(18_000, { timeoutMs: 60_000 });
});
