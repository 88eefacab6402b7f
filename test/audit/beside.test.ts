/** What an audit looks at beside entries and tree: anchors, keys, index and archives, each with something wrong, and silent. */

import assert from "node:assert/strict";
import test from "node:test";
import { auditFully } from "../../src/audit/audit.ts";
import { type CheckPlaces, planChecks } from "../../src/audit/check-plan.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { type AnchorRecord, anchorWrite } from "../../src/store/anchor-record.ts";
import { hash, many, openLedger, record, storeWithLedger } from "../ledger/fixtures.ts";

const NOW = 1_790_000_000_000;
const OTHER: Hex = `0x${"9".repeat(64)}`;

async function audit(change: (held: Hex) => Partial<CheckPlaces>) {
  const store = await storeWithLedger();
  const ledger = await openLedger(store);
  await ledger.append({ entries: many(300), source: "test" });
  const head = ledger.head ?? assert.fail();
  const place = { transactionHash: OTHER, blockNumber: 7, blockHash: OTHER, blockTime: 1_790_000_000 };
  const anchor: AnchorRecord = {
    ...head,
    chainId: 5,
    contract: OTHER,
    stage: "final",
    ...place,
    gasUsed: 1,
    feeWei: "1",
  };
  await store.writeRecords([anchorWrite(anchor)], { durable: true });
  const entry = await store.entry(record.id, 7);
  assert.ok(entry);
  const pruned = { leafHash: await ledger.leafHash(7), archive: "main.hfa" };
  const replacement = { index: 7, entry: { recordedAt: entry.recordedAt, members: new Uint8Array(0), pruned } };
  await store.replaceEntries(record.id, [replacement], []);
  const witness = { chainId: 5, rootAt: async () => head.root, head: async () => ({ size: 300, anchoredAt: 1 }) };
  const built = (from: number) => {
    const segment = { start: from, end: from, add: () => void segment.end++ };
    return segment;
  };
  const held = {
    end: 200,
    lengthMax: 16_384,
    segmentAt: (i: number) => (i < 200 ? { number: 0, from: 0, to: 200 } : undefined),
    begin: built,
    difference: async () => undefined,
  };
  const places: CheckPlaces = {
    remembered: [],
    witnesses: [witness],
    now: () => NOW,
    keys: {
      async *tryKeys() {
        yield undefined;
      },
    },
    index: { held, pause: async () => undefined },
    archives: { problemOf: async () => undefined },
    ...change(head.root),
  };
  const { more, remembered } = planChecks("whole", places);
  const { report, looked, byDigest } = await auditFully({ store, record, hash, remembered, more });
  const found = report.findings.map(({ kind, from, to }) => `${kind} ${from}..${to}`);
  const counts = Object.fromEntries(looked.map(({ check, looked: count }) => [check, count]));
  return { found, byDigest, counts, skipped: looked.flatMap(({ check, skipped }) => (skipped ? [check] : [])) };
}

test("what is right beside the entries has no findings, is counted, and nothing is skipped", async () => {
  const { found, skipped, byDigest, counts } = await audit(() => ({}));
  assert.deepEqual([found, skipped, byDigest], [[], [], { pruned: 1, withheld: 0 }]);
  assert.deepEqual([counts.anchors, counts.index, counts.archives, counts.keys], [1, 200, 1, 1]);
});

const index = (difference: () => Promise<string | undefined>) => ({
  pause: async () => undefined,
  held: {
    end: 200,
    lengthMax: 16_384,
    segmentAt: (i: number) => (i < 200 ? { number: 0, from: 0, to: 200 } : undefined),
    begin: (from: number) => {
      const segment = { start: from, end: from, add: () => void segment.end++ };
      return segment;
    },
    difference,
  },
});
const whole = index(async () => undefined);
const chain = (rootAt: () => Promise<Hex | undefined>, size = 300) => ({
  witnesses: [{ chainId: 5, rootAt, head: async () => ({ size, anchoredAt: 1 }) }],
});
const silent = async () => Promise.reject(Object.assign(new Error("no answer"), { name: "ChainError" }));

const TABLE: readonly (readonly [what: string, (root: Hex) => Partial<CheckPlaces>, string[], string[]])[] = [
  ["a contract with another root", () => chain(async () => OTHER), ["anchor_contradicted 0..300"], []],
  [
    "a contract without the root of a final anchor",
    () => chain(async () => undefined),
    ["anchor_contradicted 0..300"],
    [],
  ],
  ["an anchor behind the newest entry", (root) => chain(async () => root, 301), ["entry_lost 300..301"], []],
  ["an anchor of which there is no record", (root) => chain(async () => root, 200), ["anchor_missing 0..200"], []],
  ["a chain that does not answer", () => chain(silent), [], ["anchors"]],
  ["no chain to ask", () => ({ witnesses: [] }), [], ["anchors"]],
  ["an index that differs", () => ({ index: index(async () => "a bucket") }), ["index_other 0..200"], []],
  ["no index to ask", () => ({ index: { held: "there is none", pause: async () => undefined } }), [], ["index"]],
  [
    "an index that is more than a segment behind",
    () => ({ index: { ...whole, held: { ...whole.held, lengthMax: 100 } } }),
    [],
    ["index"],
  ],
  [
    "an archive that is missing",
    () => ({ archives: { problemOf: async () => "missing" } }),
    ["archive_missing 7..8"],
    [],
  ],
  ["an archive that is another", () => ({ archives: { problemOf: async () => "cut" } }), ["archive_damaged 7..8"], []],
  ["no place of archives", () => ({ archives: undefined }), [], ["archives"]],
  [
    "a key that cannot be unwrapped",
    () => ({
      keys: {
        async *tryKeys() {
          yield "key 7: it was not wrapped so";
        },
      },
    }),
    ["key_damaged 0..300"],
    [],
  ],
];

for (const [what, change, findings, skipped] of TABLE) {
  test(`an audit tells of ${what}, and of nothing else`, async () => {
    const done = await audit(change);
    assert.deepEqual([done.found, done.skipped], [findings, skipped]);
  });
}
