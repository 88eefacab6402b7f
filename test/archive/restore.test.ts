/** Archives restored to a store: entries, checkpoints, tree and anchors are what they were, and what does not fit is refused before anything is written. */

import assert from "node:assert/strict";
import test from "node:test";
import { openArchive } from "../../src/archive/age.ts";
import type { ArchiveFrame } from "../../src/archive/format/frames.ts";
import { RestoreError, restoreArchives } from "../../src/archive/restore.ts";
import { writeArchive } from "../../src/archive/write-archive.ts";
import { auditLedger } from "../../src/audit/audit.ts";
import { memberDigest } from "../../src/entry/entry.ts";
import { packMembers } from "../../src/entry/packed.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { toHex } from "../../src/merkle/bytes.ts";
import { makeBundle } from "../../src/prove/make-bundle.ts";
import { type AnchorRecord, anchorWrite } from "../../src/store/anchor-record.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { checkWhole, hash, many, names, openLedger, otherSigner, record, signer } from "../ledger/fixtures.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { CONTRACT } from "../verify/fixture.ts";
import { archiveOf, bytesOf, forge, framesOf, sourceOf } from "./fixtures.ts";

const source = await sourceOf(300, 4000, 10, 700);
const SIZE = 5010;

function archive(name: string, bytes: Uint8Array) {
  return { name, read: () => bytesOf(bytes) };
}

async function range(from: number, to: number) {
  return archive(`${from}-${to}`, await archiveOf(source, { from, to }));
}

const mute = {
  address: signer.address,
  sign: async () => {
    throw new Error("expected nothing to be signed");
  },
};

test("one archive of everything, or several in any order, make the ledger that there was, and nothing is signed", async () => {
  const whole = [await range(0, SIZE)];
  // Neither of these ends with a commit but the last.
  const parts = [await range(4305, SIZE), await range(0, 100), await range(100, 4305)];
  for (const archives of [whole, parts]) {
    const store = new MemoryStore();
    const progress: number[] = [];
    const restored = await restoreArchives(store, archives, { hash, onProgress: (done) => progress.push(done) });
    assert.deepEqual([restored.size, restored.left], [SIZE, 0]);
    assert.equal(restored.root, toHex(await source.ledger.root(SIZE)));
    assert.equal(progress.at(-1), SIZE);
    const [found] = await store.ledgers();
    assert.deepEqual(found, { ...record, readOnly: true });
    const ledger = await Ledger.open({ store, record, signer: mute, hash });
    await checkWhole(ledger);
    assert.deepEqual(await names(ledger), await names(source.ledger));
    const report = await auditLedger({ store, record: restored.record, hash, remembered: [] });
    assert.deepEqual(report.findings, [], "an audit misses nothing, claims neither");
    assert.equal(ledger.lastRecordedAt, source.ledger.lastRecordedAt);
  }
});

test("archives that overlap make the ledger together: a body counts more than its leaf hash, and what was erased stays erased", async () => {
  const ledgerSize = 334;
  const own = await sourceOf(300, 20, 14);
  const wantedOf = (from: number, to: number, isWanted: (index: number) => boolean) =>
    archiveOf(own, { from, to, isWanted }).then((bytes) => archive(`${from}-${to}`, bytes));
  const archives = [
    await wantedOf(0, 310, (index) => index % 3 === 0),
    await wantedOf(5, 320, (index) => index % 3 === 1 || index === 9),
  ];
  const { recordedAt = 0, members = [] } = (await own.ledger.entry(9)) ?? {};
  const left = packMembers(members.map((member) => ({ digest: memberDigest(hash, member) })));
  await own.store.replaceEntries(record.id, [{ index: 9, entry: { recordedAt, members: left } }], []);
  archives.push(await wantedOf(3, ledgerSize, (index) => index === 9 || index === 11 || index > 322));
  const store = new MemoryStore();
  const restored = await restoreArchives(store, archives, { hash });
  assert.deepEqual([restored.size, restored.left], [ledgerSize, 0]);
  assert.equal(restored.root, toHex(await own.ledger.root(ledgerSize)));
  const again = await openLedger(store);
  const bodies: number[] = [];
  let index = 0;
  for await (const entry of again.entries(0, ledgerSize)) {
    if (entry.pruned === undefined) bodies.push(index);
    index++;
  }
  const isThere = (i: number) => (i % 3 === 0 && i < 310) || (i % 3 === 1 && i >= 5 && i < 320) || i === 11 || i > 322;
  assert.deepEqual(bodies, Array.from({ length: ledgerSize }, (_, i) => i).filter(isThere));
  assert.ok((await again.entry(9))?.members.every((member) => "digest" in member));
});

test("archives that contradict each other, each of which verifies, are refused", async () => {
  const one = await sourceOf(300, 50);
  const other = await sourceOf(300, 50);
  const archives = [
    archive("one", await archiveOf(one, { from: 0, to: 310 })),
    archive("other", await archiveOf(other, { from: 0, to: 350 })),
  ];
  await assert.rejects(
    restoreArchives(new MemoryStore(), archives, { hash }),
    (error: Error) =>
      error instanceof RestoreError && /the same leaf hash of entry 0 .* two histories/.test(error.message),
  );
});

test("a range that ends between two checkpoints is restored up to the last one, and how much is left is told", async () => {
  const store = new MemoryStore();
  const { size, left } = await restoreArchives(store, [await range(0, 4305)], { hash });
  assert.deepEqual([size, left], [4300, 5]);
  await checkWhole(await openLedger(store));
  await assert.rejects(
    restoreArchives(new MemoryStore(), [await range(0, 5)], { hash }),
    /expected a checkpoint of the ledger .*, got none/,
  );
});

test("archives that do not begin with the first entry, leave some out, are of two ledgers or do not verify are refused, and nothing is written", async () => {
  const bytes = await archiveOf(source, { from: 0, to: SIZE });
  const damaged = Buffer.from(bytes);
  damaged[5000] = (damaged[5000] as number) ^ 1;
  const label = `0x${"8".repeat(64)}` as const;
  const foreign = (await framesOf(bytes)).map((frame): ArchiveFrame => {
    if (frame.kind !== "H") return frame;
    return {
      ...frame,
      plain: Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(frame.plain).toString()), label })),
    };
  });
  const cases = [
    {
      archives: [await range(5, SIZE)],
      said: /expected an archive that begins with entry 0 or before, got one from 5 on/,
    },
    {
      archives: [await range(0, 300), await range(310, SIZE)],
      said: /begins with entry 300 or before, got one from 310 on/,
    },
    { archives: [], said: /expected archives, got none/ },
    { archives: [archive("damaged", damaged)], said: /^damaged: FAILED at step "archive": frame \d+/ },
    { archives: [archive("cut", bytes.subarray(0, -1))], said: /^cut: FAILED .* the file was cut/ },
    { archives: [archive("forged", forge(foreign))], said: /^forged: FAILED/ },
  ];
  for (const { archives, said } of cases) {
    const store = new MemoryStore();
    await assert.rejects(
      restoreArchives(store, archives, { hash }),
      (error: Error) => error instanceof RestoreError && said.test(error.message),
    );
    assert.deepEqual(await store.ledgers(), []);
  }
});

test("an archive that becomes another between the check and the reading is noticed", async () => {
  const one = await archiveOf(source, { from: 0, to: 300 });
  const other = await archiveOf(await sourceOf(300), { from: 0, to: 300 });
  let reads = 0;
  const turning = { name: "turning", read: () => bytesOf(reads++ === 0 ? one : other) };
  await assert.rejects(restoreArchives(new MemoryStore(), [turning], { hash }), RestoreError);
});

test("signers that changed, and anchors, are restored, so that bundles are made and verify again", async () => {
  const store = new MemoryStore();
  await store.addLedger(record);
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(4), source: "tests" });
  await ledger.rotateSigner(otherSigner);
  await ledger.append({ entries: many(6, "later"), source: "tests" });
  const checkpoint = await ledger.checkpoint(10);
  assert.ok(checkpoint);
  const place = { transactionHash: record.id, blockNumber: 3, blockHash: record.id, blockTime: 1_790_000_000 };
  const anchor: AnchorRecord = {
    ...checkpoint,
    chainId: 5,
    contract: CONTRACT,
    stage: "mined",
    ...place,
    gasUsed: 1,
    feeWei: "9",
  };
  await store.writeRecords([anchorWrite(anchor)], { durable: true });
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive({ ledger, store, hash }, { from: 0, to: 10 })) pieces.push(piece);
  const opener = { identities: [], passphrases: [] };
  const restoredStore = new MemoryStore();
  const sealed = { name: "signers", read: () => openArchive(bytesOf(...pieces), opener) };
  const { anchors, record: restored } = await restoreArchives(restoredStore, [sealed], { hash });
  assert.equal(anchors, 1);
  assert.equal(restored.signer, otherSigner.address);
  assert.deepEqual(restored.formerSigners, [signer.address]);
  const again = await Ledger.open({ store: restoredStore, record: restored, signer: otherSigner, hash });
  const bundle = await makeBundle({ ledger: again, store: restoredStore, hash, index: 2 });
  assert.deepEqual(bundle, await makeBundle({ ledger, store, hash, index: 2 }));
  assert.equal(
    (await verifyBundle(bundle, { offline: true, expected: { signers: [otherSigner.address] } })).outcome,
    "verified",
  );
});
