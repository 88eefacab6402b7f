/** What is recorded of accesses: gathered, bounded, told once, and never lost for longer than a second. */

import assert from "node:assert/strict";
import test from "node:test";
import { ACCESS_LEDGER, type Access } from "../../src/access/access.ts";
import { AccessRecorder } from "../../src/access/recorder.ts";
import { tellStart } from "../../src/access/starts.ts";
import { readMembers } from "../../src/entry/prepare.ts";
import { Health } from "../../src/health.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { MemoryStore } from "../store/memory-store.ts";

const SIGNER = keySigner(`0x${"11".repeat(32)}`);
const START = 1_790_000_000_000;
const WINDOW_MS = 60_000;

/** As an entry shows it. */
type Told = {
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly id: string };
  readonly targets: readonly { readonly type: string; readonly id: string }[];
  readonly metadata: Readonly<Record<string, unknown>>;
};

async function open(store = new MemoryStore(), clock = { now: START }, gatheredMax?: number) {
  const hash = await fastKeccak256();
  const recording = { hash, salts: createSalts() };
  const label = labelOf(ACCESS_LEDGER);
  const id = deriveLedgerId(SIGNER.address, label);
  const record = { id, name: ACCESS_LEDGER, label, owner: SIGNER.address, signer: SIGNER.address, createdAt: START };
  if ((await store.ledgers()).length === 0) await store.addLedger(record);
  const ledger = await Ledger.open({ store, record, signer: SIGNER, hash, clock: () => clock.now });
  const health = new Health();
  const failing = { isOn: false };
  const guarded = {
    stopped: undefined,
    append: (request: Parameters<Ledger["append"]>[0]) =>
      failing.isOn ? Promise.reject(new Error("the disk is away")) : ledger.append(request),
  };
  const now = () => clock.now;
  const recorder = await AccessRecorder.open({
    store,
    ledger: guarded,
    recording,
    now,
    health,
    windowMs: WINDOW_MS,
    ...(gatheredMax !== undefined && { gatheredMax }),
  });
  const told = async (): Promise<Told[]> => {
    const events: Told[] = [];
    for await (const entry of ledger.entries(0, ledger.size)) events.push(readMembers(entry) as unknown as Told);
    return events;
  };
  return { store, clock, ledger, health, failing, recorder, recording, told };
}

function reading(index: number, more: Partial<Access> = {}): Access {
  const key = { id: "00000000000000aa", source: "reader" };
  return { kind: "read", operation: "readEvent", ledger: "main", key, network: "192.0.2.7", index, ...more };
}

test("reads of one kind by one key from one address within a minute are one event, which tells how many and which", async () => {
  const { recorder, clock, told } = await open();
  for (const index of [5, 6, 7, 3, 5]) recorder.record(reading(index));
  recorder.record(reading(9, { network: "192.0.2.8" }));
  await recorder.flush();
  assert.deepEqual(await told(), [], "not before the minute is over");
  clock.now += WINDOW_MS;
  await recorder.flush();
  const events = await told();
  assert.deepEqual(
    events.map(({ action, metadata: { count, indexes } }) => ({ action, count, indexes })),
    [
      { action: "holdfast.access.read", count: 5, indexes: "3,5-7" },
      { action: "holdfast.access.read", count: 1, indexes: "9" },
    ],
  );
  assert.equal(events[0]?.actor.id, "00000000000000aa");
  assert.deepEqual(
    events[0]?.targets.map(({ type, id }) => `${type}:${id}`),
    ["ledger:main", "operation:readEvent"],
  );
});

test("searches are told by what was looked for, sixteen different ones apart and the others by number", async () => {
  const { recorder, told } = await open();
  const search = (query: string) =>
    recorder.record(reading(0, { kind: "search", operation: "listEvents", index: undefined, query }));
  for (let i = 0; i < 20; i++) search(`actor=u${i}`);
  search("actor=u0");
  search(`text=${"x".repeat(30_000)}`);
  await recorder.close();
  const [event] = await told();
  const { count, queries, others } = (event as Told).metadata as {
    count: number;
    queries: { query: string; count: number }[];
    others: number;
  };
  assert.equal(count, 22);
  assert.equal(queries.length, 16);
  assert.deepEqual(queries[0], { query: "actor=u0", count: 2 });
  assert.equal(others, 5);
});

test("however fast a key reads, and from wherever, a minute has so many events of it", async () => {
  const { recorder, told } = await open();
  for (let i = 0; i < 10_000; i++) recorder.record(reading(i * 2, { network: `10.0.${i >> 8}.${i & 255}` }));
  for (let i = 0; i < 10_000; i++) recorder.record(reading(i * 2, { network: "10.0.0.0" }));
  await recorder.close();
  const events = await told();
  assert.equal(events.length, 65);
  const [fast] = events.map(({ metadata }) => metadata as { count: number; indexes: string; beyond: number });
  assert.equal(fast?.count, 10_001);
  assert.equal(fast?.indexes.split(",").length, 64);
  assert.equal(fast?.beyond, 10_000 - 64);
  const last = events.at(-1) as Told & { readonly context: object };
  assert.deepEqual(last.context, { ip: "elsewhere" });
  assert.equal(last.metadata.count, 10_000 - 64);
  assert.equal(recorder.unrecorded, 0);
});

test("what has no room at all is counted and told", async () => {
  const { recorder, told, failing, clock } = await open();
  failing.isOn = true;
  for (let i = 0; i < 5000; i++) recorder.record(reading(0, { key: { id: String(i), source: "reader" } }));
  clock.now += WINDOW_MS;
  await recorder.flush();
  for (let i = 0; i < 10; i++) recorder.record(reading(0, { key: { id: String(i), source: "reader" } }));
  assert.equal(recorder.unrecorded, 914);
  failing.isOn = false;
  await recorder.flush();
  await recorder.flush();
  const events = await told();
  assert.equal(events.length, 4097);
  assert.deepEqual(events.at(-1)?.metadata, { count: 914 });
});

test("100,000 refused requests of a minute with different keys and addresses are one event of some kilobytes", async () => {
  const { recorder, clock, ledger, told } = await open();
  for (let i = 0; i < 100_000; i++) {
    const key = { id: i.toString(16).padStart(16, "0"), source: "s".repeat(64) };
    recorder.refuse({
      key,
      network: `2001:db8:${(i >> 4).toString(16)}:${i % 7}::/64`,
      code: "key_invalid",
      route: "GET /v1/keys",
    });
  }
  for (let i = 0; i < 3; i++) recorder.refuse({ network: "192.0.2.7", code: "key_missing", route: "GET /v1/keys" });
  await recorder.flush();
  assert.equal(ledger.size, 0);
  clock.now += WINDOW_MS;
  await recorder.flush();
  await recorder.flush();
  const events = await told();
  assert.equal(events.length, 1);
  assert.equal(events[0]?.outcome, "denied");
  const { count, refused, others } = (events[0] as Told).metadata as {
    count: number;
    refused: object[];
    others: Record<string, number>;
  };
  assert.equal(count, 100_003);
  assert.equal(refused.length, 32);
  assert.deepEqual(others, { key_invalid: 100_000 - 32, key_missing: 3 });
  assert.ok(JSON.stringify(events[0]).length < 16_384);
});

test("who is refused most often is told first, by key, address and code", async () => {
  const { recorder, told } = await open();
  const key = { id: "00000000000000aa", source: "reader" };
  for (let i = 0; i < 40; i++) recorder.refuse({ network: `10.0.0.${i}`, code: "key_missing", route: "GET /v1/keys" });
  for (let i = 0; i < 9; i++)
    recorder.refuse({ key, network: "192.0.2.7", code: "role_insufficient", route: "GET /v1/keys" });
  await recorder.close();
  const [event] = await told();
  const { refused } = (event as Told).metadata as { refused: object[] };
  assert.deepEqual(refused[0], {
    key: key.id,
    from: "192.0.2.7",
    code: "role_insufficient",
    route: "GET /v1/keys",
    count: 9,
  });
  const targets = event?.targets.map(({ type, id }) => `${type}:${id}`) ?? [];
  assert.ok(targets.includes(`key:${key.id}`) && targets.includes("address:192.0.2.7"), "found by key and by address");
});

test("what a process had gathered when it was killed is told by the next one, once", async () => {
  const first = await open();
  first.recorder.record(reading(1));
  first.recorder.refuse({ network: "192.0.2.7", code: "key_missing", route: "GET /v1/keys" });
  await first.recorder.flush();
  // Nothing of the first is closed: that is how it ends when it is killed.
  const second = await open(first.store, first.clock);
  second.clock.now += WINDOW_MS;
  await second.recorder.flush();
  assert.deepEqual((await second.told()).map(({ action }) => action).sort(), [
    "holdfast.access.read",
    "holdfast.access.refused",
  ]);
  // Killed between telling and forgetting: the record is there still, and the event is known by it.
  const third = await open(first.store, first.clock);
  third.recorder.record(reading(2));
  await third.recorder.flush();
  const records: (readonly [string, string])[] = [];
  for await (const each of first.store.records("accesses")) records.push(each);
  third.clock.now += WINDOW_MS;
  await third.recorder.flush();
  assert.equal(third.ledger.size, 3);
  await first.store.writeRecords(
    records.map(([key, value]) => ({ space: "accesses", key, value })),
    { durable: true },
  );
  const fourth = await open(first.store, first.clock);
  await fourth.recorder.flush(true);
  assert.equal(fourth.ledger.size, 3, "not told twice");
});

test("while nothing can be recorded that is a condition, heavy accesses are refused, and the others are told later", async () => {
  const { recorder, clock, health, failing, told, ledger } = await open();
  const heavy = {
    ...reading(0, { kind: "change", operation: "createKey" }),
    outcome: "success",
    metadata: {},
  } as const;
  failing.isOn = true;
  recorder.record(reading(1));
  clock.now += WINDOW_MS;
  await recorder.flush();
  assert.deepEqual(
    health.conditions().map(({ code }) => code),
    ["access_unrecorded"],
  );
  assert.throws(() => recorder.requireAble(), { code: "access_unrecorded" });
  await assert.rejects(recorder.recordNow(heavy), { code: "access_unrecorded" });
  failing.isOn = false;
  await recorder.flush();
  assert.deepEqual(health.conditions(), []);
  recorder.requireAble();
  await recorder.recordNow(heavy);
  assert.equal(ledger.size, 2);
  assert.deepEqual(
    (await told()).map(({ action }) => action),
    ["holdfast.access.read", "holdfast.access.change"],
  );
});

test("while nothing can be recorded for days what is refused takes no more room, and all of it is counted", async () => {
  const { recorder, clock, failing, told, store } = await open(new MemoryStore(), { now: START }, 8);
  failing.isOn = true;
  for (let minute = 0; minute < 50; minute++) {
    recorder.refuse({ network: "192.0.2.9", code: "key_invalid", route: "GET /v1/ledgers" });
    clock.now += WINDOW_MS;
    await recorder.flush();
  }
  let kept = 0;
  for await (const _ of store.records("accesses")) kept++;
  assert.ok(kept <= 9, String(kept));
  failing.isOn = false;
  await recorder.flush();
  await recorder.flush();
  const refused = (await told()).map(({ metadata }) => metadata.count as number);
  assert.equal(
    refused.reduce((sum, count) => sum + count, 0),
    50,
  );
});

test("exports are told each before they begin, twenty events of a key in a minute; more are told together", async () => {
  const { recorder, clock, told } = await open();
  const exporting = {
    ...reading(0, { kind: "export", operation: "exportEvents", index: undefined }),
    outcome: "success",
    metadata: {},
  } as const;
  for (let i = 0; i < 100; i++) assert.equal(await recorder.recordNow(exporting), i < 20);
  clock.now += WINDOW_MS;
  assert.equal(await recorder.recordNow(exporting), true);
  await recorder.close();
  const events = await told();
  assert.equal(events.length, 22);
  assert.equal(events.find(({ metadata }) => metadata.count !== undefined)?.metadata.count, 80);
});

test("a key that is used from another network leaves a trace, one event a minute however many they are", async () => {
  const { recorder, clock, told, store } = await open();
  const key = { id: "00000000000000aa", source: "sender" };
  const use = (network: string) => recorder.use({ key, network });
  const minute = async () => {
    clock.now += WINDOW_MS;
    await recorder.flush();
  };
  for (let i = 0; i < 3; i++) use("192.0.2.1");
  await minute();
  use("192.0.2.1");
  await minute();
  for (let i = 0; i < 1000; i++) use(`2001:db8:0:${i.toString(16)}::/64`);
  await minute();
  const events = (await told()).map(({ action, metadata }) => ({ action, ...metadata }));
  assert.deepEqual(events[0], { action: "holdfast.access.new_address", count: 1, addresses: ["192.0.2.1"] });
  assert.equal(events.length, 2);
  assert.equal((events[1] as unknown as { count: number }).count, 1000);
  const next = await open(store, clock);
  next.recorder.use({ key, network: "2001:db8:0:3e7::/64" });
  await next.recorder.close();
  assert.equal(next.ledger.size, 2, "it is known to the next process");
});

test("each start is told, with the names of settings that are other ones, and nothing of what they are", async () => {
  const { store, recording, ledger, told } = await open();
  const start = async (settings: object, at: number, version = "1.0.0") => {
    const secret = new Uint8Array(32).fill(7);
    const { event, write } = await tellStart(store, recording, { version, settings, secret, at });
    if (event !== undefined) await ledger.append(event);
    await store.writeRecords([write], { durable: true });
  };
  const limits = { eventBytes: 1, fee: 5n };
  await start({ limits, chains: [{ rpc: "https://node/secret-1" }] }, START);
  await start({ limits, chains: [{ rpc: "https://node/secret-1" }] }, START + 1000);
  await start({ limits, chains: [{ rpc: "https://node/secret-1" }] }, START + 2000);
  await start({ limits: { ...limits, fee: 6n }, chains: [{ rpc: "https://node/secret-2" }] }, START + 3000);
  await start({ limits: { ...limits, fee: 6n }, chains: [{ rpc: "https://node/secret-2" }] }, START + 100_000, "2.0.0");
  const events = (await told()) as (Told & { readonly changes?: unknown })[];
  assert.deepEqual(
    events.map(({ changes, metadata: { configuration: _, ...rest } }) => ({ changes, ...rest })),
    [
      { changes: undefined, version: "1.0.0", isFirst: true, changed: [] },
      { changes: undefined, version: "1.0.0", changed: ["chains", "limits.fee"], startsBefore: 2 },
      { changes: { old: "1.0.0", new: "2.0.0" }, version: "2.0.0", changed: [] },
    ],
  );
  assert.ok(!JSON.stringify(events).includes("secret-"));
  assert.equal(new Set(events.map(({ metadata }) => metadata.configuration)).size, 2);
});
