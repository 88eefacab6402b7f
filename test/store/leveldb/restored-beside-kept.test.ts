/**
 * An operator brings a copy of the store back while what a killed start had kept is still beside it. Which of the two is meant
 * nobody but a person knows: neither may go without a word.
 */

import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { LevelStore } from "../../../src/store/level-store.ts";
import { runCli } from "../../cli/run-cli.ts";
import { commitOf, hex, ledgerRecord } from "../suite.ts";
import { openHalfway } from "./killed-opening.ts";

const ID = hex(1, 32);

type Made = { readonly folder: string; readonly store: string; readonly kept: string; readonly backup: string };

/** A store of ten entries, and a copy from when there were five. */
async function makeStore(t: TestContext): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-kept-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = {
    folder,
    store: join(folder, "store"),
    kept: join(folder, "store.kept"),
    backup: join(folder, "backup"),
  };
  const store = await LevelStore.open(made.store);
  await store.addLedger(ledgerRecord(1));
  await store.commit(ID, commitOf(ID, 0, 5));
  await store.close();
  cpSync(made.store, made.backup, { recursive: true });
  const more = await LevelStore.open(made.store);
  await more.commit(ID, commitOf(ID, 5, 5));
  await more.close();
  return made;
}

/** Every file of the two folders with its contents, locks apart. */
function stateOf({ store, kept }: Made): Record<string, string> {
  const files = [store, kept].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return Object.fromEntries(
    files.filter((path) => !/\/(LOCK|LOG.*)$/.test(path)).map((path) => [path, readFileSync(path, "latin1")]),
  );
}

async function sizeOf({ store }: Made): Promise<number | undefined> {
  const opened = await LevelStore.open(store);
  try {
    return (await opened.head(ID))?.size;
  } finally {
    await opened.close();
  }
}

test("a start that was killed is undone by the next one", async (t) => {
  const made = await makeStore(t);
  await openHalfway(made.store);
  assert.equal(await sizeOf(made), 10);
  assert.equal(existsSync(made.kept), false);
});

const RESTORES: Readonly<Record<string, (made: Made) => void>> = {
  "in the place of the folder": ({ store, backup }) => {
    rmSync(store, { recursive: true });
    cpSync(backup, store, { recursive: true });
  },
  "by moving it there": ({ store, backup }) => {
    rmSync(store, { recursive: true });
    renameSync(backup, store);
  },
  "into the emptied folder": ({ store, backup }) => {
    for (const name of readdirSync(store)) rmSync(join(store, name));
    for (const name of readdirSync(backup)) copyFileSync(join(backup, name), join(store, name));
  },
  "a file at a time, over what was there": ({ store, backup }) => {
    for (const name of readdirSync(backup)) {
      copyFileSync(join(backup, name), join(store, `${name}.tmp`));
      renameSync(join(store, `${name}.tmp`), join(store, name));
    }
  },
};

for (const [how, restore] of Object.entries(RESTORES)) {
  test(`a copy that was brought back ${how} is not thrown away for what a killed start had kept`, async (t) => {
    const made = await makeStore(t);
    await openHalfway(made.store);
    restore(made);
    const before = stateOf(made);
    const expected = { code: "store_ambiguous", message: /store\.kept.*nothing was changed.*move/s };
    await assert.rejects(LevelStore.open(made.store), expected);
    const looked = await runCli(["recover", "--data", made.folder]);
    assert.equal(looked.status, 1, looked.stdout);
    assert.match(looked.stderr, /store\.kept.*nothing was changed.*move/s);
    assert.deepEqual(stateOf(made), before);
  });
}

test("who moves what was kept away goes on with the copy that was brought back", async (t) => {
  const made = await makeStore(t);
  await openHalfway(made.store);
  RESTORES["in the place of the folder"]?.(made);
  await assert.rejects(LevelStore.open(made.store), { code: "store_ambiguous" });
  renameSync(made.kept, join(made.folder, "away"));
  assert.equal(await sizeOf(made), 5);
});

test("who moves the folder away goes on with what was kept", async (t) => {
  const made = await makeStore(t);
  await openHalfway(made.store);
  RESTORES["in the place of the folder"]?.(made);
  await assert.rejects(LevelStore.open(made.store), { code: "store_ambiguous" });
  renameSync(made.store, join(made.folder, "away"));
  assert.equal(await sizeOf(made), 10);
});

test("an empty folder in the place of the store is no copy: what was kept takes its place", async (t) => {
  const made = await makeStore(t);
  await openHalfway(made.store);
  rmSync(made.store, { recursive: true });
  mkdirSync(made.store);
  assert.equal(await sizeOf(made), 10);
});
