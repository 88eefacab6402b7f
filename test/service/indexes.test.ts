/** The indexes of a service: whatever happens to their database, the service goes on and they are built again. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Level } from "level";
import { Health } from "../../src/health.ts";
import { Indexes } from "../../src/service/indexes.ts";
import { many, openLedger, storeWithLedger } from "../ledger/fixtures.ts";

const source = "test";
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-indexes-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
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
