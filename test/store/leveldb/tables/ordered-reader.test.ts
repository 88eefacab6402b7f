/** Values that are asked for in the order of their keys are found as LevelDB has them, and what is asked for out of order is left to it. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Level } from "level";
import { OrderedReader } from "../../../../src/store/leveldb/tables/ordered-reader.ts";

const key = (n: number) => Uint8Array.from([7, n]);

test("each value is found once, in the order of the keys", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-ordered-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  await level.open();
  t.after(() => level.close());
  for (const n of [1, 2, 4, 5, 9]) await level.put(key(n), Uint8Array.from([n, n]));
  await level.put(key(4), Uint8Array.from([44]));
  await level.del(key(5));
  const open = () => new OrderedReader(folder, { gte: key(0), lt: key(9) });
  const reader = open();
  const found: unknown[] = [];
  for (const n of [1, 3, 4, 4, 5, 2, 9]) found.push(Array.from((await reader.find(key(n))) ?? []));
  assert.deepEqual(found, [[1, 1], [], [44], [44], [], [], []]);
  writeFileSync(join(folder, "CURRENT"), "");
  assert.equal(await open().find(key(1)), undefined);
});
