/** Receipts that come late, never, or are wrong: money, states and records of anchors stay right, or it is said. */

import assert from "node:assert/strict";
import test from "node:test";
import type { TransactionReceipt } from "../../src/chain/chain.ts";
import { anchoredWorld, append, PAYER, payerTransactions, World } from "./world.ts";

const HOUR = 3_600_000;

/** Lets the chain tell no receipts of transactions that are mined from now on. @returns what lets it tell them */
function withholdReceipts(world: World): () => void {
  const told = new Set(world.chain.mined.map(({ tx }) => tx.hash));
  const receipt = world.chain.receipt.bind(world.chain);
  world.chain.receipt = async (hash) => (told.has(hash) ? receipt(hash) : undefined);
  return () => {
    world.chain.receipt = receipt;
  };
}

/** Lets the chain tell something else than its receipts say. */
function distort(world: World, change: (receipt: TransactionReceipt) => Partial<TransactionReceipt>): void {
  const receipt = world.chain.receipt.bind(world.chain);
  world.chain.receipt = async (hash) => {
    const found = await receipt(hash);
    return found && { ...found, ...change(found) };
  };
}

async function payerOf(world: World) {
  const [chain] = (await world.anchorer?.status()) ?? [];
  return chain?.accounts.find(({ address }) => address.toLowerCase() === PAYER.address);
}

/** What the payer really paid. */
function paid(world: World): bigint {
  const own = world.chain.mined.filter(({ tx }) => tx.from === PAYER.address);
  return own.reduce((sum, { receipt }) => sum + receipt.feeWei, 0n);
}

test("a receipt that comes late is no sign of a stranger while the contract holds the size, and nothing is halted", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.tick(0);
  const tell = withholdReceipts(world);
  world.chain.mine();
  for (let look = 0; look < 12; look++) {
    await world.tick();
    assert.notEqual(await world.note("account"), "nonce_displaced", `look ${look}`);
    const [chain] = (await world.anchorer?.status()) ?? [];
    assert.notEqual(chain?.ledgers[0]?.state, "halted", `look ${look}`);
  }
  assert.equal(await world.note("account"), "waits_for_receipt");
  assert.equal(payerTransactions(world), 2, "nothing is sent for what is anchored");
  tell();
  await world.runUntilFinal();
  await world.run(8);
  assert.equal(await world.note("account"), undefined);
  assert.deepEqual((await payerOf(world))?.flights, []);
  await world.requireOrder();
});

test("while a receipt is late, what is new is anchored under the next nonce, also after a restart", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.tick(0);
  const tell = withholdReceipts(world);
  world.chain.mine();
  await world.run(6);
  await append(world.ledger);
  await world.start();
  await world.run(6);
  assert.equal(payerTransactions(world), 3);
  tell();
  await world.runUntilFinal();
  await world.run(8);
  assert.equal(await world.note("account"), undefined);
  await world.requireOrder();
});

test("a receipt that is late behind a state that is late too ends the alarm when the state is told", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.tick(0);
  withholdReceipts(world);
  const rootAt = world.chain.rootAt.bind(world.chain);
  const head = world.chain.head.bind(world.chain);
  const before = await head(world.ledger.record.id);
  world.chain.rootAt = async (ledgerId, size) => (size > 3 ? undefined : rootAt(ledgerId, size));
  world.chain.head = async () => before;
  world.chain.estimateGas = async () => 80_000;
  world.chain.broadcast = async () => undefined;
  world.chain.mine();
  await world.run(5);
  assert.equal(await world.note("account"), "nonce_displaced");
  world.chain.rootAt = rootAt;
  world.chain.head = head;
  await world.run(2);
  assert.notEqual(await world.note("account"), "nonce_displaced");
});

test("a receipt that never comes is given up after an hour, and counts in the budget as much as it can have cost", async () => {
  const world = await anchoredWorld();
  const before = BigInt((await payerOf(world))?.spentTodayWei ?? 0);
  await append(world.ledger);
  await world.tick(0);
  withholdReceipts(world);
  const [waiting] = world.chain.pool;
  assert.ok(waiting);
  world.chain.mine();
  await world.run(5);
  assert.equal((await payerOf(world))?.flights.length, 1);
  world.now += HOUR;
  await world.run(2);
  const payer = await payerOf(world);
  assert.deepEqual([payer?.flights, payer?.note], [[], undefined]);
  const most = waiting.draft.feeMax * BigInt(waiting.draft.gasMax);
  assert.equal(BigInt(payer?.spentTodayWei ?? 0) - before, most);
});

test("an endpoint that tells no receipts and hides the state cannot make a day cost more than its budget", async () => {
  const budgetPerDayWei = 88_000n * 21n * 10n ** 9n * 4n;
  const world = await World.open({ policy: { budgetPerDayWei } });
  await append(world.ledger, 3);
  await world.run(8);
  const head = await world.chain.head(world.ledger.record.id);
  withholdReceipts(world);
  world.chain.rootAt = async () => undefined;
  world.chain.head = async () => head;
  world.chain.estimateGas = async () => 80_000;
  await append(world.ledger);
  await world.run(60);
  assert.ok(paid(world) <= budgetPerDayWei, `expected at most ${budgetPerDayWei} wei to be paid, got ${paid(world)}`);
  assert.equal(await world.note("account"), "budget_used_up");
});

test("what a day was charged for a transaction that was given up is taken back when its receipt comes, on that day", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.tick(0);
  const tell = withholdReceipts(world);
  const rootAt = world.chain.rootAt.bind(world.chain);
  world.chain.rootAt = async (ledgerId, size) => (size > 3 ? undefined : rootAt(ledgerId, size));
  world.chain.mine();
  await world.run(4, 0);
  assert.equal(await world.note("account"), "nonce_displaced");
  world.chain.rootAt = rootAt;
  tell();
  await world.run(3, 0);
  assert.equal(await world.note("account"), undefined);
  assert.equal(BigInt((await payerOf(world))?.spentTodayWei ?? 0), paid(world));
  await world.runUntilFinal();
  await world.requireOrder();
});

test("a receipt with an absurd price counts as much as was offered at most, and a restart reads what was written", async () => {
  const world = await anchoredWorld();
  const before = paid(world);
  distort(world, ({ blockNumber }) =>
    blockNumber < 6 ? {} : { feeWei: 2n ** 300n, gasUsed: Number.MAX_SAFE_INTEGER },
  );
  await append(world.ledger);
  await world.tick(0);
  const [waiting] = world.chain.pool;
  assert.ok(waiting);
  await world.runUntilFinal();
  await world.start();
  await world.run(1);
  const most = waiting.draft.feeMax * BigInt(waiting.draft.gasMax);
  assert.equal(BigInt((await payerOf(world))?.spentTotalWei ?? 0) - before, most);
  const [newest] = await world.anchors(world.ledger, true);
  assert.deepEqual([newest?.feeWei, newest?.gasUsed], [String(most), waiting.draft.gasMax]);
});

test("a receipt without a price counts as the price that was offered", async () => {
  const world = await World.open();
  distort(world, () => ({ feeWei: 0n }));
  await append(world.ledger);
  await world.runUntilFinal();
  const most = world.chain.mined
    .filter(({ tx }) => tx.from === PAYER.address)
    .reduce((sum, { tx, receipt }) => sum + tx.draft.feeMax * BigInt(receipt.gasUsed), 0n);
  assert.equal(BigInt((await payerOf(world))?.spentTotalWei ?? 0), most);
});

test("a receipt that was told once and never again does not stop the account: the same bytes are sent", async () => {
  for (const succeeded of [false, true]) {
    const world = await anchoredWorld();
    await append(world.ledger);
    await world.tick(0);
    const [waiting] = world.chain.pool;
    const block = await world.chain.block("latest");
    assert.ok(waiting && block);
    world.chain.dropPool();
    const receipt = world.chain.receipt.bind(world.chain);
    const nonce = world.chain.nonce.bind(world.chain);
    world.chain.nonce = async (account) => (await nonce(account)) + (account === PAYER.address ? 1 : 0);
    // What another transaction did, of another ledger, under our hash.
    const anchored = succeeded ? [{ ledgerId: `0x${"99".repeat(32)}` as const, size: 9, root: block.hash }] : [];
    world.chain.receipt = async (hash) => {
      if (hash !== waiting.hash) return receipt(hash);
      const place = { blockNumber: block.number, blockHash: block.hash };
      return { transactionHash: hash, succeeded, gasUsed: 50_000, feeWei: 10n ** 15n, anchored, ...place };
    };
    await world.run(1);
    world.chain.receipt = receipt;
    world.chain.nonce = nonce;
    await world.runUntilFinal();
    await world.run(8);
    assert.equal(await world.note("account"), undefined);
    await world.requireOrder();
  }
});
