/** `holdfast audit` as a process, on stores that are whole, empty, damaged, in use or not there. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Level } from "level";
import { type AnchorRecord, anchorWrite } from "../../../src/store/anchor-record.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { ask, event, SIGNER, startService } from "../../http/service.ts";
import { openHalfway } from "../../store/leveldb/killed-opening.ts";
import { makeFolder, runCli } from "../run-cli.ts";

/** A data folder whose store has a ledger with so many events. */
async function makeData(t: TestContext, count: number, now?: number): Promise<string> {
  const folder = makeFolder(t);
  const store = await LevelStore.open(join(folder, "store"));
  const service = await startService({ store });
  if (now !== undefined) service.clock.now = now;
  const key = await service.key(["admin"], "tests");
  for (let i = 0; i < count; i += 50) {
    const events = Array.from({ length: Math.min(50, count - i) }, (_, j) => event({ message: `event ${i + j}` }));
    await ask(service, "POST /v1/ledgers/main/events", { key, body: events });
  }
  await service.close();
  await store.close();
  return folder;
}

test("a whole store is told with what was looked at", async (t) => {
  const folder = await makeData(t, 300);
  const { status, stdout, stderr } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 0);
  assert.match(stderr, /main: no mark beside the store, so that entries missing at its end are not noticed here/);
  assert.match(stdout, /^main: whole\. 300 entries, 1 tile and 6 checkpoints were read .*; size 300, root 0x/);
  const asJson = await runCli(["audit", "--json"], { env: { HOLDFAST_DATA: folder } });
  assert.equal(JSON.parse(asJson.stdout).ledgers[0].entries, 300);
});

test("a store in which a byte was changed is not whole, and the place is named", async (t) => {
  const folder = await makeData(t, 60);
  const db = new Level<Uint8Array, Uint8Array>(join(folder, "store"), { keyEncoding: "view", valueEncoding: "view" });
  let changed = 0;
  for await (const [key, value] of db.iterator()) {
    const text = Buffer.from(value).toString("latin1");
    if (!text.includes("event 7")) continue;
    await db.put(key, Buffer.from(text.replace("event 7", "event 8"), "latin1"));
    changed++;
  }
  await db.close();
  assert.equal(changed, 1);
  const { status, stdout } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 1);
  assert.match(stdout, /^NOT whole: 1 values are damaged\.\n {2}entry 7 of main\nmain: NOT whole, \d+ findings/);
  assert.match(stdout, /\(entry 7\)/);
});

test("a store that is whole in itself is compared with its marks and its anchors", async (t) => {
  const folder = await makeData(t, 60);
  const store = await LevelStore.open(join(folder, "store"));
  const [ledger] = await store.ledgers();
  const head = ledger && (await store.head(ledger.id));
  assert.ok(head);
  const root = `0x${"9".repeat(64)}` as const;
  const place = { transactionHash: root, blockNumber: 7, blockHash: root, blockTime: 1_790_000_000 };
  const contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
  const anchor: AnchorRecord = {
    ...head,
    root,
    chainId: 5,
    contract,
    stage: "final",
    ...place,
    gasUsed: 1,
    feeWei: "1",
  };
  await store.writeRecords([anchorWrite(anchor)], { durable: true });
  await store.close();
  mkdirSync(join(folder, "marks"));
  const mark = { ...head, size: 65 };
  const signature = await SIGNER.sign(mark);
  const file = join(folder, "marks", `${head.ledgerId}.json`);
  writeFileSync(file, JSON.stringify({ ...mark, signature }));
  const { status, stdout } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /entry_lost \(entries 60 to 64\): the mark beside the store remembers 65 entries, the store has 60/,
  );
  assert.match(stdout, /checkpoint_other \(entries 0 to 59\): the anchor on chain 5 remembers the root 0x9{64}/);
  writeFileSync(file, JSON.stringify(mark));
  const changed = await runCli(["audit", "--data", folder]);
  assert.equal(changed.status, 1);
  assert.match(changed.stdout, /mark_damaged .*: .*got one whose signature does not fit/);
});

test("a ledger whose times are ahead of this machine's clock says so, and is whole all the same", async (t) => {
  const folder = await makeData(t, 1, Date.now() + 3650 * 86_400_000);
  const { status, stdout } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 0);
  assert.match(
    stdout,
    /main: whole.*\n {2}Its newest entries say 20\d\d-.*ahead of this machine's clock.*\n.*times stand still/,
  );
});

test("nothing to look at is not a success", async (t) => {
  const empty = await runCli(["audit", "--data", await makeData(t, 0)]);
  assert.equal(empty.status, 2);
  assert.match(empty.stdout, /empty, so that nothing was proved/);
  const folder = makeFolder(t);
  const missing = await runCli(["audit", "--data", folder]);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /Expected a store at .*, got nothing; give --data/);
  const other = await runCli(["audit", "--data", await makeData(t, 1), "--ledger", "payroll"]);
  assert.equal(other.status, 2);
});

test("a store that is in use is left alone", async (t) => {
  const folder = await makeData(t, 1);
  const store = await LevelStore.open(join(folder, "store"));
  t.after(() => store.close());
  const { status, stderr } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 2);
  assert.match(stderr, /A service is using .*; stop it first/);
});

test("beside what a killed start had kept, that is looked at, as the next start does, and not the half-opened folder", async (t) => {
  const folder = await makeData(t, 60);
  const store = join(folder, "store");
  const backup = join(folder, "backup");
  cpSync(store, backup, { recursive: true });
  await openHalfway(store);
  // What LevelDB made of the log did not reach the disk, and the log is gone.
  for (const name of readdirSync(store)) if (/\.(ldb|log)$/.test(name)) rmSync(join(store, name));
  const before = readdirSync(folder, { recursive: true });
  const { status, stdout, stderr } = await runCli(["audit", "--data", folder]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^main: whole\. 60 entries, /);
  assert.match(stderr, /A start was killed while it worked on .*store; what it left in .*store\.kept is looked at/);
  assert.deepEqual(readdirSync(folder, { recursive: true }), before);

  rmSync(store, { recursive: true });
  assert.match((await runCli(["audit", "--data", folder])).stdout, /^main: whole\. 60 entries, /);

  cpSync(backup, store, { recursive: true });
  const torn = await runCli(["audit", "--data", folder]);
  assert.equal(torn.status, 2, "which of the two is meant has to be said");
  assert.match(torn.stderr, /store\.kept.*nothing was changed.*move/s);
});
