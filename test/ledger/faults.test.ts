import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { CheckpointSigner } from "../../src/keys/signer.ts";
import { FatalError } from "../../src/ledger/append/commit.ts";
import { LedgerStoppedError, NotRecordedError } from "../../src/ledger/append/sequencer.ts";
import { SizeConflictError, StoreUnavailableError } from "../../src/store/store.ts";
import { type Fault, FaultyStore } from "./faults.ts";
import {
  checkWhole,
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
const limits = { commitTimeoutMs: 30, signTimeoutMs: 30 };
const conflict = new SizeConflictError("injected");

/** A signer whose second signature fails, in one of the ways a signer can. */
function faultySigner(how: SignerFault | undefined): CheckpointSigner {
  let count = 0;
  const sign: CheckpointSigner["sign"] = async (checkpoint) => {
    count++;
    if (count !== 2 || how === undefined) return signer.sign(checkpoint);
    if (how === "signs with another key") return otherSigner.sign(checkpoint);
    if (how === "answers with rubbish") return "0x00";
    if (how === "never answers") return new Promise<never>(() => undefined);
    await signer.sign(checkpoint);
    throw new Error("injected: signing failed");
  };
  return { address: signer.address, sign };
}

type SignerFault = "fails" | "never answers" | "answers with rubbish" | "signs with another key";

/** What the writers of the group are told, and whether it is in the ledger when that is opened again. */
type Outcome = { readonly told: "recorded" | "not recorded" | "stopped"; readonly isThere: boolean };

const RECORDED: Outcome = { told: "recorded", isThere: true };
const REFUSED: Outcome = { told: "not recorded", isThere: false };

/** Every step of a commit, and each way it can fail; steps 2 and 5 are memory only. */
const TABLE: readonly (readonly [
  step: string,
  faults: readonly Fault[],
  outcome: Outcome,
  signerFault?: SignerFault,
])[] = [
  ["nothing fails", [], RECORDED],
  ["1. reading claims fails", [{ step: "claims", happens: false, reports: "an error" }], REFUSED],
  ["1. reading claims fails, after it read them", [{ step: "claims", happens: true, reports: "an error" }], REFUSED],
  ["3. signing fails", [], REFUSED, "fails"],
  ["3. the signer never answers", [], REFUSED, "never answers"],
  ["3. the signer answers with rubbish", [], REFUSED, "answers with rubbish"],
  ["3. the signer signs with another key", [], REFUSED, "signs with another key"],
  [
    "4. the commit is refused before anything is written",
    [{ step: "commit", happens: false, reports: "an error", error: new RangeError("injected") }],
    REFUSED,
  ],
  [
    "4. the commit fails",
    [{ step: "commit", happens: false, reports: "an error" }],
    { told: "stopped", isThere: false },
  ],
  [
    "4. the commit fails, but it happened",
    [{ step: "commit", happens: true, reports: "an error" }],
    { told: "stopped", isThere: true },
  ],
  [
    "4. the commit never ends",
    [{ step: "commit", happens: false, reports: "nothing" }],
    { told: "stopped", isThere: false },
  ],
  [
    "4. the commit never ends, but it happened",
    [{ step: "commit", happens: true, reports: "nothing" }],
    { told: "stopped", isThere: true },
  ],
  ["4. somebody else was first", [{ step: "commit", happens: false, reports: "an error", error: conflict }], RECORDED],
  [
    "4. somebody else was first, and recovering fails",
    [
      { step: "commit", happens: false, reports: "an error", error: conflict },
      { step: "head", happens: true, reports: "an error" },
    ],
    { told: "stopped", isThere: false },
  ],
  [
    "4. somebody else is first sixteen times",
    Array.from(
      { length: 16 },
      () => ({ step: "commit", happens: false, reports: "an error", error: conflict }) as const,
    ),
    REFUSED,
  ],
];

for (const [step, faults, outcome, signerFault] of TABLE) {
  test(`when ${step}, ${outcome.told} is said, and what was said holds after a restart`, async () => {
    const inner = await storeWithLedger();
    const store = new FaultyStore(inner);
    const ledger = await openLedger(store, { limits, signer: faultySigner(signerFault) });
    await ledger.append({ entries: many(254), source });
    store.inject(...faults);
    const group = [
      [prepared("a", "1"), prepared("b", "2"), prepared("c")],
      [prepared("d")],
      [prepared("b", "2"), prepared("e")],
    ];
    const answers = await Promise.allSettled(group.map((entries) => ledger.append({ entries, source })));
    assert.equal(store.pending, 0, "every fault has struck");
    for (const answer of answers) {
      if (outcome.told === "recorded") assert.equal(answer.status, "fulfilled");
      else assert.ok(answer.status === "rejected");
      if (answer.status === "fulfilled") continue;
      const type = outcome.told === "stopped" ? LedgerStoppedError : NotRecordedError;
      assert.ok(answer.reason instanceof type, String(answer.reason));
    }
    await checkWhole(ledger);
    assert.equal(ledger.stopped instanceof FatalError, outcome.told === "stopped");
    if (outcome.told === "stopped")
      await assert.rejects(ledger.append({ entries: [prepared("late")], source }), LedgerStoppedError);
    else await ledger.append({ entries: [prepared("next")], source });

    const again = await openLedger(inner);
    const found = (await names(again)).slice(254);
    const whole = outcome.isThere ? ["a", "b", "c", "d", "e"] : [];
    assert.deepEqual(found, outcome.told === "stopped" ? whole : [...whole, "next"]);
    await checkWhole(again);

    // A client that sends everything again loses nothing and records nothing twice that has an id.
    for (const entries of group) await again.append({ entries, source });
    const after = await names(again);
    for (const name of ["a", "b"]) assert.equal(after.filter((other) => other === name).length, 1);
    await checkWhole(again);
  });
}

test("a ledger that stops tells its listeners why, refuses all that waits, and can still be read", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store, { limits: { ...limits, groupEventsMax: 1 } });
  await ledger.append({ entries: many(3), source });
  const causes: Error[] = [];
  ledger.onStop((cause) => causes.push(cause));
  store.inject({ step: "commit", happens: true, reports: "an error" });
  const answers = await Promise.allSettled(
    many(5, "waiting").map((entry) => ledger.append({ entries: [entry], source })),
  );
  for (const answer of answers) assert.ok(answer.status === "rejected" && answer.reason instanceof LedgerStoppedError);
  assert.equal(causes.length, 1);
  assert.ok(causes[0] instanceof FatalError && causes[0].code === "commit_unknown");
  assert.equal(ledger.size, 3);
  await checkWhole(ledger);
  assert.deepEqual((await names(await openLedger(store))).slice(3), ["waiting 0"]);
});

test("a commit that ends after its time does not confuse whoever opens the ledger again", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store, { limits });
  const { promise: late, resolve: release } = Promise.withResolvers<void>();
  store.inject({ step: "commit", happens: true, reports: late });
  await assert.rejects(ledger.append({ entries: [prepared("late")], source }), LedgerStoppedError);
  const again = await openLedger(store);
  release();
  await again.append({ entries: [prepared("next")], source });
  assert.deepEqual(await names(again), ["late", "next"]);
});

test("a ledger goes on by itself when a commit ends after its time, whether it happened or not", async () => {
  for (const happens of [true, false]) {
    const store = new FaultyStore(await storeWithLedger());
    const ledger = await openLedger(store, { limits });
    await ledger.append({ entries: many(3), source });
    const heads: number[] = [];
    ledger.onCommit(({ size }) => heads.push(size));
    const { promise: late, resolve: release } = Promise.withResolvers<void>();
    store.inject({ step: "commit", happens, reports: late });
    await assert.rejects(ledger.append({ entries: [prepared("late")], source }), LedgerStoppedError);
    await assert.rejects(ledger.append({ entries: [prepared("meanwhile")], source }), LedgerStoppedError);
    release();
    while (ledger.stopped !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    const before = happens ? ["late"] : [];
    assert.deepEqual((await names(ledger)).slice(3), before);
    assert.deepEqual(heads, happens ? [4] : [], "listeners hear of what was recorded after all");
    await ledger.append({ entries: [prepared("next")], source });
    assert.deepEqual((await names(ledger)).slice(3), [...before, "next"]);
    await checkWhole(ledger);
  }
});

test("while the store takes no writes, requests are refused by that code, and the ledger goes on when it does", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(254), source });
  const error = new StoreUnavailableError("injected");
  store.inject(
    { step: "commit", happens: false, reports: "an error", error },
    // It cannot be read for a moment either.
    { step: "head", happens: false, reports: "an error", error },
  );
  for (const name of ["a", "b"]) {
    const refused = ledger.append({ entries: many(9, name), source });
    await assert.rejects(refused, (reason: Error & { code: string }) => reason.code === "store_unavailable");
    assert.equal(ledger.stopped, undefined);
  }
  assert.equal(store.pending, 0);
  await ledger.append({ entries: [prepared("c")], source });
  assert.deepEqual((await names(ledger)).slice(254), ["c"]);
  await checkWhole(ledger);
});

test("two writers on one store both get their events in, each exactly once", async () => {
  const store = await storeWithLedger();
  const ledgers = [await openLedger(store), await openLedger(store)];
  const wanted: string[] = [];
  const answers = ledgers.flatMap((ledger, writer) =>
    Array.from({ length: 60 }, async (_, i) => {
      wanted.push(`${writer}/${i}`);
      await new Promise((resolve) => setTimeout(resolve, i % 7));
      return ledger.append({ entries: [prepared(`${writer}/${i}`, `${writer}/${i}`)], source });
    }),
  );
  const indexes = (await Promise.all(answers)).map(({ receipts }) => receipts[0]?.index as number);
  assert.deepEqual(
    indexes.toSorted((a, b) => a - b),
    Array.from({ length: 120 }, (_, i) => i),
  );
  const whole = await openLedger(store);
  assert.deepEqual((await names(whole)).toSorted(), wanted.toSorted());
  await checkWhole(whole);
});

test("rotating fails without changing anything when the store does not take it", async () => {
  const inner = await storeWithLedger();
  const store = new FaultyStore(inner);
  const ledger = await openLedger(store);
  store.inject({ step: "updateSigner", happens: false, reports: "an error" });
  await assert.rejects(ledger.rotateSigner(otherSigner), /injected/);
  assert.equal(ledger.record.signer, signer.address);
  await ledger.append({ entries: [prepared("a")], source });
  await checkWhole(await openLedger(inner));
  store.inject({ step: "updateSigner", happens: true, reports: "an error" });
  await assert.rejects(ledger.rotateSigner(otherSigner), /injected/);
  await ledger.append({ entries: [prepared("b")], source });
  const rotated = await openLedger(inner, { signer: otherSigner });
  assert.equal(rotated.size, 2);
  assert.deepEqual((await inner.ledgers())[0]?.formerSigners, [record.signer]);
});

test("whatever fails, acknowledged events are there and requests are whole", async () => {
  const fault = fc.record(
    {
      step: fc.constantFrom("commit", "claims", "head", "entries", "tile", "entry"),
      happens: fc.boolean(),
      reports: fc.constant("an error"),
      skip: fc.nat(4),
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Fault>;
  const request = fc.record({ count: fc.integer({ min: 1, max: 90 }), key: fc.boolean() });
  const check = async (faults: readonly Fault[], requests: readonly { count: number; key: boolean }[]) => {
    const inner = await storeWithLedger();
    const store = new FaultyStore(inner);
    let ledger = await openLedger(store);
    store.inject(...faults);
    const acknowledged: string[] = [];
    const sent: string[][] = [];
    for (const [r, { count, key }] of requests.entries()) {
      if (ledger.stopped !== undefined)
        ledger = await openLedger(inner).then(() => openLedger(store).catch(() => openLedger(inner)));
      const entries = many(count, `request ${r} event`);
      sent.push(entries.map((_, i) => `request ${r} event ${i}`));
      const idempotencyKey = key ? { idempotencyKey: `${r}` } : {};
      const answer = await ledger.append({ entries, source, ...idempotencyKey }).catch(() => undefined);
      if (answer !== undefined) acknowledged.push(...(sent.at(-1) as string[]));
    }
    const again = await openLedger(inner);
    const found = await names(again);
    for (const name of acknowledged) assert.ok(found.includes(name), `${name} was acknowledged`);
    assert.equal(new Set(found).size, found.length);
    assert.deepEqual(
      found,
      sent.filter(([first]) => found.includes(first as string)).flat(),
      "requests are whole and in order",
    );
    await checkWhole(again);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 4 }), fc.array(request, { minLength: 1, maxLength: 8 }), check),
    { numRuns: 25 },
  );
});
