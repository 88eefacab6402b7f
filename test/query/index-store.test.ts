/** The two places for an index, and what the LevelDB one does about damage. */

import assert from "node:assert/strict";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { MemoryIndexStore } from "../../src/query/memory-index.ts";
import { LevelIndexStore } from "../../src/store/leveldb-index.ts";
import { StoreLockedError } from "../../src/store/store.ts";
import { indexStoreSuite } from "./index-store-suite.ts";

const root = await mkdtemp(join(tmpdir(), "holdfast-index-"));
after(() => rm(root, { recursive: true }));

let folders = 0;
const newFolder = () => join(root, String(folders++));

indexStoreSuite("memory", async () => new MemoryIndexStore());
indexStoreSuite("LevelDB", () => LevelIndexStore.open(newFolder()));

/** Writes enough for sorted files on disk, and closes. */
async function fill(folder: string): Promise<string[]> {
  const store = await LevelIndexStore.open(folder);
  const keys = Array.from({ length: 2000 }, (_, i) => `key ${i}`);
  const value = new Uint8Array(8192).map((_, at) => (at * at) % 7);
  for (let i = 0; i < keys.length; i += 100) await store.write(keys.slice(i, i + 100).map((key) => ({ key, value })));
  await store.close();
  // Closing may come before the log is sorted into files; opening waits for that.
  await (await LevelIndexStore.open(folder)).close();
  return keys;
}

async function sortedFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ldb"));
  assert.ok(names.length > 0, "expected files to damage");
  return names.map((name) => join(folder, name));
}

test("what was written is there after closing and opening again", async () => {
  const folder = newFolder();
  const keys = await fill(folder);
  const store = await LevelIndexStore.open(folder);
  const values = await store.getMany(keys);
  assert.ok(values.every((value) => value?.length === 8192));
  await store.close();
});

test("a second opening is refused while the first lasts, and takes nothing away", async () => {
  const folder = newFolder();
  const store = await LevelIndexStore.open(folder);
  await store.write([{ key: "a", value: Uint8Array.of(1) }]);
  await assert.rejects(LevelIndexStore.open(folder), StoreLockedError);
  assert.equal((await store.getMany(["a"]))[0]?.length, 1);
  await store.close();
});

test("an index whose files are missing is begun anew", async () => {
  const folder = newFolder();
  const keys = await fill(folder);
  for (const file of await sortedFiles(folder)) await rm(file);
  const store = await LevelIndexStore.open(folder);
  assert.deepEqual(new Set(await store.getMany(keys)), new Set([undefined]));
  await store.write([{ key: "a", value: Uint8Array.of(1) }]);
  await store.close();
});

test("an index that turns out to be corrupt while it is read is begun anew at the next start", async () => {
  const folder = newFolder();
  const keys = await fill(folder);
  for (const file of await sortedFiles(folder)) {
    const handle = await open(file, "r+");
    const { size } = await handle.stat();
    await handle.write(Buffer.alloc(size >>> 1, 0xff), 0, size >>> 1, 0);
    await handle.close();
  }
  const store = await LevelIndexStore.open(folder);
  await assert.rejects(store.getMany(keys), { code: "LEVEL_CORRUPTION" });
  await store.close();
  const again = await LevelIndexStore.open(folder);
  assert.deepEqual(new Set(await again.getMany(keys)), new Set([undefined]));
  await again.close();
});
