import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Level } from "level";
import { packMembers } from "../../src/entry/packed.ts";
import { ledgerKey, recordKey } from "../../src/store/key-layout.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { DamagedStoreError, type RecordRange, StoreLockedError } from "../../src/store/store.ts";
import { governedSuite } from "./governed-suite.ts";
import { commitOf, entryOf, hex, ledgerRecord, type OpenStore, storeSuite } from "./suite.ts";

function temporary(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-store-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const openNew: OpenStore = async (context) => {
  const directory = temporary(context);
  const store = await LevelStore.open(directory);
  context.after(() => store.close());
  return store;
};
storeSuite("the LevelDB store", openNew);
governedSuite("the LevelDB store", openNew);

test("what was committed is there after closing and opening again", async (t) => {
  const directory = temporary(t);
  const ledgers = [ledgerRecord(2, "b"), ledgerRecord(1, "a")];
  const claim = { key: new Uint8Array(32).fill(1), content: new Uint8Array(32).fill(2), ranges: [[0, 5]] as const };
  const commit = commitOf(hex(1, 32), 0, 5, { claims: [claim] });
  const first = await LevelStore.open(directory);
  for (const ledger of ledgers) await first.addLedger(ledger);
  await first.updateSigner(hex(2, 32), hex(9, 20));
  await first.commit(hex(1, 32), commit);
  await first.writeRecords([{ space: "s", key: "k", value: "v" }], { durable: true });
  await first.close();
  const second = await LevelStore.open(directory);
  t.after(() => second.close());
  const [former] = ledgers;
  assert.deepEqual(await second.ledgers(), [
    { ...former, signer: hex(9, 20), formerSigners: [former?.signer] },
    ledgers[1],
  ]);
  assert.deepEqual(await second.head(hex(1, 32)), commit.checkpoint);
  assert.deepEqual(await second.entry(hex(1, 32), 4), entryOf(4));
  assert.deepEqual(await second.claims(hex(1, 32), [claim.key]), [claim]);
  assert.equal(await second.record("s", "k"), "v");
  await second.commit(hex(1, 32), commitOf(hex(1, 32), 5, 1));
  await assert.rejects(second.addLedger(ledgerRecord(1)), { code: "ledger_exists" });
  await second.addLedger(ledgerRecord(3, "c"));
  assert.deepEqual(
    (await second.ledgers()).map(({ name }) => name),
    ["b", "a", "c"],
  );
});

test("a copy without the file that names the others is refused, and nothing of it is deleted", async (t) => {
  const directory = temporary(t);
  const current = join(directory, "CURRENT");
  const first = await LevelStore.open(directory);
  await first.addLedger(ledgerRecord(1));
  await first.commit(hex(1, 32), commitOf(hex(1, 32), 0, 5));
  await first.close();
  // Once in the log only, and once in a sorted file: opening again made one of the log.
  for (const suffix of [".log", ".ldb"]) {
    assert.ok(readdirSync(directory).some((name) => name.endsWith(suffix)));
    const text = readFileSync(current);
    rmSync(current);
    const files = readdirSync(directory);
    await assert.rejects(LevelStore.open(directory), (error: Error) => {
      assert.ok(error instanceof DamagedStoreError);
      assert.match(error.message, /CURRENT/);
      return true;
    });
    assert.deepEqual(readdirSync(directory), files);
    writeFileSync(current, text);
    const again = await LevelStore.open(directory);
    assert.equal((await again.head(hex(1, 32)))?.size, 5);
    await again.close();
  }
});

test("a second opening in the same process is refused by name", async (t) => {
  const directory = temporary(t);
  const store = await LevelStore.open(directory);
  t.after(() => store.close());
  await assert.rejects(LevelStore.open(directory), StoreLockedError);
});

test("a second process is refused, with the folder in the message", async (t) => {
  const directory = temporary(t);
  const module = new URL("../../src/store/level-store.ts", import.meta.url).href;
  const script = `const { LevelStore } = await import(${JSON.stringify(module)});
    const store = await LevelStore.open(${JSON.stringify(directory)}); console.log("open"); process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await assert.rejects(LevelStore.open(directory), (error: unknown) => {
    assert.ok(error instanceof StoreLockedError);
    assert.equal(error.code, "store_locked");
    assert.ok(error.message.includes(directory) && error.message.includes("another process"), error.message);
    return true;
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await LevelStore.open(directory)).close();
});

test("a store of a form we do not know is refused", async (t) => {
  const directory = temporary(t);
  const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await raw.put(new Uint8Array([0]), new Uint8Array([2]));
  await raw.close();
  await assert.rejects(LevelStore.open(directory), /expected a store of form 0x01, .* got form 0x02/);
});

test("a byte that changed on the disk is found before the store is opened", async (t) => {
  const directory = temporary(t);
  const { id } = ledgerRecord(1);
  const store = await LevelStore.open(directory);
  await store.addLedger(ledgerRecord(1));
  // Digests do not compress, so each stands in the file as it is.
  const digests = Array.from({ length: 200 }, (_, i) => new Uint8Array(createHash("sha256").update(`${i}`).digest()));
  const entries = digests.map((digest) => ({ recordedAt: 1, members: packMembers([{ digest }]) }));
  await store.commit(id, commitOf(id, 0, 200, { entries }));
  await store.close();
  // Opening again moves the log into sorted files, which LevelDB does not verify when it reads them.
  await (await LevelStore.open(directory)).close();
  const files = readdirSync(directory).filter((name) => name.endsWith(".ldb"));
  let changed = 0;
  for (const file of files.map((name) => join(directory, name))) {
    const bytes = readFileSync(file);
    const at = bytes.indexOf(digests[77] as Uint8Array);
    if (at < 0) continue;
    const handle = openSync(file, "r+");
    writeSync(handle, Uint8Array.of((bytes[at + 7] as number) ^ 1), 0, 1, at + 7);
    closeSync(handle);
    changed++;
  }
  assert.equal(changed, 1, `expected the digest in one of ${files.length} files`);
  await assert.rejects(LevelStore.open(directory), (error: unknown) => {
    assert.ok(error instanceof DamagedStoreError);
    assert.match(
      error.message,
      /the checksum of the block at byte \d+ does not fit; it held .* of ledger number 0.*holdfast recover/,
    );
    return true;
  });
});

test("a record that is damaged is an error, or passed over and named to whoever can do without it", async (t) => {
  const directory = temporary(t);
  const store = await LevelStore.open(directory);
  const writes = ["a", "b", "c"].map((key) => ({ space: "s", key, value: `value of ${key}` }));
  await store.writeRecords(writes, { durable: true });
  await store.close();
  const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  const value = (await raw.get(recordKey("s", "b"))) as Uint8Array;
  value[7] = (value[7] as number) ^ 1;
  await raw.put(recordKey("s", "b"), value);
  await raw.close();
  const damaged = await LevelStore.open(directory);
  t.after(() => damaged.close());
  const read: string[] = [];
  const readAll = async (range: RecordRange) => {
    for await (const [key] of damaged.records("s", range)) read.push(key);
  };
  await assert.rejects(readAll({}), DamagedStoreError);
  assert.deepEqual(read.splice(0), ["a"]);
  await readAll({ onDamaged: (key, error) => read.push(`${key}: ${error.code}`) });
  assert.deepEqual(read, ["a", "b: store_damaged", "c"]);
});

test("ledgers, commits and durable records are synced, other records are not", async (t) => {
  const store = await LevelStore.open(temporary(t));
  t.after(() => store.close());
  const synced: unknown[] = [];
  const { batch, put } = Level.prototype as Level<Uint8Array, Uint8Array>;
  t.mock.method(Level.prototype, "put", function spy(this: Level, key: never, value: never, options: object) {
    synced.push(options);
    return put.call(this as never, key, value, options);
  });
  t.mock.method(Level.prototype, "batch", function spy(this: Level) {
    const made = (batch as () => { write(options: object): Promise<void> }).call(this);
    const write = made.write.bind(made);
    made.write = (options) => {
      synced.push(options);
      return write(options);
    };
    return made;
  });
  const { id } = ledgerRecord(1);
  await store.addLedger(ledgerRecord(1));
  await store.updateSigner(id, hex(7, 20));
  await store.commit(id, commitOf(id, 0, 1));
  await store.writeRecords([{ space: "s", key: "k", value: "v" }], { durable: true });
  await store.writeRecords([{ space: "s", key: "k", value: "w" }], { durable: false });
  assert.deepEqual(
    synced,
    [true, true, true, true, false].map((sync) => ({ sync })),
  );
  assert.equal(await store.record("s", "k"), "w");
});

test("a store with entries of a ledger whose record is gone is refused: a new ledger would take them over", async (t) => {
  for (const lost of [0, 1, 2]) {
    const directory = temporary(t);
    const store = await LevelStore.open(directory);
    for (const n of [1, 2, 3]) {
      await store.addLedger(ledgerRecord(n, `ledger-${n}`));
      await store.commit(hex(n, 32), commitOf(hex(n, 32), 0, n));
    }
    await store.close();
    await removeLedger(directory, lost);
    const message = new RegExp(`expected the record of ledger number ${lost} .*holdfast recover`);
    await assert.rejects(LevelStore.open(directory), { code: "store_damaged", message });
    const partial = await LevelStore.open(directory, { isPartial: true });
    const names = (await partial.ledgers()).map(({ id }) => partial.numberOf(id));
    assert.deepEqual(
      names,
      [0, 1, 2].filter((number) => number !== lost),
    );
    await partial.close();
  }
});

test("a ledger that is added beside the gap of an empty one takes nobody's place", async (t) => {
  const directory = temporary(t);
  const store = await LevelStore.open(directory);
  for (const n of [1, 2]) await store.addLedger(ledgerRecord(n, `ledger-${n}`));
  await store.commit(hex(2, 32), commitOf(hex(2, 32), 0, 5));
  await store.close();
  await removeLedger(directory, 0);
  const again = await LevelStore.open(directory);
  await again.addLedger(ledgerRecord(3, "third"));
  await again.close();
  const last = await LevelStore.open(directory);
  t.after(() => last.close());
  assert.deepEqual(
    (await last.ledgers()).map(({ name }) => name),
    ["ledger-2", "third"],
  );
  assert.equal((await last.head(hex(2, 32)))?.size, 5);
  assert.equal(await last.head(hex(3, 32)), undefined);
});

/** As a damaged key in a sorted file does, which LevelDB reads as another one. */
async function removeLedger(directory: string, number: number): Promise<void> {
  const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await raw.del(ledgerKey(number));
  await raw.close();
}
