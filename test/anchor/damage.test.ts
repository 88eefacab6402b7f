/**
 * Damaged records of anchoring: at whatever stage a transaction is, its record may be lost, and with it the bytes that were
 * sent. A start goes on all the same: every nonce is used once, every anchor of the chain is known, and nobody is stuck.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { OpenAnchors } from "../../src/anchor/record/open-anchors.ts";
import { PendingStore } from "../../src/anchor/transaction/pending-store.ts";
import { ChainError } from "../../src/chain/chain.ts";
import { listAnchors } from "../../src/store/anchor-record.ts";
import { DamagedStoreError } from "../../src/store/store.ts";
import type { MemoryStore } from "../store/memory-store.ts";
import { anchoredWorld, append, PAYER, quiet, type World } from "./world.ts";

/** What becomes of a record: its sum does not fit, or it is whole and says something else. */
type Damage = "torn" | string;

const ACCOUNT = `anchoring/1234/${PAYER.address}`;
const OPEN = "anchoring/1234/open";

/** Damages records of a store; one that is written again is whole. */
function damage(store: MemoryStore, space: string, keys: readonly string[], how: Damage): void {
  const torn = new Set(keys);
  const { record, records, writeRecords } = store;
  const error = (key: string) => new DamagedStoreError(`record ${key} is damaged: its checksum does not fit`);
  if (how !== "torn") {
    void store.writeRecords(
      keys.map((key) => ({ space, key, value: how })),
      { durable: true },
    );
    return;
  }
  store.record = async (of, key) => {
    if (of === space && torn.has(key)) throw error(key);
    return record.call(store, of, key);
  };
  store.records = async function* (of, range = {}) {
    for await (const [key, value] of records.call(store, of, range)) {
      if (of !== space || !torn.has(key)) yield [key, value];
      else if (range.onDamaged === undefined) throw error(key);
      else range.onDamaged(key, error(key));
    }
  };
  store.writeRecords = async (writes, options) => {
    await writeRecords.call(store, writes, options);
    for (const write of writes) if (write.space === space) torn.delete(write.key);
  };
}

async function keysOf(store: MemoryStore, space: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const [key] of store.records(space)) if (key.startsWith(prefix)) found.push(key);
  return found;
}

/** Brings a second anchor, of 5 entries, to a stage. */
const STAGES: Readonly<Record<string, (world: World) => Promise<void>>> = {
  "stored and not sent": async (world) => {
    const { broadcast } = world.chain;
    world.chain.broadcast = async () => {
      throw new ChainError("unavailable", "no answer");
    };
    await world.tick(0);
    world.chain.broadcast = broadcast;
    assert.equal(world.chain.pool.length, 0);
  },
  "in the pool": async (world) => {
    await world.tick(0);
    assert.equal(world.chain.pool.length, 1);
  },
  "mined and not seen": (world) => world.tick(1),
  mined: async (world) => {
    await world.tick(1);
    await world.tick(0);
    assert.equal((await world.anchors(world.ledger, true))[0]?.stage, "mined");
  },
  final: (world) => world.runUntilFinal(),
};

const RECORDS: Readonly<Record<string, (world: World, how: Damage) => Promise<void>>> = {
  "every transaction": async ({ store }, how) => damage(store, ACCOUNT, await keysOf(store, ACCOUNT, "flight/"), how),
  "the newest transaction": async ({ store }, how) => {
    damage(store, ACCOUNT, (await keysOf(store, ACCOUNT, "flight/")).slice(-1), how);
  },
  "the account": async ({ store }, how) => damage(store, ACCOUNT, ["lane"], how),
  "transactions and account": async ({ store }, how) => damage(store, ACCOUNT, await keysOf(store, ACCOUNT), how),
  "the list of open anchors": async ({ store }, how) => damage(store, OPEN, await keysOf(store, OPEN), how),
  "which chain it is": async ({ store }, how) => damage(store, "anchoring", ["chain/1234"], how),
};

/** Of these each stage and each record meets every one, and both together one of them, besides what is torn. */
const TEXTS: readonly Damage[] = ["", "[]", "null", '{"nonce":1}'];

for (const [i, [stage, bring]] of Object.entries(STAGES).entries()) {
  for (const [j, [what, harm]] of Object.entries(RECORDS).entries()) {
    test(`${what} damaged while a transaction is ${stage}: anchoring goes on, each nonce is used once`, async () => {
      for (const how of ["torn", TEXTS[(i + j) % TEXTS.length] ?? ""]) {
        const world = await anchoredWorld();
        await append(world.ledger, 2);
        await bring(world);
        await harm(world, how);
        await world.start();
        await world.run(6, 0);
        await append(world.ledger);
        await world.runUntilFinal();
        await append(world.ledger);
        await world.runUntilFinal();
        await world.requireOrder({ isSpendKnown: false });
        assert.equal(await world.note("account"), undefined, how);
        assert.equal(await world.note("ledger"), undefined, how);
      }
    });
  }
}

for (const stage of ["mined", "final"]) {
  test(`the damaged record of an anchor that is ${stage} and the newest is made again from the chain`, async () => {
    const world = await anchoredWorld();
    await append(world.ledger, 2);
    await STAGES[stage]?.(world);
    const before = await world.anchors();
    const space = `anchors/${world.ledger.record.id}`;
    damage(world.store, space, (await keysOf(world.store, space)).slice(-1), "torn");
    await assert.rejects(world.anchors(), DamagedStoreError);
    const seen: unknown[] = [];
    await listAnchors(world.store, world.ledger.record.id, { onDamaged: (key) => seen.push(key) });
    assert.deepEqual(seen, [{ key: "0000000000000005/1234", size: 5, chainId: 1234 }]);
    await world.start();
    await world.runUntilFinal();
    const places = (anchors: typeof before) => anchors.map(({ size, blockHash }) => [size, blockHash]);
    assert.deepEqual(places(await world.anchors()), places(before));
  });
}

test("damaged records of older anchors are made again from the chain behind the start, and become final", async () => {
  const world = await anchoredWorld();
  for (let i = 0; i < 4; i++) {
    await append(world.ledger, 2);
    await world.runUntilFinal();
  }
  const before = await world.anchors();
  assert.equal(before.length, 5);
  const space = `anchors/${world.ledger.record.id}`;
  const older = (await keysOf(world.store, space)).slice(0, 3);
  damage(world.store, space, older, "torn");
  await world.start();
  await assert.rejects(world.anchors(), DamagedStoreError, "a start does not wait for it");
  await world.run(6, 0);
  await world.runUntilFinal();
  const told = (anchors: typeof before) => anchors.map(({ size, blockHash, stage }) => [size, blockHash, stage]);
  assert.deepEqual(told(await world.anchors()), told(before));
  assert.equal(await world.note("ledger"), undefined);
});

test("older anchors are looked at some at a time, down to the first", async () => {
  const world = await anchoredWorld();
  for (let i = 0; i < 4; i++) {
    await append(world.ledger, 2);
    await world.runUntilFinal();
  }
  const { id } = world.ledger.record;
  const keys = await keysOf(world.store, `anchors/${id}`);
  damage(world.store, `anchors/${id}`, [keys[0], keys[2]].map(String), "torn");
  const openAnchors = await OpenAnchors.open(world.store, world.chain.chainId);
  const found: (number | undefined)[] = [];
  let looks = 0;
  let below: number | undefined = Number.MAX_SAFE_INTEGER;
  while (below !== undefined) {
    const { damaged, from }: Awaited<ReturnType<OpenAnchors["damagedBelow"]>> = await openAnchors.damagedBelow(
      id,
      below,
      1,
    );
    found.push(...damaged.map(({ size }) => size));
    below = from;
    looks++;
  }
  assert.deepEqual([found, looks], [[7, 3], 4]);
});

test("a damaged record of an anchor that a chain does not hold is removed", async () => {
  const world = await anchoredWorld();
  const space = `anchors/${world.ledger.record.id}`;
  const key = "0000000000000099/1234";
  const value = (await world.store.record(space, "0000000000000003/1234")) ?? "";
  await world.store.writeRecords([{ space, key, value }], { durable: true });
  await world.start();
  await world.tick();
  assert.deepEqual(
    (await world.anchors()).map(({ size }) => size),
    [3],
  );
});

/** What the payer paid since a block. */
function paidSince(world: World, block: number): bigint {
  return world.chain.mined
    .filter(({ tx, receipt }) => tx.from === PAYER.address && receipt.blockNumber > block)
    .reduce((sum, { receipt }) => sum + receipt.feeWei, 0n);
}

const LOSSES: Readonly<Record<string, (world: World) => Promise<void>>> = {
  ...Object.fromEntries(
    ["every transaction", "the newest transaction", "the account", "transactions and account"].map((what) => [
      `${what} damaged`,
      (world: World) => (RECORDS[what] as (typeof RECORDS)[string])(world, "[]"),
    ]),
  ),
  "the newest flight gone": async ({ store }) => {
    const key = (await keysOf(store, ACCOUNT, "flight/")).at(-1) ?? "";
    await store.writeRecords([{ space: ACCOUNT, key, value: undefined }], { durable: true });
  },
};

for (const [what, lose] of Object.entries(LOSSES)) {
  for (const stage of Object.keys(STAGES)) {
    test(`with ${what}, again and again while a transaction is ${stage}, the budget of the day holds`, async () => {
      const budgetPerDayWei = 12_000_000_000_000_000n;
      const world = await anchoredWorld({ policy: { feeMaxWei: 5_000_000_000_000_000n, budgetPerDayWei } });
      const before = world.chain.mined.at(-1)?.receipt.blockNumber ?? 0;
      const day = Math.floor(world.now / 86_400_000);
      // Goes on for some losses behind the end of the budget.
      for (let i = 0, beyond = 0; i < 14 && beyond < 4; i++) {
        await append(world.ledger, 2);
        await STAGES[stage]?.(world).catch(() => undefined);
        await lose(world);
        await world.start();
        await world.run(8);
        if ((await world.note("account")) === "budget_used_up") beyond++;
      }
      assert.equal(Math.floor(world.now / 86_400_000), day, "it is one day");
      assert.equal(await world.note("account"), "budget_used_up", "it is the budget that holds");
      const paid = paidSince(world, before);
      assert.ok(paid > 0n && paid <= budgetPerDayWei, `paid ${paid}`);
      world.now += 86_400_000;
      await world.runUntilFinal();
      assert.equal(await world.note("account"), undefined, "on the next day it goes on");
      assert.ok(paidSince(world, before) > paid);
      await world.requireOrder({ isSpendKnown: false });
    });
  }
}

test("what an account spent is summed up from the transactions that are left", async () => {
  const world = await anchoredWorld();
  const [before] = (await world.anchorer?.status()) ?? [];
  damage(world.store, ACCOUNT, ["lane"], "torn");
  const lines: string[] = [];
  const log = { ...quiet, warn: (_: object, message: string) => void lines.push(message) };
  const { account: record } = await PendingStore.open(world.store, 1234, PAYER.address, log, world.now);
  const account = before?.accounts.find(({ address }) => address.toLowerCase() === PAYER.address);
  assert.deepEqual([record.nonce, record.spend.totalWei], [1, account?.spentTotalWei]);
  assert.match(lines.join(), /records of anchoring are damaged and forgotten/);
  await PendingStore.open(world.store, 1234, PAYER.address, log, world.now);
  assert.equal(lines.length, 1);
});

test("a pending transaction whose bytes are of another nonce is never sent again", async () => {
  const world = await anchoredWorld();
  await append(world.ledger, 2);
  await STAGES["stored and not sent"]?.(world);
  const [first = "", last = ""] = await keysOf(world.store, ACCOUNT, "flight/");
  const pending = JSON.parse((await world.store.record(ACCOUNT, last)) ?? "");
  const other = JSON.parse((await world.store.record(ACCOUNT, first)) ?? "");
  const mixed = { ...pending, attempts: [{ ...pending.attempts[0], raw: other.attempts[0].raw }] };
  await world.store.writeRecords([{ space: ACCOUNT, key: last, value: JSON.stringify(mixed) }], { durable: true });
  const pendingStore = await PendingStore.open(world.store, 1234, PAYER.address, quiet, world.now);
  assert.deepEqual(
    pendingStore.transactions.map(({ nonce }) => nonce),
    [0],
  );
});
