/** What anchoring may cost: caps, budgets, purses and prices that change. */

import assert from "node:assert/strict";
import test from "node:test";
import { ChainError } from "../../src/chain/chain.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { anchoredWorld, append, PAYER, payerTransactions, World } from "./world.ts";

const GWEI = 1_000_000_000n;

async function rootOf(world: World, size: number): Promise<Hex> {
  return toHex(await world.ledger.root(size));
}

test("an empty purse halts the account, and anchoring goes on once it is filled", async () => {
  const world = await World.open();
  world.chain.fund(PAYER.address, 1000n);
  await append(world.ledger);
  await world.run(8);
  assert.equal(await world.note("account"), "funds_insufficient");
  const [chain] = (await world.anchorer?.status()) ?? [];
  assert.equal(chain?.ledgers[0]?.state, "halted");
  assert.match(chain?.ledgers[0]?.note?.message ?? "", /expected \d+ wei on account 0x[0-9a-f]{40}, got 1000; fund it/);
  world.chain.fund(PAYER.address);
  await world.runUntilFinal();
  await world.requireOrder();
  assert.equal(await world.note("account"), undefined);
});

test("a base fee a hundred times higher is not paid beyond the cap; the same bytes are sent again and mined later", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 88_000n * 50n * GWEI } });
  await append(world.ledger);
  await world.tick(0);
  world.chain.baseFee *= 100n;
  world.chain.dropPool();
  await world.run(12);
  const raws = new Set(world.chain.sent);
  await world.run(12);
  assert.deepEqual(new Set(world.chain.sent), raws, "no other transaction is sent while the cap holds");
  assert.equal(await world.note("account"), "fee_above_cap");
  for (const { draft } of world.chain.pool) assert.ok(draft.feeMax * BigInt(draft.gasMax) <= 88_000n * 50n * GWEI);
  world.chain.baseFee /= 100n;
  await world.runUntilFinal();
  await world.requireOrder();
});

test("a new anchor waits while the price is above the cap, and nothing is signed", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 88_000n * 50n * GWEI } });
  world.chain.baseFee *= 100n;
  await append(world.ledger);
  const sent = world.chain.sent.length;
  await world.run(10);
  assert.equal(world.chain.sent.length, sent);
  assert.equal(await world.note("account"), "fee_above_cap");
  world.chain.baseFee /= 100n;
  await world.runUntilFinal();
});

test("a higher base fee is met by offers that rise by an eighth or more on both fields, each under the cap", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 10n ** 18n } });
  await append(world.ledger);
  await world.tick(0);
  world.chain.baseFee *= 3n;
  await world.run(4, 0);
  await world.runUntilFinal();
  await world.requireOrder();
  const [chain] = (await world.anchorer?.status()) ?? [];
  assert.ok((chain?.accounts.find(({ address }) => address.toLowerCase() === PAYER.address)?.bumps ?? 0) > 0);
});

test("while there are no blocks no higher fee is offered", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.run(60, 0);
  assert.equal(world.chain.pool.length, 1);
  assert.equal(new Set(world.chain.sent).size, payerTransactions(world) + 2);
  await world.runUntilFinal();
});

test("attempts of a nonce come to an end when endpoints refuse them all", async () => {
  const world = await anchoredWorld({ policy: { attemptsMax: 3, feeMaxWei: 10n ** 18n } });
  const raws = new Set<Hex>();
  const broadcast = world.chain.broadcast.bind(world.chain);
  world.chain.broadcast = async (raw) => {
    raws.add(raw);
    throw new ChainError("rejected", "intrinsic gas too low");
  };
  await append(world.ledger);
  await world.run(60);
  assert.equal(raws.size, 3);
  assert.equal(await world.note("account"), "transaction_refused");
  world.chain.broadcast = broadcast;
  await world.runUntilFinal();
  await world.requireOrder();
});

test("the budget of a day stops new transactions until the next day", async () => {
  const price = 88_000n * 21n * GWEI;
  const world = await World.open({ policy: { budgetPerDayWei: 3n * price } });
  for (let i = 0; i < 6; i++) {
    await append(world.ledger);
    await world.run(8);
  }
  const sent = payerTransactions(world);
  assert.ok(sent >= 2 && sent < 6, `expected some of 6 anchors, got ${sent}`);
  assert.equal(await world.note("account"), "budget_used_up");
  world.now += 24 * 3_600_000;
  await world.runUntilFinal();
  assert.equal(payerTransactions(world), sent + 1);
  await world.requireOrder();
});

test("a replacement carries the newest checkpoint", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 10n ** 18n } });
  await append(world.ledger);
  await world.tick(0);
  world.chain.baseFee *= 3n;
  await append(world.ledger, 5);
  await world.runUntilFinal();
  assert.deepEqual(
    (await world.anchors()).map(({ size }) => size),
    [3, 9],
  );
  await world.requireOrder();
});

test("an earlier attempt that is mined instead of its replacement counts", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 10n ** 18n } });
  await append(world.ledger);
  await world.tick(0);
  const [first] = world.chain.pool;
  assert.ok(first);
  world.chain.baseFee *= 3n;
  world.chain.mine();
  await world.run(5, 0);
  assert.notEqual(world.chain.pool[0]?.raw, first.raw);
  world.chain.dropPool();
  world.chain.baseFee /= 3n;
  await world.chain.broadcast(first.raw);
  world.chain.mine();
  assert.equal(world.chain.mined.at(-1)?.tx.raw, first.raw);
  await append(world.ledger);
  await world.runUntilFinal();
  await world.requireOrder();
});

test("transactions that fail in a row are tried only once an hour after three", async () => {
  const world = await anchoredWorld();
  world.chain.estimateGas = async () => 80_000;
  const head = world.chain.head.bind(world.chain);
  world.chain.head = async (ledgerId) => ({ ...(await head(ledgerId)), size: 1, root: await rootOf(world, 1) });
  const records = await world.anchors();
  for (const { ledgerId, size } of records) {
    const key = `${String(size).padStart(16, "0")}/1234`;
    await world.store.writeRecords([{ space: `anchors/${ledgerId}`, key, value: undefined }], { durable: true });
  }
  await world.start();
  const before = payerTransactions(world);
  await world.run(60);
  assert.equal(payerTransactions(world) - before, 3);
  world.now += 3_600_000;
  await world.run(10);
  assert.equal(payerTransactions(world) - before, 4);
});
