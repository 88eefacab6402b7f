/** Files of a watcher that somebody else put there: none keeps it waiting, grows it, or ends its rounds in errors. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { StateFile, saveEvidence } from "../../../src/cli/watch/state-file.ts";
import { Webhook } from "../../../src/cli/watch/webhook.ts";
import { readKeptFile } from "../../../src/store/text-file.ts";
import { beginWatch, type WatchState } from "../../../src/watch/memory/state.ts";
import { readWatchState, writeWatchState } from "../../../src/watch/memory/state-text.ts";
import { CONTRACT } from "../contract-chain.ts";
import { LEDGER_ID, SIGNER } from "../fork-proof/histories.ts";
import { makeFolder } from "../run-cli.ts";
import { told } from "./stage.ts";

const NOW = 1_800_000_000_000;
const BEGUN = beginWatch(
  { ledger: "main", ledgerId: LEDGER_ID, chainId: 1, contract: CONTRACT, signers: [SIGNER] },
  NOW,
);
const STATE: WatchState = { ...BEGUN, checkpoint: told.checkpoint(12) };
const IS_WINDOWS = process.platform === "win32";

function makeFile(t: TestContext): string {
  return join(makeFolder(t), "watch.json");
}

/** Puts a pipe to which nobody writes in the place of a file; whoever waits for it is let go after a while, too late. */
function makePipe(t: TestContext, path: string): void {
  rmSync(path, { force: true });
  execFileSync("mkfifo", [path]);
  const late = spawn("sh", ["-c", 'sleep 3; : > "$1"', "sh", path], { stdio: "ignore" });
  t.after(() => late.kill());
}

test("a pipe in the place of the state is refused at once, at the start and while watching", {
  skip: IS_WINDOWS && "there are no named pipes in folders",
}, async (t) => {
  const path = makeFile(t);
  const file = new StateFile(path);
  await file.save(STATE);
  makePipe(t, path);
  await assert.rejects(file.save(STATE), /expected a file, got a pipe or a device/);
  assert.throws(() => new StateFile(path).load(), /cannot be used: expected a file, got a pipe or a device/);
});

test("a pipe in the place of evidence, or of what a webhook is owed, keeps nobody waiting", {
  skip: IS_WINDOWS && "there are no named pipes in folders",
}, async (t) => {
  const path = makeFile(t);
  const owed = join(makeFolder(t), "owed.json");
  makePipe(t, owed);
  const notes: string[] = [];
  const webhook = new Webhook("http://127.0.0.1:9/", { file: owed, pausesMs: [], tell: (note) => notes.push(note) });
  assert.equal(await webhook.deliver(), true);
  assert.match(notes[0] ?? "", /cannot be read: expected a file, got a pipe or a device; it is not sent/);
  const root = (history: number) => `0x${String(history).repeat(64)}` as const;
  const signed = {
    kind: "signed",
    ledgerId: LEDGER_ID,
    size: 3,
    signedAt: 1,
    signature: "0x",
    signer: SIGNER,
  } as const;
  const fork = {
    finding: "root",
    detail: "d",
    a: { ...signed, root: root(1) },
    b: { ...signed, root: root(2) },
  } as const;
  const [evidence = ""] = await saveEvidence(path, [{ ...fork, nodes: [] }]);
  const text = readFileSync(evidence, "utf8");
  makePipe(t, evidence);
  await assert.rejects(saveEvidence(path, [{ ...fork, nodes: [] }]), /expected a file, got a pipe or a device/);
  rmSync(evidence);
  assert.deepEqual(await saveEvidence(path, [{ ...fork, nodes: [] }]), [evidence]);
  assert.equal(readFileSync(evidence, "utf8"), text);
});

test("a state that is a giant is refused before it is read, and left as it is", async (t) => {
  const path = makeFile(t);
  const file = new StateFile(path);
  await file.save(STATE);
  truncateSync(path, 3 * 1024 ** 3);
  const before = process.memoryUsage.rss();
  await assert.rejects(file.save(STATE), /expected at most 4194304 bytes, got more/);
  assert.throws(() => new StateFile(path).load(), /cannot be used: expected at most 4194304 bytes, got more/);
  assert.ok(process.memoryUsage.rss() - before < 512 * 1024 ** 2);
});

test("a kept file is read whole up to its bound, also one whose size the system does not tell", (t) => {
  const path = makeFile(t);
  writeFileSync(path, "é".repeat(100_000));
  assert.equal(readKeptFile(path, 200_000), "é".repeat(100_000));
  assert.throws(() => readKeptFile(path, 199_999), /expected at most 199999 bytes, got more/);
  if (process.platform === "linux") assert.match(readKeptFile("/proc/self/status", 1_000_000), /^Name:/);
});

const MOMENTS: Readonly<Record<string, (at: number) => Partial<WatchState>>> = {
  roundAt: (at) => ({ roundAt: at }),
  heardAt: (at) => ({ heardAt: at }),
  "owed.link": (at) => ({ owed: { link: at } }),
  waiting: (at) => ({ waiting: [{ size: 3, since: at }] }),
  "found.at": (at) => ({ found: { finding: "root", detail: "d", at } }),
  "open.since": (at) => ({ open: [{ statement: told.statement(5), since: at }] }),
  "claims.first": (at) => ({ claims: [{ what: "fork", by: ["n"], size: 0, first: at, last: NOW }] }),
  "claims.ended": (at) => ({ claims: [{ what: "fork", by: ["n"], size: 0, first: NOW, last: NOW, ended: at }] }),
};

for (const [name, change] of Object.entries(MOMENTS)) {
  test(`a state whose ${name} is no date is refused, by a watcher that runs too`, async (t) => {
    const last = 8.64e15;
    assert.doesNotThrow(() => readWatchState(writeWatchState({ ...STATE, ...change(last) })));
    const text = writeWatchState({ ...STATE, ...change(last + 1) });
    assert.throws(() => readWatchState(text), /a date/);
    const path = makeFile(t);
    const file = new StateFile(path);
    await file.save(STATE);
    writeFileSync(path, text);
    await assert.rejects(file.save(STATE), /somebody else changed .*; it is left as it is/);
  });
}
