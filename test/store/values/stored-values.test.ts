/** Entries and claims as they are stored are read in the files, and by LevelDB where those cannot be read so: both say the same. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { packEntry } from "../../../src/entry/packed.ts";
import { LevelStore } from "../../../src/store/level-store.ts";
import { ClaimSums, isSumOf, type SoleClaim } from "../../../src/store/values/claim-sums.ts";
import { type ClaimReaders, sumClaimsIn } from "../../../src/store/values/claims.ts";
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

test("claims are summed once each, whoever reads them, and by however many", async (t) => {
  const { store, directory } = await openFilled(t);
  const found: string[] = [];
  t.mock.method(ClaimSums.prototype, "add", ({ place, index }: SoleClaim) => {
    found.push(`${Buffer.from(place).toString("hex")} ${index}`);
  });
  await store.sumClaims(ID, SIZE);
  const inFiles = found.splice(0);
  assert.equal(inFiles.length, SIZE - 1);
  await store.sumClaims(ID, SIZE, { count: 7, sumSpan: sumClaimsIn });
  assert.deepEqual(found.splice(0).sort(), inFiles);
  // One that cannot read them leaves all to the database.
  const failing: ClaimReaders["sumSpan"] = async (...asked) =>
    asked[1].bounds.gte.length > 5 ? undefined : sumClaimsIn(...asked);
  await store.sumClaims(ID, SIZE, { count: 2, sumSpan: failing });
  assert.deepEqual(found.splice(0).slice(-inFiles.length), inFiles);
  writeFileSync(join(directory, "CURRENT"), "");
  await store.sumClaims(ID, SIZE);
  assert.deepEqual(found, inFiles);
});

test("sums that are added to others are those of all claims", () => {
  const half = (from: number, seed?: Int32Array) => {
    const sums = new ClaimSums(SIZE, seed);
    for (let index = from; index < SIZE; index += 2) sums.add({ place: claimAt(index).key, index });
    return sums;
  };
  const sums = half(0);
  sums.addAll(half(1, sums.seed).sums);
  for (let tile = 0; tile < 2; tile++) {
    const indexes = Array.from({ length: 256 }, (_, i) => 256 * tile + i);
    const places = Uint8Array.from(Buffer.concat(indexes.map((index) => claimAt(index).key)));
    assert.ok(isSumOf(sums.ofTile(tile), sums.seed, { places, indexes }));
  }
});
