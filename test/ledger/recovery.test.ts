import assert from "node:assert/strict";
import test from "node:test";
import type { Entry } from "../../src/entry/entry.ts";
import { RecoveryError } from "../../src/ledger/recovery.ts";
import { fromHex, type Hex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { checkInclusion } from "../../src/merkle/proof.ts";
import type { Tile } from "../../src/merkle/tile.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import { altered } from "./altered.ts";
import { checkWhole, hash, many, openLedger, otherSigner, prepared, record, storeWithLedger } from "./fixtures.ts";

const source = "test";

async function filled(size: number): Promise<Store> {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  for (let at = 0; at < size; ) {
    const count = Math.min(size - at, 8000);
    await ledger.append({ entries: many(count, `from ${at}`), source });
    at += count;
  }
  return store;
}

test("a ledger is opened at every size around the first tiles, and goes on as if it had never been closed", async () => {
  const store = await storeWithLedger();
  const kept = await openLedger(store);
  await kept.append({ entries: many(250), source });
  for (let size = 250; size <= 260; size++) {
    const ledger = await openLedger(store);
    assert.equal(ledger.size, size);
    assert.deepEqual(await ledger.root(size), fromHex((await store.head(record.id))?.root as Hex));
    await checkWhole(ledger);
    const { receipts, checkpoint } = await ledger.append({ entries: [prepared(`at ${size}`)], source });
    const { index, leafHash, path = [] } = receipts[0] as (typeof receipts)[number];
    checkInclusion(hash, { index, size: checkpoint.size, leafHash, path, root: fromHex(checkpoint.root) });
  }
});

test("a ledger is opened at the sizes around a full tile of the second level", async () => {
  const store = await filled(65_534);
  for (const size of [65_534, 65_535, 65_536, 65_537]) {
    const ledger = await openLedger(store);
    assert.equal(ledger.size, size);
    for (const index of [0, 255, 256, 32_768, size - 1]) {
      const leafHash = await ledger.leafHash(index);
      const path = await ledger.inclusionPath(index, size);
      checkInclusion(hash, { index, size, leafHash, path, root: await ledger.root(size) });
    }
    await ledger.append({ entries: [prepared(`at ${size}`)], source });
  }
  const ledger = await openLedger(store);
  assert.equal((await ledger.tile(1, 0))?.length, 8192);
  assert.equal(await ledger.tile(2, 0), undefined);
  await ledger.append({ entries: many(600), source });
  assert.deepEqual((await openLedger(store)).head, ledger.head);
});

test("opening reads at most 255 entries, however many there are", async () => {
  const store = await filled(1000);
  const read: [number, number][] = [];
  const counting = altered(store, {
    entries(id: Hex, from: number, to: number) {
      read.push([from, to]);
      return store.entries(id, from, to);
    },
  });
  await openLedger(counting);
  assert.deepEqual(read, [[768, 1000]]);
});

const changedEntry = (store: Store, change: (entry: Entry, index: number) => Entry): Partial<Store> => ({
  async *entries(id: Hex, from: number, to: number) {
    let index = from;
    for await (const entry of store.entries(id, from, to)) yield change(entry, index++);
  },
});

const changedHead = (store: Store, change: (head: SignedCheckpoint) => SignedCheckpoint): Partial<Store> => ({
  head: async (id: Hex) => change((await store.head(id)) as SignedCheckpoint),
});

const changedTile = (store: Store, change: (tile: Uint8Array) => Uint8Array | undefined): Partial<Store> => ({
  tile: async (id: Hex, level: number, n: number) => {
    const tile = await store.tile(id, level, n);
    return tile === undefined || n !== 1 ? tile : change(tile);
  },
});

/** What changed in the store of 600 entries, and what opening says of it. */
const DAMAGE: readonly (readonly [what: string, changes: (store: Store) => Partial<Store>, says: RegExp])[] = [
  [
    "the text of an entry behind the last tile",
    (store) =>
      changedEntry(store, (entry, i) =>
        i === 599 ? { ...entry, members: [{ salt: new Uint8Array(16), text: '"name":"x"' }] } : entry,
      ),
    /expected the root 0x[0-9a-f]+ of checkpoint 600, got 0x[0-9a-f]+ .* run an audit/,
  ],
  [
    "the time of an entry",
    (store) => changedEntry(store, (entry, i) => (i === 512 ? { ...entry, recordedAt: entry.recordedAt + 1 } : entry)),
    /expected the root/,
  ],
  [
    "a bit of a tile",
    (store) => changedTile(store, (tile) => tile.map((byte, i) => (i === 77 ? byte ^ 4 : byte))),
    /expected the root/,
  ],
  [
    "the root of the newest checkpoint",
    (store) => changedHead(store, (head) => ({ ...head, root: record.id })),
    /expected a signature/,
  ],
  [
    "the signature of the newest checkpoint",
    (store) => changedHead(store, (head) => ({ ...head, signature: `0x${"00".repeat(65)}` })),
    /expected a signature on checkpoint 600, got bytes that are none/,
  ],
  [
    "the newest checkpoint, cut off",
    (store) => ({ head: (id) => store.checkpoint(id, 300) }),
    /expected 300 entries, .* got entry 300 as well/,
  ],
  [
    "the last entry, gone",
    (store) => ({ entry: async (id, i) => (i >= 599 ? undefined : store.entry(id, i)) }),
    /expected 600 entries, got none at the last index/,
  ],
];

for (const [what, changes, says] of DAMAGE) {
  test(`a ledger is not opened over a changed store: ${what}`, async () => {
    const store = await storeWithLedger();
    const ledger = await openLedger(store);
    await ledger.append({ entries: many(300), source });
    await ledger.append({ entries: many(300, "more"), source });
    await openLedger(store);
    await assert.rejects(openLedger(altered(store, changes(store))), (error: unknown) => {
      assert.ok(error instanceof RecoveryError, String(error));
      assert.equal(error.code, "ledger_damaged");
      assert.match(error.message, says);
      return true;
    });
  });
}

test("a tile that is gone or damaged is made again from the entries, and said", async () => {
  const damaged = new DamagedStoreError("tile 0/1 is damaged");
  for (const [found, why] of [
    [() => Promise.resolve(undefined), "it was missing"],
    [() => Promise.reject(damaged), damaged.message],
  ] as const) {
    const store = await filled(700);
    const whole = await store.tile(record.id, 0, 1);
    let replaced: Tile | undefined;
    const broken = altered(store, {
      tile: (id, level, n) => (n === 1 && replaced === undefined ? found() : store.tile(id, level, n)),
      replaceTile: async (_, tile) => {
        replaced = tile;
      },
    });
    const made: string[] = [];
    const ledger = await openLedger(broken, {
      onTileMade: (_, { level, n }, told) => made.push(`${level}/${n} ${told}`),
    });
    assert.deepEqual(made, [`0/1 ${why}`]);
    assert.deepEqual(replaced, { level: 0, n: 1, hashes: whole });
    await checkWhole(ledger);
  }
});

test("what the store cannot read is passed on as it is", async () => {
  const store = await filled(300);
  const broken = altered(store, { head: () => Promise.reject(new DamagedStoreError("a checkpoint is damaged")) });
  await assert.rejects(openLedger(broken), DamagedStoreError);
});

test("a head that nobody we know signed is refused", async () => {
  const store = await filled(10);
  const signer = { ...otherSigner };
  const renamed = { ...record, signer: signer.address };
  await assert.rejects(openLedger(store, { record: renamed, signer }), /expected a signature of .* got one of/);
});
