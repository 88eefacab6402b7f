/** Others that anchor, use the key, lie or lag, and signers that do not do as they are told. */

import assert from "node:assert/strict";
import test from "node:test";
import { encodeAnchor, encodeRotateSigner } from "../../src/chain/contract/contract.ts";
import { senderOf, signDraft } from "../../src/chain/ethers.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { anchoredWorld, append, OWNER, PAYER, payerTransactions, World } from "./world.ts";

const GWEI = 1_000_000_000n;
const STRANGER: Hex = `0x${"77".repeat(32)}`;

async function submitAsStranger(world: World, checkpoint: SignedCheckpoint): Promise<void> {
  const from = (await world.chain.head(checkpoint.ledgerId)).size;
  const proof = await world.ledger.consistencyPath(from, checkpoint.size);
  const data = encodeAnchor({ ...checkpoint, prevSize: from, proof });
  const fees = { gasMax: 100_000, feeMax: 10_000n * GWEI, tipMax: 100n * GWEI, legacy: false };
  const draft = { chainId: 1234, nonce: 0, to: world.chain.contract, data, ...fees };
  world.chain.fund("0x0000000000000000000000000000000000000000");
  const raw = await signDraft(STRANGER, draft);
  world.chain.fund(senderOf(raw));
  await world.chain.broadcast(raw);
}

/** Stages of the payer's transactions that are not final. */
async function stagesOfPayer(world: World): Promise<string[]> {
  const [chain] = (await world.anchorer?.status()) ?? [];
  const account = chain?.accounts.find(({ address }) => address.toLowerCase() === PAYER.address);
  return account?.flights.map(({ stage }) => stage) ?? [];
}

test("an anchor of somebody else is adopted, and no second one is sent", async () => {
  const world = await anchoredWorld();
  await append(world.ledger, 2);
  await submitAsStranger(world, world.ledger.head as SignedCheckpoint);
  world.chain.mine();
  const before = payerTransactions(world);
  await world.runUntilFinal();
  assert.equal(payerTransactions(world), before);
  assert.deepEqual(
    (await world.anchors()).map(({ size, stage }) => [size, stage]),
    [
      [3, "final"],
      [5, "final"],
    ],
  );
});

test("an anchor of somebody else while ours waits frees the nonce cheaply", async () => {
  const world = await anchoredWorld({ policy: { feeMaxWei: 10n ** 18n } });
  await append(world.ledger, 2);
  await world.tick(0);
  world.chain.baseFee *= 3n;
  await submitAsStranger(world, world.ledger.head as SignedCheckpoint);
  await world.runUntilFinal();
  await world.run(8);
  const last = world.chain.mined.filter(({ tx }) => tx.from === PAYER.address).at(-1);
  assert.deepEqual([last?.tx.draft.data, last?.receipt.succeeded], ["0x", true]);
});

test("a nonce that somebody else used up is noticed, and the checkpoint is anchored under another", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.tick(0);
  world.chain.intrude(PAYER.address);
  await world.runUntilFinal();
  assert.deepEqual(
    (await world.anchors()).map(({ size }) => size),
    [3, 4],
  );
});

test("a receipt that is a lie anchors nothing: the transaction is mined all the same", async () => {
  const world = await anchoredWorld();
  await append(world.ledger);
  const { root = "0x" } = world.ledger.head ?? {};
  const receipt = world.chain.receipt.bind(world.chain);
  const nonce = world.chain.nonce.bind(world.chain);
  await world.tick(0);
  const [waiting] = world.chain.pool;
  const block = await world.chain.block("latest");
  assert.ok(waiting && block);
  world.chain.nonce = async (account) => (await nonce(account)) + (account === PAYER.address ? 1 : 0);
  world.chain.receipt = async (hash) => {
    if (hash !== waiting.hash) return receipt(hash);
    const anchored = [{ ledgerId: world.ledger.record.id, size: 4, root }];
    const place = { blockNumber: block.number, blockHash: block.hash };
    return { transactionHash: hash, succeeded: true, gasUsed: 1, feeWei: 1n, anchored, ...place };
  };
  await world.run(2, 0);
  assert.deepEqual(
    (await world.anchors()).map(({ size }) => size),
    [3],
  );
  world.chain.receipt = receipt;
  world.chain.nonce = nonce;
  await world.runUntilFinal();
  await world.requireOrder();
});

test("an endpoint whose nonce lags behind makes nobody send twice", async () => {
  const world = await anchoredWorld();
  const nonce = world.chain.nonce.bind(world.chain);
  await append(world.ledger);
  await world.run(4);
  world.chain.nonce = async (account) => Math.max(0, (await nonce(account)) - 1);
  await append(world.ledger);
  await world.run(2);
  world.chain.nonce = nonce;
  await world.runUntilFinal();
  await world.requireOrder();
});

test("an endpoint that once told a nonce far too high costs a few transactions at most", async () => {
  for (const lie of [1, 4, 5, 1000, Number.MAX_SAFE_INTEGER]) {
    const world = await anchoredWorld();
    const nonce = world.chain.nonce.bind(world.chain);
    const before = payerTransactions(world);
    world.chain.nonce = async (account) => Math.min((await nonce(account)) + lie, Number.MAX_SAFE_INTEGER);
    await append(world.ledger);
    await world.run(2);
    world.chain.nonce = nonce;
    await world.runUntilFinal();
    await world.requireOrder();
    const fillers = lie <= 4 ? lie : 0;
    assert.equal(payerTransactions(world) - before, fillers + 1, `a nonce that is ${lie} too high`);
    await append(world.ledger);
    await world.runUntilFinal();
    assert.equal(await world.note("account"), undefined);
  }
});

test("a signer that changes a transaction is found out, and nothing is sent", async () => {
  const world = await World.open();
  const start = world.start.bind(world);
  const key = keyAccount(`0x${"11".repeat(32)}`);
  await append(world.ledger);
  await start();
  const sign = PAYER.sign;
  Object.assign(PAYER, { sign: (draft: Parameters<typeof sign>[0]) => key.sign({ ...draft, to: OWNER.address }) });
  await world.run(8);
  Object.assign(PAYER, { sign });
  assert.equal(await world.note("account"), "signing_failed");
  assert.equal(payerTransactions(world), 0);
  await world.runUntilFinal();
});

test("an anchor of somebody else that a reorganisation moves is found again, and one that it drops is anchored by us", async () => {
  for (const comeBack of [true, false]) {
    const world = await anchoredWorld();
    await append(world.ledger, 2);
    await submitAsStranger(world, world.ledger.head as SignedCheckpoint);
    world.chain.mine();
    await world.tick(0);
    assert.deepEqual(
      (await world.anchors()).map(({ size }) => size),
      [3, 5],
    );
    world.chain.reorg(1, comeBack);
    world.chain.mine(2);
    await world.runUntilFinal();
    const senders = world.chain.mined.map(({ tx }) => tx.from);
    assert.equal(senders.at(-1) === PAYER.address, !comeBack);
    const last = world.chain.mined.at(-1)?.receipt;
    assert.equal((await world.anchors(world.ledger, true))[0]?.blockHash, last?.blockHash);
  }
});

test("an anchor that a second endpoint contradicts is not final until it agrees", async () => {
  const world = await World.open();
  const confirms = world.chain.confirms.bind(world.chain);
  world.chain.confirms = async () => false;
  await append(world.ledger);
  await world.run(15);
  assert.equal((await world.anchors())[0]?.stage, "safe");
  assert.deepEqual(await stagesOfPayer(world), ["safe"], "the transaction is not surer than what it anchored");
  world.chain.confirms = confirms;
  await world.runUntilFinal();
  assert.deepEqual(await stagesOfPayer(world), []);
});

test("a signer that the owner replaced elsewhere is not brought back, and the ledger says so", async () => {
  const world = await anchoredWorld();
  const nonce = await world.chain.nonce(OWNER.address);
  const fees = { gasMax: 100_000, feeMax: 100n * GWEI, tipMax: GWEI, legacy: false };
  const data = encodeRotateSigner(world.ledger.record.id, `0x${"55".repeat(20)}`);
  const place = { chainId: 1234, nonce, to: world.chain.contract };
  await world.chain.broadcast(await OWNER.sign({ ...place, data, ...fees }));
  world.chain.mine();
  await append(world.ledger);
  world.now += 120_000;
  await world.run(40);
  assert.equal((await world.chain.ledger(world.ledger.record.id))?.signer, `0x${"55".repeat(20)}`);
  assert.equal(await world.note("ledger"), "signer_differs");
});
