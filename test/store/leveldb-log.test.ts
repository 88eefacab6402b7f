/** Damage in LevelDB's log: what a crash leaves is no damage, and what LevelDB would pass over is refused, untouched. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { LevelStore } from "../../src/store/level.ts";
import { findDamage } from "../../src/store/leveldb-log.ts";
import { commitOf, hex, ledgerRecord } from "./suite.ts";

const ID = hex(1, 32);
const COMMITS = 12;
const directory = mkdtempSync(join(tmpdir(), "holdfast-log-"));
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** The log of a store with some commits, several of which are larger than a block of 32 KiB. */
async function writeLog(): Promise<string> {
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  for (let i = 0, size = 0; i < COMMITS; i++) {
    const count = i % 3 === 0 ? 300 : 5;
    await store.commit(ID, commitOf(ID, size, count));
    size += count;
  }
  await store.close();
  const [log] = readdirSync(directory).filter((name) => name.endsWith(".log"));
  return join(directory, log as string);
}

const file = await writeLog();
const whole = readFileSync(file);

test("a log as it was written is whole, and so is one that ends anywhere", () => {
  assert.ok(whole.length > 3 * 32_768, `expected several blocks, got ${whole.length} bytes`);
  for (let length = 0; length <= whole.length; length += 61) {
    assert.equal(findDamage(whole.subarray(0, length)), undefined, `cut at ${length}`);
  }
  const torn = Uint8Array.from(whole);
  torn.fill(0, whole.length - 200);
  assert.equal(findDamage(torn), undefined, "a last record that a crash left half written");
});

test("a bit that flips anywhere but in the last record is found", () => {
  const tail = 200;
  for (let at = 0; at < whole.length - tail * 6; at += 487) {
    const bits = Uint8Array.from(whole);
    bits[at] = (bits[at] as number) ^ 0x10;
    const found = findDamage(bits);
    // Between the last part of a block and its end are up to six bytes that mean nothing.
    if (found === undefined) assert.ok(at % 32_768 > 32_761, `expected the flip at ${at} to be found`);
    else assert.ok(found <= at && at - found < 32_768, `expected the flip at ${at} near, got ${found}`);
  }
});

test("a store with such a log is refused as it is, and opens with every entry once it is mended", async () => {
  const bits = Uint8Array.from(whole);
  bits[5000] = (bits[5000] as number) ^ 0x01;
  writeFileSync(file, bits);
  const before = readdirSync(directory);
  await assert.rejects(LevelStore.open(directory), (error: Error & { code: string }) => {
    assert.equal(error.code, "store_damaged");
    assert.match(error.message, /damage at byte \d+; opening it would drop what came after/);
    return true;
  });
  assert.deepEqual(readdirSync(directory), before);
  assert.deepEqual(new Uint8Array(readFileSync(file)), bits);
  writeFileSync(file, whole);
  const store = await LevelStore.open(directory);
  assert.equal((await store.head(ID))?.size, 4 * 300 + 8 * 5);
  await store.close();
});
