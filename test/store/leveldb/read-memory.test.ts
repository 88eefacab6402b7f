/** What was read of a store is not kept beside what came of it, where no garbage collector sees it. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Database } from "../../../src/store/leveldb/database.ts";

const ITEMS = 250;
const READS = 400;
const MIB = 1024 * 1024;

test("reading a range again and again keeps nothing of it in memory", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-read-"));
  t.after(() => rm(folder, { recursive: true }));
  const database = await Database.open(join(folder, "store"), { writeBufferSize: MIB });
  t.after(() => database.close());
  const keys = Array.from({ length: ITEMS }, (_, i) => Uint8Array.of(1, i));
  await database.write({ sync: false }, (batch) => {
    for (const key of keys) batch.put(key, new Uint8Array(1000).fill(key[1] as number));
  });
  const bounds = { gte: Uint8Array.of(1), lt: Uint8Array.of(2) };
  const readAll = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      let count = 0;
      for await (const found of database.ranges(bounds, (cause) => cause, ITEMS)) count += found.length;
      assert.equal(count, ITEMS);
    }
  };
  await readAll(20);
  // The rest of the process grows too, by a fraction of what was read.
  const before = process.memoryUsage();
  await readAll(READS);
  const after = process.memoryUsage();
  const own = (usage: NodeJS.MemoryUsage) => usage.rss - usage.heapTotal - usage.external;
  const kept = own(after) - own(before);
  assert.ok(kept < (READS * ITEMS * 1000) / 2, `expected a part of what was read, got ${kept / MIB} MiB`);
});
