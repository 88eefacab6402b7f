/**
 * `npm run test:flips`: bits flipped all over a data folder, in clear and encrypted, each in a copy of its own, which is then audited.
 * In databases both ways: in a value, as LevelDB itself writes it, and in a byte of a file. What the audit has no word about has to
 * say exactly what it said before. FLIPS is how many (2000), or `all` for every byte of every file; SEED tells which.
 */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dice } from "../../system/faults/dice.ts";
import { auditFolder, isTold } from "./audit-folder.ts";
import { rowsIn, withDatabase } from "./flips.ts";
import { type Ground, makeGround } from "./ground.ts";

type Tried = { readonly name: string; readonly ground: Ground; readonly apply: (data: string) => Promise<void> };

const DATABASES = ["store", "keyring", "index"];
const COUNT_DEFAULT = 2000;
const SHOWN = 40;
const BITS = 8;

const { FLIPS = String(COUNT_DEFAULT), SEED = "1" } = process.env;
const draw = dice(Number(SEED));
const grounds = [await makeGround(undefined, false), await makeGround(undefined, true)];
const missed: string[] = [];
const outcomes = new Map<string, number>();
let done = 0;
try {
  for await (const tried of flips()) await judge(tried);
} finally {
  for (const { data } of grounds) rmSync(data, { recursive: true, force: true });
}
for (const [outcome, count] of [...outcomes].sort()) console.log(`${String(count).padStart(8)}  ${outcome}`);
for (const each of missed.slice(0, SHOWN)) console.log(`NOT FOUND: ${each}`);
console.log(`${done} flips, ${missed.length} of which the audit did not find; seed ${SEED}`);
process.exitCode = done === 0 || missed.length > 0 ? 1 : 0;

async function* flips(): AsyncGenerator<Tried> {
  if (FLIPS === "all") {
    for (const ground of grounds)
      for (const file of filesOf(ground.data))
        for (let at = 0; at < statSync(join(ground.data, file)).size; at++) yield fileFlip(ground, file, at);
    return;
  }
  const rows = await Promise.all(grounds.map(async ({ data }) => valuesOf(data)));
  for (let i = 0; i < Number(FLIPS); i++) {
    const which = draw(grounds.length);
    const ground = grounds[which] as Ground;
    const files = filesOf(ground.data);
    const file = files[draw(files.length)] as string;
    const values = rows[which] ?? [];
    if (i % 2 === 0) yield fileFlip(ground, file, draw(statSync(join(ground.data, file)).size));
    else yield valueFlip(ground, values[draw(values.length)] as Value);
  }
}

async function judge({ name, ground, apply }: Tried): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-flip-"));
  try {
    cpSync(ground.data, data, { recursive: true });
    await apply(data);
    const told = await auditFolder(ground, data);
    const kinds = [...new Set(told.findings.map(({ kind }) => kind))].sort().join(", ");
    const ends: readonly (readonly [boolean, string])[] = [
      [told.files.length > 0, "found in a file"],
      [told.refused !== undefined, "refused"],
      [isTold(told), kinds === "" ? "found in a value" : kinds],
      [!isTold(told) && (await isSame(ground, data).catch(() => false)), "says what it said before"],
    ];
    const outcome = ends.find(([holds]) => holds)?.[1] ?? "NOT FOUND";
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome === "NOT FOUND") missed.push(name);
    done++;
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

type Value = { readonly database: string; readonly key: Uint8Array; readonly length: number };

async function valuesOf(data: string): Promise<Value[]> {
  const found: Value[] = [];
  for (const database of DATABASES.filter((each) => readdirSync(data).includes(each))) {
    for (const { key, value } of await rowsIn(join(data, database))) {
      // One byte says which form a store has; how long it is, is all that there is to check.
      if (value.length > 1) found.push({ database, key, length: value.length });
    }
  }
  return found;
}

function valueFlip(ground: Ground, { database, key, length }: Value): Tried {
  const at = draw(length);
  const mask = 1 << draw(BITS);
  const name = `${database} ${Buffer.from(key)
    .toString("latin1")
    .replaceAll(/[^ -~]/g, ".")} byte ${at}, mask ${mask}`;
  const apply = async (data: string) => {
    await withDatabase(join(data, database), async (db) => {
      const value = Uint8Array.from((await db.get(key)) ?? []);
      value[at] = (value[at] as number) ^ mask;
      await db.put(key, value);
    });
  };
  return { name, ground, apply };
}

function fileFlip(ground: Ground, file: string, at: number): Tried {
  const mask = 1 << draw(BITS);
  const apply = async (data: string) => {
    const bytes = readFileSync(join(data, file));
    bytes[at] = (bytes[at] as number) ^ mask;
    writeFileSync(join(data, file), bytes);
  };
  return { name: `${file} byte ${at}, mask ${mask}`, ground, apply };
}

/** Files with something in them; what LevelDB notes for people is not read by anybody, and folders that are held say nothing. */
function filesOf(data: string): string[] {
  const names = readdirSync(data, { recursive: true, encoding: "utf8" });
  return names.filter((name) => {
    const state = statSync(join(data, name));
    return state.isFile() && state.size > 0 && !/(?:^|\/)LOG(?:\.old)?$|^\w+\.lock\//.test(name);
  });
}

/** Whether all that databases and files say is what it was. */
async function isSame(ground: Ground, data: string): Promise<boolean> {
  for (const database of DATABASES.filter((each) => readdirSync(ground.data).includes(each))) {
    const [before, after] = await Promise.all([rowsIn(join(ground.data, database)), rowsIn(join(data, database))]);
    if (JSON.stringify(before.map(spell)) !== JSON.stringify(after.map(spell))) return false;
  }
  const others = filesOf(ground.data).filter((name) => !DATABASES.includes(name.split("/")[0] ?? ""));
  return others.every((name) => readFileSync(join(ground.data, name)).equals(readFileSync(join(data, name))));
}

function spell({ key, value }: { readonly key: Uint8Array; readonly value: Uint8Array }): readonly string[] {
  return [Buffer.from(key).toString("hex"), Buffer.from(value).toString("hex")];
}
