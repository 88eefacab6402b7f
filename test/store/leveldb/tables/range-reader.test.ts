/** What is read in the files of a database is byte for byte what LevelDB's own iterator gives, whatever was written, deleted and compacted. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { Level } from "level";
import { filesIn, readLogs, readManifest, tablePath } from "../../../../src/store/leveldb/folder.ts";
import { RangeReader, TablesReadError } from "../../../../src/store/leveldb/tables/range-reader.ts";
import { dice } from "../../../system/faults/dice.ts";

type Handle = Level<Uint8Array, Uint8Array>;
type Bounds = { readonly gte: Uint8Array; readonly lt: Uint8Array };
type Draw = (below: number) => number;

const { SEEDS = "6" } = process.env;
const ROUNDS = 14;
const RANGES = 6;
/** LevelDB takes no less. */
const SMALL = { writeBufferSize: 64 * 1024, maxFileSize: 1024 * 1024, blockSize: 1024 };
const ALL: Bounds = { gte: new Uint8Array(0), lt: new Uint8Array(60).fill(0xff) };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tables-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "db");
}

async function openLevel(directory: string, isCompressed = true): Promise<Handle> {
  const level: Handle = new Level(directory, {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: isCompressed,
    ...SMALL,
  });
  await level.open();
  return level;
}

/** Few enough to be written again, some the beginning of others. */
function drawKey(draw: Draw): Uint8Array {
  const key = Buffer.alloc(1 + draw(3) * 9, draw(4));
  if (key.length > 1) key.writeUInt16BE(draw(400), key.length - 2);
  return new Uint8Array(key);
}

/** Mostly small, some larger than a block, some that compress. */
function drawValue(draw: Draw): Uint8Array {
  const length = [0, 7, 40, 300, 300, 900, 5000, 40_000][draw(8)] as number;
  if (draw(3) === 0) return new Uint8Array(length).fill(draw(256));
  return Uint8Array.from({ length }, () => draw(256));
}

async function write(level: Handle, draw: Draw): Promise<void> {
  const batch = level.batch();
  const isEmptying = draw(5) === 0;
  for (let i = draw(120); i > 0; i--) {
    if (isEmptying || draw(4) === 0) batch.del(drawKey(draw));
    else batch.put(drawKey(draw), drawValue(draw));
  }
  await batch.write();
}

function drawBounds(draw: Draw): Bounds {
  const [a, b] = [drawKey(draw), drawKey(draw)].sort(Buffer.compare) as [Uint8Array, Uint8Array];
  return draw(4) === 0 ? ALL : { gte: a, lt: b };
}

type Row = readonly [key: string, value: string];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

async function rowsOfLevel(level: Handle, bounds: Bounds): Promise<Row[]> {
  return (await level.iterator(bounds).all()).map(([key, value]) => [hex(key), hex(value)] as const);
}

/** @param pause done wherever files are loaded */
async function rowsOfFiles(
  directory: string,
  bounds: Bounds,
  pause: () => Promise<void> = async () => undefined,
): Promise<Row[]> {
  const reader = await RangeReader.open(directory, bounds);
  const rows: Row[] = [];
  for (;;) {
    while (reader.next()) {
      const { key, keyEnd, bytes, valueStart, valueEnd } = reader.version;
      rows.push([hex(key.subarray(0, keyEnd)), hex(bytes.subarray(valueStart, valueEnd))]);
    }
    await pause();
    if (!(await reader.more())) return rows;
  }
}

/** What the files were like that were read, so that it is known that all was tried. */
type Seen = { levels: number; tables: number; hasNewest: boolean; hasLog: boolean };

async function look(directory: string): Promise<Seen> {
  const manifest = await readManifest(directory);
  const logs = await readLogs(directory, await filesIn(directory), manifest);
  const levels = [...manifest.spans.values()].map(({ level }) => level);
  return {
    levels: new Set(levels).size,
    tables: levels.length,
    hasNewest: levels.filter((level) => level === 0).length > 1,
    hasLog: logs.some(({ records }) => records.length > 0),
  };
}

test(`files say what LevelDB says, after random writes, deletions, openings and compactions, ${SEEDS} times`, async (t) => {
  const seen: Seen[] = [];
  for (let seed = 1; seed <= Number(SEEDS); seed++) {
    const draw = dice(seed);
    const directory = folderOf(t);
    let level = await openLevel(directory, seed % 3 !== 0);
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = draw(5); i > 0; i--) await write(level, draw);
      if (draw(4) === 0) {
        const { gte, lt } = drawBounds(draw);
        await (level as unknown as { compactRange(from: Uint8Array, to: Uint8Array): Promise<void> }).compactRange(
          gte,
          lt,
        );
      }
      if (draw(3) === 0) {
        await level.close();
        level = await openLevel(directory, seed % 3 !== 0);
      }
      for (let i = 0; i < RANGES; i++) {
        const bounds = drawBounds(draw);
        const expected = await rowsOfLevel(level, bounds);
        const got = await rowsOfFiles(directory, bounds);
        assert.deepEqual(got, expected, `seed ${seed}, round ${round}, ${hex(bounds.gte)} to ${hex(bounds.lt)}`);
      }
      seen.push(await look(directory));
    }
    await level.close();
  }
  assert.ok(
    seen.some(({ levels }) => levels > 2),
    "three levels at once",
  );
  assert.ok(
    seen.some(({ tables }) => tables > 5),
    "many files",
  );
  assert.ok(
    seen.some(({ hasNewest }) => hasNewest),
    "several files of the first level",
  );
  assert.ok(
    seen.some(({ hasLog }) => hasLog),
    "writes that stand in a log alone",
  );
});

test("files that are compacted away while they are read are no loss", async (t) => {
  const directory = folderOf(t);
  const level = await openLevel(directory);
  const draw = dice(7);
  for (let i = 0; i < 60; i++) await write(level, draw);
  const expected = await rowsOfLevel(level, ALL);
  let compacted = 0;
  const compact = async () => {
    if (compacted++ > 3) return;
    const { gte, lt } = ALL;
    await (level as unknown as { compactRange(from: Uint8Array, to: Uint8Array): Promise<void> }).compactRange(gte, lt);
  };
  assert.deepEqual(await rowsOfFiles(directory, ALL, compact), expected);
  assert.ok(compacted > 2, `${compacted} pauses`);
  await level.close();
});

test("files that are not as LevelDB writes them are left to LevelDB", async (t) => {
  const directory = folderOf(t);
  const level = await openLevel(directory);
  const draw = dice(3);
  for (let i = 0; i < 40; i++) await write(level, draw);
  await level.close();
  const { tables } = await readManifest(directory);
  rmSync(tablePath(directory, [...tables.keys()][0] as number));
  await assert.rejects(rowsOfFiles(directory, ALL), TablesReadError);
  rmSync(join(directory, "CURRENT"));
  await assert.rejects(rowsOfFiles(directory, ALL), TablesReadError);
});
