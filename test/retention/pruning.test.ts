/** Pruning: what goes and what stays, what is said of it afterwards, and that a run which ends anywhere goes on. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { auditLedger } from "../../src/audit/audit.ts";
import { packEntry } from "../../src/entry/packed.ts";
import { Health } from "../../src/health.ts";
import { overlapOf } from "../../src/ledger/index-ranges.ts";
import { Sealer } from "../../src/ledger/seal/seal.ts";
import { makeBundle } from "../../src/prove/make-bundle.ts";
import { countFilter } from "../../src/query/filter-count.ts";
import { query } from "../../src/query/query.ts";
import type { RetentionRule } from "../../src/retention/policy.ts";
import { ArchiveRefusal, type Archiver, type ArchiveWish } from "../../src/retention/pruning/archiver.ts";
import { PRUNE_STEPS } from "../../src/retention/pruning/prune-run.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import {
  AUTHOR,
  archiverOf,
  DAY,
  hash,
  MIXED,
  openPruned,
  type PrunedBench,
  RECORD,
  recordActions,
  START,
} from "./pruned-bench.ts";

const LOGINS: RetentionRule = { name: "logins", action: "user.*", keepAtMost: "P30D", after: "prune" };
const BOOKS: RetentionRule = { name: "books", action: "book.*", keepAtLeast: "P7Y" };

async function prunedOf({ ledger }: PrunedBench): Promise<number[]> {
  const found: number[] = [];
  let index = 0;
  for await (const entry of ledger.entries(0, ledger.size)) {
    if (entry.pruned !== undefined) found.push(index);
    index++;
  }
  return found;
}

async function ended({ ledger, indexer }: PrunedBench): Promise<void> {
  await indexer.stop();
  await ledger.close();
}

const DUE = MIXED.flatMap((action, i) => (action === "user.login" ? [i] : []));

test("what is due goes: its leaf hash stays, everything else proves as before, and searches do not find it", async () => {
  const store = new MemoryStore();
  const bench = await openPruned(store, { now: START });
  const { ledger, indexer, retention, clock } = bench;
  await recordActions(bench, MIXED);
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
  const again = await openPruned(store, clock);
  assert.deepEqual(await again.ledger.root(300), root, "it is opened again");
  await ended(again);
});

test("a run is not over while the index cannot be compacted, as on a full disk, and is told once when it can", async () => {
  let isFull = true;
  const onCompact = () => {
    if (isFull) throw new Error("injected: no space left on device");
  };
  const bench = await openPruned(new MemoryStore(), { now: START }, { onCompact });
  const { ledger, indexer, retention, clock } = bench;
  await recordActions(bench, MIXED);
  await retention.policies.put(ledger, { rules: [LOGINS], mayShorten: true }, AUTHOR);
  clock.now += 31 * DAY;
  for (let round = 0; round < 2; round++) {
    await assert.rejects(retention.pruner.prune(RECORD.id), /no space left/);
    const { step, lastRunAt, failure } = retention.pruner.progress(RECORD.id);
    assert.deepEqual([step, lastRunAt, failure], ["compacting", undefined, "injected: no space left on device"]);
  }
  isFull = false;
  await retention.pruner.prune(RECORD.id);
  assert.equal(retention.pruner.progress(RECORD.id).step, undefined);
  assert.equal(bench.compacted.count, 1);
  await indexer.waitFor(ledger.size);
  const told = await query(indexer, { filter: { action: "holdfast.retention.prune" }, order: "asc", limit: 10 });
  assert.equal(told.items.length, 1);
  await ended(bench);
});

test("what is held, or not final, stays until it is not", async () => {
  const bench = await openPruned(new MemoryStore(), { now: START }, { finalSize: 200 });
  const { ledger, retention, clock } = bench;
  await recordActions(bench, MIXED);
  const { id } = await retention.holds.place(ledger, { filter: "actor=user:u1", reason: "case 7" }, AUTHOR);
  await retention.policies.put(ledger, { rules: [LOGINS], mayShorten: true }, AUTHOR);
  clock.now += 31 * DAY;
  await retention.pruner.prune(RECORD.id);
  const free = DUE.filter((i) => i < 200 && i % 3 !== 1);
  assert.deepEqual(await prunedOf(bench), free);
  const { unanchoredSince = 0 } = retention.pruner.progress(RECORD.id);
  assert.ok(unanchoredSince > START && unanchoredSince <= clock.now, "and it is said since when it waits for a chain");
  await retention.holds.lift(ledger, id, "closed", AUTHOR);
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(
    await prunedOf(bench),
    DUE.filter((i) => i < 200),
  );
  await ended(bench);
});

test("an entry that is not what was recorded stays, and keeps nothing behind it", async () => {
  const store = new MemoryStore();
  const bench = await openPruned(store, { now: START });
  const { ledger, retention, clock } = bench;
  await recordActions(bench, MIXED);
  const other = await ledger.entry(2);
  assert.ok(other !== undefined);
  await store.replaceEntries(RECORD.id, [{ index: 1, entry: packEntry(other) }], []);
  await retention.policies.put(ledger, { rules: [LOGINS], mayShorten: true }, AUTHOR);
  clock.now += 31 * DAY;
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(bench), DUE.slice(1));
  await retention.pruner.prune(RECORD.id);
  assert.equal(bench.compacted.count, 1, "and the disk is not compacted for it again");
  await ended(bench);
});

test("what is to be archived goes only when its archive was verified, and says where it is", async () => {
  const wishes: ArchiveWish[] = [];
  let fails = true;
  const archiver = archiverOf("main.0-299.hfa", (wish) => {
    wishes.push(wish);
    if (fails) throw new ArchiveRefusal("archive_unavailable", "the bucket is away");
  });
  const health = new Health();
  const rules: RetentionRule[] = [{ ...LOGINS, after: "archive_and_prune", archiveFor: "P6Y" }];
  const without = await openPruned(new MemoryStore(), { now: START });
  const bench = await openPruned(new MemoryStore(), { now: START }, { archiver, health });
  for (const each of [without, bench]) {
    await recordActions(each, MIXED);
    await each.retention.policies.put(each.ledger, { rules, mayShorten: true }, AUTHOR);
    each.clock.now += 31 * DAY;
  }
  await without.retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(without), [], "without a place for archives nothing goes");
  assert.deepEqual(
    [without, bench].map(({ retention }) => retention.pruner.progress(RECORD.id).lacksArchive),
    [true, undefined],
    "and the status says so",
  );
  await assert.rejects(bench.retention.pruner.prune(RECORD.id), /bucket is away/);
  assert.deepEqual(await prunedOf(bench), []);
  const failedAt = bench.clock.now;
  bench.clock.now += DAY;
  await assert.rejects(bench.retention.pruner.prune(RECORD.id), /bucket is away/);
  const { step, failure, failingSince } = bench.retention.pruner.progress(RECORD.id);
  assert.deepEqual([step, failure, failingSince], [undefined, "the bucket is away", failedAt]);
  assert.deepEqual(
    health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["archive_unavailable", true]],
  );
  fails = false;
  await bench.retention.pruner.prune(RECORD.id);
  assert.equal(bench.retention.pruner.progress(RECORD.id).failingSince, undefined);
  assert.deepEqual(health.conditions(), []);
  assert.deepEqual(await prunedOf(bench), DUE);
  assert.equal((await bench.ledger.entry(1))?.pruned?.archive, "main.0-299.hfa");
  const [wish] = wishes;
  assert.equal(wish?.retainUntil, Date.parse("2032-01-01T00:00:00Z"));
  assert.deepEqual(wish?.wanted.slice(0, 2), [
    [1, 3],
    [4, 6],
  ]);
  await ended(bench);
  await ended(without);
});

test("what was held while the others were archived is in no archive, and stays when its hold is lifted before they go", async () => {
  const wishes: ArchiveWish[] = [];
  let lift: (() => Promise<unknown>) | undefined;
  const archiver: Archiver = {
    async archive(wish) {
      wishes.push(wish);
      await lift?.();
      return { name: `main.${wishes.length}.hfa`, archived: wish.wanted };
    },
    prepare: async () => undefined,
  };
  const bench = await openPruned(new MemoryStore(), { now: START }, { archiver });
  const { ledger, retention, clock } = bench;
  await recordActions(bench, MIXED);
  const rules: RetentionRule[] = [{ ...LOGINS, after: "archive_and_prune" }];
  await retention.policies.put(ledger, { rules, mayShorten: true }, AUTHOR);
  const { id } = await retention.holds.place(ledger, { filter: "actor=user:u1", reason: "case 7" }, AUTHOR);
  lift = async () => {
    lift = undefined;
    await retention.holds.lift(ledger, id, "closed", AUTHOR);
  };
  clock.now += 31 * DAY;
  await retention.pruner.prune(RECORD.id);
  await retention.pruner.prune(RECORD.id);
  assert.deepEqual(await prunedOf(bench), DUE);
  for (const index of DUE) {
    const name = (await ledger.entry(index))?.pruned?.archive;
    const wish = wishes.find((_, i) => name === `main.${i + 1}.hfa`);
    assert.equal(overlapOf(wish?.wanted ?? [], index, index + 1), "all", `entry ${index} is in ${name}`);
  }
  await ended(bench);
});

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "holdfast-pruning-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("a run that is killed before any step, or between two batches, goes on with the next start and is told once", async (t) => {
  const archiver = archiverOf("a.hfa");
  const kills = [...PRUNE_STEPS, "batch"];
  const folders = kills.map(() => folder(t));
  const deaths = await Promise.all(kills.map((kill, i) => deathOf(kill, folders[i] as string)));
  assert.deepEqual(
    deaths,
    kills.map(() => "SIGKILL"),
  );
  for (const [i, kill] of kills.entries()) {
    const store = await LevelStore.open(folders[i] as string);
    const again = await openPruned(store, { now: START + 31 * DAY }, { archiver });
    const { step } = again.retention.pruner.progress(RECORD.id);
    assert.equal(step, kill === "batch" ? "pruning" : kill);
    const before = (await prunedOf(again)).length;
    if (kill === "batch") assert.ok(before > 0 && before < DUE.length, `${before} of ${DUE.length}`);
    await again.retention.pruner.prune(RECORD.id);
    assert.deepEqual(await prunedOf(again), DUE, kill);
    assert.equal(again.retention.pruner.progress(RECORD.id).step, undefined, kill);
    await again.indexer.waitFor(again.ledger.size);
    const told = await query(again.indexer, {
      filter: { action: "holdfast.retention.prune" },
      order: "asc",
      limit: 10,
    });
    assert.equal(told.items.length, 1, kill);
    assert.equal((told.items[0]?.event.metadata as { pruned?: number } | undefined)?.pruned, DUE.length, kill);
    assert.deepEqual((await auditLedger({ store, record: RECORD, hash })).findings, [], kill);
    await ended(again);
    await store.close();
  }
});

/** By what a process ends that prunes a ledger in a folder, and kills itself. */
async function deathOf(kill: string, path: string): Promise<unknown> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "killed-pruning.ts"), path, kill], {
    stdio: "inherit",
  });
  const [, signal] = await once(child, "exit");
  return signal;
}
