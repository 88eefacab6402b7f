/** The two places for an index, and what the LevelDB one does about damage. */

import assert from "node:assert/strict";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { Level } from "level";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import { StoreLockedError } from "../../../src/store/store.ts";
import { indexStoreSuite } from "./index-store-suite.ts";
import { MemoryIndexStore } from "./memory-index.ts";

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

test("an index that cannot be begun, as on a full disk, can be begun later by the same process", async (t) => {
  const same = (_: string, value: Uint8Array) => value;
  const cipher = { id: "ring", encrypt: same, decrypt: same };
  const folder = newFolder();
  const put = t.mock.method(Level.prototype, "put", () => Promise.reject(new Error("injected: No space left")));
  await assert.rejects(LevelIndexStore.open(folder, { cipher }), /injected/);
  put.mock.restore();
  const store = await LevelIndexStore.open(folder, { cipher });
  await store.write([{ key: "a", value: Uint8Array.of(1) }]);
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

test("an index with a damaged file is begun anew before anybody reads it", async () => {
  const folder = newFolder();
  const keys = await fill(folder);
  for (const file of await sortedFiles(folder)) {
    const handle = await open(file, "r+");
    const { size } = await handle.stat();
    // LevelDB ends the process when it reads a block of zeros.
    await handle.write(Buffer.alloc(4096), 0, 4096, Math.floor(size / 8192) * 4096);
    await handle.close();
  }
  const store = await LevelIndexStore.open(folder);
  assert.deepEqual(new Set(await store.getMany(keys)), new Set([undefined]));
  await store.close();
});

test("an index whose CURRENT names no manifest is begun anew", async () => {
  const folder = newFolder();
  await fill(folder);
  await writeFile(join(folder, "CURRENT"), "MAnIFEST-000004\n");
  const store = await LevelIndexStore.open(folder);
  assert.deepEqual(await store.getMany(["key 1"]), [undefined]);
  await store.close();
});

test("the first failure is told once, and nothing is written from then on", async (t) => {
  const told: Error[] = [];
  const store = await LevelIndexStore.open(newFolder(), { onFailure: (cause) => told.push(cause) });
  t.after(() => store.close());
  const failure = new Error("injected: no space left on device");
  const mocked = t.mock.method(Level.prototype, "batch", function spy(this: Level) {
    return { put: () => undefined, write: () => Promise.reject(failure) };
  } as never);
  const write = [{ key: "a", value: Uint8Array.of(1) }];
  await assert.rejects(store.write(write), failure);
  mocked.mock.restore();
  await assert.rejects(store.write(write), failure);
  assert.deepEqual(told, [failure]);
});
