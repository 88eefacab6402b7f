/** What every Store promises: the suite that each implementation of the port has to pass. */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Entry } from "../../src/entry/entry.ts";
import { type PackedEntry, packEntry, packMembers } from "../../src/entry/packed.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import {
  type Commit,
  DamagedStoreError,
  type IdempotencyClaim,
  LedgerExistsError,
  type LedgerRecord,
  type RecordRange,
  SizeConflictError,
  type Store,
} from "../../src/store/store.ts";

/** A fresh, empty store; the test's context says when it is over. */
export type OpenStore = (context: TestContext) => Promise<Store>;

export function hex(byte: number, length: number): Hex {
  return `0x${byte.toString(16).padStart(2, "0").repeat(length)}`;
}

export function ledgerRecord(seed: number, name = `ledger-${seed}`): LedgerRecord {
  const signer = hex(seed, 20);
  return { id: hex(seed, 32), name, label: hex(seed, 32), owner: signer, signer, createdAt: 1_700_000_000_000 + seed };
}

export function entryOf(seed: number): Entry {
  const salt = new Uint8Array(16).fill(seed);
  return {
    recordedAt: 1_700_000_000_000 + seed,
    members: [
      { salt, text: `"action":"step.${seed}"` },
      { digest: new Uint8Array(32).fill(seed) },
      { salt, text: `"note":"é – ✓ 😀 ${"x".repeat(seed % 200)}"` },
    ],
  };
}

export function checkpointOf(ledgerId: Hex, size: number): SignedCheckpoint {
  const seed = size % 256;
  return { ledgerId, size, root: hex(seed, 32), signedAt: 1_700_000_000 + size, signature: hex(seed, 65) };
}

export function commitOf(ledgerId: Hex, from: number, count: number, more: Partial<Commit> = {}): Commit {
  const entries = Array.from({ length: count }, (_, i) => packEntry(entryOf((from + i) % 256)));
  return { from, entries, claims: [], tiles: [], checkpoint: checkpointOf(ledgerId, from + count), ...more };
}

/** Whatever kind of view a store hands out. */
function bytesOf({ recordedAt, members }: PackedEntry): object {
  return { recordedAt, members: Uint8Array.from(members) };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function storeSuite(name: string, open: OpenStore): void {
  const ledger = ledgerRecord(1);
  const openWithLedger: OpenStore = async (context) => {
    const store = await open(context);
    await store.addLedger(ledger);
    return store;
  };

  test(`${name} lists ledgers in the order they were added`, async (t) => {
    const store = await open(t);
    assert.deepEqual(await store.ledgers(), []);
    const records = [ledgerRecord(9, "zebra"), ledgerRecord(3, "apple"), ledgerRecord(5, "Ünïcode 😀")];
    for (const record of records) await store.addLedger(record);
    assert.deepEqual(await store.ledgers(), records);
  });

  test(`${name} refuses a second ledger with the same id or the same name`, async (t) => {
    const store = await openWithLedger(t);
    await assert.rejects(store.addLedger({ ...ledger, name: "other" }), LedgerExistsError);
    await assert.rejects(store.addLedger({ ...ledgerRecord(2), name: ledger.name }), LedgerExistsError);
    const both = [store.addLedger(ledgerRecord(7)), store.addLedger(ledgerRecord(7))];
    const settled = await Promise.allSettled(both);
    assert.deepEqual(settled.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal((await store.ledgers()).length, 2);
  });

  test(`${name} refuses a ledger that is not written in lower-case hex`, async (t) => {
    const store = await open(t);
    await assert.rejects(store.addLedger({ ...ledgerRecord(2), owner: "0xABCDEF" }), TypeError);
    assert.deepEqual(await store.ledgers(), []);
  });

  test(`${name} keeps the former signers when another takes over`, async (t) => {
    const store = await openWithLedger(t);
    await store.updateSigner(ledger.id, hex(2, 20));
    await store.updateSigner(ledger.id, hex(2, 20));
    await store.updateSigner(ledger.id, hex(3, 20));
    const [record] = await store.ledgers();
    assert.equal(record?.signer, hex(3, 20));
    assert.deepEqual(record?.formerSigners, [ledger.signer, hex(2, 20)]);
    await assert.rejects(store.updateSigner(ledger.id, "0xAB"), TypeError);
  });

  test(`${name} has no head, entry, tile or checkpoint of an empty ledger`, async (t) => {
    const store = await openWithLedger(t);
    assert.equal(await store.head(ledger.id), undefined);
    assert.equal(await store.entry(ledger.id, 0), undefined);
    assert.equal(await store.tile(ledger.id, 0, 0), undefined);
    assert.equal(await store.checkpoint(ledger.id, 1), undefined);
    assert.equal(await store.checkpointCovering(ledger.id, 0), undefined);
    assert.deepEqual(await store.claims(ledger.id, [new Uint8Array(32)]), [undefined]);
  });

  test(`${name} reads back byte for byte what a commit wrote`, async (t) => {
    const store = await openWithLedger(t);
    const claims: IdempotencyClaim[] = [
      { key: new Uint8Array(32).fill(7), content: new Uint8Array(32).fill(8), ranges: [[0, 1]] },
      {
        key: new Uint8Array(32).fill(9),
        content: new Uint8Array(32),
        ranges: [
          [0, 2],
          [2 ** 40, 3],
          [5, 300],
        ],
      },
    ];
    const hashes = Uint8Array.from({ length: 8192 }, (_, i) => i % 251);
    const tiles = [
      { level: 0, n: 0, hashes },
      { level: 6, n: 2 ** 45, hashes: hashes.toReversed() },
    ];
    const commit = commitOf(ledger.id, 0, 3, { claims, tiles });
    await store.commit(ledger.id, commit);
    assert.deepEqual(await store.head(ledger.id), commit.checkpoint);
    assert.deepEqual(await store.checkpoint(ledger.id, 3), commit.checkpoint);
    for (const [i, entry] of commit.entries.entries())
      assert.deepEqual(packEntry((await store.entry(ledger.id, i)) as Entry), entry);
    assert.deepEqual((await collect(store.entries(ledger.id, 0, 3))).map(packEntry), commit.entries);
    for (const tile of tiles) assert.deepEqual(await store.tile(ledger.id, tile.level, tile.n), tile.hashes);
    const keys = [claims[1]?.key, new Uint8Array(32).fill(1), claims[0]?.key] as Uint8Array[];
    assert.deepEqual(await store.claims(ledger.id, keys), [claims[1], undefined, claims[0]]);
  });

  test(`${name} keeps what it was given, whatever the caller does with the objects later`, async (t) => {
    const store = await openWithLedger(t);
    const members = packMembers([{ salt: new Uint8Array(16).fill(1), text: '"a":1' }]);
    const hashes = new Uint8Array(8192).fill(1);
    const claim = {
      key: new Uint8Array(32).fill(1),
      content: new Uint8Array(32).fill(1),
      ranges: [[0, 1]] as [number, number][],
    };
    const entry = { recordedAt: 1, members };
    await store.commit(
      ledger.id,
      commitOf(ledger.id, 0, 1, { entries: [entry], claims: [claim], tiles: [{ level: 0, n: 0, hashes }] }),
    );
    for (const bytes of [members, hashes, claim.content]) bytes.fill(2);
    claim.ranges.push([1, 1]);
    const read = await store.entry(ledger.id, 0);
    assert.deepEqual(read?.members, [{ salt: new Uint8Array(16).fill(1), text: '"a":1' }]);
    assert.deepEqual(await store.tile(ledger.id, 0, 0), new Uint8Array(8192).fill(1));
    const [kept] = (await store.claims(ledger.id, [claim.key])) as [IdempotencyClaim];
    assert.deepEqual([kept?.content, kept?.ranges], [new Uint8Array(32).fill(1), [[0, 1]]]);
  });

  test(`${name} commits only at the size the ledger has, and writes nothing otherwise`, async (t) => {
    const store = await openWithLedger(t);
    await store.commit(ledger.id, commitOf(ledger.id, 0, 2));
    for (const from of [0, 1, 3]) {
      await assert.rejects(store.commit(ledger.id, commitOf(ledger.id, from, 5)), SizeConflictError);
    }
    assert.equal((await store.head(ledger.id))?.size, 2);
    assert.equal(await store.entry(ledger.id, 2), undefined);
    assert.equal(await store.checkpoint(ledger.id, 5), undefined);
    await store.commit(ledger.id, commitOf(ledger.id, 2, 1));
    assert.equal((await store.head(ledger.id))?.size, 3);
  });

  test(`${name} lets one of many racing commits win`, async (t) => {
    const store = await openWithLedger(t);
    const racing = Array.from({ length: 8 }, (_, i) => store.commit(ledger.id, commitOf(ledger.id, 0, i + 1)));
    const settled = await Promise.allSettled(racing);
    const lost = settled.filter((result) => result.status === "rejected");
    assert.equal(lost.length, 7);
    for (const { reason } of lost) assert.ok(reason instanceof SizeConflictError);
    const won = settled.findIndex(({ status }) => status === "fulfilled") + 1;
    assert.equal((await store.head(ledger.id))?.size, won);
    assert.equal((await collect(store.entries(ledger.id, 0, won))).length, won);
    assert.equal(await store.entry(ledger.id, won), undefined);
  });

  test(`${name} refuses a commit whose parts do not fit together`, async (t) => {
    const store = await openWithLedger(t);
    const good = commitOf(ledger.id, 0, 1);
    const wrong: Commit[] = [
      { ...good, entries: [] },
      { ...good, checkpoint: checkpointOf(ledger.id, 2) },
      { ...good, checkpoint: checkpointOf(hex(2, 32), 1) },
      ...[0, 65].map((count) => ({ ...good, entries: [{ recordedAt: 1, members: Uint8Array.of(count) }] })),
      { ...good, entries: [{ ...packEntry(entryOf(0)), recordedAt: -1 }] },
      { ...good, tiles: [{ level: 0, n: 0, hashes: new Uint8Array(8191) }] },
    ];
    for (const commit of wrong) {
      await assert.rejects(store.commit(ledger.id, commit), RangeError);
    }
    assert.equal(await store.head(ledger.id), undefined);
    await store.commit(ledger.id, good);
  });

  test(`${name} finds the first checkpoint that covers an index`, async (t) => {
    const store = await openWithLedger(t);
    const sizes = [1, 4, 5, 260, 70_000];
    for (const [i, size] of sizes.entries()) {
      const from = sizes[i - 1] ?? 0;
      const entries = Array.from({ length: size - from }, () => ({
        recordedAt: 1,
        members: packMembers([{ salt: new Uint8Array(16), text: "" }]),
      }));
      await store.commit(ledger.id, commitOf(ledger.id, from, size - from, { entries }));
    }
    const expected = new Map([
      [0, 1],
      [1, 4],
      [3, 4],
      [4, 5],
      [5, 260],
      [259, 260],
      [260, 70_000],
      [69_999, 70_000],
    ]);
    for (const [index, size] of expected) assert.equal((await store.checkpointCovering(ledger.id, index))?.size, size);
    assert.equal(await store.checkpointCovering(ledger.id, 70_000), undefined);
    assert.equal(await store.checkpoint(ledger.id, 2), undefined);
    assert.equal((await store.checkpoint(ledger.id, 260))?.size, 260);
    assert.equal((await store.head(ledger.id))?.size, 70_000);
  });

  test(`${name} keeps the ledgers apart`, async (t) => {
    const store = await openWithLedger(t);
    const other = ledgerRecord(2);
    await store.addLedger(other);
    await store.commit(ledger.id, commitOf(ledger.id, 0, 300));
    await store.commit(other.id, commitOf(other.id, 0, 1));
    assert.equal((await store.head(other.id))?.size, 1);
    assert.equal(await store.entry(other.id, 1), undefined);
    assert.equal(await store.checkpointCovering(other.id, 1), undefined);
    assert.equal((await collect(store.entries(ledger.id, 0, 300))).length, 300);
    await assert.rejects(store.head(hex(3, 32)), RangeError);
  });

  test(`${name} says which entry of a range is missing`, async (t) => {
    const store = await openWithLedger(t);
    await store.commit(ledger.id, commitOf(ledger.id, 0, 3));
    assert.deepEqual(await collect(store.entries(ledger.id, 1, 1)), []);
    const isNamed = (error: unknown) => error instanceof DamagedStoreError && /entry 3 .* missing/.test(error.message);
    await assert.rejects(collect(store.entries(ledger.id, 1, 5)), isNamed);
  });

  test(`${name} hands out entries packed, as they were committed, and says which of a range is missing`, async (t) => {
    const store = await openWithLedger(t);
    const commit = commitOf(ledger.id, 0, 300);
    await store.commit(ledger.id, commit);
    const packed = async (from: number, to: number) => (await collect(store.packedEntries(ledger.id, from, to))).flat();
    for (const [from, to] of [
      [0, 300],
      [7, 8],
      [255, 258],
      [299, 300],
      [5, 5],
      [300, 300],
    ] as const) {
      const expected = commit.entries.slice(from, to);
      assert.deepEqual((await packed(from, to)).map(bytesOf), expected.map(bytesOf), `${from} to ${to}`);
    }
    const isNamed = (error: unknown) =>
      error instanceof DamagedStoreError && /entry 300 .* missing/.test(error.message);
    await assert.rejects(packed(299, 302), isNamed);
    await assert.rejects(packed(300, 301), isNamed);
    await assert.rejects(collect(store.packedEntries(hex(3, 32), 0, 1)), RangeError);
  });

  test(`${name} writes records together, and reads each back`, async (t) => {
    const store = await open(t);
    await store.writeRecords(
      [
        { space: "a", key: "k", value: "1" },
        { space: "b", key: "k", value: "2" },
      ],
      { durable: true },
    );
    assert.equal(await store.record("a", "k"), "1");
    assert.equal(await store.record("b", "k"), "2");
    assert.equal(await store.record("a", "none"), undefined);
    const writes = [
      { space: "a", key: "k", value: undefined },
      { space: "a", key: "", value: "" },
      { space: "a", key: "none", value: undefined },
      { space: "b", key: "k", value: "é😀\0\n" },
    ];
    await store.writeRecords(writes, { durable: false });
    assert.equal(await store.record("a", "k"), undefined);
    assert.equal(await store.record("a", ""), "");
    assert.equal(await store.record("b", "k"), "é😀\0\n");
    await store.writeRecords([], { durable: true });
  });

  test(`${name} refuses spaces that could be taken for others`, async (t) => {
    const store = await open(t);
    for (const space of ["", "a\0b"]) {
      await assert.rejects(store.writeRecords([{ space, key: "k", value: "v" }], { durable: false }), RangeError);
      await assert.rejects(store.record(space, "k"), RangeError);
    }
  });

  test(`${name} lists the records of one space by the bytes of their keys`, async (t) => {
    const store = await open(t);
    // In UTF-8 the emoji sorts last; in UTF-16 it would come before U+FF5E.
    const keys = ["", "\0", "a", "a/1", "a/2", "b", "é", "～", "😀"];
    const writes = keys.toReversed().map((key) => ({ space: "s", key, value: `v${key}` }));
    const others = ["r", "s/", "s\u0001", "t"].map((space) => ({ space, key: "a", value: "other" }));
    await store.writeRecords([...writes, ...others], { durable: false });
    const list = async (range?: RecordRange) => (await collect(store.records("s", range))).map(([key]) => key);
    assert.deepEqual(
      await collect(store.records("s")),
      keys.map((key) => [key, `v${key}`]),
    );
    assert.deepEqual(await list({ reverse: true }), keys.toReversed());
    assert.deepEqual(await list({ gte: "a", lt: "b" }), ["a", "a/1", "a/2"]);
    assert.deepEqual(await list({ gt: "a", lte: "b" }), ["a/1", "a/2", "b"]);
    assert.deepEqual(await list({ gte: "a", lt: "b", reverse: true, limit: 2 }), ["a/2", "a/1"]);
    assert.deepEqual(await list({ gt: "～" }), ["😀"]);
    assert.deepEqual(await list({ lt: "a" }), ["", "\0"]);
    assert.deepEqual(await list({ limit: 1 }), [""]);
    assert.deepEqual(await list({ limit: 0 }), []);
    assert.deepEqual(await list({ gte: "z", lt: "a" }), []);
  });

  test(`${name} shows a reader of records the state of when it began`, async (t) => {
    const store = await open(t);
    await store.writeRecords(
      ["a", "b", "c"].map((key) => ({ space: "s", key, value: "1" })),
      { durable: false },
    );
    const seen: string[] = [];
    for await (const [key, value] of store.records("s")) {
      if (key === "a")
        await store.writeRecords(
          [
            { space: "s", key: "b", value: undefined },
            { space: "s", key: "d", value: "1" },
          ],
          { durable: false },
        );
      seen.push(key + value);
    }
    assert.deepEqual(seen, ["a1", "b1", "c1"]);
  });
}
