/** Bundles: which checkpoint and anchors they take, that they verify, and that damage is found before they leave. */

import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import { checkEvent } from "../../src/entry/event.ts";
import { prepareEntry } from "../../src/entry/prepare.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { makeBundle, type ProveRequest } from "../../src/prove/make-bundle.ts";
import { type AnchorRecord, type AnchorStage, anchorWrite } from "../../src/store/anchor-record.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../src/verify/bundle/parse.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { MemoryStore } from "../store/memory-store.ts";

const CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const hash = await fastKeccak256();
const signer = keySigner(new Uint8Array(32).fill(1));
const nextSigner = keySigner(new Uint8Array(32).fill(2));
const owner = keySigner(new Uint8Array(32).fill(3)).address;
const checkpoints = [1, 2, 4, 7, 11];

let store: MemoryStore;
let ledger: Ledger;

async function openLedger(name: string, label: Hex): Promise<Ledger> {
  const record = { id: deriveLedgerId(owner, label), name, label, owner, signer: signer.address, createdAt: 0 };
  await store.addLedger(record);
  return Ledger.open({ store, record, signer, hash });
}

async function append(count: number): Promise<void> {
  const salts = (n: number) => new Uint8Array(16 * n).fill(9);
  const event = checkEvent({ action: "a", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u" } });
  const entries = Array.from({ length: count }, () => prepareEntry(event, { hash, salts }));
  await ledger.append({ entries, source: "s" });
}

/** A ledger with checkpoints at the sizes 1, 2, 4, 7 and 11. */
beforeEach(async () => {
  store = new MemoryStore();
  ledger = await openLedger("main", labelOf("main"));
  for (const count of [1, 1, 2, 3, 4]) await append(count);
});

async function anchor(size: number, stage: AnchorStage = "mined", chainId = 1): Promise<void> {
  const checkpoint = await ledger.checkpoint(size);
  assert.ok(checkpoint !== undefined);
  const hex: Hex = `0x${"cd".repeat(32)}`;
  const block = { transactionHash: hex, blockNumber: size, blockHash: hex, blockTime: 1_790_000_000 };
  const record: AnchorRecord = { ...checkpoint, chainId, contract: CONTRACT, stage, ...block, gasUsed: 1, feeWei: "1" };
  await store.writeRecords([anchorWrite(record)], { durable: false });
}

async function prove(request: Partial<ProveRequest> & { readonly index: number }): Promise<Bundle> {
  const bundle = await makeBundle({ ledger, store, hash, ...request });
  // Every bundle of these tests is one that stands by itself.
  const verdict = await verifyBundle(parseBundle(JSON.stringify(bundle)), { offline: true });
  assert.deepEqual(
    verdict.steps.filter(({ state }) => state === "failed"),
    [],
  );
  return bundle;
}

const shape = ({ checkpoint, anchors, status }: Bundle) => ({
  size: checkpoint.size,
  anchors: anchors.map((each) => `${each.chainId}:${each.size}${each.consistency === undefined ? "" : "+"}`),
  status,
});

test("without anchors the newest checkpoint is taken", async () => {
  for (let index = 0; index < 11; index++) {
    assert.deepEqual(shape(await prove({ index })), { size: 11, anchors: [], status: "recorded" });
  }
});

test("the newest anchored checkpoint that covers the entry is taken, else the newest", async () => {
  await anchor(2, "final");
  await anchor(4);
  assert.deepEqual(shape(await prove({ index: 1 })), { size: 4, anchors: ["1:4"], status: "anchored" });
  assert.deepEqual(shape(await prove({ index: 4 })), { size: 11, anchors: [], status: "recorded" });
});

test("the newest final checkpoint is taken when that is preferred, the newest anchored one when none is final", async () => {
  await anchor(2, "final");
  await anchor(4, "final");
  await anchor(7, "safe");
  const prefer = "final";
  assert.deepEqual(shape(await prove({ index: 1, prefer })), { size: 4, anchors: ["1:4"], status: "final" });
  assert.deepEqual(shape(await prove({ index: 5, prefer })), { size: 7, anchors: ["1:7"], status: "anchored" });
});

test("a bundle names an anchor on every chain: of its size, or the next larger one with a path that leads there", async () => {
  await anchor(4, "final", 10);
  await anchor(7, "mined", 1);
  await anchor(7, "mined", 10);
  await anchor(11, "mined", 1);
  const bundle = await prove({ index: 0, size: 4 });
  assert.deepEqual(shape(bundle), { size: 4, anchors: ["10:4", "1:7+"], status: "final" });
  await anchor(11, "final", 10);
  assert.deepEqual(shape(await prove({ index: 0 })), { size: 11, anchors: ["1:11", "10:11"], status: "final" });
});

test("an event that was read already is not read again for its bundle", async () => {
  const proven = await ledger.provenEntry(3);
  assert.ok(proven !== undefined);
  let reads = 0;
  const counted = changedStore({
    entry: (id, index) => {
      reads++;
      return store.entry(id, index);
    },
  });
  const reopened = await Ledger.open({ store: counted, record: ledger.record, signer, hash });
  const request = { ledger: reopened, store: counted, hash, index: 3 };
  reads = 0;
  const bundle = await makeBundle({ ...request, proven });
  assert.equal(reads, 0);
  assert.deepEqual(await makeBundle(request), bundle);
  assert.equal(reads, 1);
});

test("what was given out before its anchor is completed under its own size, and only added to", async () => {
  const before = await prove({ index: 2, size: 4 });
  await anchor(11, "final");
  const after = await prove({ index: 2, size: 4 });
  assert.deepEqual({ ...after, anchors: [], status: "recorded" }, before);
  assert.deepEqual(shape(after), { size: 4, anchors: ["1:11+"], status: "final" });
});

test("every entry is proved under every checkpoint that covers it, and refused under every other size", async () => {
  for (let index = 0; index < 11; index++) {
    for (let size = 0; size <= 12; size++) {
      if (size > index && checkpoints.includes(size)) await prove({ index, size });
      else await assert.rejects(makeBundle({ ledger, store, hash, index, size }), { code: "checkpoint_unknown" });
    }
  }
  await assert.rejects(makeBundle({ ledger, store, hash, index: 11 }), { code: "event_unknown" });
});

test("a bundle names who signed its own checkpoint, also after the signer was replaced", async () => {
  await ledger.rotateSigner(nextSigner);
  await append(1);
  const old = await prove({ index: 0, size: 11 });
  const fresh = await prove({ index: 0 });
  assert.equal(old.ledger.signer.toLowerCase(), signer.address);
  assert.equal(fresh.ledger.signer.toLowerCase(), nextSigner.address);
});

test("a name that must not be guessed is not in the bundle", async () => {
  ledger = await openLedger("project-x", `0x${"77".repeat(32)}`);
  await append(1);
  const bundle = await prove({ index: 0 });
  assert.equal(bundle.ledger.name, bundle.ledger.label);
});

test("what is stored and does not prove the entry is damage, and no bundle is given out", async () => {
  const damaged: [string, Partial<Store>][] = [
    ["salt", { entry: async (id, index) => changeEntry(await store.entry(id, index)) }],
    [
      "root",
      { checkpoint: async (id, size) => change(await store.checkpoint(id, size), { root: `0x${"00".repeat(32)}` }) },
    ],
    ["time", { checkpoint: async (id, size) => change(await store.checkpoint(id, size), { signedAt: 1 }) }],
  ];
  for (const [what, overrides] of damaged) {
    const broken = changedStore(overrides);
    const reopened = await Ledger.open({ store: broken, record: ledger.record, signer, hash });
    const request = { ledger: reopened, store: broken, hash, index: 0, size: 7 };
    await assert.rejects(makeBundle(request), DamagedStoreError, `a changed ${what}`);
  }
});

function changedStore(overrides: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = (overrides as Record<PropertyKey, unknown>)[name] ?? Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function change<T extends object>(value: T | undefined, changes: Partial<T>): T | undefined {
  return value === undefined ? undefined : { ...value, ...changes };
}

function changeEntry(entry: Awaited<ReturnType<Store["entry"]>>): typeof entry {
  const members = entry?.members.map((member) => ("salt" in member ? { ...member, salt: new Uint8Array(16) } : member));
  return change(entry, { members: members ?? [] });
}
