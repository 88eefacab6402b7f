/** What chains, purses and other people do to the loop, on a chain in memory. */

import assert from "node:assert/strict";
import test from "node:test";
import { AnchorStartError } from "../../src/anchor/anchor.ts";
import { ChainError } from "../../src/anchor/chain.ts";
import { encodeAnchor } from "../../src/anchor/contract.ts";
import { signDraft } from "../../src/anchor/ethers.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { append, makeLedger, OWNER, PAYER, SIGNER, World } from "./world.ts";

const GWEI = 1_000_000_000n;
const STRANGER: Hex = `0x${"77".repeat(32)}`;

/** A world in which the first anchor of 3 entries is final. */
async function anchoredWorld(options: Parameters<typeof World.open>[0] = {}): Promise<World> {
  const world = await World.open(options);
  await append(world.ledger, 3);
  await world.runUntilFinal();
  return world;
}

function payerTransactions(world: World): number {
  return world.chain.mined.filter(({ tx }) => tx.from === PAYER.address).length;
}

for (const depth of [1, 3, 10]) {
  for (const comeBack of [false, true]) {
    const what = comeBack ? "brings its transactions back" : "drops its transactions";
    test(`after a reorganisation of depth ${depth} that ${what}, every checkpoint is final again, once`, async () => {
      const world = await anchoredWorld();
      await append(world.ledger, 2);
      await world.run(3);
      world.chain.reorg(depth, comeBack);
      await world.runUntilFinal();
      await append(world.ledger);
      await world.runUntilFinal();
      await world.run(3);
      await world.requireOrder();
    });
  }
}

test("an anchor whose block is gone is not called anchored until it is mined again", async () => {
  const world = await World.open();
  await append(world.ledger, 3);
  await world.run(5, 0);
  world.chain.mine();
  await world.run(2, 0);
  world.chain.mine();
  await world.run(2, 0);
  assert.equal((await world.anchors())[0]?.stage, "mined");
  world.chain.reorg(1, false);
  world.chain.mine(2);
  world.chain.baseFee = 1_000_000n * GWEI;
  await world.run(2, 0);
  assert.deepEqual(await world.anchors(), []);
});

test("a chain that was wiped halts the chain and not the process, and says the way out", async () => {
  const world = await anchoredWorld();
  world.chain.wipe(99);
  world.chain.fund(PAYER.address);
  await append(world.ledger);
  await world.run(5);
  assert.equal(await world.note("chain"), "chain_replaced");
  assert.equal(world.chain.mined.length, 0);
  await assert.rejects(world.start(), (error: AnchorStartError) => {
    assert.equal(error.code, "chain_replaced");
    assert.match(error.message, /point it back to the old one, or begin with a fresh data folder/);
    return error instanceof AnchorStartError;
  });
});

test("a chain without worth that was wiped is started over, with the same ledger", async () => {
  const world = await anchoredWorld({ policy: { onReplaced: "restart" } });
  world.chain.wipe(99);
  world.chain.fund(PAYER.address);
  world.chain.fund(OWNER.address);
  await append(world.ledger);
  await world.runUntilFinal();
  assert.deepEqual(
    (await world.anchors()).map(({ size }) => size),
    [4],
  );
});

test("an endpoint of another chain is refused at the start, and halts a chain that runs", async () => {
  const world = await anchoredWorld();
  world.chain.identify = async () => {
    throw new ChainError("wrong_chain", "expected chain 1234, got chain 1");
  };
  await append(world.ledger);
  world.chain.reorg(2, false);
  await world.run(2, 0);
  assert.equal(await world.note("chain"), "chain_wrong");
  await assert.rejects(world.start(), { code: "chain_wrong" });
});

test("a start without the contract, or with another one, is refused", async () => {
  const world = await anchoredWorld();
  world.chain.codeHash = undefined;
  await assert.rejects(world.start(), { code: "contract_missing" });
  world.chain.codeHash = `0x${"dd".repeat(32)}`;
  await assert.rejects(world.start(), { code: "contract_replaced" });
});

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
  await append(world.ledger);
  await world.runUntilFinal();
  await world.requireOrder();
});

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

async function submitAsStranger(world: World, checkpoint: SignedCheckpoint): Promise<void> {
  const from = (await world.chain.head(checkpoint.ledgerId)).size;
  const proof = await world.ledger.consistencyPath(from, checkpoint.size);
  const data = encodeAnchor({ ...checkpoint, prevSize: from, proof });
  const fees = { gasMax: 100_000, feeMax: 10_000n * GWEI, tipMax: 100n * GWEI, legacy: false };
  const draft = { chainId: 1234, nonce: 0, to: world.chain.contract, data, ...fees };
  world.chain.fund("0x0000000000000000000000000000000000000000");
  const raw = await signDraft(STRANGER, draft);
  const { senderOf } = await import("../../src/anchor/ethers.ts");
  world.chain.fund(senderOf(raw));
  await world.chain.broadcast(raw);
}

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

test("a chain without finality tags goes by the depth that stands for them", async () => {
  const world = await World.open({ policy: { confirmationsFallback: 5 } });
  world.chain.safeDepth = undefined;
  await append(world.ledger);
  await world.runUntilFinal();
  const [anchor] = await world.anchors();
  const latest = await world.chain.block("latest");
  assert.ok((latest?.number ?? 0) - (anchor?.blockNumber ?? 0) >= 4);
});

test("confirmations can stand for finality by choice", async () => {
  const world = await World.open({ policy: { finality: { confirmations: 8 } } });
  await append(world.ledger);
  await world.run(8);
  assert.equal((await world.anchors())[0]?.stage, "mined");
  await world.runUntilFinal();
});

test("nothing is sent while nothing changed, and a heartbeat changes something", async () => {
  const world = await anchoredWorld();
  const before = payerTransactions(world);
  await world.run(20);
  assert.equal(payerTransactions(world), before);

  const beating = await anchoredWorld({
    policy: { heartbeatMs: 60_000 },
    heartbeat: (ledger) => append(ledger),
  });
  beating.now = 1_790_000_000_000 + 300_000;
  const sent = payerTransactions(beating);
  await beating.run(3);
  await beating.runUntilFinal();
  assert.equal(payerTransactions(beating), sent + 1);
});

test("an entry is anchored when it is old enough, or when enough wait", async () => {
  const world = await World.open({ policy: { intervalMs: 60_000, entriesMax: 10 } });
  await append(world.ledger);
  await world.run(10);
  assert.equal(payerTransactions(world), 0);
  world.now += 60_000;
  await world.runUntilFinal();
  await append(world.ledger, 10);
  await world.run(6);
  assert.equal(payerTransactions(world), 2);
});

test("several ledgers that are due share a transaction, and a broken one does not stop the others", async () => {
  const world = await World.open({
    names: ["a", "b", "c"],
    seal: async (ledger) => {
      if (ledger.record.name === "b") throw new Error("the store says otherwise");
      return ledger.head as SignedCheckpoint;
    },
  });
  await world.run(10);
  for (const ledger of world.ledgers) await append(ledger, 2);
  await world.run(6);
  const [a, b, c] = await Promise.all(world.ledgers.map((ledger) => world.anchors(ledger)));
  assert.deepEqual([a?.length, b?.length, c?.length], [1, 0, 1]);
  assert.equal(a?.[0]?.transactionHash, c?.[0]?.transactionHash);
  assert.equal(payerTransactions(world), 1);
  assert.equal(await world.note("ledger"), "seal_failed");
});

test("a ledger that the contract does not know waits for its owner, with the call to make", async () => {
  const world = await World.open();
  const owner = `0x${"99".repeat(20)}` as Hex;
  const record = { ...world.ledger.record, name: "other", owner };
  world.ledgers = [Object.create(world.ledger, { record: { value: record }, size: { value: 1 } })];
  await world.run(3);
  const [chain] = (await world.anchorer?.status()) ?? [];
  assert.equal(chain?.ledgers[0]?.note?.code, "ledger_unopened");
  assert.match(
    chain?.ledgers[0]?.note?.message ?? "",
    new RegExp(`waits until ${owner}, the owner of other, sends open`),
  );
});

test("a store older than the chain is refused at the start, and stops the ledger of one that runs", async () => {
  const world = await anchoredWorld();
  await append(world.ledger, 4);
  await world.runUntilFinal();
  const backup = new MemoryStore();
  const restored = await makeLedger(backup, "main", () => world.now);
  await append(restored, 3);
  world.ledgers = [restored];
  await assert.rejects(world.start(), (error: AnchorStartError) => {
    assert.equal(error.code, "store_behind");
    assert.match(error.message, /the chain holds size 7 of ledger main, this store only 3/);
    return true;
  });
});

test("a chain that holds another root of the ledger is refused at the start", async () => {
  const world = await anchoredWorld();
  const other = await makeLedger(new MemoryStore(), "main", () => world.now + 1);
  await append(other, 3);
  world.ledgers = [other];
  await assert.rejects(world.start(), { code: "root_differs" });
});

test("a start does not need the chain to answer", async () => {
  const world = await anchoredWorld();
  world.chain.block = async () => {
    throw new ChainError("unavailable", "no answer");
  };
  await world.start();
  await append(world.ledger);
  await world.run(2);
  assert.equal(await world.note("chain"), "chain_unreachable");
});

test("the contract follows a new signer once its first checkpoint is there, and what the old one signed is kept", async () => {
  const { keySigner } = await import("../../src/ledger/keysigner.ts");
  const world = await anchoredWorld();
  await append(world.ledger);
  await world.runUntilFinal();
  const signer = keySigner(`0x${"44".repeat(32)}`);
  await world.ledger.rotateSigner(signer);
  await append(world.ledger);
  await world.run(40);
  assert.equal((await world.chain.ledger(world.ledger.record.id))?.signer, signer.address);
  assert.equal(await world.isFinal(), true);
  await world.requireOrder();
  assert.notEqual(signer.address, SIGNER.address);
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

async function rootOf(world: World, size: number): Promise<Hex> {
  const { toHex } = await import("../../src/merkle/bytes.ts");
  return toHex(await world.ledger.root(size));
}

test("poking makes everything due at once", async () => {
  const world = await World.open({ policy: { intervalMs: 3_600_000 } });
  await append(world.ledger);
  await world.run(5);
  assert.equal(payerTransactions(world), 0);
  world.anchorer?.poke();
  await world.runUntilFinal();
});

test("a signer that changes a transaction is found out, and nothing is sent", async () => {
  const world = await World.open();
  const start = world.start.bind(world);
  const { keyAccount } = await import("../../src/anchor/keys.ts");
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
