/** A folder that takes another one's place, and what ends the process on the way. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { LevelStore } from "../../src/store/level-store.ts";
import { rebuildStore, takePlace } from "../../src/store/rebuild.ts";
import { commitOf, hex, ledgerRecord } from "./suite.ts";

const ID = hex(1, 32);

/** A store with ten entries, and one made anew from it. */
async function makeTwo(t: TestContext): Promise<{ directory: string; rebuilt: string }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-rebuild-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  await store.commit(ID, commitOf(ID, 0, 10));
  await store.close();
  await rebuildStore(directory, `${directory}.rebuilt`);
  return { directory, rebuilt: `${directory}.rebuilt` };
}

async function sizeOf(directory: string): Promise<number | undefined> {
  const store = await LevelStore.open(directory);
  try {
    return (await store.head(ID))?.size;
  } finally {
    await store.close();
  }
}

test("a process that ends between the two renamings leaves a store that the next start finds, not an empty one", async (t) => {
  const { directory, rebuilt } = await makeTwo(t);
  renameSync(rebuilt, `${directory}.next`);
  renameSync(directory, `${directory}.former`);
  assert.equal(await sizeOf(directory), 10);
  assert.equal(existsSync(`${directory}.next`), false);
});

test("a folder that cannot be moved away stays, and the one that was to take its place goes", async (t) => {
  const { directory, rebuilt } = await makeTwo(t);
  await assert.rejects(takePlace(rebuilt, directory, "no/such/folder"), { code: "ENOENT" });
  assert.equal(await sizeOf(directory), 10);
  assert.equal(existsSync(`${directory}.next`), false);
});

test("a folder takes the other one's place, which is kept", async (t) => {
  const { directory, rebuilt } = await makeTwo(t);
  const kept = await takePlace(rebuilt, directory, "former");
  assert.equal(await sizeOf(directory), 10);
  assert.equal(await sizeOf(kept), 10);
});
