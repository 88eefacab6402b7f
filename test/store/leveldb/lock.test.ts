/** Who may open a folder: one process, also beside a version that knew only LevelDB's own lock. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { LevelStore } from "../../../src/store/level-store.ts";
import { openView } from "../../../src/store/leveldb/linked-view.ts";
import { openSafely } from "../../../src/store/leveldb/opening/opening.ts";
import { StoreLockedError } from "../../../src/store/store.ts";

/** A process that opens a folder as versions before the lock beside it did. */
const FORMER = `import { Level } from "level";
  const db = new Level(process.argv[1], { keyEncoding: "view", valueEncoding: "view" });
  await db.put(new Uint8Array([0]), new Uint8Array([1]), { sync: true });
  console.log("open");
  process.stdin.resume();`;

test("a store that a former version has open is refused, each time, and not one of its files is touched", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lock-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const child = spawn(process.execPath, ["--input-type=module", "-e", FORMER, directory], {
    cwd: join(import.meta.dirname, "../../.."),
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const before = readdirSync(directory);
  assert.ok(before.includes("LOCK"));
  for (let i = 0; i < 2; i++) {
    await assert.rejects(LevelStore.open(directory), StoreLockedError);
    assert.deepEqual(readdirSync(directory), before);
  }
  // An opening that meets LevelDB's lock only when LevelDB opens leaves the files alone as well.
  const locked = () => Promise.reject(new StoreLockedError("expected to be alone"));
  await assert.rejects(openSafely(directory, locked), StoreLockedError);
  assert.deepEqual(readdirSync(directory), before);
  assert.deepEqual(readdirSync(folder).sort(), ["store", "store.lock"]);
  const view = await openView(directory);
  t.after(() => view.dispose());
  await assert.rejects(LevelStore.open(view.directory), StoreLockedError);
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await LevelStore.open(directory)).close();
});
