import assert from "node:assert/strict";
import test from "node:test";
import { CommitPlan, claimKeys, IdempotencyConflictError } from "../../../src/ledger/append/idempotency.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { fromHex } from "../../../src/merkle/bytes.ts";
import { checkInclusion } from "../../../src/merkle/proof.ts";
import { FaultyStore } from "../faults.ts";
import { checkWhole, hash, many, names, openLedger, prepared, storeWithLedger } from "../fixtures.ts";

const source = "key-1";

type Request = {
  readonly entries: readonly (readonly [name: string, id?: string])[];
  readonly key?: string;
  readonly source?: string;
};
type Expected =
  | {
      readonly outcome: "recorded" | "replayed";
      readonly indexes: readonly number[];
      readonly duplicates?: readonly number[];
    }
  | { readonly conflicts: readonly { readonly position: number; readonly index?: number }[] };

function send(ledger: Ledger, request: Request) {
  const entries = request.entries.map(([name, id]) => prepared(name, id));
  const key = request.key === undefined ? {} : { idempotencyKey: request.key };
  return ledger.append({ entries, source: request.source ?? source, ...key });
}

async function expectAnswer(answer: ReturnType<Ledger["append"]>, expected: Expected): Promise<void> {
  if ("conflicts" in expected) {
    await assert.rejects(answer, (error: unknown) => {
      assert.ok(error instanceof IdempotencyConflictError);
      assert.equal(error.code, "idempotency_conflict");
      assert.deepEqual(error.items, expected.conflicts);
      return true;
    });
    return;
  }
  const { outcome, receipts, checkpoint } = await answer;
  assert.equal(outcome, expected.outcome);
  assert.ok(checkpoint.size > Math.max(...expected.indexes), "the checkpoint covers all of it");
  assert.deepEqual(
    receipts.map(({ index }) => index),
    expected.indexes,
  );
  const all = outcome === "replayed" ? receipts.map((_, i) => i) : [];
  assert.deepEqual(
    receipts.flatMap(({ duplicate }, i) => (duplicate ? [i] : [])),
    expected.duplicates ?? all,
  );
}

/** What was sent first, what is sent then, and its answer; entry 0 is there before. */
const TABLE: readonly (readonly [what: string, first: Request, then: Request, expected: Expected])[] = [
  [
    "the same event with its id again gets the first answer",
    { entries: [["a", "1"]] },
    { entries: [["a", "1"]] },
    { outcome: "replayed", indexes: [1] },
  ],
  [
    "another event under the same id is refused, and named",
    { entries: [["a", "1"]] },
    { entries: [["x"], ["b", "1"]] },
    { conflicts: [{ position: 1, index: 1 }] },
  ],
  [
    "the same event without an id is another event",
    { entries: [["a"]] },
    { entries: [["a"]] },
    { outcome: "recorded", indexes: [2] },
  ],
  [
    "an id belongs to its source",
    { entries: [["a", "1"]], source: "key-1" },
    { entries: [["b", "1"]], source: "key-2" },
    { outcome: "recorded", indexes: [2] },
  ],
  [
    "events that were there keep their index among new ones",
    {
      entries: [
        ["a", "1"],
        ["b", "2"],
      ],
    },
    { entries: [["c", "3"], ["b", "2"], ["d"], ["a", "1"]] },
    { outcome: "recorded", indexes: [3, 2, 4, 1], duplicates: [1, 3] },
  ],
  [
    "an event twice in one request is recorded once",
    { entries: [["z"]] },
    { entries: [["a", "1"], ["a", "1"], ["b"]] },
    { outcome: "recorded", indexes: [2, 2, 3], duplicates: [1] },
  ],
  [
    "two events under one id in one request are refused, without an index",
    { entries: [["z"]] },
    {
      entries: [
        ["a", "1"],
        ["b", "1"],
      ],
    },
    { conflicts: [{ position: 1 }] },
  ],
  [
    "every conflict of a request is named",
    {
      entries: [
        ["a", "1"],
        ["b", "2"],
      ],
    },
    {
      entries: [
        ["x", "1"],
        ["b", "2"],
        ["y", "2"],
      ],
    },
    {
      conflicts: [
        { position: 0, index: 1 },
        { position: 2, index: 2 },
      ],
    },
  ],
  [
    "the same request under the same key gets the first answer",
    { entries: [["a"], ["b"], ["c"]], key: "k" },
    { entries: [["a"], ["b"], ["c"]], key: "k" },
    { outcome: "replayed", indexes: [1, 2, 3] },
  ],
  [
    "another request under the same key is refused",
    { entries: [["a"], ["b"]], key: "k" },
    { entries: [["a"], ["c"]], key: "k" },
    { conflicts: [] },
  ],
  [
    "a shorter request under the same key is another request",
    { entries: [["a"], ["b"]], key: "k" },
    { entries: [["a"]], key: "k" },
    { conflicts: [] },
  ],
  [
    "a request key belongs to its source",
    { entries: [["a"]], key: "k", source: "key-1" },
    { entries: [["b"]], key: "k", source: "key-2" },
    { outcome: "recorded", indexes: [2] },
  ],
  [
    "a request key and an event's id of the same spelling are two things",
    { entries: [["a", "k"]] },
    { entries: [["b"]], key: "k" },
    { outcome: "recorded", indexes: [2] },
  ],
  [
    "source and id do not run into each other",
    { entries: [["a", "2"]], source: "key-1" },
    { entries: [["b", ""]], source: "key-12" },
    { outcome: "recorded", indexes: [2] },
  ],
  [
    "a repeated request finds events that were old already then",
    { entries: [["a", "1"]] },
    { entries: [["n"], ["a", "1"]], key: "k" },
    { outcome: "recorded", indexes: [2, 1], duplicates: [1] },
  ],
  [
    "a key that recorded nothing is not used up",
    { entries: [["a", "1"]] },
    { entries: [["a", "1"]], key: "k" },
    { outcome: "replayed", indexes: [1] },
  ],
];

for (const [what, first, then, expected] of TABLE) {
  for (const how of ["durable", "in flight", "opened again"] as const) {
    test(`${what} (${how})`, async () => {
      const store = await storeWithLedger();
      let ledger = await openLedger(store);
      await ledger.append({ entries: [prepared("first of all")], source });
      const before = send(ledger, first);
      if (how !== "in flight") await before;
      if (how === "opened again") ledger = await openLedger(store);
      const answer = send(ledger, then);
      await expectAnswer(answer, expected);
      await before;
      const count = 1 + first.entries.length;
      const indexes = "conflicts" in expected ? [] : expected.indexes;
      assert.equal(ledger.size, Math.max(count, ...indexes.map((index) => index + 1)), "nothing but what is new");
      await checkWhole(ledger);
    });
  }
}

test("a repeated request is answered the same a third time", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const request = { entries: [["n"], ["a", "1"], ["m"]] as const, key: "k" };
  await send(ledger, { entries: [["a", "1"]] });
  await expectAnswer(send(ledger, request), { outcome: "recorded", indexes: [1, 0, 2], duplicates: [1] });
  await expectAnswer(send(ledger, request), { outcome: "replayed", indexes: [1, 0, 2] });
  await expectAnswer(send(ledger, request), { outcome: "replayed", indexes: [1, 0, 2] });
  assert.deepEqual(await names(ledger), ["a", "n", "m"]);
});

test("a refused request leaves no claim behind", async () => {
  const ledger = await openLedger(await storeWithLedger());
  await send(ledger, { entries: [["a", "1"]] });
  await assert.rejects(
    send(ledger, {
      entries: [
        ["n", "2"],
        ["b", "1"],
      ],
      key: "k",
    }),
    IdempotencyConflictError,
  );
  await expectAnswer(send(ledger, { entries: [["other", "2"]], key: "k" }), { outcome: "recorded", indexes: [1] });
});

test("a request key that recorded nothing leaves no claim, also when its group recorded something", async () => {
  const ledger = await openLedger(await storeWithLedger());
  await send(ledger, { entries: [["a", "1"]] });
  const group = [send(ledger, { entries: [["a", "1"]], key: "k" }), send(ledger, { entries: [["new"]] })];
  assert.deepEqual(
    (await Promise.all(group)).map(({ outcome }) => outcome),
    ["replayed", "recorded"],
  );
  await expectAnswer(send(ledger, { entries: [["b"]], key: "k" }), { outcome: "recorded", indexes: [2] });
});

test("a replay carries the original checkpoint, path and entry, however much the ledger has grown", async () => {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(100), source });
  const original = await send(ledger, { entries: [["a", "1"]] });
  await ledger.append({ entries: many(1000), source });
  for (const open of [ledger, await openLedger(store)]) {
    const { outcome, receipts, checkpoint } = await send(open, { entries: [["a", "1"]] });
    assert.equal(outcome, "replayed");
    assert.deepEqual(checkpoint, original.checkpoint);
    assert.deepEqual(receipts, [{ ...original.receipts[0], duplicate: true }]);
    const { index, leafHash, path = [] } = receipts[0] as (typeof receipts)[number];
    checkInclusion(hash, { index, size: checkpoint.size, leafHash, path, root: fromHex(checkpoint.root) });
  }
});

test("the same event sent ten times at once is recorded once", async () => {
  const ledger = await openLedger(await storeWithLedger());
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(ledger, { entries: [["a", "1"]] })));
  assert.equal(ledger.size, 1);
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    ["recorded", ...Array.from({ length: 9 }, () => "replayed")],
  );
  for (const { receipts, checkpoint } of answers) {
    const { index, leafHash, path = [] } = receipts[0] as (typeof receipts)[number];
    checkInclusion(hash, { index, size: checkpoint.size, leafHash, path, root: fromHex(checkpoint.root) });
  }
});

test("a group without a single key does not ask the store for claims", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store);
  await Promise.all(many(20).map((entry) => ledger.append({ entries: [entry], source })));
  assert.ok(!store.calls.includes("claims"));
  await Promise.all(many(20).map((entry, i) => ledger.append({ entries: [{ ...entry, id: `${i}` }], source })));
  assert.equal(store.calls.filter((step) => step === "claims").length, 1, "one read for a whole group");
});

test("a request with a key may have as many events as a service is told to take", () => {
  const entries = new Array(200_000).fill(prepared("a"));
  const request = { entries, source, idempotencyKey: "many" };
  const plan = new CommitPlan(hash, 0, [], []);
  const placement = plan.add(request, claimKeys(hash, request));
  assert.deepEqual([placement.indexes.length, plan.claims[0]?.ranges], [entries.length, [[0, entries.length]]]);
});
