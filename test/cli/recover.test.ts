/** `holdfast recover` as a process, on data folders that are damaged in one place: what it shows, keeps, and refuses. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { MarkFolder } from "../../src/ledger/marks/folder.ts";
import { encodeMark, markFile } from "../../src/ledger/marks/mark.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { type LogRecord, readLog } from "../../src/store/leveldb/log-format.ts";
import { decodeBatch } from "../../src/store/leveldb/write-batch.ts";
import { ask, event, startService } from "../http/service.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const COMMITS = 8;
const EACH = 40;

type Made = {
  readonly folder: string;
  readonly store: string;
  readonly log: string;
  readonly heads: readonly SignedCheckpoint[];
};

/** A data folder with some commits, each with ids, and a record written between any two of them. */
async function makeData(t: TestContext): Promise<Made> {
  const folder = makeFolder(t);
  const path = join(folder, "store");
  const store = await LevelStore.open(path);
  const service = await startService({ store });
  const key = await service.key(["admin"], "tests");
  const heads: SignedCheckpoint[] = [];
  for (let i = 0; i < COMMITS; i++) {
    const events = Array.from({ length: EACH }, (_, j) => event({ message: `event ${i}/${j}`, id: `id ${i}/${j}` }));
    await ask(service, "POST /v1/ledgers/main/events", { key, body: events });
    const [ledger] = await store.ledgers();
    assert.ok(ledger);
    heads.push((await store.head(ledger.id)) as SignedCheckpoint);
    await store.writeRecords([{ space: "probe", key: `between ${i}`, value: "x".repeat(50) }], { durable: true });
  }
  await service.close();
  await store.close();
  const log = join(path, readdirSync(path).find((name) => name.endsWith(".log")) as string);
  return { folder, store: path, log, heads };
}

async function mark({ folder, heads }: Made, commits: number): Promise<void> {
  const head = heads[commits - 1] as SignedCheckpoint;
  mkdirSync(join(folder, "marks"), { recursive: true });
  const marks = await MarkFolder.open(join(folder, "marks"));
  await marks.write(new Map([[markFile(head.ledgerId), encodeMark(head)]]));
  await marks.close();
}

/** Records of the log whose first key is of a kind, in order. */
function recordsOf({ log }: Made, kind: number): LogRecord[] {
  return readLog(readFileSync(log)).records.filter(({ bytes }) => decodeBatch(bytes).writes[0]?.key[0] === kind);
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x04;
  writeFileSync(path, bytes);
}

/** Digest of every file of a folder, locks apart. */
function stateOf(folder: string): string {
  const files = globSync("**/*", { cwd: folder }).filter(
    (name) => !name.includes(".lock") && statSync(join(folder, name)).isFile(),
  );
  return files
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}`,
    )
    .join("\n");
}

async function sizeOf({ store }: Made): Promise<number | undefined> {
  const opened = await LevelStore.open(store);
  const [ledger] = await opened.ledgers();
  const size = ledger && (await opened.head(ledger.id))?.size;
  await opened.close();
  return size;
}

test("a store that is whole is said to be, and an audit and a look change nothing", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  const before = stateOf(made.folder);
  const audited = await runCommand(["audit", "--data", made.folder]);
  assert.equal(audited.status, 0, audited.stdout);
  const { status, stdout } = await runCli(["recover", "--data", made.folder]);
  assert.equal(status, 0);
  assert.match(stdout, /every file is as it was written/);
  assert.match(stdout, /main: all 320 entries are kept\./);
  assert.equal(stateOf(made.folder), before);
});

test("damage in a record that holds no entries costs no entry, and the service's store goes on with all of them", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  flip(made.log, (recordsOf(made, 6).at(-3) as LogRecord).start + 30);
  const before = stateOf(made.folder);
  await assert.rejects(LevelStore.open(made.store), { code: "store_damaged" });
  const audited = await runCommand(["audit", "--data", made.folder]);
  assert.equal(audited.status, 1);
  assert.match(audited.stdout, /NOT whole, 1 of its files are damaged; `holdfast recover` shows what can be kept/);
  const looked = await runCommand(["recover", "--data", made.folder]);
  assert.equal(looked.status, 0, looked.stdout);
  assert.match(looked.stdout, /main: all 320 entries are kept\.[\s\S]*Nothing was changed/);
  assert.match(looked.stdout, /an API key that was revoked last may be valid again/);
  assert.equal(stateOf(made.folder), before);
  const applied = await runCommand(["recover", "--apply", "--data", made.folder]);
  assert.equal(applied.status, 0, applied.stdout);
  const [kept] = globSync(join(made.folder, "store.before-recover-*"));
  assert.ok(kept && applied.stdout.includes(kept), "the damaged one is kept, and named");
  assert.equal(await sizeOf(made), 320);
  const after = await runCommand(["audit", "--data", made.folder]);
  assert.equal(after.status, 0, after.stdout);
});

test("zeros that a power cut left in the log, with later writes behind them, are refused, and recovered from", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  const { start, end } = recordsOf(made, 6).at(-2) as LogRecord;
  const bytes = readFileSync(made.log);
  writeFileSync(made.log, bytes.fill(0, start, end));
  const before = stateOf(made.folder);
  const refusal = { code: "store_damaged", message: /got damage at byte \d+ with more behind it.*`holdfast recover`/ };
  await assert.rejects(LevelStore.open(made.store), refusal);
  const looked = await runCommand(["recover", "--data", made.folder]);
  assert.equal(looked.status, 0, looked.stdout);
  assert.match(looked.stdout, /bytes of .*\.log are damaged[\s\S]*main: all 320 entries are kept\./);
  assert.equal(stateOf(made.folder), before);
  const applied = await runCommand(["recover", "--apply", "--data", made.folder]);
  assert.equal(applied.status, 0, applied.stdout);
  assert.equal(await sizeOf(made), 320);
  assert.equal((await runCommand(["audit", "--data", made.folder])).status, 0);
});

test("zeros in the place of a commit that was marked are refused by recovery too: entries are missing", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  const { start, end } = recordsOf(made, 2).at(-2) as LogRecord;
  writeFileSync(made.log, readFileSync(made.log).fill(0, start, end));
  const { status, stdout } = await runCommand(["recover", "--apply", "--data", made.folder]);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /MISSING: the mark beside the store remembers 320 entries/);
});

test("a torn commit behind everything that the mark knows is cut, with all that stands on it", async (t) => {
  const made = await makeData(t);
  await mark(made, 5);
  flip(made.log, (recordsOf(made, 2)[5] as LogRecord).start + 2000);
  const looked = await runCommand(["recover", "--data", made.folder, "--json"]);
  assert.equal(looked.status, 0, looked.stdout);
  const [main] = JSON.parse(looked.stdout).ledgers;
  assert.deepEqual([main.kept, main.known, main.missing], [200, 320, []]);
  assert.equal((await runCommand(["recover", "--apply", "--data", made.folder])).status, 0);
  assert.equal(await sizeOf(made), 200);
  const after = await runCommand(["audit", "--data", made.folder]);
  assert.equal(after.status, 0, after.stdout);
});

test("nothing is applied where the mark knows of entries that are gone, and the ways out are named", async (t) => {
  const made = await makeData(t);
  await mark(made, 6);
  flip(made.log, (recordsOf(made, 2)[4] as LogRecord).start + 2000);
  const before = stateOf(made.folder);
  const { status, stdout } = await runCommand(["recover", "--apply", "--data", made.folder]);
  assert.equal(status, 1);
  assert.match(stdout, /main: 160 of 320 entries are kept\./);
  assert.match(stdout, /MISSING: the mark beside the store remembers 240 entries/);
  assert.match(stdout, /bring back a newer copy/);
  assert.equal(stateOf(made.folder), before);
});

for (const name of ["CURRENT", "MANIFEST"]) {
  test(`a store without its ${name} is made anew, with all entries`, async (t) => {
    const made = await makeData(t);
    await mark(made, COMMITS);
    await (await LevelStore.open(made.store)).close();
    for (const file of globSync(join(made.store, `${name}*`))) rmSync(file);
    await assert.rejects(LevelStore.open(made.store), { code: "store_damaged" });
    const { status, stdout } = await runCommand(["recover", "--apply", "--data", made.folder]);
    assert.equal(status, 0, stdout);
    const isTold = /no manifest can be read.*records may be as they were before.*`holdfast keys list`/.test(stdout);
    assert.equal(isTold, name === "MANIFEST", stdout);
    assert.equal(await sizeOf(made), 320);
    assert.equal((await runCommand(["audit", "--data", made.folder])).status, 0);
  });
}

test("blocks of a sorted file that are damaged are told by what they held", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  await (await LevelStore.open(made.store)).close();
  const [table] = globSync(join(made.store, "*.ldb")) as [string];
  flip(table, 20_000);
  const audited = await runCommand(["audit", "--data", made.folder]);
  assert.equal(audited.status, 1);
  assert.match(audited.stdout, /the checksum of the block at byte \d+ does not fit/);
  const { status, stdout } = await runCommand(["recover", "--data", made.folder]);
  assert.equal(status, 1);
  assert.match(stdout, /what is behind entry \d+ of main, up to entry \d+ of main/);
});

test("a data folder whose marks are gone is not whole", async (t) => {
  const made = await makeData(t);
  await mark(made, COMMITS);
  writeFileSync(join(made.folder, "admin.key"), "");
  rmSync(join(made.folder, "marks"), { recursive: true });
  const { status, stdout } = await runCommand(["audit", "--data", made.folder]);
  assert.equal(status, 1);
  assert.match(stdout, /mark_missing/);
  const looked = await runCommand(["recover", "--data", made.folder]);
  assert.match(looked.stdout, /no mark beside the store.*`holdfast marks renew`/);
});

test("a store that a service has open is not recovered", async (t) => {
  const made = await makeData(t);
  const store = await LevelStore.open(made.store);
  t.after(() => store.close());
  const { status, stderr } = await runCommand(["recover", "--data", made.folder]);
  assert.equal(status, 2);
  assert.match(stderr, /A service is using .*; stop it first/);
});
