/**
 * A guard that cannot remember guards nothing: whatever keeps marks from being written is told within seconds, nothing
 * new is signed meanwhile, and it goes on by itself.
 */

import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { many, openLedger, storeWithLedger } from "../fixtures.ts";
import { BreakableFiles, grow, markOf, type Opened, openMarks, type Step, temporary } from "./marked.ts";

const QUICK = { writeMs: 10, lagMs: 5000, hangMs: 5000 };

function append(ledger: Ledger, name: string): Promise<unknown> {
  return ledger.append({ entries: many(1, name), source: "test" });
}

/** Waits for what a timer of the marks does. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets a write that is under way end, and what came meanwhile be written. */
async function settle({ marks }: Opened): Promise<void> {
  await marks.flush();
  await marks.flush();
}

function codes({ health }: Opened): string[] {
  return health.conditions().map(({ code }) => code);
}

async function assertRefused(ledger: Ledger, why: RegExp): Promise<void> {
  const { size } = ledger;
  await assert.rejects(append(ledger, "refused"), (error: Error & { code?: string; retryAfterS?: number }) => {
    assert.equal(error.code, "marks_unwritable");
    assert.ok((error.retryAfterS ?? 0) >= 1);
    assert.match(error.message, why);
    assert.doesNotMatch(error.message, /secret|\//, "no path in what a client sees");
    return true;
  });
  assert.equal(ledger.size, size);
}

/** Everything that can happen to a folder while it is in use, and how it is put right. */
const FOLDER_FAULTS: Record<string, (directory: string) => () => void> = {
  "the folder is moved away": (directory) => {
    renameSync(directory, `${directory}.away`);
    return () => renameSync(`${directory}.away`, directory);
  },
  "the folder is moved away and another one made in its place": (directory) => {
    renameSync(directory, `${directory}.away`);
    mkdirSync(directory);
    return () => {
      assert.deepEqual(readdirSync(directory), [], "the other folder was written to");
      renameSync(directory, `${directory}.other`);
      renameSync(`${directory}.away`, directory);
    };
  },
  "the folder is exchanged for a copy of itself": (directory) => {
    cpSync(directory, `${directory}.copy`, { recursive: true });
    renameSync(directory, `${directory}.away`);
    renameSync(`${directory}.copy`, directory);
    return () => {
      renameSync(directory, `${directory}.copy`);
      renameSync(`${directory}.away`, directory);
    };
  },
  "a file stands in the place of the folder": (directory) => {
    renameSync(directory, `${directory}.away`);
    writeFileSync(directory, "");
    return () => {
      renameSync(directory, `${directory}.file`);
      renameSync(`${directory}.away`, directory);
    };
  },
};
if (process.getuid?.() !== 0) {
  FOLDER_FAULTS["the folder may not be written to"] = (directory) => {
    chmodSync(directory, 0o500);
    return () => chmodSync(directory, 0o700);
  };
}

for (const [name, breakIt] of Object.entries(FOLDER_FAULTS)) {
  test(`when ${name}, it is told although nothing happens, nothing is signed, and it goes on when put right`, async (t) => {
    const directory = temporary(t);
    const opened = await openMarks(directory, { bounds: QUICK });
    const ledger = await grow(opened.marks, [3]);
    await settle(opened);
    const mend = breakIt(directory);
    await until(() => codes(opened).length > 0);
    assert.deepEqual(codes(opened), ["marks_unwritable"]);
    await assertRefused(ledger, /marks cannot be written/);
    mend();
    await until(() => codes(opened).length === 0);
    await append(ledger, "after");
    await opened.marks.close();
    assert.equal(markOf(directory).size, 4);
    assert.deepEqual(
      opened.logged.map((line) => line.split(" ")[0]),
      ["error", "info"],
      "told once when it began and once when it ended",
    );
  });
}

const STEPS: readonly Step[] = ["stat", "open", "write", "sync", "rename", "syncFolder"];

for (const step of STEPS) {
  test(`when ${step} fails while a mark is written, the next commit is refused until it works again`, async (t) => {
    const directory = temporary(t);
    const broken = new BreakableFiles();
    const opened = await openMarks(directory, { files: broken.files, bounds: QUICK });
    const ledger = await grow(opened.marks, [3]);
    await settle(opened);
    broken.broken = { step, code: "EIO" };
    // The commit that is under way when a fault begins is the last one.
    if (codes(opened).length === 0) await append(ledger, "last").catch(() => undefined);
    const { size } = ledger;
    await until(() => codes(opened).length > 0);
    await assertRefused(ledger, /marks cannot be written \(EIO\)/);
    broken.broken = undefined;
    await until(() => codes(opened).length === 0);
    await append(ledger, "after");
    await opened.marks.close();
    assert.equal(markOf(directory).size, size + 1);
  });
}

test("events that were recorded before get their answers while marks cannot be written", async (t) => {
  const directory = temporary(t);
  const opened = await openMarks(directory, { bounds: QUICK });
  const ledger = await grow(opened.marks, [1]);
  const request = { entries: many(1, "again"), source: "test", idempotencyKey: "once" };
  const first = await ledger.append(request);
  renameSync(directory, `${directory}.away`);
  await until(() => codes(opened).length > 0);
  const again = await ledger.append(request);
  assert.deepEqual(again.checkpoint, first.checkpoint);
  await assertRefused(ledger, /marks/);
  renameSync(`${directory}.away`, directory);
  await opened.marks.close();
});

test("a mark that is behind by more than it may be is waited for, and one that hangs is told", async (t) => {
  const directory = temporary(t);
  const broken = new BreakableFiles();
  const gate = Promise.withResolvers<void>();
  const opened = await openMarks(directory, {
    files: broken.files,
    bounds: { writeMs: 60_000, lagMs: 0, hangMs: 2000 },
  });
  const ledger = await grow(opened.marks, [1]);
  await settle(opened);
  broken.held = gate.promise;
  await append(ledger, "unmarked");
  await assertRefused(ledger, /the disk does not answer/);
  assert.deepEqual(codes(opened), ["marks_unwritable"]);
  assert.equal(markOf(directory).size, 1);
  gate.resolve();
  broken.held = undefined;
  await until(() => codes(opened).length === 0);
  await append(ledger, "after");
  await opened.marks.close();
  assert.equal(markOf(directory).size, 3);
});

for (const [what, bounds, behindMax] of [
  ["time", { lagMs: 0 }, 1],
  ["number of entries", { lagMs: 60_000, lagEntries: 4 }, 4],
] as const) {
  test(`however fast commits come, the durable mark is behind by no more than the ${what}`, async (t) => {
    const directory = temporary(t);
    const opened = await openMarks(directory, { bounds: { writeMs: 60_000, hangMs: 5000, ...bounds } });
    const ledger = await grow(opened.marks, []);
    const behind: number[] = [];
    for (let i = 0; i < 10; i++) {
      await append(ledger, `fast ${i}`);
      behind.push(ledger.size - markOf(directory).size);
    }
    // Without the wait nothing would be marked: the next write is a minute away.
    assert.equal(Math.max(...behind), behindMax, `behind by ${behind}`);
    await opened.marks.close();
  });
}

test("what could not be marked by the end makes the end fail", async (t) => {
  const directory = temporary(t);
  const opened = await openMarks(directory, { bounds: { ...QUICK, writeMs: 60_000 } });
  const ledger = await grow(opened.marks, [1]);
  await settle(opened);
  renameSync(directory, `${directory}.away`);
  await append(ledger, "unmarked");
  await assert.rejects(opened.marks.close(), { code: "marks_unwritable" });
  assert.ok(!existsSync(directory), "the folder was made anew");
});

test("marks away, more work, a crash, marks and an older store put back: at most what one bound lets through is forgotten", async (t) => {
  const directory = temporary(t);
  const opened = await openMarks(directory, { bounds: QUICK });
  const store = await storeWithLedger();
  const ledger = await openLedger(store, { admit: (id) => opened.marks.admit(id) });
  await opened.marks.follow(ledger);
  await append(ledger, "first");
  await settle(opened);
  renameSync(directory, join(directory, "..", "away"));
  await until(() => codes(opened).length > 0);
  // More work: none of it is signed, so that an older store has nothing to forget.
  for (let i = 0; i < 3; i++) await assertRefused(ledger, /marks cannot be written/);
  assert.equal((await store.head(ledger.record.id))?.size, 1);
  // The crash: nothing is closed. A start finds no marks, and refuses; with them back, nothing is missing.
  await assert.rejects((await openMarks(join(directory, "..", "fresh"))).marks.follow(ledger), {
    code: "marks_missing",
  });
  renameSync(join(directory, "..", "away"), directory);
  const again = await openMarks(directory, { bounds: QUICK });
  await again.marks.follow(await openLedger(store));
  await again.marks.close();
  await opened.marks.close();
});
