/** Chains that take blocks back, are wiped, are others than they were, or say little about finality. */

import assert from "node:assert/strict";
import test from "node:test";
import { AnchorStartError } from "../../src/anchor/anchorer.ts";
import { ChainError } from "../../src/chain/chain.ts";
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { anchoredWorld, append, makeLedger, OWNER, PAYER, World } from "./world.ts";

const GWEI = 1_000_000_000n;

const REORGS: Readonly<Record<string, (world: World, depth: number) => void>> = {
  "drops its transactions": (world, depth) => world.chain.reorg(depth, false),
  "brings its transactions back": (world, depth) => world.chain.reorg(depth, true),
  "has them in other blocks": (world, depth) => {
    world.chain.reorg(depth, true);
    world.chain.mine(depth + 2);
  },
};

for (const depth of [1, 3, 10]) {
  for (const [what, reorganise] of Object.entries(REORGS)) {
    test(`after a reorganisation of depth ${depth} that ${what}, every checkpoint is final again, once`, async () => {
      const world = await anchoredWorld();
      await append(world.ledger, 2);
      await world.run(3);
      reorganise(world, depth);
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
  world.chain.baseFee = 1_000_000n * GWEI;
  world.chain.reorg(1, false);
  await world.run(1, 0);
  assert.deepEqual(await world.anchors(), [], "while the chain is shorter than it was");
  world.chain.mine(2);
  await world.run(2, 0);
  assert.deepEqual(await world.anchors(), [], "when it has grown again, without the transaction");
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

test("a start without the contract, with code that nobody knows, or with another version of it is refused", async () => {
  const other: Hex = `0x${"dd".repeat(32)}`;
  const policy = { codeHashes: [DEPLOYED.codeHash, other] };
  const world = await anchoredWorld({ policy });
  world.chain.codeHash = undefined;
  await assert.rejects(world.start(), { code: "contract_missing" });
  world.chain.codeHash = `0x${"ee".repeat(32)}`;
  await assert.rejects(world.start(), { code: "contract_unknown" });
  world.chain.codeHash = other;
  await assert.rejects(world.start(), { code: "contract_replaced" });
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
