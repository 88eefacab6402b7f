/** An audit in threads says, of whatever is in a store, exactly what one says that reads every entry here. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { type AuditOptions, auditFully } from "../../../src/audit/audit.ts";
import { planChecks } from "../../../src/audit/check-plan.ts";
import { openIndexOf } from "../../../src/cli/audit/offline-index.ts";
import { packEntry } from "../../../src/entry/packed.ts";
import { ownMembers, prepareEntry } from "../../../src/entry/prepare.ts";
import { withholdWhere } from "../../../src/entry/redact.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import { auditInThreads } from "../../../src/service/offline-audit/audit-in-threads.ts";
import { AuditThreads } from "../../../src/service/offline-audit/audit-threads.ts";
import { LevelIndexStore } from "../../../src/store/level-index.ts";
import {
  all,
  bit,
  changed,
  changedKeyOf,
  claimOf,
  entry,
  type Flip,
  gone,
  sealedBit,
  swapped,
} from "../../audit/flips/flips.ts";
import { LONELY, openStore } from "../../audit/flips/ground.ts";
import { MemoryKek } from "../../encryption/memory-kek.ts";
import { hash, openLedger, record } from "../../ledger/fixtures.ts";

type Folder = { readonly data: string; readonly kek: MemoryKek | undefined };

const own = ownMembers({ _source: { format: "event", key: "k", source: "desk" } });
const SIZE = 1100;
const BATCH = 275;
const AT = 700;
const LONELY_ACTOR = { type: "user", id: "lonely" };

/** A ledger of many tiles, whose index has segments of so many entries. */
async function makeFolder(t: TestContext, isEncrypted: boolean, segmentLength: number): Promise<Folder> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-threads-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const kek = isEncrypted ? new MemoryKek() : undefined;
  const { store, cipher, close } = await openStore(data, kek);
  await store.addLedger(record);
  const ledger = await openLedger(store);
  for (let from = 0; from < SIZE; from += BATCH) {
    const entries = Array.from({ length: BATCH }, (_, i) => eventOf(from + i));
    await ledger.append({ entries, source: "desk" });
  }
  const indexStore = await LevelIndexStore.open(join(data, "index"), { cipher });
  const indexer = await Indexer.open({ store, indexStore, ledger, segmentLength });
  indexer.start();
  await indexer.waitFor(SIZE);
  await indexer.stop();
  await indexStore.close();
  await ledger.close();
  await close();
  return { data, kek };
}

function eventOf(index: number) {
  const id = index % 3 === 0 ? {} : { id: `id-${index}` };
  const actor = index === LONELY ? LONELY_ACTOR : { type: "user", id: `user-${index % 7}` };
  const event = { action: "a.b", time: "2026-11-27T03:30:54Z", actor, ...id };
  const salts = (n: number) => new Uint8Array(16 * n).fill(index % 251);
  return prepareEntry(event as never, { hash, salts, own });
}

type Told = { readonly here: unknown; readonly threads: unknown; readonly values: readonly [unknown, unknown] };

/** What both say of a copy in which something was changed. */
async function bothOf(t: TestContext, { data: from, kek }: Folder, flip: Flip): Promise<Told> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-threads-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  cpSync(from, data, { recursive: true });
  await flip(data);
  const { store, cipher, entryKeys, keyring, close } = await openStore(data, kek);
  const index = await openIndexOf(data, cipher);
  try {
    const { held, findings } = await index.of({ record, size: SIZE });
    assert.deepEqual(findings, []);
    const pause = async () => undefined;
    const places = { remembered: [], witnesses: [], now: Date.now, archives: undefined };
    const options = (): AuditOptions & { store: typeof store } => ({
      store,
      record,
      hash,
      ...planChecks("whole", { ...places, keys: keyring, index: { held, pause } }),
    });
    const here = await auditFully(options());
    const ofAudit = new AuditThreads();
    t.after(() => ofAudit.close());
    const { seen, ...threads } = await auditInThreads(options(), { keys: entryKeys, held, threads: ofAudit });
    const namesOf = async (...seen: Parameters<typeof store.damagedValues>) => {
      const names: string[] = [];
      for await (const name of store.damagedValues(...seen)) names.push(name);
      return names;
    };
    return { here, threads, values: [await namesOf(), await namesOf(seen && [seen])] };
  } finally {
    await index.close();
    await close();
  }
}

const FLIPS: readonly (readonly [what: string, kinds: readonly string[], flip: Flip])[] = [
  ["nothing", [], () => undefined],
  ["a bit of an entry", ["entry_damaged", "index_other"], changed("store", entry(AT), bit(40))],
  ["a version that no value has", ["entry_damaged", "index_other"], changed("store", entry(AT), sealedBit(0))],
  [
    "the last of a tile that is gone, and the first of the next",
    ["entry_missing", "index_other"],
    all(changed("store", entry(511), gone), changed("store", entry(512), gone)),
  ],
  ["the last entry", ["entry_missing"], changed("store", entry(SIZE - 1), gone)],
  ["a claim that is gone", ["claim_missing"], changed("store", claimOf(AT), gone)],
  ["a claim that stands for another entry", ["claim_other"], changed("store", claimOf(AT), sealedBit(34))],
  ["a bit of a claim", ["claim_damaged"], changed("store", claimOf(AT), bit(7))],
  ["claims in each other's place", ["claim_other"], swapped("store", claimOf(AT), claimOf(AT + 1))],
];

for (const [isEncrypted, segmentLength] of [
  [true, 512],
  [true, 300],
  [false, 512],
] as const) {
  const how = `${isEncrypted ? "encrypted" : "in clear"}, with segments of ${segmentLength}`;
  test(`threads find what is found here, ${how}`, async (t) => {
    const folder = await makeFolder(t, isEncrypted, segmentLength);
    for (const [what, kinds, flip] of FLIPS) {
      const { here, threads, values } = await bothOf(t, folder, flip);
      assert.deepEqual(threads, here, what);
      assert.deepEqual(values[1], values[0], what);
      const { report } = here as { readonly report: { readonly findings: readonly { readonly kind: string }[] } };
      const found = new Set(report.findings.map(({ kind }) => kind));
      for (const kind of kinds) assert.ok(found.has(kind), `${kind} of ${what}, got ${[...found].join()}`);
      if (kinds.length === 0) assert.deepEqual([...found], [], what);
    }
  });
}

test("threads say of an entry whose key is not there, or was destroyed by an erasure, what is said here", async (t) => {
  const folder = await makeFolder(t, true, 512);
  const lost = await bothOf(t, folder, changedKeyOf(LONELY, gone));
  assert.deepEqual(lost.threads, lost.here);
  assert.match(JSON.stringify(lost.here), /key_missing/);
  const erased = await bothOf(t, folder, (data) => erase({ data, kek: folder.kek }));
  assert.deepEqual(erased.threads, erased.here);
  assert.match(JSON.stringify(erased.here), /"withheld":1/);
  assert.doesNotMatch(JSON.stringify(erased.here), /entry_|key_/);
});

/** Takes its key from the only entry of a subject, as an erasure does that was not written into this copy of the store. */
async function erase({ data, kek }: Folder): Promise<void> {
  const { store, entryKeys: cipher, close } = await openStore(data, kek);
  try {
    const found = await store.entry(record.id, LONELY);
    const left = found && withholdWhere(hash, found, (text) => text.startsWith('"actor":'));
    assert.ok(left !== undefined && cipher !== undefined);
    await cipher.keyring.keepErased(record.id, [{ index: LONELY, members: packEntry(left).members }]);
    const ids = await cipher.retireSubject(record.id, { member: "actor", value: LONELY_ACTOR });
    assert.equal(ids.length, 1);
    await cipher.destroyRetired(record.id, ids);
  } finally {
    await close();
  }
}
