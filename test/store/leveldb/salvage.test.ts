/** What is kept of a folder in which files are left that LevelDB has no use for any more, as when a crash came before their removal. */

import assert from "node:assert/strict";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test, { type TestContext } from "node:test";
import { Level } from "level";
import { entryKey, recordKey } from "../../../src/store/key-layout.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { rebuildStore } from "../../../src/store/rebuild.ts";
import { commitOf, hex, ledgerRecord } from "../suite.ts";

const ID = hex(1, 32);

type Compacting = { compactRange(from: Uint8Array, to: Uint8Array): Promise<void> };
type Made = { readonly store: string; readonly rebuilt: string };

/**
 * A store in which a record was removed, and the removal forgotten by compaction; the sorted files and logs of before are put
 * back beside the others.
 */
async function makeStore(t: TestContext): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-salvage-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const aside = join(folder, "aside");
  mkdirSync(aside);
  const keepAside = () => {
    for (const file of globSync(join(directory, "*.{ldb,log}"))) copyFileSync(file, join(aside, basename(file)));
  };
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  await store.commit(ID, commitOf(ID, 0, 10));
  await store.writeRecords([{ space: "keys", key: "gone", value: "a key" }], { durable: true });
  await store.writeRecords([{ space: "keys", key: "stays", value: "old" }], { durable: true });
  await store.close();
  keepAside();
  const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await raw.open();
  keepAside();
  await raw.del(recordKey("keys", "gone"));
  // Not in the types of "level", but in every database on a disk.
  await (raw as unknown as Compacting).compactRange(new Uint8Array([0]), new Uint8Array([255]));
  await raw.close();
  const live = new Set(globSync(join(directory, "*.{ldb,log}")).map((file) => basename(file)));
  const obsolete = globSync(join(aside, "*")).filter((file) => !live.has(basename(file)));
  assert.ok(obsolete.length >= 2, "some files are of no use any more");
  for (const file of obsolete) copyFileSync(file, join(directory, basename(file)));
  return { store: directory, rebuilt: join(folder, "rebuilt") };
}

async function recordOf(directory: string, key: string): Promise<string | undefined> {
  const store = await LevelStore.open(directory);
  try {
    assert.equal((await store.head(ID))?.size, 10);
    for (let index = 0; index < 10; index++) assert.ok(await store.entry(ID, index));
    return await store.record("keys", key);
  } finally {
    await store.close();
  }
}

test("a record that was removed does not come back out of files that the manifest does not name any more", async (t) => {
  const { store, rebuilt } = await makeStore(t);
  const { isListed, losses } = await rebuildStore(store, rebuilt);
  assert.deepEqual([isListed, losses], [true, []]);
  assert.equal(await recordOf(rebuilt, "gone"), undefined);
  assert.equal(await recordOf(rebuilt, "stays"), "old");
});

test("entries, but no records, are taken from files that the manifest does not name any more, where one that it names is missing", async (t) => {
  const { store, rebuilt } = await makeStore(t);
  const newest = globSync(join(store, "*.ldb")).sort().at(-1) as string;
  rmSync(newest);
  const { isListed, losses } = await rebuildStore(store, rebuilt);
  assert.equal(isListed, true);
  assert.match(losses.map(({ detail }) => detail).join(), /is missing/, "a file that the manifest names is missed");
  const opened = new Level<Uint8Array, Uint8Array>(rebuilt, { keyEncoding: "view", valueEncoding: "view" });
  t.after(() => opened.close());
  for (let index = 0; index < 10; index++) assert.ok(await opened.get(entryKey(0, index)), `entry ${index}`);
  assert.equal(await opened.get(recordKey("keys", "gone")), undefined);
});

test("without CURRENT the newest manifest tells which files count", async (t) => {
  const { store, rebuilt } = await makeStore(t);
  rmSync(join(store, "CURRENT"));
  assert.equal((await rebuildStore(store, rebuilt)).isListed, true);
  assert.equal(await recordOf(rebuilt, "gone"), undefined);
});

test("where no manifest can be read, every file is taken, and that is told", async (t) => {
  const { store, rebuilt } = await makeStore(t);
  for (const file of globSync(join(store, "MANIFEST-*"))) writeFileSync(file, "damaged");
  const { isListed } = await rebuildStore(store, rebuilt);
  assert.equal(isListed, false);
  assert.equal(await recordOf(rebuilt, "gone"), "a key");
});
