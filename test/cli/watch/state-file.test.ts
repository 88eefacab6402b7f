/** The state of a watcher on disk: never taken for missing, never written over, whole after every write. */

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { StateFile, saveEvidence } from "../../../src/cli/watch/state-file.ts";
import { beginWatch, type WatchState } from "../../../src/watch/memory/state.ts";
import { readWatchState, writeWatchState } from "../../../src/watch/memory/state-text.ts";
import { CONTRACT } from "../contract-chain.ts";
import { LEDGER_ID, SIGNER } from "../fork-proof/histories.ts";
import { makeFolder } from "../run-cli.ts";
import { other, say, setStage, told } from "./stage.ts";

const NOW = 1_800_000_000_000;
const BEGUN = beginWatch(
  { ledger: "main", ledgerId: LEDGER_ID, chainId: 1, contract: CONTRACT, signers: [SIGNER] },
  NOW,
);
const STATE: WatchState = { ...BEGUN, checkpoint: told.checkpoint(12) };

function makeFile(t: TestContext): string {
  return join(makeFolder(t), "watch.json");
}

test("only a file that is not there is a beginning; what cannot be read is refused and left as it is", async (t) => {
  const path = makeFile(t);
  assert.equal(new StateFile(path).load(), undefined);
  for (const text of ["", "{", `\uFEFF\uFEFF${writeWatchState(STATE)}`]) {
    writeFileSync(path, text);
    assert.throws(() => new StateFile(path).load(), /cannot be used: .*; bring back a copy of it, or move it away/);
    assert.equal(readFileSync(path, "utf8"), text);
  }
  rmSync(path);
  mkdirSync(path);
  assert.throws(() => new StateFile(path).load(), /cannot be used: EISDIR/);
  rmSync(path, { recursive: true });
  symlinkSync("nowhere.json", path);
  assert.throws(() => new StateFile(path).load(), /cannot be used: ENOENT/, "a link to a disk that is not mounted");
  symlinkSync(`${path}.loop`, `${path}.loop`);
  assert.throws(() => new StateFile(`${path}.loop`).load(), /cannot be used: ELOOP/);
});

test("a byte order mark that an editor put in front of a state is left out, and gone with the next save", async (t) => {
  const path = makeFile(t);
  writeFileSync(path, `\uFEFF${writeWatchState(STATE)}`);
  const file = new StateFile(path);
  assert.deepEqual(file.load(), STATE);
  assert.deepEqual(await file.save(STATE), { state: STATE }, "it is not taken for another watcher's");
  assert.equal(readFileSync(path, "utf8"), writeWatchState(STATE));
});

test("a state that is reached by a link stays where it is", async (t) => {
  const path = makeFile(t);
  writeFileSync(path, writeWatchState(STATE));
  const link = join(makeFolder(t), "link.json");
  symlinkSync(path, link);
  const file = new StateFile(link);
  file.load();
  await file.save({ ...STATE, dropped: 5 });
  assert.deepEqual([readlinkSync(link), readWatchState(readFileSync(path, "utf8")).dropped], [path, 5]);
});

test("what another process wrote meanwhile is put together with what is saved, and told", async (t) => {
  const path = makeFile(t);
  const one = new StateFile(path);
  const two = new StateFile(path);
  assert.deepEqual(await one.save(STATE), { state: STATE });
  two.load();
  assert.deepEqual(await two.save({ ...STATE, dropped: 3 }), { state: { ...STATE, dropped: 3 } });
  const heard = [{ statement: other.statement(15), since: NOW }];
  const { state, trouble } = await one.save({ ...STATE, open: heard });
  assert.match(trouble ?? "", /another watcher uses .*; give each a --state of its own/);
  assert.deepEqual([state.open, state.dropped], [heard, 3]);
  assert.deepEqual(new StateFile(path).load(), state);
  assert.equal((await one.save(state)).trouble, undefined);
});

test("what somebody else put there is not written over when it cannot be put together", async (t) => {
  const path = makeFile(t);
  const file = new StateFile(path);
  await file.save(STATE);
  const wrong = {
    damaged: "{",
    "another chain": writeWatchState({ ...STATE, chainId: 5 }),
    "another ledger": writeWatchState({ ...BEGUN, ledgerId: `0x${"11".repeat(32)}` }),
  };
  for (const [name, text] of Object.entries(wrong)) {
    writeFileSync(path, text);
    await assert.rejects(file.save(STATE), /somebody else changed .*; it is left as it is/, name);
    assert.equal(readFileSync(path, "utf8"), text);
  }
  rmSync(path);
  assert.match((await file.save(STATE)).trouble ?? "", /was taken away, and is written anew/);
});

test("watchers that save at once take turns, and every state is whole", async (t) => {
  const path = makeFile(t);
  const files = Array.from({ length: 5 }, () => new StateFile(path));
  const watch = async (file: StateFile, i: number): Promise<void> => {
    let state: WatchState = { ...STATE, open: [{ statement: told.statement(20 + i), since: NOW }] };
    for (let round = 0; round < 3; round++) state = (await file.save(state)).state;
  };
  await Promise.all(files.map(watch));
  const sizes = new StateFile(path).load()?.open.map(({ statement }) => statement.size);
  assert.deepEqual(sizes?.sort(), [20, 21, 22, 23, 24], "nothing that one of them heard is lost");
  assert.deepEqual(readdirSync(join(path, "..")), ["watch.json"]);
});

test("a lock that a killed watcher left behind does not stop the next one", async (t) => {
  const path = makeFile(t);
  writeFileSync(`${path}.lock`, "");
  await new StateFile(path, 200).save(STATE);
  assert.deepEqual([existsSync(path), existsSync(`${path}.lock`)], [true, false]);
});

test("evidence is written again when it is gone or damaged, for as long as the state holds it", async (t) => {
  const path = makeFile(t);
  const fork = {
    finding: "root",
    detail: "two roots",
    a: told.statement(12),
    b: other.statement(12),
    nodes: [],
  } as const;
  const [file = ""] = await saveEvidence(path, [fork]);
  const text = readFileSync(file, "utf8");
  assert.deepEqual(await saveEvidence(path, [fork]), []);
  for (const spoil of [() => rmSync(file), () => writeFileSync(file, text.slice(0, 20))]) {
    spoil();
    assert.deepEqual(await saveEvidence(path, [fork]), [file]);
    assert.equal(readFileSync(file, "utf8"), text);
  }
});

test("two watchers that use one file both know what either heard", async (t) => {
  const stage = setStage(t, { isRestarted: false });
  const second = new StateFile(stage.stateFile);
  await stage.look({ says: [say(told, 12)], proves: say(told, 12) });
  const theirs = second.load();
  assert.ok(theirs !== undefined);
  await second.save({ ...theirs, open: [{ statement: other.statement(15), since: NOW }] });
  const merged = await stage.look({});
  assert.deepEqual([merged?.checks.state.mark, merged?.open], [0, 1]);
  const found = await stage.look({ says: [say(told, 20)], proves: say(told, 20) });
  assert.deepEqual([found?.checks.fork.mark, found?.evidence.length], [-1, 1]);
});
