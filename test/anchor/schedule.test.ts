/** When ledgers are anchored, together with whom, and what keeps one waiting. */

import assert from "node:assert/strict";
import test from "node:test";
import { keySigner } from "../../src/keys/local-signer.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { anchoredWorld, append, payerTransactions, SIGNER, World } from "./world.ts";

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

test("a chain that needs a longer interval by now gets it, and status says so", async () => {
  let pace = 0;
  const world = await World.open({ policy: { intervalMs: 10_000, paceMs: () => pace } });
  await append(world.ledger);
  pace = 60_000;
  await world.run(10);
  assert.equal(payerTransactions(world), 0);
  assert.equal((await world.anchorer?.status())?.[0]?.intervalMs, 60_000);
  pace = 0;
  await world.runUntilFinal();
  assert.equal((await world.anchorer?.status())?.[0]?.intervalMs, 10_000);
});

test("what was recorded or sent while the clock was years ahead is anchored in time once it is put right", async () => {
  const years = 10 * 365 * 86_400_000;
  const recorded = await World.open({ policy: { intervalMs: 60_000 } });
  recorded.now += years;
  await append(recorded.ledger);
  await recorded.run(3);
  recorded.now -= years;
  await recorded.run(10);
  assert.equal(payerTransactions(recorded), 0);
  const [chain] = (await recorded.anchorer?.status()) ?? [];
  assert.ok((chain?.ledgers[0]?.oldestUnanchoredS ?? 0) >= 20, "its age is told, so that readiness can fail");
  recorded.now += 40_000;
  await recorded.runUntilFinal();
  await append(recorded.ledger);
  recorded.anchorer = undefined; // Started again, it knows no more than what is stored.
  await recorded.run(10);
  recorded.now += 60_000;
  await recorded.runUntilFinal();
  assert.equal(payerTransactions(recorded), 2);

  const sent = await anchoredWorld();
  sent.now += years;
  await append(sent.ledger);
  await sent.tick(0);
  sent.now -= years;
  sent.chain.dropPool();
  await sent.runUntilFinal();
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
  await append(world.ledger);
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

test("the contract follows a new signer once its first checkpoint is there, and what the old one signed is kept", async () => {
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

test("a ledger that the contract refuses is left out of what others share, and its note has the contract's reason", async () => {
  const world = await World.open({ names: ["a", "b", "c"] });
  for (const ledger of world.ledgers) await append(ledger, 3);
  await world.runUntilFinal();
  const [a, b, c] = world.ledgers;
  assert.ok(a && b && c);
  b.consistencyPath = async () => [new Uint8Array(32)];
  for (const ledger of [a, b, c]) await append(ledger);
  await world.run(8);
  const sizes = await Promise.all([a, b, c].map(async (ledger) => (await world.anchors(ledger, true))[0]?.size));
  assert.deepEqual(sizes, [4, 3, 4]);
  const [chain] = (await world.anchorer?.status()) ?? [];
  const { note } = chain?.ledgers[1] ?? {};
  const shared = world.chain.mined.at(-1)?.tx.draft.data ?? "";
  assert.deepEqual(
    [a, b, c].map(({ record }) => shared.includes(record.id.slice(2))),
    [true, false, true],
  );
  assert.deepEqual([note?.code, /ConsistencyInvalid/.test(note?.message ?? "")], ["anchor_refused", true]);
});

test("a ledger that fails does not keep the others from being anchored", async () => {
  const world = await World.open({ names: ["a", "b"] });
  for (const ledger of world.ledgers) await append(ledger, 3);
  await world.runUntilFinal();
  const [a, b] = world.ledgers;
  assert.ok(a && b);
  a.root = async () => {
    throw new Error("the disk is gone");
  };
  for (const ledger of [a, b]) await append(ledger);
  await world.run(8);
  const sizes = await Promise.all([a, b].map(async (ledger) => (await world.anchors(ledger, true))[0]?.size));
  assert.deepEqual(sizes, [3, 4]);
  assert.equal(await world.note("ledger"), "ledger_failed");
});
