/** What is told about anchoring, at each stage of it. */

import assert from "node:assert/strict";
import test from "node:test";
import type { AnchoringStatus } from "../../src/anchor/status.ts";
import { append, OWNER, PAYER, World } from "./world.ts";

async function statusOf(world: World): Promise<AnchoringStatus> {
  const [status] = (await world.anchorer?.status()) ?? [];
  assert.ok(status);
  return status;
}

function ledgerIn(status: AnchoringStatus) {
  const [ledger] = status.ledgers;
  assert.ok(ledger);
  const { state, size, anchoredSize, finalSize, oldestUnanchoredS } = ledger;
  return { state, size, anchoredSize, finalSize, oldestUnanchoredS };
}

function payerIn(status: AnchoringStatus) {
  const found = status.accounts.find(({ address }) => address.toLowerCase() === PAYER.address);
  assert.ok(found);
  return found;
}

test("a ledger's status goes from waiting over in flight and mined to final", async () => {
  const world = await World.open({ policy: { intervalMs: 60_000 } });
  await world.run(5);
  await append(world.ledger, 3);
  await world.tick();
  const recorded = { size: 3, anchoredSize: 0, finalSize: 0 };
  assert.deepEqual(ledgerIn(await statusOf(world)), { ...recorded, state: "waiting", oldestUnanchoredS: 3 });
  world.now += 60_000;
  await world.tick(0);
  const flying = await statusOf(world);
  assert.deepEqual(ledgerIn(flying), { ...recorded, state: "in_flight", oldestUnanchoredS: 66 });
  const [pending] = payerIn(flying).flights;
  assert.deepEqual(pending?.hashes, [world.chain.pool[0]?.hash]);
  assert.deepEqual([pending?.nonce, pending?.stage, pending?.attempts], [0, "broadcast", 1]);
  world.chain.mine();
  await world.tick(0);
  const mined = { size: 3, anchoredSize: 3, finalSize: 0, state: "anchored", oldestUnanchoredS: 0 };
  assert.deepEqual(ledgerIn(await statusOf(world)), mined);
  await world.run(5);
  assert.deepEqual(ledgerIn(await statusOf(world)), { ...mined, finalSize: 3 });
  assert.deepEqual(payerIn(await statusOf(world)).flights, []);
  await append(world.ledger);
  const appended = { size: 4, anchoredSize: 3, finalSize: 3, state: "waiting", oldestUnanchoredS: 0 };
  assert.deepEqual(ledgerIn(await statusOf(world)), appended);
});

test("an account's status has its balance, what it spent today and in all, and how often it had to offer more", async () => {
  const world = await World.open({ policy: { feeMaxWei: 10n ** 18n } });
  await append(world.ledger, 3);
  await world.runUntilFinal();
  await append(world.ledger);
  await world.tick(0);
  world.chain.baseFee *= 3n;
  await world.runUntilFinal();
  world.now += 61_000;
  await world.tick();
  const account = payerIn(await statusOf(world));
  const balance = await world.chain.balance(PAYER.address);
  assert.equal(account.balanceWei, String(balance));
  assert.equal(account.spentTotalWei, String(100n * 10n ** 18n - balance));
  assert.equal(account.spentTodayWei, account.spentTotalWei);
  assert.equal(account.bumps, 1);
  world.now += 86_400_000;
  assert.equal(payerIn(await statusOf(world)).spentTodayWei, "0");
  const owner = (await statusOf(world)).accounts.find(({ address }) => address.toLowerCase() === OWNER.address);
  assert.notEqual(owner?.spentTotalWei, "0");
});

test("a chain's status says how far it is, and why it cannot be used when it cannot", async () => {
  const world = await World.open();
  await world.run(4);
  const status = await statusOf(world);
  const block = await world.chain.block("latest");
  assert.deepEqual([status.name, status.chainId, status.latestBlock], ["fake", 1234, (block?.number ?? 0) - 1]);
  world.chain.codeHash = undefined;
  world.chain.reorg(2, false);
  await world.tick(0);
  const broken = await statusOf(world);
  assert.equal(broken.latestBlock, undefined);
  assert.equal(broken.note?.code, "contract_missing");
  assert.match(broken.note?.message ?? "", /mend the address in the configuration/);
});

test("of a chain that the service runs itself, no configuration is said to be wrong", async () => {
  const world = await World.open({ policy: { onReplaced: "restart" } });
  await world.run(4);
  world.chain.reorg(2, false);
  world.chain.codeHash = undefined;
  await world.tick(0);
  const missing = (await statusOf(world)).note;
  world.chain.codeHash = `0x${"ee".repeat(32)}`;
  await world.tick(0);
  const unknown = (await statusOf(world)).note;
  assert.deepEqual([missing?.code, unknown?.code], ["contract_missing", "contract_unknown"]);
  for (const note of [missing, unknown]) {
    assert.match(note?.message ?? "", /start the service again, and it goes on where it was$/);
  }
});

test("the status of one ledger is about that one", async () => {
  const world = await World.open({ names: ["a", "b"] });
  await world.start();
  const id = world.ledgers[1]?.record.id;
  const [status] = (await world.anchorer?.status(id)) ?? [];
  assert.deepEqual(
    status?.ledgers.map(({ name }) => name),
    ["b"],
  );
});
