/** What backups and restores say of what was erased since, and what they leave on a disk that is full. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { makeProgram } from "../../src/cli/main.ts";
import { Health } from "../../src/health.ts";
import { erasureWrite } from "../../src/retention/erasure/erasure-records.ts";
import { tellRestored } from "../../src/service/storage.ts";
import { RESTORED_NOTE, restoredNote } from "../../src/service/watching/restored-in-clear.ts";
import { stopAt } from "../archive/stopped-at.ts";
import { makeFolder, runCli } from "../cli/run-cli.ts";
import { makeStore } from "./fixtures.ts";

const quiet = () => undefined;

test("a backup names the points that hold what was erased since, and a store in clear is said to have it again", async (t) => {
  const { data, store, ledgerId } = await makeStore(t);
  const to = join(data, "..", "backup");
  const backUp = async () => {
    const { status, stdout, stderr } = await runCli(["backup", "--data", data, "--to", to, "--json"]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  const first = await backUp();
  assert.deepEqual(first.holdErased, []);
  const now = Date.now();
  const about = { id: "0".repeat(16), askedAt: now, doneAt: now, reason: "asked", ranges: [], count: 1, keys: [] };
  const author = { key: "k", source: "tests" };
  const erasure = { ...about, ...author, step: "done" } as const;
  await store.writeRecords([erasureWrite(ledgerId, erasure)], { durable: true });
  await store.close();
  assert.deepEqual((await backUp()).holdErased, [first.point]);
  const restored = await runCli(["restore", "--from", to, "--point", first.point, "--data", join(data, "..", "r")]);
  assert.match(restored.stdout, /BEWARE: this store is in clear\. What was erased after .* is in it again/);
  const note = await restoredNote(join(data, "..", "r"));
  assert.ok(note !== undefined && note !== "unreadable" && note.point === first.point, JSON.stringify(note));
  const codes = async () => {
    const health = new Health();
    await tellRestored(join(data, "..", "r"), health);
    return health.conditions().map(({ code, isNotice }) => [code, isNotice]);
  };
  assert.deepEqual(await codes(), [["restored_in_clear", true]], "each start says so");
  const file = join(data, "..", "r", RESTORED_NOTE);
  writeFileSync(file, "{");
  assert.deepEqual(await codes(), [["restored_in_clear", true]], "whatever stands in it");
  rmSync(file);
  assert.deepEqual(await codes(), []);
});

test("a disk that is full at any step of a restore is told, leaves nothing that looks like a store, and the next one goes through", async (t) => {
  const { data, store } = await makeStore(t);
  await store.close();
  const to = join(data, "..", "backup");
  assert.equal((await runCli(["backup", "--data", data, "--to", to])).status, 0);
  const into = join(makeFolder(t), "data");
  const restore = async () => {
    const program = await makeProgram("restore", quiet);
    await program.parseAsync(["restore", "--from", to, "--data", into, "--json"], { from: "user" });
  };
  let refused = 0;
  for (let step = 1; ; step++) {
    const stopping = await stopAt(into, step, "ENOSPC");
    const failed = await restore().then(quiet, (error: Error) => error);
    await stopping.end();
    if (stopping.steps.length < step || failed === undefined) break;
    refused++;
    assert.match(failed.message, /disk is full|ENOSPC/);
    assert.ok(!existsSync(join(into, "store")), `step ${step}, ${stopping.steps.at(-1)}`);
  }
  assert.ok(refused > 5, `expected more steps, got ${refused}`);
  if (!existsSync(into) || readdirSync(into).length === 0) await restore();
  assert.deepEqual(readdirSync(into).sort(), [RESTORED_NOTE, "store"]);
});
