/** Pruning: what goes and what stays, what is said of it afterwards, and that a run which ends anywhere goes on. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { auditLedger } from "../../src/audit/audit.ts";
import { checkEvent } from "../../src/entry/event.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import { planOfText } from "../../src/http/routes/events/filter-text.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { Sealer } from "../../src/ledger/seal/seal.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { makeBundle } from "../../src/prove/make-bundle.ts";
import { countFilter } from "../../src/query/filter-count.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import { query } from "../../src/query/query.ts";
import type { RetentionRule } from "../../src/retention/policy.ts";
import type { Archiver, ArchiveWish } from "../../src/retention/pruning/archiver.ts";
import { PRUNE_STEPS, type PruneStep } from "../../src/retention/pruning/prune-run.ts";
import { Retention } from "../../src/retention/retention.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import type { Store } from "../../src/store/store.ts";
import { MemoryIndexStore } from "../query/index/memory-index.ts";
import { MemoryStore } from "../store/memory-store.ts";

const hash = await fastKeccak256();
const SIGNER = keySigner(`0x${"11".repeat(32)}`);
const AUTHOR = { key: "0123456789abcdef", source: "counsel" };
const START = Date.parse("2026-01-01T00:00:00Z");
const DAY = 86_400_000;

type Bench = {
  readonly ledger: Ledger;
  readonly indexer: Indexer;
  readonly retention: Retention;
  readonly clock: { now: number };
  readonly compacted: { count: number };
};
type Options = {
  readonly archiver?: Archiver;
  readonly onStep?: (step: PruneStep) => void;
  readonly finalSize?: number;
};

const RECORD = {
  id: deriveLedgerId(SIGNER.address, labelOf("main")),
  name: "main",
  label: labelOf("main"),
  owner: SIGNER.address,
  signer: SIGNER.address,
  createdAt: START,
};

async function open(store: Store, clock: { now: number }, options: Options = {}): Promise<Bench> {
  if ((await store.ledgers()).length === 0) await store.addLedger(RECORD);
  const ledger = await Ledger.open({ store, record: RECORD, signer: SIGNER, hash, clock: () => clock.now });
  const indexer = await Indexer.open({ store, indexStore: new MemoryIndexStore(), ledger, segmentLength: 64 });
  indexer.start();
  const compacted = { count: 0 };
  const { finalSize = Number.MAX_SAFE_INTEGER, ...rest } = options;
  const retention = new Retention({
    store,
    hash,
    salts: createSalts(),
    now: () => clock.now,
    planOf: planOfText,
    finalSize: () => finalSize,
    delayMs: 0,
    intervalMs: 0,
    index: {
      forget: (_, from, to) => indexer.forget(from, to),
      compact: async () => {
        compacted.count++;
      },
    },
    ...rest,
  });
  await retention.follow(ledger);
  return { ledger, indexer, retention, clock, compacted };
}

async function record({ ledger, clock, indexer }: Bench, actions: readonly string[]): Promise<void> {
  for (const [i, action] of actions.entries()) {
    const time = new Date(clock.now).toISOString();
    const event = checkEvent({ action, time, actor: { type: "user", id: `u${i % 3}` }, id: `e${clock.now}-${i}` });
    const own = ownMembers({ _source: { format: "native", source: "desk", key: "k" } });
    const entry = prepareEntry(event, { hash, salts: createSalts(), own });
    await ledger.append({ entries: [entry], source: "desk" });
  }
  await indexer.waitFor(ledger.size);
}

const LOGINS: RetentionRule = { name: "logins", action: "user.*", keepAtMost: "P30D", after: "prune" };
const BOOKS: RetentionRule = { name: "books", action: "book.*", keepAtLeast: "P7Y" };

async function prunedOf({ ledger }: Bench): Promise<number[]> {
  const found: number[] = [];
  let index = 0;
  for await (const entry of ledger.entries(0, ledger.size)) {
    if (entry.pruned !== undefined) found.push(index);
    index++;
  }
  return found;
}

async function ended({ ledger, indexer }: Bench): Promise<void> {
  await indexer.stop();
  await ledger.close();
}

const MIXED = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? "book.entry" : "user.login"));
const DUE = MIXED.flatMap((action, i) => (action === "user.login" ? [i] : []));

test("what is due goes: its leaf hash stays, everything else proves as before, and searches do not find it", async () => {
  const store = new MemoryStore();
  const bench = await open(store, { now: START });
  const { ledger, indexer, retention, clock } = bench;
  await record(bench, MIXED);
  const leaves = await Promise.all(MIXED.map((_, i) => ledger.leafHash(i)));
  const root = await ledger.root(300);
  const before = await makeBundle({ ledger, store, hash, index: 3 });
  await retention.policies.put(ledger, { rules: [LOGINS, BOOKS], mayShorten: true }, AUTHOR);
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(bench), [], "nothing is due yet");
  clock.now += 31 * DAY;
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(bench), DUE);
  assert.deepEqual(await Promise.all(MIXED.map((_, i) => ledger.leafHash(i))), leaves);
  assert.deepEqual(await ledger.root(300), root);
  assert.deepEqual((await makeBundle({ ledger, store, hash, index: 3 })).entry, before.entry);
  await assert.rejects(makeBundle({ ledger, store, hash, index: 1 }), { code: "event_pruned" });
  const report = await auditLedger({ store, record: RECORD, hash });
  assert.deepEqual([report.findings, report.entries], [[], ledger.size], "an audit takes the leaf hash as it is");
  const sealer = new Sealer({ store });
  assert.equal((await sealer.seal(ledger)).checkpoint.size, ledger.size, "and so does a seal from the beginning");
  await sealer.close();
  await indexer.waitFor(ledger.size);
  for (const filter of [{ action: "user.login" }, { to: 300 }, { text: "user.login" }, { actor: "u1" }]) {
    const page = await query(indexer, { filter, order: "asc", limit: 1000 });
    const kept = page.items.filter(({ index }) => DUE.includes(index));
    assert.deepEqual([kept, page.unreadable], [[], undefined], JSON.stringify(filter));
    assert.equal((await countFilter(indexer, filter)).count, page.items.length, JSON.stringify(filter));
  }
  assert.equal((await query(indexer, { filter: { to: 300 }, order: "asc", limit: 1000 })).items.length, 100);
  assert.equal(await indexer.countPruned(0, ledger.size), DUE.length);
  const told = await query(indexer, { filter: { action: "holdfast.retention.prune" }, order: "asc", limit: 10 });
  assert.deepEqual(told.items[0]?.event.metadata, {
    from: 1,
    to: ledger.size - 1,
    pruned: DUE.length,
    policyVersion: 1,
  });
  assert.equal(bench.compacted.count, 1);
  await retention.pruner.prune(RECORD.id);
  assert.equal(bench.compacted.count, 1, "and then there is nothing more to do");
  await ended(bench);
  const again = await open(store, clock);
  assert.deepEqual(await again.ledger.root(300), root, "it is opened again");
  await ended(again);
});

test("what is held, or not final, stays until it is not", async () => {
  const bench = await open(new MemoryStore(), { now: START }, { finalSize: 200 });
  const { ledger, retention, clock } = bench;
  await record(bench, MIXED);
  const { id } = await retention.holds.place(ledger, { filter: "actor=user:u1", reason: "case 7" }, AUTHOR);
  await retention.policies.put(ledger, { rules: [LOGINS], mayShorten: true }, AUTHOR);
  clock.now += 31 * DAY;
  await retention.pruner.prune(RECORD.id);
  const free = DUE.filter((i) => i < 200 && i % 3 !== 1);
  assert.deepEqual(await prunedOf(bench), free);
  await retention.holds.lift(ledger, id, "closed", AUTHOR);
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(
    await prunedOf(bench),
    DUE.filter((i) => i < 200),
  );
  await ended(bench);
});

test("what is to be archived goes only when its archive was verified, and says where it is", async () => {
  const wishes: ArchiveWish[] = [];
  let fails = true;
  const archiver: Archiver = {
    async archive(wish) {
      wishes.push(wish);
      if (fails) throw new Error("the bucket is away");
      return "main.0-299.hfa";
    },
  };
  const rules: RetentionRule[] = [{ ...LOGINS, after: "archive_and_prune", archiveFor: "P6Y" }];
  const without = await open(new MemoryStore(), { now: START });
  const bench = await open(new MemoryStore(), { now: START }, { archiver });
  for (const each of [without, bench]) {
    await record(each, MIXED);
    await each.retention.policies.put(each.ledger, { rules, mayShorten: true }, AUTHOR);
    each.clock.now += 31 * DAY;
  }
  await without.retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(without), [], "without a place for archives nothing goes");
  await assert.rejects(bench.retention.pruner.prune(RECORD.id), /bucket is away/);
  assert.deepEqual(await prunedOf(bench), []);
  assert.equal(bench.retention.pruner.progress(RECORD.id).step, "archiving");
  fails = false;
  await bench.retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(bench), DUE);
  assert.equal((await bench.ledger.entry(1))?.pruned?.archive, "main.0-299.hfa");
  const [wish] = wishes;
  assert.equal(wish?.retainUntil, Date.parse("2032-01-01T00:00:00Z"));
  assert.deepEqual(
    [0, 1, 2].map((i) => wish?.isWanted(i)),
    [false, true, true],
  );
  await ended(bench);
  await ended(without);
});

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "holdfast-pruning-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("a run that ends before any step goes on with the next start, and is told once", async (t) => {
  const archiver: Archiver = { archive: async () => "a.hfa" };
  const rules: RetentionRule[] = [{ ...LOGINS, after: "archive_and_prune" }];
  for (const step of PRUNE_STEPS) {
    const path = folder(t);
    const clock = { now: START };
    const first = await LevelStore.open(path);
    const onStep = (at: PruneStep): void => {
      if (at === step) throw new Error("ended here");
    };
    const bench = await open(first, clock, { archiver, onStep });
    await record(bench, MIXED.slice(0, 30));
    await bench.retention.policies.put(bench.ledger, { rules, mayShorten: true }, AUTHOR);
    clock.now += 31 * DAY;
    await assert.rejects(bench.retention.pruner.prune(RECORD.id), /ended here/, step);
    await ended(bench);
    await first.close();
    const second = await LevelStore.open(path);
    const again = await open(second, clock, { archiver });
    assert.equal(again.retention.pruner.progress(RECORD.id).step, step);
    await again.retention.pruner.prune(RECORD.id);
    assert.deepEqual(
      await prunedOf(again),
      DUE.filter((i) => i < 30),
      step,
    );
    assert.equal(again.retention.pruner.progress(RECORD.id).step, undefined, step);
    await again.indexer.waitFor(again.ledger.size);
    const told = await query(again.indexer, {
      filter: { action: "holdfast.retention.prune" },
      order: "asc",
      limit: 10,
    });
    assert.equal(told.items.length, 1, step);
    assert.deepEqual((await auditLedger({ store: second, record: RECORD, hash })).findings, [], step);
    await ended(again);
    await second.close();
  }
});
