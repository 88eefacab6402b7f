import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { LedgerStoppedError } from "../../src/ledger/append/sequencer.ts";
import { fromHex } from "../../src/merkle/bytes.ts";
import { recoverSigner } from "../../src/merkle/checkpoint.ts";
import { emptyRoot } from "../../src/merkle/hash.ts";
import { checkConsistency, checkInclusion } from "../../src/merkle/proof.ts";
import { FaultyStore } from "./faults.ts";
import {
  checkWhole,
  hash,
  many,
  names,
  openLedger,
  otherSigner,
  prepared,
  record,
  signer,
  storeWithLedger,
} from "./fixtures.ts";

const source = "test";

test("an empty ledger has no head and the root of nothing", async () => {
  const ledger = await openLedger(await storeWithLedger());
  assert.equal(ledger.head, undefined);
  assert.equal(ledger.size, 0);
  assert.deepEqual(await ledger.root(0), emptyRoot(hash));
  assert.deepEqual(await ledger.consistencyPath(0, 0), []);
  assert.equal(await ledger.entry(0), undefined);
  assert.equal(await ledger.checkpointCovering(0), undefined);
});

test("the answer to one event proves it without reading anything", async () => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store, { clock: () => 1_800_000_000_123 });
  await ledger.append({ entries: many(300), source });
  const { outcome, receipts, checkpoint } = await ledger.append({ entries: [prepared("one")], source });
  const [receipt] = receipts;
  assert.ok(receipt?.path !== undefined && receipt.entry !== undefined);
  assert.equal(outcome, "recorded");
  assert.equal(receipt.index, 300);
  assert.equal(receipt.duplicate, false);
  assert.equal(receipt.recordedAt, 1_800_000_000_123);
  assert.deepEqual(receipt.entry, await store.entry(record.id, 300));
  const { index, leafHash, path } = receipt;
  checkInclusion(hash, { index, size: checkpoint.size, leafHash, path, root: fromHex(checkpoint.root) });
  assert.equal(recoverSigner(checkpoint), signer.address);
  assert.equal(checkpoint.signedAt, 1_800_000_000);
  assert.deepEqual(checkpoint, ledger.head);
  assert.deepEqual(await store.checkpoint(record.id, 301), checkpoint);
});

test("many events of one request are recorded in order, under one checkpoint", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const { receipts, checkpoint } = await ledger.append({ entries: many(1000), source });
  assert.deepEqual(
    receipts.map(({ index }) => index),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.equal(checkpoint.size, 1000);
  assert.equal(receipts[0]?.path, undefined);
  assert.deepEqual(
    await names(ledger),
    many(1000).map((_, i) => `event ${i}`),
  );
  await checkWhole(ledger);
});

test("200 appends at once get 200 neighbouring indexes, each with a proof that holds", async () => {
  const ledger = await openLedger(await storeWithLedger());
  await ledger.append({ entries: many(150), source });
  const answers = await Promise.all(many(200, "at once").map((entry) => ledger.append({ entries: [entry], source })));
  const indexes = answers.map(({ receipts }) => receipts[0]?.index);
  assert.deepEqual(
    indexes,
    Array.from({ length: 200 }, (_, i) => 150 + i),
  );
  for (const { receipts, checkpoint } of answers) {
    const [receipt] = receipts;
    assert.ok(receipt?.path !== undefined);
    const { index, leafHash, path } = receipt;
    checkInclusion(hash, { index, size: checkpoint.size, leafHash, path, root: fromHex(checkpoint.root) });
  }
  const sizes = new Set(answers.map(({ checkpoint }) => checkpoint.size));
  assert.ok(sizes.size < 20, `expected a few commits for 200 appends, got ${sizes.size}`);
  await checkWhole(ledger);
});

test("what was given out stays valid while the ledger grows", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const given: { index: number; size: number; leafHash: Uint8Array; path: readonly Uint8Array[]; root: Uint8Array }[] =
    [];
  for (let round = 0; round < 12; round++) {
    await ledger.append({ entries: many(1 + round * 17, `round ${round}`), source });
    const { receipts, checkpoint } = await ledger.append({ entries: [prepared(`single ${round}`)], source });
    const [receipt] = receipts;
    assert.ok(receipt?.path !== undefined);
    given.push({ ...receipt, path: receipt.path, size: checkpoint.size, root: fromHex(checkpoint.root) });
  }
  for (const proof of given) {
    checkInclusion(hash, proof);
    assert.deepEqual(await ledger.inclusionPath(proof.index, proof.size), proof.path);
    assert.deepEqual(await ledger.root(proof.size), proof.root);
    const path = await ledger.consistencyPath(proof.size, ledger.size);
    const toRoot = await ledger.root(ledger.size);
    checkConsistency(hash, { from: proof.size, to: ledger.size, fromRoot: proof.root, toRoot, path });
  }
});

test("proofs hold for any sizes, indexes and batches, also after opening again", async () => {
  const batches = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  const check = async (counts: readonly number[], reopenAfter: number) => {
    const store = await storeWithLedger();
    let ledger = await openLedger(store, { limits: { tilesMax: 1 } });
    const roots = new Map([[0, emptyRoot(hash)]]);
    for (const [i, count] of counts.entries()) {
      const { checkpoint } = await ledger.append({ entries: many(count, `batch ${i}`), source });
      roots.set(checkpoint.size, fromHex(checkpoint.root));
      if (i === reopenAfter) ledger = await openLedger(store, { limits: { tilesMax: 1 } });
    }
    await checkWhole(ledger);
    for (const [from, fromRoot] of roots) {
      for (const [to, toRoot] of roots) {
        if (from > to) continue;
        checkConsistency(hash, { from, to, fromRoot, toRoot, path: await ledger.consistencyPath(from, to) });
      }
    }
  };
  await fc.assert(fc.asyncProperty(batches, fc.nat(7), check), { numRuns: 12 });
});

test("time never runs backwards, whatever the clock does and however often the ledger is opened", async () => {
  const store = await storeWithLedger();
  const seen: [number, number][] = [];
  for (const [i, now] of [5_000, 7_999.9, 3_000, 0, 8_001].entries()) {
    const ledger = await openLedger(store, { clock: () => now });
    for (const name of ["first", "second"]) {
      const { receipts, checkpoint } = await ledger.append({ entries: [prepared(`${name} ${i}`)], source });
      seen.push([receipts[0]?.recordedAt as number, checkpoint.signedAt]);
    }
  }
  const expected = [5000, 7999, 7999, 7999, 8001].map((ms) => [ms, Math.floor(ms / 1000)]);
  assert.deepEqual(
    seen,
    expected.flatMap((pair) => [pair, pair]),
  );
});

test("readers see nothing of a commit that is not durable yet", async () => {
  const store = await storeWithLedger();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const slow = new FaultyStore(store);
  const ledger = await openLedger(slow);
  await ledger.append({ entries: many(255), source });
  slow.inject({ step: "commit", happens: true, reports: held });
  const head = ledger.head;
  const waiting = ledger.append({ entries: many(10, "held"), source });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.notEqual(await store.entry(record.id, 255), undefined, "the store has it already");
  assert.deepEqual(ledger.head, head);
  assert.equal(ledger.size, 255);
  assert.equal(ledger.queue.events, 10);
  assert.equal(await ledger.entry(255), undefined);
  assert.equal(await ledger.tile(0, 0), undefined);
  assert.equal(await ledger.checkpoint(265), undefined);
  assert.equal(await ledger.checkpointCovering(255), undefined);
  await assert.rejects(ledger.inclusionPath(0, 256), RangeError);
  await assert.rejects(ledger.leafHash(255), RangeError);
  await assert.rejects(ledger.root(265), RangeError);
  assert.throws(() => ledger.entries(0, 256), RangeError);
  await checkWhole(ledger);
  release();
  await waiting;
  assert.equal(ledger.size, 265);
  assert.equal(ledger.queue.events, 0);
  assert.equal((await ledger.tile(0, 0))?.length, 8192);
  await checkWhole(ledger);
});

test("what is in full tiles is forgotten, and read from the store", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(600), source });
  store.calls.length = 0;
  await ledger.leafHash(512);
  assert.deepEqual(store.calls, []);
  await ledger.leafHash(511);
  assert.deepEqual(store.calls, ["tile"]);
  await ledger.inclusionPath(300, 600);
  assert.deepEqual(store.calls, ["tile"], "a tile that was read is kept");
});

test("listeners hear of every commit after it is visible, until they end it", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const heard: number[] = [];
  const end = ledger.onCommit((head) => heard.push(head.size, ledger.size));
  await ledger.append({ entries: many(2), source });
  await ledger.append({ entries: many(3), source });
  end();
  await ledger.append({ entries: many(1), source });
  assert.deepEqual(heard, [2, 2, 5, 5]);
});

test("after a rotation the new signer signs, and what the former one signed is still accepted", async () => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(3), source });
  await ledger.rotateSigner(otherSigner);
  assert.equal(ledger.record.signer, otherSigner.address);
  assert.deepEqual(ledger.record.formerSigners, [signer.address]);
  // The newest checkpoint is still the former signer's: opening must accept it.
  const [rotated] = await store.ledgers();
  const again = await openLedger(store, { signer: otherSigner });
  assert.deepEqual(again.record, rotated);
  await ledger.close();
  const { checkpoint } = await again.append({ entries: many(1), source });
  assert.equal(recoverSigner(checkpoint), otherSigner.address);
  await assert.rejects(openLedger(store), /expected the signer/);
});

test("a closed ledger answers what waits, takes nothing more, and can still be read", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const waiting = ledger.append({ entries: many(5), source });
  const closing = ledger.close();
  await assert.rejects(ledger.append({ entries: many(1), source }), LedgerStoppedError);
  await closing;
  assert.equal((await waiting).receipts.length, 5);
  await assert.rejects(ledger.rotateSigner(otherSigner), LedgerStoppedError);
  await checkWhole(ledger);
});

test("a request without events, or with an entry that is none, is refused alone", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const good = ledger.append({ entries: many(2), source });
  await assert.rejects(ledger.append({ entries: [], source }), RangeError);
  const entry = prepared("a", "id");
  const none = new Uint8Array(0);
  const manyMembers = { members: Uint8Array.of(65, ...entry.members.slice(1)), digests: new Uint8Array(65 * 32) };
  for (const wrong of [{ members: none, digests: none }, { digests: none }, manyMembers, { content: undefined }]) {
    await assert.rejects(ledger.append({ entries: [{ ...entry, ...wrong } as typeof entry], source }), RangeError);
  }
  const { content: _, id: __, ...unclaimed } = entry;
  await assert.rejects(ledger.append({ entries: [unclaimed], source, idempotencyKey: "key" }), RangeError);
  await good;
  assert.equal(ledger.size, 2);
});

test("sizes and indexes out of range are refused", async () => {
  const ledger = await openLedger(await storeWithLedger());
  await ledger.append({ entries: many(3), source });
  for (const size of [-1, 4, 1.5, Number.NaN]) await assert.rejects(ledger.root(size), RangeError);
  for (const index of [-1, 3, 0.5]) await assert.rejects(ledger.leafHash(index), RangeError);
  await assert.rejects(ledger.inclusionPath(2, 2), RangeError);
  await assert.rejects(ledger.consistencyPath(3, 2), RangeError);
  assert.equal(await ledger.tile(0, 0), undefined);
  assert.equal(await ledger.entry(-1), undefined);
  assert.equal(await ledger.checkpoint(0), undefined);
});
