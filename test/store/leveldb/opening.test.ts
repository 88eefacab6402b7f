/** Opening as a transaction, where the folder cannot be exchanged for another one. */

import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { LevelStore } from "../../../src/store/level-store.ts";
import { openSafely } from "../../../src/store/leveldb/opening/opening.ts";
import { commitOf, hex, ledgerRecord } from "../suite.ts";

const ID = hex(1, 32);

test("a folder that is a link to another place stays one when an opening fails, and has all that it had", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-opening-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const place = join(folder, "elsewhere");
  mkdirSync(place);
  const directory = join(folder, "store");
  symlinkSync(place, directory);
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  await store.commit(ID, commitOf(ID, 0, 10));
  await store.close();
  const failing = async () => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    throw new Error("the disk failed while LevelDB opened it");
  };
  await assert.rejects(openSafely(directory, failing), /the disk failed/);
  assert.ok(lstatSync(directory).isSymbolicLink());
  assert.deepEqual(readdirSync(folder).sort(), ["elsewhere", "store", "store.lock"]);
  const again = await LevelStore.open(directory);
  t.after(() => again.close());
  assert.equal((await again.head(ID))?.size, 10);
});
