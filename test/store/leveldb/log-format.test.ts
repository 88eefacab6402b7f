/** Damage in LevelDB's log: what a crash leaves is no damage, and what LevelDB would pass over is refused, untouched. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { LevelStore } from "../../../src/store/level-store.ts";
import { readLog } from "../../../src/store/leveldb/log-format.ts";
import { commitOf, hex, ledgerRecord } from "../suite.ts";

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

test("a log as it was written is whole, and one that ends anywhere has a torn end at most", () => {
  assert.ok(whole.length > 3 * 32_768, `expected several blocks, got ${whole.length} bytes`);
  const all = readLog(whole);
  assert.equal(all.end, "whole");
  assert.equal(all.records.length, COMMITS + 2);
  for (let length = 0; length <= whole.length; length += 149) {
    const { records, end, wholeBytes } = readLog(whole.subarray(0, length));
    assert.notEqual(end, "damaged", `cut at ${length}`);
    assert.equal(records.length, all.records.filter((record) => record.end <= length).length);
    assert.equal(wholeBytes, records.at(-1)?.end ?? 0);
  }
  const torn = Uint8Array.from(whole);
  torn.fill(0, whole.length - 200);
  assert.equal(readLog(torn).end, "torn", "a last record that a crash left half written");
});

test("a bit that flips anywhere but in the last record is damage, and what stands before it is still read", () => {
  const { records } = readLog(whole);
  const last = records.at(-1)?.start as number;
  for (let at = 0; at < last; at += 1201) {
    const bits = Uint8Array.from(whole);
    bits[at] = (bits[at] as number) ^ 0x10;
    const found = readLog(bits);
    // Between the last part of a block and its end are up to six bytes that mean nothing.
    if (found.end !== "damaged") assert.ok(at % 32_768 > 32_761, `expected the flip at ${at} to be found`);
    else assert.equal(found.records.length, records.filter((record) => record.end <= at).length);
  }
});

test("a part of any kind behind the damage shows that more was written, also where no block begins", () => {
  const records = readLog(whole).records;
  const large = records.findIndex(({ start, end }) => end - start > 40_000);
  const { start, end } = records[large] as { start: number; end: number };
  // The first part of a record is hit; only those between and the last one are left behind it.
  const first = Uint8Array.from(whole.subarray(0, end));
  first[start + 20] = (first[start + 20] as number) ^ 0x01;
  assert.equal(readLog(first).end, "damaged");
  // Ten bytes are missing, as after a failed append: all that follows stands ten bytes too early.
  const second = records[1] as { start: number };
  const moved = Buffer.concat([whole.subarray(0, second.start + 5), whole.subarray(second.start + 15)]);
  assert.deepEqual([readLog(moved).end, readLog(moved).wholeBytes], ["damaged", second.start]);
});

test("a store with such a log is refused as it is, and opens with every entry once it is mended", async () => {
  const bits = Uint8Array.from(whole);
  bits[5000] = (bits[5000] as number) ^ 0x01;
  writeFileSync(file, bits);
  const before = readdirSync(directory).sort();
  await assert.rejects(LevelStore.open(directory), (error: Error & { code: string }) => {
    assert.equal(error.code, "store_damaged");
    assert.match(error.message, /damage at byte \d+ with more behind it: .*holdfast recover/);
    return true;
  });
  assert.deepEqual(readdirSync(directory).sort(), before);
  assert.deepEqual(new Uint8Array(readFileSync(file)), bits);
  writeFileSync(file, whole);
  const store = await LevelStore.open(directory);
  assert.equal((await store.head(ID))?.size, 4 * 300 + 8 * 5);
  await store.close();
});
