/** Marks: a store that is older than what its ledger signed is recognised, and nothing else is. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Marks, StoreOlderError } from "../../src/ledger/marks.ts";
import { many, openLedger, storeWithLedger } from "./fixtures.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-marks-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** A ledger of so many entries, followed while it grows. */
async function grow(marks: Marks, counts: readonly number[], prefix = "event") {
  const ledger = await openLedger(await storeWithLedger());
  await marks.follow(ledger);
  for (const [i, count] of counts.entries()) {
    await ledger.append({ entries: many(count, `${prefix}-${i}`), source: "test" });
  }
  return ledger;
}

test("a ledger as long as its mark, or longer, is followed", async (t) => {
  const directory = folder(t);
  const marks = await Marks.open(directory);
  const ledger = await grow(marks, [3, 4]);
  await marks.close();
  const again = await Marks.open(directory);
  await again.follow(ledger);
  await ledger.append({ entries: many(2, "more"), source: "test" });
  await again.close();
  const [file] = readdirSync(directory) as [string];
  assert.equal((JSON.parse(readFileSync(join(directory, file), "utf8")) as { size: number }).size, 9);
});

test("a shorter ledger is refused, and so is another one of the same length", async (t) => {
  const directory = folder(t);
  const marks = await Marks.open(directory);
  await grow(marks, [3, 4]);
  await marks.close();
  const shorter = grow(await Marks.open(directory), []);
  await assert.rejects(shorter, (error: unknown) => {
    assert.ok(error instanceof StoreOlderError);
    assert.match(error.message, /at least the 7 entries that were signed, got 0/);
    return true;
  });
  const other = await openLedger(await storeWithLedger());
  await other.append({ entries: many(8, "another"), source: "test" });
  const against = await Marks.open(directory);
  await assert.rejects(against.follow(other), /expected the root 0x\w+ that was signed for size 7/);
  await against.close();
});

test("a torn mark is none", async (t) => {
  const directory = folder(t);
  const marks = await Marks.open(directory);
  const ledger = await grow(marks, [3]);
  await marks.close();
  const [file] = readdirSync(directory) as [string];
  for (const text of ["", '{"size":', "null", '{"size":-1}']) {
    writeFileSync(join(directory, file), text);
    const again = await Marks.open(directory);
    await again.follow(ledger);
    await again.close();
  }
});
