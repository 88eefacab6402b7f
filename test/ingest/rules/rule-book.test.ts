/** How the rules of ledgers are kept: over restarts and crashes, while they change, and what a ledger is told of it. */

import assert from "node:assert/strict";
import test from "node:test";
import { unpackMembers } from "../../../src/entry/packed.ts";
import { Health } from "../../../src/health.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { RuleBook, type RuledLedger } from "../../../src/ingest/rules/rule-book.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import type { OwnEvent } from "../../../src/ledger/own-event.ts";
import { DamagedStoreError, type RecordWrite, StoreUnavailableError } from "../../../src/store/store.ts";
import { MemoryStore } from "../../store/memory-store.ts";

const hash = await fastKeccak256();
const ID = `0x${"ab".repeat(32)}` as const;
const AUTHOR = { key: "0123456789abcdef", source: "desk" };

/** A ledger that remembers what it was told, and fails when it is to. */
function ledgerThat(options: { fails?: boolean } = {}): RuledLedger & { readonly told: OwnEvent[] } {
  const told: OwnEvent[] = [];
  return {
    told,
    record: { id: ID, name: "main" },
    async append(event) {
      if (options.fails === true) throw new Error("the queue is full");
      const isKnown = told.some(({ idempotencyKey }) => idempotencyKey === event.idempotencyKey);
      if (!isKnown) told.push(event);
    },
  };
}

/** A store whose writes wait until they are let go. */
class HeldStore extends MemoryStore {
  isHeld = false;
  readonly waiting: (() => void)[] = [];

  override async writeRecords(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void> {
    if (this.isHeld && options.durable) await new Promise<void>((resolve) => this.waiting.push(resolve));
    await super.writeRecords(writes, options);
  }

  letGo(): void {
    this.isHeld = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

async function open(store: MemoryStore, ledger: RuledLedger, health?: Health): Promise<RuleBook> {
  const book = new RuleBook({
    store,
    hash,
    salts: createSalts(),
    now: () => 1_790_000_000_000,
    ...(health && { health }),
  });
  await book.follow(ledger);
  await new Promise((resolve) => setImmediate(resolve));
  return book;
}

const actionsOf = ({ told }: { readonly told: readonly OwnEvent[] }) =>
  told.map(({ entries }) => {
    const texts = unpackMembers((entries[0] as OwnEvent["entries"][0]).members).map((m) => ("text" in m ? m.text : ""));
    return /"(holdfast\.[a-z.]+)"/.exec(texts.join())?.[1];
  });

test("rules are there after a restart, and nothing is told twice", async () => {
  const store = new MemoryStore();
  const ledger = ledgerThat();
  const book = await open(store, ledger);
  assert.equal(book.of(ID), undefined, "without rules there is nothing to ask");
  await book.putSchema(ledger, "a@1", { required: ["tenant"] }, AUTHOR);
  await book.putRequirements(ledger, [{ name: "all", schema: "a@1" }], AUTHOR);
  const again = await open(store, ledger);
  assert.deepEqual(again.of(ID), book.of(ID));
  assert.deepEqual(
    again.schemas(ID).map(({ name, isUsed }) => [name, isUsed]),
    [["a@1", true]],
  );
  assert.equal(again.requirements(ID)?.version, 1);
  assert.deepEqual(actionsOf(ledger), ["holdfast.schema.put", "holdfast.requirements.put"]);
});

test("a change that the ledger could not be told holds, and is told with the next change or start, once", async () => {
  const store = new MemoryStore();
  const options = { fails: true };
  const ledger = ledgerThat(options);
  const book = await open(store, ledger);
  await assert.rejects(book.putSchema(ledger, "a@1", {}, AUTHOR), /queue is full/);
  assert.notEqual(book.of(ID), undefined);
  options.fails = false;
  const { isNew } = await book.putSchema(ledger, "a@1", {}, AUTHOR);
  assert.equal(isNew, false);
  assert.deepEqual(actionsOf(ledger), ["holdfast.schema.put"]);
  options.fails = true;
  await assert.rejects(book.putRequirements(ledger, [{ name: "r" }], AUTHOR), /queue is full/);
  options.fails = false;
  await open(store, ledger);
  await open(store, ledger);
  assert.deepEqual(actionsOf(ledger), ["holdfast.schema.put", "holdfast.requirements.put"]);
});

test("a change that the store refuses is none", async () => {
  class Refusing extends MemoryStore {
    override async writeRecords(): Promise<void> {
      throw new StoreUnavailableError("not now");
    }
  }
  const ledger = ledgerThat();
  const book = await open(new Refusing(), ledger);
  await assert.rejects(book.putSchema(ledger, "a@1", {}, AUTHOR), StoreUnavailableError);
  await assert.rejects(book.putRequirements(ledger, [{ name: "r" }], AUTHOR), StoreUnavailableError);
  assert.equal(book.of(ID), undefined);
  assert.deepEqual(ledger.told, []);
});

test("what was looked at by rules that do not hold any more is not let through", async () => {
  const ledger = ledgerThat();
  const book = await open(new MemoryStore(), ledger);
  const before = book.of(ID);
  assert.equal(book.admit(ID, before), undefined);
  await book.putRequirements(ledger, [{ name: "r", members: ["tenant"] }], AUTHOR);
  assert.throws(() => book.admit(ID, before), { code: "rules_changed" });
  assert.equal(book.admit(ID, book.of(ID)), undefined);
});

test("a change holds and is told in one moment: nothing gets between it and its event", async () => {
  const store = new HeldStore();
  const ledger = ledgerThat();
  const book = await open(store, ledger);
  store.isHeld = true;
  const before = book.of(ID);
  const putting = book.putRequirements(ledger, [{ name: "r" }], AUTHOR);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(book.admit(ID, before), undefined, "until it is durable, the rules before hold");
  store.letGo();
  let seen = 0;
  while (book.of(ID) === before && seen < 100) {
    assert.deepEqual(ledger.told, []);
    seen++;
    await Promise.resolve();
  }
  assert.equal(ledger.told.length, 1);
  await putting;
});

test("whoever names a schema waits until its use is durable, and nobody replaces it meanwhile", async () => {
  const store = new HeldStore();
  const ledger = ledgerThat();
  const book = await open(store, ledger);
  await book.putSchema(ledger, "a@1", {}, AUTHOR);
  const rules = book.of(ID);
  store.isHeld = true;
  const waits = [book.admit(ID, rules, ["a@1"]), book.admit(ID, rules, ["a@1"])];
  assert.ok(waits.every((wait) => wait instanceof Promise));
  const replacing = book.putSchema(ledger, "a@1", { required: ["tenant"] }, AUTHOR);
  await new Promise((resolve) => setImmediate(resolve));
  store.letGo();
  await Promise.all(waits);
  await assert.rejects(replacing, { code: "schema_in_use" });
  assert.equal(book.admit(ID, rules, ["a@1"]), undefined);
  assert.equal((await open(store, ledger)).schema(ID, "a@1").isUsed, true);
});

test("a schema that is being replaced is used by nobody until it is", async () => {
  const store = new HeldStore();
  const ledger = ledgerThat();
  const book = await open(store, ledger);
  await book.putSchema(ledger, "a@1", {}, AUTHOR);
  const rules = book.of(ID);
  store.isHeld = true;
  const replacing = book.putSchema(ledger, "a@1", { required: ["tenant"] }, AUTHOR);
  await new Promise((resolve) => setImmediate(resolve));
  const wait = book.admit(ID, rules, ["a@1"]);
  assert.ok(wait instanceof Promise);
  store.letGo();
  await Promise.all([wait, replacing]);
  assert.throws(() => book.admit(ID, rules, ["a@1"]), { code: "rules_changed" });
  for (const each of [book, await open(store, ledger)]) {
    const { document, isUsed } = each.schema(ID, "a@1");
    assert.deepEqual({ document, isUsed }, { document: { required: ["tenant"] }, isUsed: false });
  }
});

test("a ledger has 256 schemas at most", async () => {
  const ledger = ledgerThat();
  const store = new MemoryStore();
  const book = await open(store, ledger);
  for (let i = 0; i < 256; i++) {
    const schema = {
      ...AUTHOR,
      name: `s${i}@1`,
      document: true,
      digest: "0x00",
      putAt: 1,
      isUsed: false,
      isTold: true,
    };
    await store.writeRecords([{ space: `schemas/${ID}`, key: schema.name, value: JSON.stringify(schema) }], {
      durable: true,
    });
  }
  await book.follow(ledger);
  await assert.rejects(book.putSchema(ledger, "one-more@1", {}, AUTHOR), { code: "schemas_max" });
});

test("a record of rules that is damaged is told as a condition, and the others hold", async () => {
  class Damaged extends MemoryStore {
    override async *records(...[space, range]: Parameters<MemoryStore["records"]>) {
      range?.onDamaged?.("a@1", new DamagedStoreError("damaged"));
      yield* super.records(space, range);
    }
  }
  const ledger = ledgerThat();
  const store = new Damaged();
  const health = new Health();
  const book = await open(store, ledger, health);
  assert.deepEqual(
    health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["rules_damaged", undefined]],
  );
  await book.putSchema(ledger, "b@1", {}, AUTHOR);
  assert.ok((await open(store, ledger, health)).schema(ID, "b@1") !== undefined);
});
