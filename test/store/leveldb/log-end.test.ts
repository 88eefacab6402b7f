/** What is cut off the log after a failed write. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Level } from "level";
import { cutLogs } from "../../../src/store/leveldb/log-end.ts";

test("a log of a hundred and fifty thousand small writes, as probes and counters make them, is looked through as any other", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-log-end-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const writes = 150_000;
  const db = new Level(directory, { writeBufferSize: 64 * 1024 * 1024 });
  for (let done = 0; done < writes; done += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => db.put(`k${i}`, "v")));
  }
  await db.close();
  assert.equal(await cutLogs(directory, writes), 0);
});
