/** What a sample says of the whole: the probability that it states, by counting and by simulation, and what it finds. */

import assert from "node:assert/strict";
import test from "node:test";
import {
  damagedOf,
  drawIndexes,
  drawnFor,
  foundProbability,
  SAMPLE_DEFAULT,
} from "../../src/audit/sample/probability.ts";
import { auditSample } from "../../src/audit/sample/sample-audit.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import { altered, flipped, withEntries, withTiles } from "../ledger/altered.ts";
import { hash, many, openLedger, record, storeWithLedger } from "../ledger/fixtures.ts";

/** Random numbers that are the same each time: xorshift32. */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * n);
  };
}

/** Pascal's triangle, exactly. */
function choose(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 0; i < k; i++) result = (result * BigInt(n - i)) / BigInt(i + 1);
  return k > n ? 0n : result;
}

test("the probability is that of the hypergeometric distribution, for every small case", () => {
  for (let of = 1; of <= 24; of++) {
    for (let drawn = 0; drawn <= of; drawn++) {
      for (let damaged = 0; damaged <= of; damaged++) {
        const none = Number(choose(of - damaged, drawn)) / Number(choose(of, drawn));
        const found = foundProbability({ of, drawn, damaged });
        assert.ok(Math.abs(found - (1 - none)) < 1e-12, `${of} ${drawn} ${damaged}: ${found} ${1 - none}`);
      }
    }
  }
});

test("so many are drawn as are needed, and not one more; large ledgers too", () => {
  for (const size of [1, 10, 1000, 12_345, 1_000_000, 2 ** 40]) {
    const drawn = drawnFor(size, SAMPLE_DEFAULT);
    const damaged = damagedOf(size, SAMPLE_DEFAULT.damaged);
    assert.ok(foundProbability({ of: size, drawn, damaged }) >= 0.95);
    assert.ok(foundProbability({ of: size, drawn: drawn - 1, damaged }) < 0.95);
  }
  assert.equal(drawnFor(1_000_000, SAMPLE_DEFAULT), 2990);
  assert.equal(drawnFor(10, { count: 100 }), 10);
});

test("what is drawn is different, ascending, and each entry as often as any other", () => {
  const below = numbers(7);
  const counts = new Array(40).fill(0);
  for (let round = 0; round < 4000; round++) {
    const drawn = drawIndexes(40, 10, below);
    assert.equal(new Set(drawn).size, 10);
    assert.deepEqual(
      drawn,
      drawn.toSorted((a, b) => a - b),
    );
    for (const index of drawn) counts[index]++;
  }
  // Each 1000 times, with a deviation of 27.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 140, String(counts));
});

async function filled(): Promise<Store> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (const count of [100, 200, 1, 299, 400])
    await ledger.append({ entries: many(count, `at ${ledger.size}`), source: "test" });
  return store;
}

test("audits of samples find damaged entries as often as they state", async () => {
  const store = await filled();
  const damaged = [3, 311, 500, 600, 700];
  const changed = withEntries(store, (entry, i) => {
    if (!damaged.includes(i)) return entry;
    return { ...entry, members: [{ salt: new Uint8Array(16), text: '"name":"x"' }] };
  });
  // Those behind the last full tile are read by every sample, and would be found by all.
  const below = numbers(99);
  const rounds = 40;
  let found = 0;
  let stated = 0;
  for (let round = 0; round < rounds; round++) {
    const done = await auditSample({ store: changed, record, hash, wanted: { count: 100 }, below });
    if (done.report.findings.length > 0) found++;
    stated = foundProbability({ of: 1000, drawn: 100, damaged: damaged.length });
    assert.equal(done.report.entries, 100);
  }
  const deviation = Math.sqrt((stated * (1 - stated)) / rounds);
  assert.ok(Math.abs(found / rounds - stated) < 4 * deviation, `${found} of ${rounds}, stated ${stated}`);
});

test("a sample of everything finds nothing in a whole ledger, and each kind of damage in one that is not", async () => {
  const store = await filled();
  const kinds = async (changed: Store) => {
    const done = await auditSample({ store: changed, record, hash, wanted: { count: 1000 } });
    return [...new Set(done.report.findings.map(({ kind }) => kind))].sort();
  };
  assert.deepEqual(await kinds(store), []);
  const { sample, report } = await auditSample({ store, record, hash, wanted: { confidence: 0.4, damaged: 0.01 } });
  assert.deepEqual([sample?.of, sample?.damaged, sample?.drawn], [1000, 10, report.entries]);
  assert.ok((sample?.foundPpm ?? 0) >= 400_000);
  assert.deepEqual(await kinds(withEntries(store, (entry, i) => (i === 9 ? undefined : entry))), ["entry_missing"]);
  const retimed = withEntries(store, (entry, i) => (i === 640 ? { ...entry, recordedAt: 1 } : entry));
  assert.deepEqual(await kinds(retimed), ["entry_changed", "time_backwards"]);
  const late = withEntries(store, (entry, i) => (i === 990 ? { ...entry, recordedAt: entry.recordedAt + 1 } : entry));
  assert.ok((await kinds(late)).includes("checkpoint_root"));
  const flippedTile = withTiles(store, (hashes, _, n) => (n === 1 ? flipped(hashes, 900) : hashes));
  assert.deepEqual(await kinds(flippedTile), ["checkpoint_root", "entry_changed"]);
  const damagedTile = altered(store, {
    tile: async (_id, _level, n) => {
      if (n === 0) throw new DamagedStoreError("tile 0 is damaged");
      return store.tile(record.id, 0, n);
    },
  });
  assert.deepEqual(await kinds(damagedTile), ["tile_damaged"]);
});
