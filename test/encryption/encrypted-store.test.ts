/** A encrypted store does what every store does, and nothing that people said is found in its files. */

import assert from "node:assert/strict";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import test from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Keyring } from "../../src/encryption/keyring.ts";
import type { Entry } from "../../src/entry/entry.ts";
import { memberDigest } from "../../src/entry/entry.ts";
import { packEntry, packMembers } from "../../src/entry/packed.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { removeTraces } from "../../src/store/leveldb/compact/compact-all.ts";
import { Database } from "../../src/store/leveldb/database.ts";
import { governedSuite } from "../store/governed-suite.ts";
import { checkpointOf, ledgerRecord, type OpenStore, storeSuite } from "../store/suite.ts";
import { until } from "../until.ts";
import { newFolder, openEncrypted } from "./encrypted-store.ts";
import { MemoryKek } from "./memory-kek.ts";
import { foundIn } from "./planted.ts";

const ledger = ledgerRecord(1);

const openNew: OpenStore = async (t) => {
  const { store, close } = await openEncrypted(await newFolder(t));
  t.after(close);
  return store;
};
storeSuite("An encrypted store", openNew);
governedSuite("An encrypted store", openNew);

/** An event of somebody, with a text that is looked for. */
function entryOf(actor: string, text: string, tenant?: string): Entry {
  const texts = [
    `"action":"user.read"`,
    `"actor":{"id":"${actor}","name":"Name of ${actor}","type":"user"}`,
    `"message":"${text}"`,
    ...(tenant === undefined ? [] : [`"tenant":"${tenant}"`]),
  ];
  return {
    recordedAt: 1_700_000_000_000,
    members: texts.map((each, i) => ({ salt: new Uint8Array(16).fill(i + 1), text: each })),
  };
}

async function commit(store: LevelStore, entries: readonly Entry[], from = 0): Promise<void> {
  const checkpoint = checkpointOf(ledger.id, from + entries.length);
  await store.commit(ledger.id, { from, entries: entries.map(packEntry), claims: [], tiles: [], checkpoint });
}

test("nothing that an event, a record or the name of one says is found in the files", async (t) => {
  const folder = await newFolder(t);
  const { store, cipher, close } = await openEncrypted(folder);
  await store.addLedger(ledger);
  await commit(store, [entryOf("planted-actor", "planted-message"), entryOf("other", "more", "planted-tenant")]);
  await store.writeRecords(
    [
      { space: "keys", key: "k1", value: "planted-note" },
      { space: `searches/${ledger.id}`, key: "planted-name", value: "planted-query" },
      { space: "sources", key: "planted-source", value: "{}" },
    ],
    { durable: true },
  );
  const claims = [{ key: new Uint8Array(32).fill(7), content: new Uint8Array(32).fill(9), ranges: [[1, 1]] as const }];
  const checkpoint = checkpointOf(ledger.id, 3);
  const entries = [packEntry(entryOf("planted-actor", "planted-again"))];
  await store.commit(ledger.id, { from: 2, entries, claims, tiles: [], checkpoint });
  // One that is pruned has no key, and the other one its own.
  const pruned = { leafHash: new Uint8Array(32).fill(1), archive: "archive.hfa" };
  const replacements = [
    { index: 0, entry: { recordedAt: 1, members: new Uint8Array(0), pruned } },
    { index: 1, entry: packEntry(entryOf("planted-other", "planted-less")) },
  ];
  await store.replaceEntries(ledger.id, replacements, []);
  assert.equal((await store.claims(ledger.id, [new Uint8Array(32).fill(7)]))[0] === undefined, false);
  assert.equal(await store.record(`searches/${ledger.id}`, "planted-name"), "planted-query");
  await store.compact();
  await cipher.keyring.compact();
  await close();
  assert.deepEqual(foundIn(folder, "planted"), []);
  // The key of a claim is a digest that anybody can make who guesses an id.
  assert.deepEqual(foundIn(folder, "\u0007".repeat(32)), []);
});

const SPELLINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  utf16le: (bytes) => Buffer.from(bytes.toString(), "utf16le"),
  utf16be: (bytes) => Buffer.from(bytes.toString(), "utf16le").swap16(),
  hex: (bytes) => Buffer.from(bytes.toString("hex")),
  base64: (bytes) => Buffer.from(bytes.toString("base64")),
  base64url: (bytes) => Buffer.from(bytes.subarray(1).toString("base64url")),
  gzip: (bytes) => Buffer.concat([Buffer.alloc(7), gzipSync(bytes), Buffer.alloc(9)]),
  zstd: (bytes) => zstdCompressSync(bytes),
};

test("what is planted in a store that is not encrypted is found", async (t) => {
  const folder = await newFolder(t);
  const store = await LevelStore.open(join(folder, "store"));
  await store.addLedger(ledger);
  await commit(store, [entryOf("someone", "planted-message"), entryOf("someone", "planted-message again")]);
  await store.compact();
  await store.close();
  assert.deepEqual(
    foundIn(folder, "planted-message").map((path) => extname(path)),
    [".ldb"],
  );
  for (const [name, spell] of Object.entries(SPELLINGS)) {
    const path = join(folder, name);
    writeFileSync(path, spell(Buffer.from("before the planted-message and behind it")));
    assert.deepEqual(foundIn(path, "planted-message"), [path], name);
  }
});

test("what is read is what was written, by one who opens it again", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const first = await openEncrypted(folder, kek);
  await first.store.addLedger(ledger);
  const entries = [entryOf("a", "x"), entryOf("b", "y", "t"), entryOf("a", "z")];
  await commit(first.store, entries);
  await first.close();
  const second = await openEncrypted(folder, kek, false);
  t.after(second.close);
  const read: Entry[] = [];
  for await (const entry of second.store.entries(ledger.id, 0, 3)) read.push(entry);
  assert.deepEqual(
    read.map(({ members }) => members.map((member) => ("text" in member ? member.text : "withheld"))),
    entries.map(({ members }) => members.map((member) => ("text" in member ? member.text : "withheld"))),
  );
});

test("a store is not opened without its keys, nor with those of another", async (t) => {
  const folder = await newFolder(t);
  const { store, close } = await openEncrypted(folder);
  await store.addLedger(ledger);
  await close();
  await assert.rejects(LevelStore.open(join(folder, "store")), { code: "store_encrypted", message: /got none/ });
  const other = await newFolder(t);
  await (await openEncrypted(other)).close();
  const kek = new MemoryKek();
  const third = await newFolder(t);
  await (await openEncrypted(third, kek)).close();
  cpSync(join(folder, "store"), join(third, "store"), { recursive: true, force: true });
  await assert.rejects(openEncrypted(third, kek, false), { code: "store_encrypted", message: /those of keyring/ });
  const empty = await newFolder(t);
  await assert.rejects(openEncrypted(empty, kek, false), { code: "keyring_missing" });
  assert.deepEqual(readdirSync(empty), []);
});

test("a encrypted value that is moved, or changed, is damage", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const { store, close } = await openEncrypted(folder, kek);
  await store.addLedger(ledger);
  await commit(store, [entryOf("a", "first"), entryOf("a", "second")]);
  await store.writeRecords(
    [1, 2].map((n) => ({ space: "keys", key: `k${n}`, value: `v${n}` })),
    { durable: true },
  );
  await close();
  const db = await Database.open(join(folder, "store"), { writeBufferSize: 1 << 20 });
  const values: [Uint8Array, Uint8Array][] = [];
  for await (const [key, value] of db.range({}, (cause) => cause)) values.push([key.slice(), value.slice()]);
  const entries = values.filter(([key]) => key[0] === 2);
  const records = values.filter(([key]) => key[0] === 6);
  assert.equal(entries.length, 2);
  await db.write({ sync: true }, (batch) => {
    for (const [a, b] of [entries, records]) {
      batch.put((a as [Uint8Array, Uint8Array])[0], (b as [Uint8Array, Uint8Array])[1]);
    }
  });
  await db.close();
  const again = await openEncrypted(folder, kek);
  t.after(again.close);
  const damaged = { code: "store_damaged", message: /it does not decrypt/ };
  await assert.rejects(again.store.entry(ledger.id, 0), damaged);
  assert.equal((await again.store.entry(ledger.id, 1))?.members.length, 3);
  await assert.rejects(again.store.record("keys", "k1"), damaged);
});

test("an entry whose subject's key was destroyed shows its digests, here and in an older copy of the store", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const { store, cipher, close } = await openEncrypted(folder, kek);
  await store.addLedger(ledger);
  const entries = [entryOf("gone", "planted"), entryOf("stays", "other")];
  await commit(store, entries);
  const digests = (entries[0] as Entry).members.map((member) => ({ digest: memberDigest(keccak256, member) }));
  const older = await newFolder(t);
  await store.compact();
  cpSync(join(folder, "store"), join(older, "store"), { recursive: true });
  const members = packMembers(digests);
  await cipher.keyring.keepErased(ledger.id, [{ index: 0, members }]);
  const subject = { member: "actor", value: { type: "user", id: "gone" } } as const;
  const ids = await cipher.retireSubject(ledger.id, subject);
  assert.equal(ids.length, 1);
  await cipher.destroyRetired(ledger.id, ids);
  assert.deepEqual(await cipher.retireSubject(ledger.id, subject), []);
  assert.deepEqual((await store.entry(ledger.id, 0))?.members, digests);
  await store.replaceEntries(ledger.id, [{ index: 0, entry: { recordedAt: 1_700_000_000_000, members } }], []);
  assert.deepEqual((await store.entry(ledger.id, 0))?.members, digests);
  await store.compact();
  await cipher.keyring.compact();
  await close();
  cpSync(join(folder, "keyring"), join(older, "keyring"), { recursive: true });
  const copy = await openEncrypted(older, kek, false);
  t.after(copy.close);
  assert.deepEqual((await copy.store.entry(ledger.id, 0))?.members, digests);
  assert.match(JSON.stringify((await copy.store.entry(ledger.id, 1))?.members), /other/);
});

test("a subject that comes again after its key was destroyed gets another one", async (t) => {
  const { store, cipher, close } = await openEncrypted(await newFolder(t));
  t.after(close);
  await store.addLedger(ledger);
  await commit(store, [entryOf("back", "before")]);
  const subject = { member: "actor", value: { type: "user", id: "back" } } as const;
  await cipher.destroyRetired(ledger.id, await cipher.retireSubject(ledger.id, subject));
  await commit(store, [entryOf("back", "after")], 1);
  await assert.rejects(store.entry(ledger.id, 0), {
    code: "store_damaged",
    message: /nothing says that it was erased/,
  });
  assert.match(JSON.stringify((await store.entry(ledger.id, 1))?.members), /after/);
});

test("the key-encryption key is asked once for each subject, and what needs no new key goes on without it", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const first = await openEncrypted(folder, kek);
  await first.store.addLedger(ledger);
  const before = kek.wraps;
  const many = Array.from({ length: 40 }, (_, i) => entryOf(`actor-${i % 4}`, `m${i}`));
  await Promise.all([0, 1].map(() => first.store.ready(ledger.id, many.map(packEntry))));
  await commit(first.store, many);
  assert.equal(kek.wraps - before, 4);
  kek.isAway = true;
  await commit(first.store, [entryOf("actor-1", "known")], 40);
  const stranger = [entryOf("stranger", "x")];
  await assert.rejects(async () => first.store.ready(ledger.id, stranger.map(packEntry)), { code: "key_unavailable" });
  await assert.rejects(commit(first.store, stranger, 41), { code: "store_unavailable" });
  assert.equal((await first.store.head(ledger.id))?.size, 41);
  await first.close();
  kek.isAway = false;
  const second = await openEncrypted(folder, kek, false);
  t.after(second.close);
  kek.isAway = true;
  await assert.rejects(second.store.entry(ledger.id, 0), { code: "key_unavailable" });
  kek.isAway = false;
  assert.equal((await second.store.entry(ledger.id, 0))?.members.length, 3);
});

test("the keys of entries that are read together are got together, each once", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const first = await openEncrypted(folder, kek);
  await first.store.addLedger(ledger);
  const entries = Array.from({ length: 40 }, (_, i) => entryOf(`actor-${i % 20}`, `m${i}`));
  await commit(first.store, entries);
  await first.close();
  const { store, close } = await openEncrypted(folder, kek, false);
  t.after(close);
  const before = kek.unwraps;
  const read: Entry[] = [];
  for await (const each of store.entries(ledger.id, 0, entries.length)) read.push(each);
  assert.deepEqual(
    read.map(({ members }) => members),
    entries.map(({ members }) => members),
  );
  assert.deepEqual([kek.unwraps - before, kek.unwrapsAtOnce], [20, 16]);
});

test("a key that is destroyed while somebody gets it is not kept at hand", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const first = await openEncrypted(folder, kek);
  await first.store.addLedger(ledger);
  const entry = entryOf("gone", "planted");
  await commit(first.store, [entry]);
  await first.close();
  const { store, cipher, close } = await openEncrypted(folder, kek, false);
  t.after(close);
  const { promise, resolve } = Promise.withResolvers<void>();
  kek.held = promise;
  const before = kek.unwraps;
  const reading = store.entry(ledger.id, 0);
  await until("somebody gets the key", () => kek.unwraps > before);
  const digests = entry.members.map((member) => ({ digest: memberDigest(keccak256, member) }));
  await cipher.keyring.keepErased(ledger.id, [{ index: 0, members: packMembers(digests) }]);
  const subject = { member: "actor", value: { type: "user", id: "gone" } } as const;
  await cipher.destroyRetired(ledger.id, await cipher.retireSubject(ledger.id, subject));
  resolve();
  await reading;
  assert.deepEqual((await store.entry(ledger.id, 0))?.members, digests);
});

test("keys are wrapped again under the version in force, and only those that are not", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const { store, cipher, close } = await openEncrypted(folder, kek);
  await store.addLedger(ledger);
  await commit(
    store,
    Array.from({ length: 100 }, (_, i) => entryOf(`actor-${i}`, "x")),
  );
  const { keyring } = cipher;
  assert.deepEqual((await keyring.status()).wraps, [{ id: "memory:1", version: "1", keys: 102 }]);
  assert.equal((await keyring.status()).rotatedAt, undefined);
  assert.deepEqual(await keyring.rotate(), { id: "memory:1", version: "2" });
  const { rotatedAt } = await keyring.status();
  assert.equal(typeof rotatedAt, "number");
  await commit(store, [entryOf("newcomer", "x")], 100);
  assert.equal((await keyring.status()).wraps.length, 2);
  assert.equal(await keyring.rewrap(), 102);
  assert.deepEqual((await keyring.status()).wraps, [{ id: "memory:1", version: "2", keys: 103 }]);
  assert.equal(await keyring.rewrap(), 0);
  await close();
  const again = await openEncrypted(folder, kek, false);
  t.after(again.close);
  assert.equal((await again.store.entry(ledger.id, 7))?.members.length, 3);
  assert.equal((await again.cipher.keyring.status()).rotatedAt, rotatedAt, "rewrapping is no rotation");
});

test("a store in clear is encrypted as a whole, also when that is interrupted, and what was in clear is gone", async (t) => {
  const folder = await newFolder(t);
  const clear = await LevelStore.open(join(folder, "store"));
  await clear.addLedger(ledger);
  const claim = { key: new Uint8Array(32).fill(7), content: new Uint8Array(32).fill(9), ranges: [[0, 1]] as const };
  const entries = Array.from({ length: 3000 }, (_, i) => entryOf(`actor-${i % 7}`, `planted-${i}`));
  const checkpoint = checkpointOf(ledger.id, 3000);
  await clear.commit(ledger.id, { from: 0, entries: entries.map(packEntry), claims: [claim], tiles: [], checkpoint });
  const space = `searches/${ledger.id}`;
  await clear.writeRecords(
    [
      { space, key: "planted-name", value: "planted-query" },
      { space: "keys", key: "k", value: "planted-note" },
    ],
    { durable: true },
  );
  await clear.close();
  const kek = new MemoryKek();
  const texts = async (store: LevelStore) => {
    const found: string[] = [];
    for await (const { members } of store.entries(ledger.id, 0, 3000)) {
      found.push(...members.map((member) => ("text" in member ? member.text : "")));
    }
    return found;
  };
  const asked = entries.flatMap(({ members }) => members.map((member) => ("text" in member ? member.text : "")));
  for (const interruptedAfter of [0, 0, Number.POSITIVE_INFINITY]) {
    const { store, close } = await openEncrypted(folder, kek);
    let batches = 0;
    const converting = store.encryptAll(() => {
      if (++batches > interruptedAfter) throw new Error("interrupted");
    });
    if (Number.isFinite(interruptedAfter)) await assert.rejects(converting, /interrupted/);
    else assert.ok((await converting) > 0);
    assert.deepEqual(await texts(store), asked);
    assert.deepEqual(await store.claims(ledger.id, [claim.key]), [claim]);
    assert.equal(await store.record(space, "planted-name"), "planted-query");
    assert.equal(await store.record("keys", "k"), "planted-note");
    await close();
  }
  await (await openEncrypted(folder, kek)).close();
  await removeTraces(join(folder, "store"));
  assert.deepEqual(foundIn(folder, "planted"), []);
  const { store, close } = await openEncrypted(folder, kek);
  t.after(close);
  assert.equal(await store.encryptAll(() => undefined), 0);
  assert.deepEqual(await texts(store), asked);
});

test("what was replaced is on the disk no more, however lately it was written", async (t) => {
  const folder = await newFolder(t);
  const store = await LevelStore.open(join(folder, "store"));
  await store.addLedger(ledger);
  const withheld = packMembers([{ digest: new Uint8Array(32).fill(3) }]);
  const replace = (index: number) =>
    store.replaceEntries(ledger.id, [{ index, entry: { recordedAt: 1_700_000_000_000, members: withheld } }], []);
  await commit(store, [entryOf("a", "planted-early"), entryOf("b", "stays")]);
  await store.compact();
  await replace(0);
  await commit(store, [entryOf("c", "planted-late"), entryOf("d", "stays too")], 2);
  await replace(2);
  assert.notDeepEqual(foundIn(folder, "planted"), []);
  await store.compact();
  assert.deepEqual(foundIn(folder, "planted"), []);
  const texts = [0, 1, 2, 3].map(async (index) => (await store.entry(ledger.id, index))?.members.length);
  assert.deepEqual(await Promise.all(texts), [1, 3, 1, 3]);
  await store.close();
  const again = await LevelStore.open(join(folder, "store"));
  t.after(() => again.close());
  assert.equal((await again.entry(ledger.id, 2))?.members.length, 1);
});

test("whether the key-encryption key answers is told after each question", async (t) => {
  const folder = await newFolder(t);
  const kek = new MemoryKek();
  const told: (string | undefined)[] = [];
  const onAsked = (failure: Error | undefined) => told.push(failure?.message);
  const options = { directory: join(folder, "keyring"), keks: [kek] as const, now: Date.now, mayBegin: true, onAsked };
  const keyring = await Keyring.open(options);
  t.after(() => keyring.close());
  kek.isAway = true;
  await assert.rejects(keyring.ledgerKey(ledger.id), { code: "key_unavailable" });
  kek.isAway = false;
  await keyring.ledgerKey(ledger.id);
  assert.deepEqual(told, [undefined, "the key-encryption key is away", undefined]);
});
