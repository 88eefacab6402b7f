/** How policies and holds are kept: over restarts, failures and damage, and what a ledger is told of them. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Entry } from "../../src/entry/entry.ts";
import { Health } from "../../src/health.ts";
import { planOfText } from "../../src/http/routes/events/filter-text.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import type { RetentionRule } from "../../src/retention/policy.ts";
import { Retention } from "../../src/retention/retention.ts";
import { DamagedStoreError, type RecordRange } from "../../src/store/store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { LEDGER_ID, type ToldLedger, toldLedger } from "./governed-ledger.ts";

const hash = await fastKeccak256();
const AUTHOR = { key: "0123456789abcdef", source: "counsel" };
const DAY = 86_400_000;
const KEEP: RetentionRule = { name: "keep", keepAtLeast: "P1Y" };
const PRUNE: RetentionRule = { name: "prune", keepAtMost: "P30D", after: "prune" };

type Opened = { readonly retention: Retention; readonly clock: { now: number }; readonly health: Health };

async function open(store: MemoryStore, ledger: ToldLedger, clock = { now: 1_790_000_000_000 }): Promise<Opened> {
  const health = new Health();
  const retention = new Retention({
    store,
    hash,
    salts: createSalts(),
    now: () => clock.now,
    planOf: planOfText,
    finalSize: () => Number.MAX_SAFE_INTEGER,
    delayMs: 7 * DAY,
    index: { forgetAll: async () => undefined, compact: async () => undefined },
    health,
  });
  await retention.follow(ledger);
  await new Promise((resolve) => setImmediate(resolve));
  return { retention, clock, health };
}

const put = (
  { retention }: Opened,
  ledger: ToldLedger,
  rules: readonly RetentionRule[],
  mayShorten = true,
  version?: number,
) => retention.policies.put(ledger, { rules, mayShorten, version }, AUTHOR);

const actionsOf = (ledger: ToldLedger) => ledger.events().map(({ action }) => action);

test("a policy that shortens waits for the delay that was set, over a restart too, and is then in force", async () => {
  const store = new MemoryStore();
  const ledger = toldLedger();
  const first = await open(store, ledger);
  await put(first, ledger, [KEEP]);
  assert.deepEqual(first.retention.policies.inForce(LEDGER_ID)?.rules, [KEEP], "to promise more holds at once");
  await put(first, ledger, [PRUNE]);
  assert.deepEqual(first.retention.policies.inForce(LEDGER_ID)?.rules, [KEEP]);
  const again = await open(store, ledger, { now: first.clock.now + 7 * DAY - 1 });
  assert.deepEqual(again.retention.policies.inForce(LEDGER_ID)?.rules, [KEEP]);
  assert.deepEqual(again.retention.policies.waiting(LEDGER_ID)?.rules, [PRUNE]);
  again.clock.now++;
  assert.deepEqual(again.retention.policies.inForce(LEDGER_ID)?.rules, [PRUNE]);
  assert.equal(again.retention.policies.waiting(LEDGER_ID), undefined);
  const [, told] = ledger.events();
  assert.deepEqual(told?.changes, { old: [KEEP], new: [PRUNE] });
  assert.deepEqual(told?.metadata, {
    version: 2,
    shortens: true,
    effectiveAt: new Date(first.clock.now + 7 * DAY).toISOString(),
  });
  assert.deepEqual(told?.actor, { type: "key", id: AUTHOR.key, name: AUTHOR.source });
});

test("a policy that waits is withdrawn by another, and its delay is not inherited", async () => {
  const store = new MemoryStore();
  const ledger = toldLedger();
  const opened = await open(store, ledger);
  await put(opened, ledger, [KEEP]);
  await put(opened, ledger, [PRUNE]);
  opened.clock.now += 6 * DAY;
  await put(opened, ledger, [KEEP]);
  assert.equal(opened.retention.policies.waiting(LEDGER_ID), undefined);
  assert.equal((ledger.events()[2]?.metadata as { withdraws?: number } | undefined)?.withdraws, 2);
  await put(opened, ledger, [PRUNE]);
  opened.clock.now += 6 * DAY;
  assert.deepEqual(opened.retention.policies.inForce(LEDGER_ID)?.rules, [KEEP], "it waits from when it was put again");
});

test("shortening is refused to whoever may not, and what was read before is not replaced unseen", async () => {
  const ledger = toldLedger();
  const opened = await open(new MemoryStore(), ledger);
  await assert.rejects(put(opened, ledger, [PRUNE], false), { code: "role_insufficient" });
  await put(opened, ledger, [KEEP], false);
  await assert.rejects(put(opened, ledger, [KEEP, PRUNE], true, 0), { code: "retention_changed" });
  await put(opened, ledger, [KEEP, PRUNE], true, 1);
  await put(opened, ledger, [KEEP, PRUNE]);
  assert.equal(ledger.told.length, 2, "the same once more changes nothing");
});

test("what the ledger could not be told is told with the next start or change, once and before anything replaces it", async () => {
  const store = new MemoryStore();
  const ledger = toldLedger();
  const opened = await open(store, ledger);
  ledger.fails = true;
  await assert.rejects(put(opened, ledger, [KEEP]), /queue is full/);
  await assert.rejects(put(opened, ledger, []), /queue is full/);
  assert.deepEqual(
    opened.retention.policies.inForce(LEDGER_ID)?.rules,
    [KEEP],
    "it holds, and was not replaced untold",
  );
  await assert.rejects(
    opened.retention.holds.place(ledger, { filter: "from=0", reason: "r" }, AUTHOR),
    /queue is full/,
  );
  ledger.fails = false;
  const again = await open(store, ledger);
  await open(store, ledger);
  assert.deepEqual(actionsOf(ledger).sort(), ["holdfast.hold.place", "holdfast.retention.put"]);
  assert.equal(again.retention.holds.list(LEDGER_ID).holds.length, 1);
});

function entryOf(actor: string): Entry {
  const salt = new Uint8Array(16);
  const texts = ['"action":"doc.read"', `"actor":{"id":"${actor}","type":"user"}`];
  return { recordedAt: 1000, members: texts.map((text) => ({ salt, text })) };
}

test("a hold holds what its filter finds and nothing else, until it is lifted, over a restart too", async () => {
  const store = new MemoryStore();
  const ledger = toldLedger();
  const { retention, clock } = await open(store, ledger);
  const { id } = await retention.holds.place(ledger, { filter: "actor=user:ada", reason: "case 7" }, AUTHOR);
  const range = await retention.holds.place(ledger, { filter: "from=5&to=7", reason: "case 8" }, AUTHOR);
  const held = (index: number, actor: string, of = retention) => of.holds.heldBy(LEDGER_ID, index, entryOf(actor));
  assert.deepEqual(held(0, "ada"), [id]);
  assert.deepEqual(held(0, "ben"), []);
  assert.deepEqual(
    [4, 5, 6, 7].map((index) => held(index, "ben").length),
    [0, 1, 1, 0],
  );
  assert.deepEqual(held(5, "ada").length, 2);
  const again = await open(store, ledger, clock);
  assert.deepEqual(held(0, "ada", again.retention), [id]);
  await again.retention.holds.lift(ledger, id, "closed", AUTHOR);
  assert.deepEqual(held(0, "ada", again.retention), []);
  await assert.rejects(again.retention.holds.lift(ledger, id, "closed", AUTHOR), { code: "hold_unknown" });
  const last = await open(store, ledger, clock);
  assert.deepEqual(
    last.retention.holds.list(LEDGER_ID).holds.map((hold) => hold.id),
    [range.id],
  );
  assert.deepEqual(actionsOf(ledger), ["holdfast.hold.place", "holdfast.hold.place", "holdfast.hold.lift"]);
  assert.deepEqual(
    ledger.events().map(({ reason }) => reason),
    ["case 7", "case 8", "closed"],
  );
});

test("a hold is not placed in the middle of what takes bodies away", async () => {
  const ledger = toldLedger();
  const { retention } = await open(new MemoryStore(), ledger);
  const order: string[] = [];
  const going = retention.holds.whileNoneIsPlaced(LEDGER_ID, async () => {
    order.push("looked");
    await new Promise((resolve) => setTimeout(resolve, 10));
    order.push("gone");
  });
  const placing = retention.holds
    .place(ledger, { filter: "from=0", reason: "r" }, AUTHOR)
    .then(() => order.push("placed"));
  await Promise.all([going, placing]);
  assert.deepEqual(order, ["looked", "gone", "placed"]);
});

/** A store of which some records cannot be read. */
class DamagedRecords extends MemoryStore {
  readonly damaged = new Set<string>();

  override async *records(space: string, range: RecordRange = {}): AsyncIterable<readonly [string, string]> {
    for await (const [key, value] of super.records(space, range)) {
      if (this.damaged.has(key)) range.onDamaged?.(key, new DamagedStoreError("it is damaged"));
      else yield [key, value];
    }
  }
}

test("a hold that cannot be read, or is not understood, holds everything until it is lifted", async () => {
  const store = new DamagedRecords();
  const ledger = toldLedger();
  const { retention } = await open(store, ledger);
  const { id } = await retention.holds.place(ledger, { filter: "actor=user:ada", reason: "case 7" }, AUTHOR);
  store.damaged.add(id);
  const again = await open(store, ledger);
  assert.deepEqual(again.retention.holds.heldBy(LEDGER_ID, 0, entryOf("ben")), [id]);
  assert.deepEqual(again.retention.holds.list(LEDGER_ID), { holds: [], damaged: [id] });
  assert.deepEqual(
    again.health.conditions().map(({ code }) => code),
    ["holds_damaged"],
  );
  await again.retention.holds.lift(ledger, id, "it is damaged", AUTHOR);
  assert.deepEqual(again.retention.holds.heldBy(LEDGER_ID, 0, entryOf("ben")), []);
  assert.deepEqual(again.health.conditions(), []);
  const strange = { id: "00", filter: "colour=red", reason: "r", ...AUTHOR, placedAt: 1, isTold: true };
  await store.writeRecords([{ space: `holds/${LEDGER_ID}`, key: "00", value: JSON.stringify(strange) }], {
    durable: true,
  });
  const last = await open(store, ledger);
  assert.deepEqual(last.retention.holds.heldBy(LEDGER_ID, 0, entryOf("ben")), ["00"]);
});

test("where the policy cannot be read nothing is in force, and whatever takes its place waits", async () => {
  const store = new DamagedRecords();
  const ledger = toldLedger();
  await put(await open(store, ledger), ledger, [KEEP]);
  store.damaged.add(LEDGER_ID);
  const again = await open(store, ledger);
  assert.equal(again.retention.policies.inForce(LEDGER_ID), undefined);
  assert.deepEqual(
    again.health.conditions().map(({ code }) => code),
    ["retention_damaged"],
  );
  await assert.rejects(put(again, ledger, [KEEP], false), { code: "role_insufficient" });
  await put(again, ledger, [KEEP]);
  assert.deepEqual(again.retention.policies.waiting(LEDGER_ID)?.rules, [KEEP]);
  assert.deepEqual(again.health.conditions(), []);
});
