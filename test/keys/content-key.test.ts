/** The content key: made once, known again, and never shown by what is said about it. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { lookAtAdminKey } from "../../src/http/auth/admin-key.ts";
import { KeyRing } from "../../src/http/auth/api-keys.ts";
import { openContentKey } from "../../src/keys/content-key.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { keccak256 as hash } from "../../src/merkle/hash.ts";
import { MemoryStore } from "../store/memory-store.ts";

function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-content-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const log = { debug: say, info: say, warn: say, error: say };
  const store = new MemoryStore();
  const path = join(folder, "keys", "content.key");
  const open = (isUsed = true) => openContentKey(path, { store, hash, log, isUsed });
  return { folder, path, store, said, log, open };
}

test("the content key is made once and is the same at every start", async (t) => {
  const { path, said, open } = world(t);
  const key = await open(false);
  assert.equal(readFileSync(path, "utf8"), `${toHex(key)}\n`);
  assert.deepEqual(await open(), key);
  assert.deepEqual(said, []);
});

test("whatever stands in its file and is no key, the error names the file and shows nothing of it", async (t) => {
  const { path, open } = world(t);
  const text = toHex(await open(false));
  for (const wrong of [
    "",
    "x",
    text.replace(/.$/, "g"),
    text.slice(0, -1),
    `${text}00`,
    text.slice(2),
    `{"k":"${text}"}`,
  ]) {
    writeFileSync(path, wrong);
    await assert.rejects(open(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "key_unavailable");
      assert.ok(error.message.startsWith(`expected in ${path} the content key`), error.message);
      assert.match(error.message, /bring the file back from a backup, or remove it when it is lost for good/);
      const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
      assert.ok(!shown.includes(text.slice(4, 20)), shown);
      return true;
    });
  }
});

test("one digit that changed is noticed at each start, until the file is back or removed", async (t) => {
  const { path, said, open, store } = world(t);
  const key = await open(false);
  const text = readFileSync(path, "utf8");
  for (let at = 2; at < 66; at += 7) {
    writeFileSync(path, text.slice(0, at) + (text[at] === "3" ? "4" : "3") + text.slice(at + 1));
    await assert.rejects(open(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "secret_changed");
      assert.ok(error.message.includes(path));
      assert.ok(!error.message.includes(text.slice(10, 40)));
      return true;
    });
  }
  writeFileSync(path, text);
  assert.deepEqual(await open(), key);
  rmSync(path);
  const other = await open();
  assert.notDeepEqual(other, key);
  assert.match(said.join(), /the content key is gone and another is made/);
  assert.deepEqual(await open(), other);
  for await (const [, value] of store.records("secrets")) assert.ok(!value.includes(toHex(other).slice(2, 34)), value);
});

test("a key of before check values is taken once, and known from then on", async (t) => {
  const { path, open, store } = world(t);
  const key = await open(false);
  await store.writeRecords([{ space: "secrets", key: "content", value: undefined }], { durable: true });
  assert.deepEqual(await open(), key);
  writeFileSync(path, `${toHex(hash(key))}\n`);
  await assert.rejects(open(), { code: "secret_changed" });
});

test("an admin key file that does not fit is told, and nothing of it is shown", async (t) => {
  const { folder, said, log, store } = world(t);
  const keys = await KeyRing.open(store);
  t.after(() => keys.close());
  const path = join(folder, "admin.key");
  await lookAtAdminKey(path, keys, log);
  await keys.createAdmin(async (text) => writeFileSync(path, `${text}\n`));
  await lookAtAdminKey(path, keys, log);
  assert.deepEqual(said, []);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(/.\n$/, (last) => (last === "A\n" ? "B\n" : "A\n")),
  );
  await lookAtAdminKey(path, keys, log);
  assert.equal(said.length, 1);
  assert.match(said.join(), /holds no key that is in force/);
  assert.ok(!said.join().includes(text.slice(3, 20)));
  assert.equal(
    keys.list().every(({ id }) => keys.lastUse(id) === undefined),
    true,
  );
});
