/** Entries and claims as they are stored are read in the files, and by LevelDB where those cannot be read so: both say the same. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { packEntry } from "../../../src/entry/packed.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { ClaimSums } from "../../../src/store/values/claim-sums.ts";
import type { PackedValues } from "../../../src/store/values/packed-values.ts";
import { collect, commitOf, entryOf, hex, ledgerRecord } from "../suite.ts";

const ID = hex(1, 32);
const SIZE = 700;
const BATCH = 35;
/** Replaced by what is newer, in other files. */
const REPLACED = [0, 300, 699];

const claimAt = (index: number) => ({
  key: new Uint8Array(32)
    .fill(index % 251)
    .fill(index >> 8, 30, 31)
    .fill(index, 31),
  content: new Uint8Array(32).fill(7),
  ranges: [[index, 1]] as const,
});

async function openFilled(t: TestContext): Promise<{ store: LevelStore; directory: string }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-stored-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "store");
  const first = await LevelStore.open(directory);
  await first.addLedger(ledgerRecord(1));
  for (let from = 0; from < SIZE; from += BATCH) {
    const claims = Array.from({ length: BATCH }, (_, i) => claimAt(from + i));
    await first.commit(ID, commitOf(ID, from, BATCH, { claims: claims as never }));
  }
  await first.close();
  const store = await LevelStore.open(directory);
  t.after(() => store.close());
  const replacements = REPLACED.map((index) => ({ index, entry: packEntry(entryOf(255)) }));
  await store.replaceEntries(ID, replacements, [claimAt(5).key]);
  return { store, directory };
}

function valuesOf(stretches: readonly PackedValues[]): string[] {
  return stretches.flatMap(({ memory, starts, ends }) =>
    [...starts].map((start, i) => Buffer.from(memory.subarray(start, ends[i])).toString("hex")),
  );
}

test("what is stored is the same, whoever reads it", async (t) => {
  const { store, directory } = await openFilled(t);
  const read = async () => {
    const whole = await collect(store.storedEntries(ID, 0, SIZE));
    return {
      lengths: whole.map(({ starts }) => starts.length),
      values: valuesOf(whole),
      part: valuesOf(await collect(store.storedEntries(ID, 300, 302))),
      areClaimsWhole: (await store.sumClaims(ID, SIZE))?.areWhole,
    };
  };
  const inFiles = await read();
  assert.deepEqual(inFiles.lengths, [256, 256, 188]);
  assert.equal(inFiles.areClaimsWhole, true);
  assert.equal(inFiles.values[0], inFiles.values[300]);
  assert.notEqual(inFiles.values[0], inFiles.values[301]);
  assert.deepEqual(inFiles.part, inFiles.values.slice(300, 302));
  await assert.rejects(collect(store.storedEntries(ID, 600, SIZE + 1)), /entry 700 of ledger .* is missing/);
  // From here on nobody finds the files without LevelDB, which asks for this one when it opens alone.
  writeFileSync(join(directory, "CURRENT"), "");
  assert.deepEqual(await read(), inFiles);
  await assert.rejects(collect(store.storedEntries(ID, 600, SIZE + 1)), /entry 700 of ledger .* is missing/);
});

test("claims have the same sums, whoever reads them", async (t) => {
  const { store, directory } = await openFilled(t);
  t.mock.method(ClaimSums.prototype, "add", function (this: ClaimSums, { place, index }: never) {
    found.push(`${Buffer.from(place).toString("hex")} ${index}`);
  });
  const found: string[] = [];
  await store.sumClaims(ID, SIZE);
  const inFiles = found.splice(0);
  assert.equal(inFiles.length, SIZE - 1);
  writeFileSync(join(directory, "CURRENT"), "");
  await store.sumClaims(ID, SIZE);
  assert.deepEqual(found, inFiles);
});
