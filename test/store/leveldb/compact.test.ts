/** What was written over or removed is in no file after a compaction, whoever reads meanwhile, and one that fails says so. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Level } from "level";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import { Database } from "../../../src/store/leveldb/database.ts";
import { foundIn } from "../../encryption/planted.ts";

const PLANTED = "planted-before";
const OVER = "written-over-it";
const MIB = 1024 * 1024;
/** 32 MiB that cannot be compressed. */
const FILL_BYTES = 64 * 1024;
const FILL_VALUES = 512;
/** More than a compaction makes. */
const TAKEN_NAMES = 40;
/** The first compaction has all of the log in a file, the second takes the older values out of it. */
const SECOND = 2;

type Handle = {
  compactRange(first: Uint8Array | string, last: Uint8Array | string): Promise<void>;
  iterator(): { next(): Promise<unknown>; close(): Promise<void> };
};

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-compact-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openDatabase(t: TestContext, folder: string): Promise<Database> {
  const database = await Database.open(join(folder, "store"), { writeBufferSize: MIB });
  t.after(() => database.close());
  return database;
}

/** Fills a store beyond what one span reaches: LevelDB leaves its lowest files alone. @returns a key in the middle */
async function fillFiles(database: Database): Promise<Uint8Array> {
  const keyOf = (n: number) => Uint8Array.of(2, n >> 8, n & 0xff);
  for (let n = 0; n < FILL_VALUES; n++)
    await database.write({ sync: false }, (batch) => {
      batch.put(keyOf(n), new Uint8Array(randomBytes(FILL_BYTES)));
    });
  return keyOf(FILL_VALUES / 2);
}

/** The `level` package's database behind one of ours. */
async function handleOf(t: TestContext, database: Pick<Database, "compact">): Promise<Handle> {
  let handle: Handle | undefined;
  const { compactRange } = Level.prototype as unknown as Handle;
  const mocked = t.mock.method(
    Level.prototype as unknown as Handle,
    "compactRange",
    function (this: Handle, ...args: [Uint8Array | string, Uint8Array | string]) {
      handle = this;
      return compactRange.apply(this, args);
    },
  );
  await database.compact();
  mocked.mock.restore();
  return handle ?? assert.fail("nothing was compacted");
}

const put = (database: Database, text: string) =>
  database.write({ sync: true }, (batch) => {
    for (const n of [1, 2, 3]) batch.put(Uint8Array.of(1, n), utf8(`${text} ${n}`));
  });

const readAll = (database: Database) =>
  database.range({ gte: Uint8Array.of(1), lt: Uint8Array.of(2) }, (cause) => cause);

type Around = {
  readonly before?: (count: number) => void;
  readonly after?: (count: number) => unknown;
};

/** Does something around each compaction that LevelDB is asked for, counted from 1. */
function around(t: TestContext, { before, after }: Around): void {
  const methods = Level.prototype as unknown as { compactRange: (...args: unknown[]) => Promise<void> };
  const { compactRange } = methods;
  let count = 0;
  t.mock.method(methods, "compactRange", async function compacting(this: unknown, ...args: unknown[]) {
    const at = ++count;
    before?.(at);
    await compactRange.apply(this, args);
    await after?.(at);
  });
}

/** Has LevelDB's compaction fail in a folder, as it does on a full disk: the names of its next files are taken. */
function failing(t: TestContext, folder: string, at: number): void {
  const numbers = () => readdirSync(folder).map((name) => Number.parseInt(name.replace("MANIFEST-", ""), 10) || 0);
  const taken: string[] = [];
  const before = (count: number) => {
    if (count !== at) return;
    const last = Math.max(...numbers());
    for (let number = last + 1; number <= last + TAKEN_NAMES; number++) {
      const path = join(folder, `${String(number).padStart(6, "0")}.ldb`);
      mkdirSync(path);
      taken.push(path);
    }
  };
  const after = () => {
    for (const path of taken.splice(0)) rmSync(path, { recursive: true });
  };
  around(t, { before, after });
}

for (const at of [1, SECOND]) {
  test(`a store whose compaction fails, the ${at}. of its steps, is opened anew and compacted again`, async (t) => {
    const folder = makeFolder(t);
    const database = await openDatabase(t, folder);
    await put(database, PLANTED);
    await put(database, OVER);
    failing(t, join(folder, "store"), at);
    await database.compact();
    assert.deepEqual(foundIn(folder, PLANTED), []);
    assert.equal(foundIn(folder, OVER).length, 1);
    assert.equal(database.status.state, "writing");
  });

  test(`an index whose compaction fails, the ${at}. of its steps, does not say that it is compacted`, async (t) => {
    const folder = makeFolder(t);
    let failure: Error | undefined;
    const index = await LevelIndexStore.open(join(folder, "index"), {
      onFailure: (cause) => {
        failure = cause;
      },
    });
    t.after(() => index.close());
    await index.write([{ key: "a", value: utf8(PLANTED) }]);
    await index.write([{ key: "a", value: utf8(OVER) }]);
    failing(t, join(folder, "index"), at);
    await assert.rejects(index.compact(), /\.ldb/);
    assert.equal(failure, index.failure);
    assert.notEqual(failure, undefined, "it is told that this index is not to be believed any more");
  });
}

for (const isInFile of [false, true]) {
  const where = isInFile ? "a sorted file" : "the log";
  test(`what was written over in ${where} while somebody reads goes when they have read`, async (t) => {
    const folder = makeFolder(t);
    const database = await openDatabase(t, folder);
    await put(database, PLANTED);
    if (isInFile) await database.compact();
    const reading = readAll(database);
    await reading.next();
    await put(database, OVER);
    around(t, { after: (count) => count === SECOND && reading.return(undefined) });
    await database.compact();
    assert.deepEqual(foundIn(folder, PLANTED), []);
    assert.equal(foundIn(folder, OVER).length, 1);
  });
}

test("a store that is always read by somebody is compacted all the same", async (t) => {
  const folder = makeFolder(t);
  const database = await openDatabase(t, folder);
  await put(database, PLANTED);
  let reading = readAll(database);
  await reading.next();
  await put(database, OVER);
  const after = async () => {
    const next = readAll(database);
    await next.next();
    await reading.return(undefined);
    reading = next;
  };
  around(t, { after });
  await database.compact();
  assert.deepEqual(foundIn(folder, PLANTED), []);
  await reading.return(undefined);
});

test("what LevelDB itself merged while somebody read goes from the lowest files of a store with many", async (t) => {
  const folder = makeFolder(t);
  const database = await openDatabase(t, folder);
  const key = await fillFiles(database);
  const putKey = (text: string) =>
    database.write({ sync: true }, (batch) => {
      batch.put(key, utf8(text));
    });
  await putKey(PLANTED);
  const handle = await handleOf(t, database);
  const reading = handle.iterator();
  await reading.next();
  await putKey(OVER);
  await handle.compactRange(key, key);
  await reading.close();
  assert.ok(foundIn(folder, PLANTED).length > 0);
  await database.compact();
  assert.deepEqual(foundIn(folder, PLANTED), []);
  assert.equal(Buffer.from((await database.get(key)) ?? []).toString(), OVER);
});

test("what LevelDB itself merged while somebody read goes from the lowest files of an index with many", async (t) => {
  const folder = makeFolder(t);
  const index = await LevelIndexStore.open(join(folder, "index"));
  t.after(() => index.close());
  for (let n = 0; n < FILL_VALUES; n++)
    await index.write([{ key: `key ${n}`, value: new Uint8Array(randomBytes(FILL_BYTES)) }]);
  const key = `key ${FILL_VALUES / 2}`;
  await index.write([{ key, value: utf8(PLANTED) }]);
  const handle = await handleOf(t, index);
  const reading = handle.iterator();
  await reading.next();
  await index.write([{ key, value: utf8(OVER) }]);
  await handle.compactRange(key, key);
  await reading.close();
  assert.ok(foundIn(folder, PLANTED).length > 0);
  await index.compact();
  assert.deepEqual(foundIn(folder, PLANTED), []);
  assert.equal(Buffer.from((await index.getMany([key]))[0] ?? []).toString(), OVER);
});
