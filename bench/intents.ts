/**
 * How fast open intents are found: a ledger in which half of the events announce something and half say how it ended, but for one
 * of a thousand. `node bench/intents.ts [events]`; 1,000,000 take about a minute and 1 GB.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packEntry } from "../src/entry/packed.ts";
import { toHex } from "../src/merkle/bytes.ts";
import { Indexer } from "../src/query/index/indexer.ts";
import { openIntentsOf } from "../src/query/open-intents.ts";
import { LevelIndexStore } from "../src/store/level-index.ts";
import { LevelStore } from "../src/store/level-store.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const LIMIT = 100;
const MIB = 1024 * 1024;
const ledgerId = toHex(new Uint8Array(32).fill(7));
const zero = toHex(new Uint8Array(20));
const salt = new Uint8Array(16);

function entryOf(i: number) {
  const n = i >> 1;
  const isOpen = n % 1000 === 500;
  const announced = i % 2 === 0 ? `"intent":"change-${n}"` : `"result_of":"change-${isOpen ? `none-${n}` : n}"`;
  const texts = ['"action":"change"', announced, '"time":"2026-11-20T09:30:00Z"'];
  return { recordedAt: 1_790_000_000_000 + i, members: texts.map((text) => ({ salt, text })) };
}

const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const store = await LevelStore.open(join(folder, "store"));
const indexStore = await LevelIndexStore.open(join(folder, "index"));
try {
  await store.addLedger({ id: ledgerId, name: "main", label: ledgerId, owner: zero, signer: zero, createdAt: 0 });
  for (let from = 0; from < EVENTS; from += 10_000) {
    const entries = Array.from({ length: 10_000 }, (_, i) => packEntry(entryOf(from + i)));
    const size = from + entries.length;
    const checkpoint = { ledgerId, size, root: ledgerId, signedAt: 0, signature: toHex(new Uint8Array(65)) };
    await store.commit(ledgerId, { from, entries, claims: [], tiles: [], checkpoint });
  }
  const leafHash = async (index: number) => new Uint8Array(32).fill(index % 256);
  const ledger = { record: { id: ledgerId }, size: EVENTS, leafHash, onCommit: () => () => undefined };
  const indexer = await Indexer.open({ store, indexStore, ledger });
  indexer.start();
  await indexer.waitFor(EVENTS, { timeoutMs: 3_600_000 });
  for (const walk of ["first walk", "second walk", "third walk"]) await measureWalk(walk, indexer);
  await indexer.stop();
} finally {
  await indexStore.close();
  await store.close();
  rmSync(folder, { recursive: true });
}

async function measureWalk(name: string, indexer: Indexer): Promise<void> {
  const took: number[] = [];
  let found = 0;
  let cpu = 0;
  for (let after: string | undefined = ""; after !== undefined; ) {
    const began = performance.now();
    const usage = process.cpuUsage();
    const request = { until: Number.MAX_SAFE_INTEGER, limit: LIMIT, ...(after !== "" && { after }) };
    const page = await openIntentsOf(indexer).page(request);
    const { user, system } = process.cpuUsage(usage);
    cpu += user + system;
    took.push(performance.now() - began);
    found += page.items.length;
    after = page.next;
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => `${took[Math.floor((took.length - 1) * part)]?.toFixed(1)} ms`;
  const mib = (process.memoryUsage.rss() / MIB).toFixed(0);
  console.log(
    `${name}: ${found} open in ${took.length} pages, p50 ${at(0.5)}, p99 ${at(0.99)}, ${(cpu / 1000 / took.length).toFixed(1)} ms of processor a page, ${mib} MiB`,
  );
}
