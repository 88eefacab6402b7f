/**
 * What durability and proof cost on top of LevelDB: appends against synced batches of the same bytes, in alternating
 * rounds of one run, because ratios travel between machines and absolute figures do not. `node bench/ledger.ts [ids]`
 */

import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import type { Event } from "../src/entry/event.ts";
import { ownMembers, type PreparedEntry, prepareEntry } from "../src/entry/prepare.ts";
import { keySigner } from "../src/keys/local-signer.ts";
import { fastKeccak256 } from "../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../src/merkle/checkpoint.ts";
import { entryKey, numbered } from "../src/store/key-layout.ts";
import { LevelStore } from "../src/store/level-store.ts";
import { RecordEncoder } from "../src/store/values/value-layout.ts";
import { median } from "./median.ts";

const ROUNDS = 7;
const BULK = 10_000;
const WRITERS = 64;
const withIds = process.argv.includes("ids");

const hash = await fastKeccak256();
const signer = keySigner(new Uint8Array(32).fill(7), hash);
const label = labelOf("main");
const owner = signer.address;
const record = { id: deriveLedgerId(owner, label), name: "main", label, owner, signer: owner, createdAt: 0 };
const own = ownMembers({ _source: { key: "bench", format: "event" } });
const salts = (n: number) => new Uint8Array(randomBytes(16 * n));

let made = 0;
function prepare(count: number): PreparedEntry[] {
  return Array.from({ length: count }, () => {
    const i = made++;
    const event: Event = {
      action: "document.read",
      time: "2026-11-20T09:30:00.123Z",
      actor: { type: "user", id: `u_${i % 5000}`, name: "Ada" },
      targets: [{ type: "document", id: `d_${(i * 7919) % 100_003}` }],
      context: { ip: `203.0.113.${i % 256}`, request_id: `req-${i}` },
      outcome: "success",
      ...(withIds ? { id: `event-${i}` } : {}),
    };
    return prepareEntry(event, { hash, salts, own });
  });
}

const root = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const raw = new Level<Uint8Array, Uint8Array>(join(root, "raw"), {
  keyEncoding: "view",
  valueEncoding: "view",
  writeBufferSize: 16 * 1024 * 1024,
});
const directory = join(root, "store");
const store = await LevelStore.open(directory);
await store.addLedger(record);
const ledger = await Ledger.open({ store, record, signer, hash });

const encoder = new RecordEncoder();
const encoded = (entries: readonly PreparedEntry[]) =>
  entries.map(({ members }) => encoder.entry({ recordedAt: Date.now(), members }).slice());

let rawCount = 0;

/** Synced batches of so many values each, one after the other, by the faster of the package's two ways. */
async function writeRaw(values: readonly Uint8Array[], perBatch: number): Promise<void> {
  const key = entryKey(0, 0);
  for (let at = 0; at < values.length; at += perBatch) {
    const batch = raw.batch();
    for (const value of values.slice(at, at + perBatch)) batch.put(numbered(key, rawCount++), value);
    await batch.write({ sync: true });
  }
}

/** Appends one event a request, so many requests at once. */
async function appendSingly(entries: readonly PreparedEntry[], writers: number): Promise<void> {
  let next = 0;
  const write = async () => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      await ledger.append({ entries: [entry], source: "bench" });
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (count / (performance.now() - started)) * 1000;
}

function best(values: readonly number[]): number {
  return Math.max(...values);
}

function rate(value: number): string {
  return Math.round(value).toLocaleString("en").padStart(9);
}

type Append = (entries: readonly PreparedEntry[]) => Promise<unknown>;

/** Alternates raw batches and appends of the same events, after one round for warming up. */
async function compare(name: string, count: number, perBatch: number, append: Append): Promise<void> {
  const floors: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const entries = prepare(count);
    const values = encoded(entries);
    const floor = await perSecond(count, () => writeRaw(values, perBatch));
    const measured = await perSecond(count, () => append(entries));
    if (round === 0) continue;
    floors.push(floor);
    rates.push(measured);
  }
  for (const [what, pick] of [
    ["median", median],
    ["best", best],
  ] as const) {
    const mine = pick(rates);
    const floor = pick(floors);
    const ratio = (mine / floor).toFixed(2);
    console.log(`${name.padEnd(36)} ${what.padEnd(6)} ${rate(mine)} /s   raw ${rate(floor)} /s   ratio ${ratio}`);
  }
}

/** Paths of random entries, from tiles in the store and from tiles that are kept. */
async function proofs(count: number): Promise<void> {
  const { size } = ledger;
  const indexes = Array.from({ length: count }, (_, i) => (i * 999_983) % size);
  const prove = async (which: readonly number[]) => {
    for (const index of which) await ledger.inclusionPath(index, size);
  };
  console.log(
    `${`inclusion paths of ${size} entries`.padEnd(36)} ${rate(await perSecond(count, () => prove(indexes)))} /s`,
  );
  const near = indexes.map((_, i) => i % 256);
  console.log(`${"… of one tile".padEnd(36)} ${rate(await perSecond(count, () => prove(near)))} /s`);
}

/** Lets LevelDB do now what it would do in time: without, its log and old files count as well. */
async function compact(directory: string): Promise<void> {
  // The types of `level` are those that it has in browsers too; there is nothing to compact in one.
  type Compactable = Level<Uint8Array, Uint8Array> & { compactRange(from: Uint8Array, to: Uint8Array): Promise<void> };
  const options = { keyEncoding: "view", valueEncoding: "view" } as const;
  const level = new Level<Uint8Array, Uint8Array>(directory, options) as Compactable;
  await level.compactRange(new Uint8Array([0]), new Uint8Array([255]));
  await level.close();
}

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

try {
  const sample = encoded(prepare(1000));
  const bytes = sample.reduce((sum, { length }) => sum + length, 0) / sample.length;
  console.log(
    `Node ${process.version}; an event is ${bytes.toFixed(0)} bytes as stored${withIds ? ", with an id" : ""}`,
  );
  await compare(`requests of ${BULK} events`, BULK, BULK, (entries) => ledger.append({ entries, source: "bench" }));
  await compare(`${WRITERS} writers, one event each`, BULK, WRITERS, (entries) => appendSingly(entries, WRITERS));
  await compare("one writer, one event each", BULK / 10, 1, (entries) => appendSingly(entries, 1));
  await proofs(2000);
  const { size } = ledger;
  await ledger.close();
  await store.close();
  const started = performance.now();
  const again = await LevelStore.open(directory);
  await Ledger.open({ store: again, record, signer, hash });
  console.log(`opened with ${size} entries in ${(performance.now() - started).toFixed(0)} ms`);
  await again.close();
  await compact(directory);
  console.log(`${(bytesIn(directory) / size).toFixed(0)} bytes on disk for an event, tree and checkpoints included`);
} finally {
  await raw.close();
  rmSync(root, { recursive: true, force: true });
}
