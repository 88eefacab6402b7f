/**
 * What is kept of a ledger beside its entries, at real sizes: counts of sources read at a start and counted again, and
 * intents without results. `node bench/sizes.ts [entries] [intents]`; 10,000,000 entries take 5 GB of a temporary folder.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Event } from "../src/entry/event.ts";
import { ownMembers, type PreparedEntry, prepareEntry } from "../src/entry/prepare.ts";
import { createSalts } from "../src/ingest/intake/salts.ts";
import { SourceBook } from "../src/ingest/sources/source-counts.ts";
import { keySigner } from "../src/keys/local-signer.ts";
import { fastKeccak256 } from "../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../src/merkle/checkpoint.ts";
import { LevelStore } from "../src/store/level-store.ts";

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const AT_ONCE = 5000;
const MIB = 1024 * 1024;

const hash = await fastKeccak256();
const signer = keySigner(new Uint8Array(32).fill(7), hash);
const salts = createSalts();

function recordOf(name: string) {
  const label = labelOf(name);
  const { address: owner } = signer;
  return { id: deriveLedgerId(owner, label), name, label, owner, signer: owner, createdAt: 0 };
}

function prepared(event: Event, source: number): PreparedEntry {
  const own = ownMembers({ _source: { format: "logs", key: `key-${source}`, source: `app-${source}` } });
  return prepareEntry(event, { hash, salts, own });
}

function eventOf(i: number, more: object = {}): Event {
  return {
    action: "document.read",
    time: "2026-11-20T09:30:00.123Z",
    actor: { type: "user", id: `u_${i % 5000}`, name: "Ada" },
    targets: [{ type: "document", id: `d_${(i * 7919) % 100_003}` }],
    context: { ip: `203.0.113.${i % 256}`, request_id: `req-${i}` },
    outcome: "success",
    ...more,
  };
}

/** What something takes: time, processor, how long the event loop was held up at most, and memory. */
async function measure(what: string, entries: number, work: () => Promise<unknown>): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  const us = entries === 0 ? "" : `, ${((user + system) / entries).toFixed(2)} µs of processor for each entry`;
  const held = (loop.max / 1e6).toFixed(0);
  const mib = ((process.memoryUsage.rss() - before) / MIB).toFixed(0);
  console.log(`${what}: ${ms.toFixed(0)} ms, loop held up ${held} ms at most, ${mib} MiB more${us}`);
}

const folder = process.env.SIZES_FOLDER ?? mkdtempSync(join(tmpdir(), "holdfast-sizes-"));
try {
  const store = await LevelStore.open(join(folder, "store"));
  const record = recordOf("main");
  if ((await store.ledgers()).length === 0) await store.addLedger(record);
  const ledger = await Ledger.open({ store, record, signer, hash });
  const some = Array.from({ length: AT_ONCE }, (_, i) => prepared(eventOf(i), i % 20));
  await measure(`recording ${ENTRIES - ledger.size} entries`, ENTRIES - ledger.size, async () => {
    while (ledger.size < ENTRIES) await ledger.append({ entries: some, source: "bench" });
  });
  let book: SourceBook | undefined;
  const open = async () => {
    book = await SourceBook.open(store);
    book.follow(ledger);
  };
  await measure("counts of a store that has none: until the service starts", 0, open);
  await measure("counts of a store that has none: behind the start", ENTRIES, async () => book?.settled());
  console.log(`counted ${book?.list("main").reduce((sum, { recorded }) => sum + recorded, 0)}`);
  await book?.close();
  await measure("counts that were written down", 0, async () => {
    await open();
    await book?.settled();
  });
  await book?.close();
  await ledger.close();
  await store.close();
} finally {
  if (process.env.SIZES_FOLDER === undefined) rmSync(folder, { recursive: true, force: true });
}
