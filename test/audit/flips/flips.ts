/** What is done to a data folder: values of its databases changed as LevelDB itself would write them, records taken away, files changed. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Level } from "level";
import * as keys from "../../../src/store/key-layout.ts";

/** Changes what is in a data folder. */
export type Flip = (data: string) => Promise<void> | void;

type Row = { readonly key: Uint8Array; readonly value: Uint8Array };
/** undefined takes the record away. */
type Change = (value: Uint8Array) => Uint8Array | undefined;

const LEDGER = 0;
const SUM_LENGTH = 4;

export const entry = (index: number) => sameAs(keys.entryKey(LEDGER, index));
export const checkpoint = (size: number) => sameAs(keys.checkpointKey(LEDGER, size));
export const tile = sameAs(keys.tileKey(LEDGER, 0, 0));
export const anchor = inSpace("anchors/");

/** The claim that stands for an entry. */
export const claimOf =
  (index: number) =>
  ({ key, value }: Row): boolean =>
    keys.isClaim(key) && claimedBy(value) === index;

/** Records of a space, which stands at the start of their keys. */
export function inSpace(space: string) {
  const start = Buffer.from([0x06, ...Buffer.from(space)]);
  return ({ key }: Row) => Buffer.from(key).subarray(0, start.length).equals(start);
}

function sameAs(wanted: Uint8Array) {
  return ({ key }: Row) => Buffer.from(key).equals(wanted);
}

/** The first entry of a claim: behind a version, a digest and a count, in up to two bytes. */
function claimedBy(value: Uint8Array): number {
  const [low = 0, high = 0] = value.subarray(34);
  return low < 0x80 ? low : (low & 0x7f) | (high << 7);
}

/** Flips a bit of a value, and leaves its checksum as it is. @param at from its end where negative */
export function bit(at: number): Change {
  return (value) => {
    const changed = Uint8Array.from(value);
    const place = at < 0 ? changed.length + at : at;
    changed[place] = (changed[place] as number) ^ 1;
    return changed;
  };
}

/** The same, with the checksum that belongs to what is there then: what somebody does who knows how. */
export function sealedBit(at: number): Change {
  return (value) => sealed(bit(at)(value) as Uint8Array);
}

export function sealed(value: Uint8Array): Uint8Array {
  const sum = Buffer.alloc(SUM_LENGTH);
  sum.writeUInt32BE(crc32(value.subarray(0, -SUM_LENGTH)));
  return Uint8Array.from([...value.subarray(0, -SUM_LENGTH), ...sum]);
}

export const gone: Change = () => undefined;

/** Changes the records of a database that are meant. @throws Error when there is none */
export function changed(folder: string, isMeant: (row: Row) => boolean, change: Change): Flip {
  return (data) =>
    withDatabase(join(data, folder), async (db) => {
      const meant = (await rowsOf(db)).filter(isMeant);
      if (meant.length === 0) throw new Error(`expected a record that is meant in ${folder}, got none`);
      for (const { key, value } of meant) {
        const next = change(value);
        if (next === undefined) await db.del(key);
        else await db.put(key, next);
      }
    });
}

/** Puts each of two records under the key of the other. */
export function swapped(folder: string, one: (row: Row) => boolean, other: (row: Row) => boolean): Flip {
  return (data) =>
    withDatabase(join(data, folder), async (db) => {
      const rows = await rowsOf(db);
      const a = rows.find(one);
      const b = rows.find(other);
      if (a === undefined || b === undefined) throw new Error("expected two records to swap, got one or none");
      await db.put(a.key, b.value);
      await db.put(b.key, a.value);
    });
}

/** Changes the key that an encrypted entry names: behind a version, a revision and a time. */
export function changedKeyOf(index: number, change: Change): Flip {
  return async (data) => {
    const found = (await rowsIn(join(data, "store"))).find(entry(index));
    const id = Buffer.from(found?.value.subarray(10, 18) ?? []).toString("hex");
    await changed("keyring", ({ key }) => isKey(key, id), change)(data);
  };
}

function isKey(key: Uint8Array, id: string): boolean {
  const text = Buffer.from(key).toString("latin1");
  return text.includes("keys/") && text.endsWith(id);
}

export async function rowsIn(folder: string): Promise<Row[]> {
  return withDatabase(folder, rowsOf);
}

type Database = Level<Uint8Array, Uint8Array>;

async function rowsOf(db: Database): Promise<Row[]> {
  return (await db.iterator().all()).map(([key, value]) => ({
    key: Uint8Array.from(key),
    value: Uint8Array.from(value),
  }));
}

export async function withDatabase<T>(folder: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db: Database = new Level(folder, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Names of files in a folder of the data folder. */
export function filesIn(data: string, folder: string, ending: RegExp): string[] {
  return readdirSync(join(data, folder)).filter((name) => ending.test(name));
}

/** Flips a bit of the only file with such a name. @param part of its length, 0..1 */
export function fileBit(folder: string, ending: RegExp, part: number): Flip {
  return (data) => {
    const [name = ""] = filesIn(data, folder, ending);
    const file = join(data, folder, name);
    const bytes = readFileSync(file);
    const at = Math.floor(part * bytes.length);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(file, bytes);
  };
}

export function fileGone(folder: string, ending: RegExp): Flip {
  return (data) => {
    for (const name of filesIn(data, folder, ending)) rmSync(join(data, folder, name));
  };
}

export function all(...flips: readonly Flip[]): Flip {
  return async (data) => {
    for (const each of flips) await each(data);
  };
}
