/** Sorted files are looked at before they are relied on: what is derived is made again, anything else is refused. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LevelStore } from "../../src/store/level-store.ts";
import type { FileDamage } from "../../src/store/leveldb/inspect.ts";
import { findBadRanges } from "../../src/store/leveldb/tables/table.ts";
import { Patrol } from "../../src/store/patrol.ts";
import { isDerived } from "../../src/store/rebuild.ts";
import { commitOf, hex, ledgerRecord } from "./suite.ts";

const ID = hex(1, 32);
const KILLER = join(import.meta.dirname, "..", "cli", "killed-at-step.ts");
const OPENER = join(import.meta.dirname, "opened-store.ts");
/** What may stand beside a store when a start is over. */
const EXPECTED = /^store(?:|\.lock|\.damaged-\d+)$/;

/** A store in sorted files, with many tiles side by side. */
async function makeStore(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-patrol-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  const tiles = Array.from({ length: 40 }, (_, n) => ({ level: 0, n, hashes: new Uint8Array(randomBytes(8192)) }));
  await store.commit(ID, commitOf(ID, 0, 100, { tiles }));
  await store.close();
  await (await LevelStore.open(directory)).close();
  return directory;
}

/** Changes a byte in the first block whose damage is of a kind; returns how many such blocks there are. */
function damage(directory: string, kind: "derived" | "recorded"): void {
  for (const file of globSync(join(directory, "*.ldb"))) {
    const whole = readFileSync(file);
    for (let at = 100; at < whole.length; at += 500) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0x20;
      const ranges = findBadRanges(bytes);
      if (ranges.length !== 1 || isDerived(ranges[0] as never) !== (kind === "derived")) continue;
      const handle = openSync(file, "r+");
      writeSync(handle, bytes, at, 1, at);
      closeSync(handle);
      return;
    }
  }
  assert.fail(`expected a block of ${kind} data`);
}

test("a store of which nothing but tiles is damaged is made anew without them, and the damaged one is kept", async (t) => {
  const directory = await makeStore(t);
  damage(directory, "derived");
  const store = await LevelStore.open(directory);
  t.after(() => store.close());
  assert.match(store.mended as string, /a tile of ledger number 0.*made anew without it; the damaged one is kept as/);
  assert.equal(globSync(`${directory}.damaged-*`).length, 1);
  assert.equal((await store.head(ID))?.size, 100);
  for (let index = 0; index < 100; index++) assert.ok(await store.entry(ID, index));
  const tiles = await Promise.all(Array.from({ length: 40 }, (_, n) => store.tile(ID, 0, n)));
  const missing = tiles.filter((tile) => tile === undefined).length;
  assert.ok(missing > 0 && missing < 40, `expected some tiles without those of a block, got ${40 - missing}`);
});

test("a start that makes a store anew and is killed before any step is made good by the next one", async (t) => {
  const made = await makeStore(t);
  damage(made, "derived");
  for (let step = 1; ; step++) {
    const folder = join(dirname(made), String(step));
    const directory = join(folder, "store");
    mkdirSync(folder);
    cpSync(made, directory, { recursive: true });
    const env = { ...process.env, KILLED_AT: String(step), KILLED_BEFORE: "rename,mkdir,rm,link,writeFile,symlink" };
    const run = spawnSync(process.execPath, ["--import", KILLER, OPENER, directory], { env, encoding: "utf8" });
    const isKilled = run.signal === "SIGKILL";
    if (!isKilled) assert.equal(run.status, 0, run.stderr);
    const store = await LevelStore.open(directory);
    assert.equal((await store.head(ID))?.size, 100, `step ${step}`);
    for (let index = 0; index < 100; index++) assert.ok(await store.entry(ID, index), `step ${step}`);
    await store.close();
    const names = readdirSync(folder);
    assert.deepEqual(
      names.filter((name) => !EXPECTED.test(name)),
      [],
      `step ${step} leaves something behind`,
    );
    assert.equal(names.filter((name) => name.includes(".damaged-")).length, 1, `step ${step} keeps the damaged one`);
    rmSync(folder, { recursive: true });
    if (!isKilled) return assert.ok(step > 40, `expected more steps, got ${step}`);
  }
});

test("a store of which anything else is damaged is refused, and the way out is named", async (t) => {
  const directory = await makeStore(t);
  damage(directory, "recorded");
  await assert.rejects(LevelStore.open(directory), { code: "store_damaged", message: /holdfast recover/ });
  assert.equal(globSync(`${directory}.damaged-*`).length, 0);
});

test("a store of which tiles and something else are damaged is refused, whatever the other thing is", async (t) => {
  const others: readonly ((directory: string) => void)[] = [
    (directory) => {
      const [log] = globSync(join(directory, "*.log"));
      const bytes = readFileSync(log as string);
      bytes[20] = (bytes[20] as number) ^ 1;
      writeFileSync(log as string, bytes);
    },
    (directory) => {
      const [newest] = globSync(join(directory, "*.ldb")).sort().reverse();
      rmSync(newest as string);
    },
  ];
  for (const damageMore of others) {
    const directory = await makeStore(t);
    const store = await LevelStore.open(directory);
    await store.commit(ID, commitOf(ID, 100, 1));
    await store.commit(ID, commitOf(ID, 101, 1));
    await store.close();
    if (damageMore === others[1]) await (await LevelStore.open(directory)).close();
    damage(directory, "derived");
    damageMore(directory);
    await assert.rejects(LevelStore.open(directory), { code: "store_damaged", message: /holdfast recover/ });
    assert.equal(globSync(`${directory}.damaged-*`).length, 0);
  }
});

test("the files of an open store are looked at, and what is damaged is told", async (t) => {
  const directory = await makeStore(t);
  const store = await LevelStore.open(directory);
  t.after(() => store.close());
  const rounds: (readonly FileDamage[])[] = [];
  const patrol = new Patrol({ directory, onRound: (found) => rounds.push(found), intervalMs: 5 });
  t.after(() => patrol.stop());
  patrol.start();
  while (rounds.length < 1) await sleep(5);
  assert.deepEqual(rounds[0], []);
  damage(directory, "recorded");
  const seen = rounds.length;
  while (rounds.length < seen + 2) await sleep(5);
  assert.match(rounds.at(-1)?.[0]?.detail as string, /the checksum of the block at byte \d+ does not fit/);
});

test("files that cannot be read for a moment are not called damaged, and those that never can are told", async (t) => {
  const directory = await makeStore(t);
  const rounds: (readonly FileDamage[])[] = [];
  const patrol = new Patrol({ directory, onRound: (found) => rounds.push(found), intervalMs: 5 });
  t.after(() => patrol.stop());
  renameSync(directory, `${directory}.away`);
  patrol.start();
  // The first round has found nothing to read when the folder is there again.
  await sleep(0);
  renameSync(`${directory}.away`, directory);
  while (rounds.length < 1) await sleep(5);
  assert.deepEqual(rounds.flat(), []);
  renameSync(directory, `${directory}.away`);
  while (rounds.flat().length === 0) await sleep(5);
  assert.match(String(rounds.flat().at(-1)?.detail), /ENOENT/);
});
