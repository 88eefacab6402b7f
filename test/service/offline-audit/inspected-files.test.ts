/** Threads say of sorted files what is said here, in the same order; what they cannot look at is looked at here. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { AuditThreads } from "../../../src/service/offline-audit/audit-threads.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { filesIn, tablePath } from "../../../src/store/leveldb/folder.ts";
import { inspectFolder } from "../../../src/store/leveldb/inspect.ts";
import { commitOf, hex, ledgerRecord } from "../../store/suite.ts";

const FILES = 20;
const DAMAGED = [3, 4, 17];

/** Every opening makes a file of what was written before. */
async function makeFiles(t: TestContext): Promise<{ directory: string; numbers: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-inspected-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  for (let i = 0; i < FILES; i++) {
    const store = await LevelStore.open(directory);
    await store.addLedger(ledgerRecord(i));
    await store.commit(hex(i, 32), commitOf(hex(i, 32), 0, 3));
    await store.close();
  }
  const names = (await filesIn(directory)).filter((name) => name.endsWith(".ldb"));
  // Whatever the manifest says: these are the files that there are.
  rmSync(join(directory, "CURRENT"));
  return { directory, numbers: names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b) };
}

test("what is damaged is told in the order of the files, and as it is told here", async (t) => {
  const { directory, numbers } = await makeFiles(t);
  assert.ok(numbers.length > 1, `${numbers.length} files`);
  for (const i of DAMAGED) {
    const path = tablePath(directory, numbers[i % numbers.length] as number);
    const bytes = readFileSync(path);
    bytes[5] = (bytes[5] as number) ^ 1;
    writeFileSync(path, bytes);
  }
  const threads = new AuditThreads(3);
  t.after(() => threads.close());
  let done = 0;
  const onProgress = (now: number) => {
    done = now;
  };
  const found = await inspectFolder(directory, onProgress, threads.inspect);
  assert.equal(done, numbers.length);
  assert.ok(found.length > 1);
  assert.deepEqual(found, await inspectFolder(directory));
  await assert.rejects(threads.inspect(join(directory, "CURRENT\0"), numbers), { code: "ERR_INVALID_ARG_VALUE" });
});
