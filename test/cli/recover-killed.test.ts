/** `holdfast recover` that is killed at any step: the next start finds the store, and clears away what was left beside it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { LevelStore } from "../../src/store/level-store.ts";
import { readLog } from "../../src/store/leveldb/log-format.ts";
import { ask, event, startService } from "../http/service.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const ENTRIES = 10;
const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const KILLER = join(import.meta.dirname, "killed-at-step.ts");
/** What may stand in a data folder when all is over. */
const EXPECTED = /^(?:store|store\.lock|store\.before-recover-.*)$/;

/** A data folder whose log is damaged in a record that nobody misses. */
async function makeDamaged(t: TestContext): Promise<string> {
  const folder = makeFolder(t);
  const store = await LevelStore.open(join(folder, "store"));
  const service = await startService({ store });
  const events = Array.from({ length: ENTRIES }, (_, i) => event({ id: `id ${i}` }));
  await ask(service, "POST /v1/ledgers/main/events", { key: await service.key(["admin"], "tests"), body: events });
  await service.close();
  for (const key of ["a", "b"]) {
    await store.writeRecords([{ space: "probe", key, value: "x".repeat(100) }], { durable: true });
  }
  await store.close();
  const [log] = globSync(join(folder, "store", "*.log")) as [string];
  const bytes = readFileSync(log);
  const damaged = readLog(bytes).records.at(-2)?.start as number;
  bytes[damaged + 30] = (bytes[damaged + 30] as number) ^ 4;
  writeFileSync(log, bytes);
  return folder;
}

/** @returns whether it was killed */
function recoverKilledAt(folder: string, step: number): boolean {
  const args = ["--import", KILLER, MAIN, "recover", "--apply", "--data", folder];
  const env = { ...process.env, KILLED_AT: String(step) };
  return spawnSync(process.execPath, args, { env, encoding: "utf8" }).signal === "SIGKILL";
}

async function entriesOf(folder: string): Promise<number> {
  const store = await LevelStore.open(join(folder, "store"));
  try {
    const [ledger] = await store.ledgers();
    assert.ok(ledger, "the ledger is there");
    let entries = 0;
    for await (const _ of store.entries(ledger.id, 0, ENTRIES)) entries++;
    return entries;
  } finally {
    await store.close();
  }
}

test("a recovery that is killed at any step leaves a store that the next start finds, or that recovers", async (t) => {
  const made = await makeDamaged(t);
  for (let step = 1; ; step++) {
    const folder = join(makeFolder(t), "data");
    cpSync(made, folder, { recursive: true });
    const isKilled = recoverKilledAt(folder, step);
    const refused = await entriesOf(folder).then(
      () => undefined,
      (error: Error & { code?: string }) => error,
    );
    if (refused !== undefined) {
      assert.equal(refused.code, "store_damaged", `step ${step}: ${refused.message}`);
      const { stdout } = await runCommand(["recover", "--apply", "--data", folder]);
      assert.match(stdout, /in place/, `step ${step}: ${stdout}`);
    }
    assert.equal(await entriesOf(folder), ENTRIES, `step ${step}`);
    const left = readdirSync(folder).filter((name) => !EXPECTED.test(name));
    assert.deepEqual(left, [], `step ${step} leaves something behind`);
    if (!isKilled) return assert.ok(step > 8, `expected more steps, got ${step}`);
  }
});

test("a folder that somebody put where a store is made anew is neither removed nor used", async (t) => {
  const made = await makeDamaged(t);
  const foreign = join(made, "store.recovered");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "important"), "a copy that somebody put here");
  const { status, stderr } = await runCli(["recover", "--apply", "--data", made]);
  assert.equal(status, 1);
  assert.match(stderr, /store\.recovered.*move it elsewhere/);
  assert.deepEqual(readdirSync(foreign), ["important"]);
});
