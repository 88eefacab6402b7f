/** An index that takes entries from the commits that bring them is the index that is made of what is stored. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { type TestContext } from "node:test";
import { checkEvent } from "../../../src/entry/event.ts";
import { packEntry } from "../../../src/entry/packed.ts";
import { prepareEntry } from "../../../src/entry/prepare.ts";
import { withholdMembers } from "../../../src/entry/redact.ts";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { Ledger } from "../../../src/ledger/ledger.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { type EntryReader, Indexer } from "../../../src/query/index/indexer.ts";
import { countPositions } from "../../../src/query/index/positions.ts";
import type { Term } from "../../../src/query/index/terms.ts";
import type { LevelStore } from "../../../src/store/level-store.ts";
import { newFolder, openEncrypted } from "../../encryption/encrypted-store.ts";
import { ledgerRecord } from "../../store/suite.ts";
import { MemoryIndexStore } from "./memory-index.ts";

const SIGNER = keySigner(new Uint8Array(32).fill(5));
const RECORD = { ...ledgerRecord(1), signer: SIGNER.address };
const EVENTS = 40;

async function openLedger(t: TestContext): Promise<{ ledger: Ledger; store: LevelStore }> {
  const { store, close } = await openEncrypted(await newFolder(t));
  await store.addLedger(RECORD);
  const ledger = await Ledger.open({ store, record: RECORD, signer: SIGNER, hash: keccak256 });
  t.after(async () => {
    await ledger.close();
    await close();
  });
  return { ledger, store };
}

async function append(ledger: Ledger, from: number, to: number): Promise<void> {
  const salts = (n: number) => new Uint8Array(randomBytes(16 * n));
  for (let i = from; i < to; i++) {
    const actor = { type: "user", id: `u${i % 7}`, name: "Zoë" };
    const targets = [{ type: "doc", id: `d${i}` }];
    const event = checkEvent({ action: "doc.read", time: "2026-11-20T09:30:00Z", actor, targets, tenant: `t${i % 3}` });
    await ledger.append({ entries: [prepareEntry(event, { hash: keccak256, salts })], source: "app" });
  }
}

async function indexOf(t: TestContext, store: EntryReader, ledger: Ledger): Promise<Indexer> {
  const indexer = await Indexer.open({ store, indexStore: new MemoryIndexStore(), ledger });
  t.after(() => indexer.stop());
  return indexer;
}

const TERMS: readonly Term[] = [
  { field: "action", text: "doc.*" },
  ...Array.from({ length: 7 }, (_, i): Term => ({ field: "actor", text: `user:u${i}` })),
  ...Array.from({ length: 3 }, (_, i): Term => ({ field: "tenant", text: `t${i}` })),
  ...Array.from({ length: EVENTS }, (_, i): Term => ({ field: "target", text: `d${i}` })),
];

function contentOf({ openSegment }: Indexer): object {
  return {
    end: openSegment.end,
    postings: TERMS.map((term) => openSegment.postings(term)),
    times: openSegment.times(),
    counts: openSegment.counts,
  };
}

test("an index that follows reads nothing of what commits bring, and has what one has that reads all of it", async (t) => {
  const { ledger, store } = await openLedger(t);
  const unread = () => assert.fail("expected no entry to be read");
  const takeRecent = store.takeRecent.bind(store);
  const following = await indexOf(t, { entry: unread, entries: unread, packedEntries: unread, takeRecent }, ledger);
  following.start();
  await append(ledger, 0, EVENTS);
  await following.waitFor(EVENTS);
  const { entry, entries, packedEntries } = store;
  const reader = { entry: entry.bind(store), entries: entries.bind(store), packedEntries: packedEntries.bind(store) };
  const reading = await indexOf(t, reader, ledger);
  reading.start();
  await reading.waitFor(EVENTS);
  assert.deepEqual(contentOf(following), contentOf(reading));
  assert.equal(countPositions(following.openSegment.postings({ field: "actor", text: "user:u3" })), 6);
});

test("an index that is behind when an event is erased does not take from its commit what it said", async (t) => {
  const { ledger, store } = await openLedger(t);
  const indexer = await indexOf(t, store, ledger);
  await append(ledger, 0, EVENTS);
  const before = await ledger.entry(4);
  assert.ok(before !== undefined);
  const entry = packEntry(withholdMembers(keccak256, before, ["targets"]));
  await store.replaceEntries(RECORD.id, [{ index: 4, entry }], []);
  indexer.start();
  await indexer.waitFor(EVENTS);
  const found = TERMS.filter(({ field }) => field === "target").map((term) =>
    countPositions(indexer.openSegment.postings(term)),
  );
  assert.deepEqual(
    found,
    Array.from({ length: EVENTS }, (_, i) => (i === 4 ? 0 : 1)),
  );
});
