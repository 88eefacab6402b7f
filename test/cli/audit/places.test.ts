/** `holdfast audit` with places that are named: chains (`--rpc`), archives (`--archives`), and all of them (`--complete`). */

import assert from "node:assert/strict";
import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import type { Hex } from "../../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../../src/merkle/checkpoint.ts";
import { indexFolder } from "../../../src/service/config.ts";
import { type AnchorRecord, anchorWrite } from "../../../src/store/anchor-record.ts";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import type { LedgerRecord } from "../../../src/store/store.ts";
import { ask, event, SIGNER, startService } from "../../http/service.ts";
import { CONTRACT, startContractChain } from "../contract-chain.ts";
import { deadUrl } from "../fake-http.ts";
import { makeFolder } from "../run-cli.ts";
import { type Run, runCommand } from "../run-command.ts";

const COUNT = 20;
const CHAIN_ID = 1234;
const NOWHERE: Hex = `0x${"7".repeat(64)}`;

/** A data folder with a ledger that is anchored, and archives of it beside the data folder; nothing of either is changed. */
let data: string;
let archives: string;
let archive: string;
let record: LedgerRecord;
let head: SignedCheckpoint;

before(async (t) => {
  const base = makeFolder(t as never);
  data = join(base, "data");
  archives = join(base, "archives");
  const store = await LevelStore.open(join(data, "store"));
  const service = await startService({ store });
  const key = await service.key(["admin"], "tests");
  const events = Array.from({ length: COUNT }, (_, i) => event({ message: `event ${i}` }));
  await ask(service, "POST /v1/ledgers/main/events", { key, body: events });
  const ledger = service.ledgers.get("main") ?? assert.fail();
  record = ledger.record;
  head = ledger.head ?? assert.fail();
  await store.writeRecords([anchorWrite(anchorOf(head))], { durable: true });
  await service.close();
  await store.close();
  const made = await runCommand(["archive", "create", "--data", data, "--folder", archives, "--clear"]);
  assert.equal(made.status, 0, made.stderr);
  [archive = ""] = readdirSync(archives);
});

function anchorOf({ ledgerId, size, root, signedAt, signature }: SignedCheckpoint): AnchorRecord {
  return {
    ledgerId,
    size,
    root,
    signedAt,
    signature,
    chainId: CHAIN_ID,
    contract: CONTRACT as Hex,
    stage: "final",
    transactionHash: NOWHERE,
    blockNumber: 7,
    blockHash: NOWHERE,
    blockTime: 1_790_000_000,
    gasUsed: 1,
    feeWei: "1",
  };
}

/** A copy of the data folder in which one entry was pruned, which names an archive. */
async function pruned(t: TestContext, named: string): Promise<string> {
  const folder = join(makeFolder(t), "data");
  cpSync(data, folder, { recursive: true });
  const store = await LevelStore.open(join(folder, "store"));
  const service = await startService({ store });
  const leafHash = (await service.ledgers.get("main")?.leafHash(3)) ?? assert.fail();
  const entry = (await store.entry(record.id, 3)) ?? assert.fail();
  const without = { recordedAt: entry.recordedAt, members: new Uint8Array(0), pruned: { leafHash, archive: named } };
  await store.replaceEntries(record.id, [{ index: 3, entry: without }], []);
  await service.close();
  await store.close();
  return folder;
}

const audit = (folder: string, ...flags: readonly string[]): Promise<Run> =>
  runCommand(["audit", "--data", folder, ...flags]);

function requireStatus({ status, stdout, stderr }: Run, expected: number, ...said: readonly RegExp[]): void {
  assert.equal(status, expected, stdout + stderr);
  for (const each of said) assert.match(stdout + stderr, each);
}

test("--archives has to be a folder that is there, also where no entry names an archive", async (t) => {
  const missing = join(makeFolder(t), "archvies");
  requireStatus(await audit(data), 0);
  requireStatus(
    await audit(data, "--archives", missing),
    2,
    /Expected a folder with archives at ".*archvies", got nothing that can be looked at: there is none \(ENOENT\); see --archives\./,
  );
  const file = join(makeFolder(t), "file");
  writeFileSync(file, "");
  requireStatus(await audit(data, "--archives", file), 2, /Expected a folder with archives at ".*file", got a file/);
  requireStatus(await audit(data, "--archives", ""), 2, /Expected a folder with archives at ""/);
  const empty = makeFolder(t);
  requireStatus(await audit(data, "--archives", empty), 0, /^main: whole/m);
});

test("archives that entries name are looked at in --archives: there, gone, or changed; without it that is said, and --complete wants it", async (t) => {
  const folder = await pruned(t, archive);
  requireStatus(await audit(folder, "--archives", archives), 0, /^main: whole/m, /Beside them: .*archives 1/);
  requireStatus(
    await audit(folder, "--archives", makeFolder(t)),
    1,
    /archive_missing \(entry 3\): the archive main\.\S+\.hfa, which has entries that were pruned, is missing/,
  );
  const changed = makeFolder(t);
  writeFileSync(join(changed, archive), "no archive");
  requireStatus(await audit(folder, "--archives", changed), 1, /archive_damaged \(entry 3\)/);
  const unsaid = /NOT looked at: archives: 1 archives are named, and where they are was not said/;
  requireStatus(await audit(folder), 0, unsaid);
  requireStatus(await audit(folder, "--complete"), 2, unsaid);
});

test("--rpc names a chain: its anchors are compared, and what it says otherwise is told", async (t) => {
  const chain = await startContractChain(t, { isOpen: false, chainId: CHAIN_ID });
  const owner = record.owner;
  await chain.rpc("anvil_impersonateAccount", [owner]);
  await chain.rpc("anvil_setBalance", [owner, "0xde0b6b3a7640000"]);
  await chain.send("open", [record.label, SIGNER.address], owner);
  const rpc = ["--rpc", chain.url] as const;
  const none = await audit(data, ...rpc);
  requireStatus(
    none,
    1,
    /anchor_contradicted \(entries 0 to 19\): .* on chain 1234 has the root 0x\w+, the contract holds none/,
  );
  await chain.send("anchor", [record.id, 0, head.size, head.root, head.signedAt, head.signature, []], owner);
  requireStatus(await audit(data, ...rpc), 0, /^main: whole/m, /Beside them: .*anchors 1/);
  assert.equal((await runCommand(["audit", "--data", data], { env: { HOLDFAST_RPC: chain.url } })).status, 0);
});

test("a chain that --rpc names and that does not answer, or has no contract that is known, ends it before it reads", async (t) => {
  requireStatus(await audit(data, "--rpc", await deadUrl()), 2, /does not answer|could not|unreachable|refused/i);
  const chain = await startContractChain(t, { isOpen: false, chainId: CHAIN_ID });
  requireStatus(
    await audit(data, "--rpc", chain.url, "--contract", `0x${"12".repeat(20)}`),
    2,
    /Expected the contract at 0x12\w+ on chain 1234, got none there; see --contract\./i,
  );
  await chain.rpc("anvil_setCode", [CONTRACT, "0x60006000"]);
  requireStatus(await audit(data, "--rpc", chain.url), 2, /on chain 1234, got other code; see --contract\./);
});

test("anchors of a chain that nobody names are said to be not looked at, which --complete does not take", async (t) => {
  const unasked = /NOT looked at: .*no endpoint of chain 1234 was given/;
  requireStatus(await audit(data), 0, unasked, /--rpc names a node of a chain/);
  requireStatus(await audit(data, "--complete"), 2, unasked);
  const json = JSON.parse((await audit(data, "--complete", "--json")).stdout);
  assert.ok(json.ledgers[0].notLookedAt.includes("anchors"));
  const other = await startContractChain(t, { isOpen: false, chainId: 77 });
  requireStatus(await audit(data, "--rpc", other.url), 2, unasked);
});

test("--complete is 0 when every check looked at all that it is for", async (t) => {
  const chain = await startContractChain(t, { isOpen: false, chainId: CHAIN_ID });
  await chain.rpc("anvil_impersonateAccount", [record.owner]);
  await chain.rpc("anvil_setBalance", [record.owner, "0xde0b6b3a7640000"]);
  await chain.send("open", [record.label, SIGNER.address], record.owner);
  await chain.send("anchor", [record.id, 0, head.size, head.root, head.signedAt, head.signature, []], record.owner);
  const folder = await pruned(t, archive);
  // So few entries are in memory alone, and made again by a start.
  const index = await LevelIndexStore.open(indexFolder(folder), { cipher: undefined });
  await index.close();
  const run = await audit(folder, "--rpc", chain.url, "--archives", archives, "--complete");
  requireStatus(run, 0, /Beside them: .*anchors 1.*archives 1/);
  rmSync(indexFolder(folder), { recursive: true });
  requireStatus(
    await audit(folder, "--rpc", chain.url, "--archives", archives, "--complete"),
    2,
    /NOT looked at: index/,
  );
});
