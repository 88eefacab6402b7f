/** Restore points of a store: while it is written to, with files that went bad, with a process that was killed, on a disk that is full. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, join } from "node:path";
import test from "node:test";
import { applyErased } from "../../src/backup/apply-erased.ts";
import { BackupFolder } from "../../src/backup/backup-folder.ts";
import { readPoint } from "../../src/backup/backup-place.ts";
import { copyDatabase } from "../../src/backup/copy-database.ts";
import { type BackupDamagedError, decodePoint, type RestorePoint } from "../../src/backup/point.ts";
import { restoreFiles } from "../../src/backup/restore-files.ts";
import { memberDigest } from "../../src/entry/entry.ts";
import { packMembers } from "../../src/entry/packed.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { stopAt } from "../archive/stopped-at.ts";
import { makeFolder, runCli } from "../cli/run-cli.ts";
import { ENTRIES, makeStore, secretOf } from "./fixtures.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const KILLER = join(import.meta.dirname, "..", "cli", "killed-at-step.ts");
const EVERY = process.env.EVERY === "1";
const quiet = () => undefined;

/** Makes a point of a store, open or not. */
async function makePoint(data: string, to: string): Promise<RestorePoint> {
  const backup = new BackupFolder(to, "data");
  await backup.begin();
  try {
    const files = await copyDatabase(join(data, "store"), { to: backup, as: "store", onProgress: quiet });
    return await backup.add({ madeAt: Date.now(), ledgers: null, files });
  } finally {
    await backup.end();
  }
}

async function restorePoint(to: string, into: string, name?: string): Promise<LevelStore> {
  const backup = new BackupFolder(to, "data");
  await restoreFiles(backup, await readPoint(backup, name), into, quiet);
  return LevelStore.open(join(into, "store"));
}

test("a backup that is made while records arrive restores to a prefix, with all that was acknowledged before", async (t) => {
  const { data, store } = await makeStore(t);
  const to = join(data, "..", "backup");
  let acknowledged = 0;
  let isEnding = false;
  const value = "x".repeat(20_000);
  const writing = (async () => {
    for (; !isEnding; acknowledged++) {
      await store.writeRecords([{ space: "probe", key: String(acknowledged).padStart(8, "0"), value }], {
        durable: true,
      });
      // Sorted files are taken away and others made, as under a load of hours.
      if (acknowledged % 40 === 39) await store.compact();
    }
  })();
  const points: { readonly before: number; readonly point: RestorePoint }[] = [];
  while (points.length < 4) {
    const before = acknowledged;
    points.push({ before, point: await makePoint(data, to) });
  }
  isEnding = true;
  await writing;
  await store.close();
  for (const [i, { before, point }] of points.entries()) {
    const restored = await restorePoint(to, join(data, "..", `restored-${i}`), point.name);
    let next = 0;
    for await (const [key] of restored.records("probe")) assert.equal(Number(key), next++, "a prefix has no gaps");
    await restored.close();
    assert.ok(next >= before, `expected at least the ${before} that were acknowledged before, got ${next}`);
  }
  assert.ok(acknowledged > (points.at(-1)?.before ?? 0), "writing went on");
});

/** Has something done once, before this process opens or lists what has this name. */
function before(name: "open" | "readdir", path: RegExp, work: () => Promise<void>): () => boolean {
  const files = promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const original = files[name] as (...args: unknown[]) => Promise<unknown>;
  let isDone = false;
  files[name] = async (...args) => {
    if (!isDone && path.test(String(args[0]))) {
      isDone = true;
      await work();
    }
    return original.apply(promises, args);
  };
  syncBuiltinESMExports();
  return () => {
    files[name] = original;
    syncBuiltinESMExports();
    return isDone;
  };
}

test("what a compaction moves while it is copied is not left out", async (t) => {
  for (const [name, path] of [
    ["open", /data.store.*ldb$/],
    ["readdir", /data.store$/],
  ] as const) {
    const { data, store, ledgerId } = await makeStore(t);
    // Sorted files that go are missed anyway; without any, the manifest alone tells that the log went.
    if (name === "open") await store.compact();
    await store.writeRecords([{ space: "probe", key: "a", value: "in the log" }], { durable: true });
    const to = join(data, "..", "backup");
    const end = before(name, path, () => store.compact());
    await makePoint(data, to);
    assert.ok(end(), `a compaction before ${name}`);
    await store.close();
    const restored = await restorePoint(to, join(data, "..", "restored"));
    assert.equal((await restored.head(ledgerId))?.size, ENTRIES);
    assert.equal(await restored.record("probe", "a"), "in the log");
    await restored.close();
  }
});

test("points share the files that did not change, and each restores by itself", async (t) => {
  const { data, store, ledgerId } = await makeStore(t);
  await store.compact();
  const to = join(data, "..", "backup");
  const first = await makePoint(data, to);
  await store.writeRecords([{ space: "probe", key: "a", value: "later" }], { durable: true });
  const second = await makePoint(data, to);
  await store.close();
  const tables = (point: RestorePoint) => point.files.filter(({ path }) => path.endsWith(".ldb"));
  assert.ok(tables(first).length > 0);
  assert.deepEqual(tables(second), tables(first));
  const distinct = new Set([...first.files, ...second.files].map(({ sha256 }) => sha256));
  assert.equal(globSync(join(to, "files", "*", "*")).length, distinct.size, "each is there once");
  for (const [point, value] of [
    [first, undefined],
    [second, "later"],
  ] as const) {
    const restored = await restorePoint(to, join(data, "..", point.name), point.name);
    assert.equal((await restored.head(ledgerId))?.size, ENTRIES);
    assert.equal(await restored.record("probe", "a"), value);
    await restored.close();
  }
});

test("a flipped bit in any file of a backup is found and named, and nothing is restored of it", async (t) => {
  const { data, store } = await makeStore(t);
  await store.compact();
  await store.writeRecords([{ space: "probe", key: "a", value: "in the log" }], { durable: true });
  const to = join(data, "..", "backup");
  await makePoint(data, to);
  await store.close();
  const backup = new BackupFolder(to, "data");
  const files = globSync(join(to, "{files/*,points}", "*"));
  assert.ok(files.length > 4, files.join());
  for (const file of files) {
    const bytes = readFileSync(file);
    // What a point says is to be believed to the last byte.
    const step = file.endsWith(".jsonl") ? 5 : Math.max(1, bytes.length >> 2);
    for (let at = 0; at < bytes.length; at += step) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(file, changed);
      const restoring = async () => restoreFiles(backup, await readPoint(backup), join(data, "..", "bent"), quiet);
      await assert.rejects(restoring, (error: BackupDamagedError) => {
        assert.equal(error.code, "backup_damaged");
        assert.deepEqual(
          error.paths.map((path) => basename(path)),
          [basename(file)],
        );
        return error.message.includes(file);
      });
    }
    writeFileSync(file, bytes);
  }
});

test("a file of a backup that went bad is written again by the next one", async (t) => {
  const { data, store, ledgerId } = await makeStore(t);
  await store.compact();
  const to = join(data, "..", "backup");
  const { files } = await makePoint(data, to);
  const backup = new BackupFolder(to, "data");
  const table = files.find(({ path }) => path.endsWith(".ldb"));
  assert.ok(table);
  const bytes = readFileSync(backup.pathOf(table));
  bytes[30] = (bytes[30] as number) ^ 1;
  writeFileSync(backup.pathOf(table), bytes);
  await makePoint(data, to);
  await store.close();
  const restored = await restorePoint(to, join(data, "..", "restored"));
  assert.equal((await restored.head(ledgerId))?.size, ENTRIES);
  await restored.close();
});

test("damage in the store is no restore point", async (t) => {
  const { data, store } = await makeStore(t);
  await store.compact();
  await store.close();
  const [table] = globSync(join(data, "store", "*.ldb")) as [string];
  const bytes = readFileSync(table);
  bytes[20] = (bytes[20] as number) ^ 1;
  writeFileSync(table, bytes);
  const to = join(data, "..", "backup");
  await assert.rejects(makePoint(data, to), (error: Error) => error.message.includes(`${table} is damaged`));
  assert.deepEqual(await new BackupFolder(to, "data").names(), []);
});

test("a disk that is full at any step leaves the points there were, and nothing half", async (t) => {
  const { data, store, ledgerId } = await makeStore(t);
  const to = join(data, "..", "backup");
  const { name } = await makePoint(data, to);
  await store.writeRecords([{ space: "probe", key: "a", value: "later" }], { durable: true });
  for (let step = 1; ; step++) {
    const stopping = await stopAt(to, step, "ENOSPC");
    const failed = await makePoint(data, to).then(quiet, (error: Error) => error);
    await stopping.end();
    const names = await new BackupFolder(to, "data").names();
    if (failed === undefined) assert.equal(names.length, 2);
    if (stopping.steps.length < step) {
      assert.equal(failed, undefined);
      assert.ok(step > 8, `expected more steps, got ${stopping.steps}`);
      break;
    }
    for (const each of names) {
      const point = decodePoint(readFileSync(join(to, "points", `${each}.jsonl`), "utf8"), each);
      await restoreFiles(new BackupFolder(to, "data"), point, join(data, "..", `full-${step}`), quiet);
    }
    assert.ok(names.includes(name));
    for (const each of names) if (each !== name) rmSync(join(to, "points", `${each}.jsonl`));
  }
  await store.close();
  const restored = await restorePoint(to, join(data, "..", "restored"));
  assert.equal((await restored.head(ledgerId))?.size, ENTRIES);
  await restored.close();
});

test("what was erased since a backup is erased in what is restored of it, and taken off the disk", async (t) => {
  const { data, store, ledgerId } = await makeStore(t);
  const to = join(data, "..", "backup");
  await makePoint(data, to);
  await store.close();
  const restored = await restorePoint(to, join(data, "..", "restored"));
  const before = await restored.entry(ledgerId, 3);
  assert.ok(before);
  const left = packMembers(before.members.map((member) => ({ digest: memberDigest(keccak256, member) })));
  const other = (await restored.entry(ledgerId, 4))?.members[0];
  assert.ok(other);
  const part = packMembers([{ digest: memberDigest(keccak256, other) }]);
  const allErased = async function* () {
    yield { index: 3, members: left };
    yield { index: 4, members: part };
    yield { index: ENTRIES + 5, members: left };
  };
  assert.equal(await applyErased(restored, keccak256, allErased), 2);
  const members = (await restored.entry(ledgerId, 4))?.members.map((member) => "digest" in member);
  assert.deepEqual(members, [true, ...(members ?? []).slice(1).map(() => false)]);
  assert.equal(await applyErased(restored, keccak256, allErased), 0);
  const after = await restored.entry(ledgerId, 3);
  assert.ok(after?.members.every((member) => "digest" in member));
  await restored.close();
  for (const file of globSync(join(data, "..", "restored", "store", "*")))
    assert.ok(!readFileSync(file).includes(secretOf(3)), `${file} has what was erased`);
});

test("two backups at once do not write to one folder", async (t) => {
  const { data, store } = await makeStore(t);
  const to = join(data, "..", "backup");
  const first = new BackupFolder(to, "data");
  await first.begin();
  await assert.rejects(makePoint(data, to), /alone with the backup in .*wait until that one has ended/);
  await first.end();
  await makePoint(data, to);
  await store.close();
});

test("a folder of keys has the newest state alone, and no file of one before", async (t) => {
  const to = join(makeFolder(t), "keys");
  const keys = new BackupFolder(to, "keys");
  await keys.begin();
  for (const text of ["a key that is destroyed later", "what is left"]) {
    const files = [await keys.put("keys/content.key", Buffer.from(text))];
    const { name } = await keys.add({ madeAt: Date.now(), ledgers: null, files });
    await keys.keepOnly(name);
    await keys.sweep();
  }
  await keys.end();
  const texts = globSync(join(to, "files", "*", "*")).map((file) => readFileSync(file, "utf8"));
  assert.deepEqual(texts, ["what is left"]);
  assert.equal((await keys.names()).length, 1);
});

/** Runs a command that is killed before it makes or renames a folder or a file below `stored/` for the n-th time. */
function killedAt(step: number, args: readonly string[]): boolean {
  const env = { ...process.env, KILLED_AT: String(step) };
  return spawnSync(process.execPath, ["--import", KILLER, MAIN, ...args], { env }).signal === "SIGKILL";
}

/** Steps of a command that is killed: some, or all with EVERY=1, and the one that it does not come to any more. */
function* steps(some: readonly number[]): Generator<number> {
  if (!EVERY) yield* some;
  else for (let step = 1; ; step++) yield step;
}

test("backups and restores that are killed at a step are not there, and the next one is whole", async (t) => {
  const { data, store } = await makeStore(t);
  await store.close();
  const stored = join(data, "..", "stored");
  const to = join(stored, "backup");
  const backup = new BackupFolder(to, "data");
  for (const step of steps([13])) {
    rmSync(to, { recursive: true, force: true });
    const isKilled = killedAt(step, ["backup", "--data", data, "--to", to]);
    for (const name of await backup.names()) assert.ok((await readPoint(backup, name)).files.length > 0);
    if (!isKilled) break;
  }
  const made = await runCli(["backup", "--data", data, "--to", to, "--json"]);
  assert.equal(made.status, 0, made.stderr);
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith("backup-scratch")),
    [],
  );
  const into = join(stored, "data");
  for (const step of steps([9])) {
    const isKilled = killedAt(step, ["restore", "--from", to, "--data", into]);
    if (!isKilled) break;
    if (existsSync(join(into, "store"))) rmSync(into, { recursive: true });
  }
  rmSync(into, { recursive: true, force: !EVERY });
  const restored = await runCli(["restore", "--from", to, "--data", into, "--json"]);
  assert.equal(restored.status, 0, restored.stderr);
  assert.deepEqual(readdirSync(into).sort(), ["restored-in-clear.json", "store"]);
  cpSync(into, join(stored, "copy"), { recursive: true });
  const again = await runCli(["restore", "--from", to, "--data", into]);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /Expected a new folder or an empty one, got .* with restored-in-clear\.json in it/);
});
