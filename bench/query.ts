/**
 * How fast events are indexed and found: builds a ledger of synthetic entries in a temporary folder (no hashing, no
 * signatures), indexes it, and asks for pages. `node bench/query.ts [events]`; 1,000,000 take about a minute and 1 GB.
 */

import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Entry } from "../src/entry/entry.ts";
import { packEntry } from "../src/entry/packed.ts";
import { toHex } from "../src/merkle/bytes.ts";
import { type IndexedLedger, Indexer } from "../src/query/index/indexer.ts";
import { OpenSegment } from "../src/query/index/open-segment.ts";
import { Segments } from "../src/query/index/segments.ts";
import { query } from "../src/query/query.ts";
import type { Filter } from "../src/query/request.ts";
import { stats } from "../src/query/stats.ts";
import { LevelIndexStore } from "../src/store/level-index.ts";
import { LevelStore } from "../src/store/level-store.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const START_MS = Date.parse("2026-11-01T00:00:00Z");
const STEP_MS = 50;
const ROUNDS = 50;

const ledgerId = toHex(new Uint8Array(32).fill(7));
const zero = toHex(new Uint8Array(20));
const salt = new Uint8Array(16);

/** A number in 0..2^32-1 that looks random and depends on two others only. */
function scatter(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** 0..n-1, the low numbers far more often. */
function skewed(i: number, salt: number, n: number): number {
  return Math.floor(n * (scatter(i, salt) / 2 ** 32) ** 3);
}

const VERBS = ["get", "list", "create", "update", "delete", "watch"];
const KINDS = ["pods", "secrets", "configmaps", "deployments", "services", "nodes", "jobs", "roles"];

function actionOf(i: number): string {
  if (scatter(i, 1) % 3 > 0) return `k8s.core.${KINDS[skewed(i, 2, 8)]}.${VERBS[skewed(i, 3, 6)]}`;
  if (i % 100_000 === 4321) return "backup.key.exported";
  return ["user.login", "user.logout", "billing.invoice.paid", "document.read"][skewed(i, 4, 4)] as string;
}

function entryOf(i: number): Entry {
  const recordedAt = START_MS + i * STEP_MS;
  const members = [
    `"_source":${JSON.stringify({ format: "native", key: `key-${i % 12}`, source: `app-${i % 8}` })}`,
    `"action":${JSON.stringify(actionOf(i))}`,
    `"actor":${JSON.stringify({ id: `u${skewed(i, 5, 50_000)}`, type: scatter(i, 6) % 20 === 0 ? "agent" : "user" })}`,
    `"context":${JSON.stringify({ ip: `10.0.${i % 250}.${scatter(i, 7) % 250}`, user_agent: "Mozilla/5.0 (X11; Linux)" })}`,
    `"id":${JSON.stringify(`evt_${i.toString(36).padStart(12, "0")}`)}`,
    `"outcome":${JSON.stringify(["success", "success", "success", "failure", "denied"][skewed(i, 8, 5)])}`,
    `"targets":${JSON.stringify([{ id: `d${scatter(i, 9) % 300_000}`, type: "document" }])}`,
    `"tenant":${JSON.stringify(`t${skewed(i, 11, 200)}`)}`,
    `"time":${JSON.stringify(new Date(recordedAt - (scatter(i, 12) % 900)).toISOString())}`,
  ];
  return { recordedAt, members: members.map((text) => ({ salt, text })) };
}

const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
const store = await LevelStore.open(join(folder, "store"));
const indexStore = await LevelIndexStore.open(join(folder, "index"));
try {
  await fill();
  await measureFeeding();
  const ledger: IndexedLedger = {
    record: { id: ledgerId },
    size: EVENTS,
    leafHash: async (index) => new Uint8Array(32).fill(index % 256),
    onCommit: () => () => undefined,
  };
  const indexer = await Indexer.open({ store, indexStore, ledger });
  await measureFollowing(indexer);
  await measurePages(indexer);
  await measureStats(indexer);
  await measureOpening(ledger);
  await indexer.stop();
} finally {
  await indexStore.close();
  await store.close();
  await rm(folder, { recursive: true });
}

/** Puts the entries into the store, as commits without tiles under checkpoints that nobody signed. */
async function fill(): Promise<void> {
  const record = { id: ledgerId, name: "main", label: ledgerId, owner: zero, signer: zero, createdAt: 0 };
  await store.addLedger(record);
  const began = performance.now();
  for (let from = 0; from < EVENTS; from += 10_000) {
    const entries = Array.from({ length: Math.min(10_000, EVENTS - from) }, (_, i) => packEntry(entryOf(from + i)));
    const size = from + entries.length;
    const checkpoint = { ledgerId, size, root: ledgerId, signedAt: 0, signature: toHex(new Uint8Array(65)) };
    await store.commit(ledgerId, { from, entries, claims: [], tiles: [], checkpoint });
  }
  console.log(`filled the store with ${EVENTS} entries in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** The index alone: entries are ready in memory, nothing is read from the store. */
async function measureFeeding(): Promise<void> {
  const entries = Array.from({ length: Math.min(EVENTS, 131_072) }, (_, i) => packEntry(entryOf(i)));
  const segments = await Segments.load(indexStore, toHex(new Uint8Array(32).fill(8)));
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  let open = new OpenSegment(0, segments.terms);
  for (const entry of entries) {
    open.add(entry);
    if (!open.full) continue;
    await segments.write(open, salt);
    open = new OpenSegment(open.end, segments.terms);
  }
  report("indexing from memory", entries.length, began, cpuBegan);
}

async function measureFollowing(indexer: Indexer): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  delay.enable();
  indexer.start();
  await indexer.waitFor(EVENTS, { timeoutMs: 600_000 });
  delay.disable();
  report("indexing with reading the store", EVENTS, began, cpuBegan);
  const [usual, most] = [delay.percentile(50), delay.percentile(99.9)].map((ns) => (ns / 1e6).toFixed(0));
  console.log(`  the event loop is late by ${usual} ms usually, ${most} ms in 1 of 1000 cases`);
  const bytes = await sizeOf(join(folder, "index"));
  console.log(`  ${(bytes / EVENTS).toFixed(0)} bytes of index for each event, ${indexer.segments.count} segments`);
}

async function measurePages(indexer: Indexer): Promise<void> {
  const at = (part: number) => START_MS + Math.floor(EVENTS * part) * STEP_MS;
  const filters: [string, Filter][] = [
    ["no filter", {}],
    ["common: outcome", { outcome: "success" }],
    ["common prefix: k8s.*", { action: "k8s.*" }],
    ["one actor in 50,000", { actor: "u41234" }],
    [
      "one event by its id",
      {
        id: `evt_${Math.floor(EVENTS / 3)
          .toString(36)
          .padStart(12, "0")}`,
      },
    ],
    ["rare action", { action: "backup.key.exported" }],
    ["nothing matches", { actor: "nobody", outcome: "success" }],
    ["common × common × common", { action: "k8s.*", outcome: "denied", tenant: "t150", source: "app-3" }],
    ["common, never together", { source: "app-1", key: "key-2", outcome: "success" }],
    [
      "five filters and a time",
      {
        action: "k8s.core.*",
        actor: "agent:*",
        outcome: "failure",
        key: "key-7",
        tenant: "t42",
        since: at(0.2),
        until: at(0.8),
      },
    ],
    ["a time of the event", { occurredSince: at(0.5), occurredUntil: at(0.5) + 60_000, outcome: "denied" }],
  ];
  console.log("pages of 100: p50 / p99 / most / first ms, CPU ms each, items");
  for (const [name, filter] of filters) {
    for (const order of ["desc", "asc"] as const) {
      const times: number[] = [];
      const cpu = process.cpuUsage();
      let items = 0;
      let complete = true;
      for (let i = 0; i < ROUNDS; i++) {
        const began = performance.now();
        const page = await query(indexer, { filter, order, limit: 100 });
        times.push(performance.now() - began);
        items = page.items.length;
        complete = page.complete;
      }
      const busy = (millisecondsOf(process.cpuUsage(cpu)) / ROUNDS).toFixed(1);
      const spent = `${spread(times)} / ${times[0]?.toFixed(1)}  ${busy}`;
      console.log(`  ${name.padEnd(28)} ${order.padEnd(4)} ${spent}  ${items}${complete ? "" : " (cut short)"}`);
    }
  }
}

async function measureStats(indexer: Indexer): Promise<void> {
  const until = START_MS + EVENTS * STEP_MS;
  const times: number[] = [];
  for (let i = 0; i < 10; i++) {
    const began = performance.now();
    await stats(indexer, { since: until - 86_400_000, until, interval: "minute", top: 10 });
    times.push(performance.now() - began);
  }
  console.log(`counts of the last day: ${spread(times)}`);
}

async function measureOpening(ledger: IndexedLedger): Promise<void> {
  const began = performance.now();
  const again = await Indexer.open({ store, indexStore, ledger });
  console.log(`opening the index: ${(performance.now() - began).toFixed(1)} ms`);
  const opened = performance.now();
  again.start();
  await again.waitFor(EVENTS, { timeoutMs: 60_000 });
  console.log(`building the open segment: ${(performance.now() - opened).toFixed(0)} ms`);
  await again.stop();
}

/** Times of the clock and of the processor since a beginning; on a busy machine only the second means something. */
function report(what: string, events: number, began: number, cpuBegan: NodeJS.CpuUsage): void {
  const rate = (ms: number) => Math.round((1000 * events) / ms).toLocaleString("en");
  const busy = millisecondsOf(process.cpuUsage(cpuBegan));
  console.log(`${what}: ${rate(performance.now() - began)} events/s, ${rate(busy)} for each second of a processor`);
}

function millisecondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

function spread(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const part = (of: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] as number).toFixed(1);
  return `${part(0.5)} / ${part(0.99)} / ${part(1)}`;
}

async function sizeOf(directory: string): Promise<number> {
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
