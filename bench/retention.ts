/**
 * Archiving and pruning beside recording: a service with many events gets a policy under which all of them go, while single events arrive at a rate.
 * What a POST takes before and meanwhile, how long it lasts, how much of the disk comes back, and whether what was archived is restored to the
 * same root. `EVENTS=1000000 RATE=500 node bench/retention.ts`
 */

import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readJson } from "../src/json/read.ts";
import { startService, waitForQuiet } from "./subject.ts";

const EVENTS = Number(process.env.EVENTS ?? 20_000);
const RATE = Number(process.env.RATE ?? 500);
const BATCH = 1000;
const BEFORE_MS = 20_000;
/** The index and the seals of the events before come to their end within it. */
const QUIET_MAX_MS = 600_000;

const data = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
const file = join(data, "config.json");
const archives = join(data, "archives");
const settings = {
  retention: { delayS: 0, intervalS: 1, archiveEveryS: 0 },
  archive: { folder: archives, clear: true },
  embeddedIntervalS: 1,
};
await writeFile(file, JSON.stringify(settings));
const service = await startService(join(import.meta.dirname, ".."), { HOLDFAST_CONFIG: file, HOLDFAST_DATA: data });
const admin = service.key;
const { key } = (await ask("POST", "/v1/keys", admin, { source: "bench", roles: ["privacy", "writer"] })) as {
  key: string;
};

async function ask(method: string, path: string, as: string, body?: unknown): Promise<unknown> {
  const response = await fetch(service.url + path, {
    method,
    headers: { Authorization: `Bearer ${as}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  return readJson(text);
}

function event(action: string, i: number): object {
  const time = new Date().toISOString();
  const actor = { type: "user", id: `u${i % 1000}` };
  return { action, time, actor, targets: [{ type: "doc", id: `d${i}` }], message: "x".repeat(200) };
}

/** Single events at the rate until it is over; milliseconds of each. */
async function post(isOver: () => boolean): Promise<number[]> {
  const took: number[] = [];
  const waiting: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; !isOver(); i++) {
    const at = performance.now();
    const sent = ask("POST", "/v1/ledgers/main/events", key, event("live.post", i));
    waiting.push(sent.then(() => void took.push(performance.now() - at)));
    await delay(Math.max(0, began + ((i + 1) * 1000) / RATE - performance.now()));
  }
  await Promise.all(waiting);
  return took.sort((a, b) => a - b);
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

function describe(sorted: readonly number[]): string {
  return `p50 ${at(sorted, 0.5).toFixed(1)} ms, p99 ${at(sorted, 0.99).toFixed(1)} ms of ${sorted.length}`;
}

/** Bytes of a folder's files, of which the service may remove some meanwhile. */
async function bytesOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(zeroIfGone)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

function zeroIfGone(error: NodeJS.ErrnoException): { readonly size: number } {
  if (error.code !== "ENOENT") throw error;
  return { size: 0 };
}

async function disk(): Promise<string> {
  const mib = async (name: string) => ((await bytesOf(join(data, name))) / 2 ** 20).toFixed(1);
  return `store ${await mib("store")} MiB, index ${await mib("index")} MiB`;
}

/** Makes a store of the archives, as a user would. @returns how it compares with the ledger at that size */
async function restoreAll(): Promise<string> {
  const names = (await readdir(archives)).filter((name) => name.endsWith(".hfa"));
  const program = [join(import.meta.dirname, "../src/cli/main.ts"), "archive", "restore", ...names];
  const flags = ["--folder", archives, "--into", join(data, "restored"), "--json"];
  const began = performance.now();
  const told = execFileSync(process.execPath, [...program, ...flags], { encoding: "utf8", maxBuffer: 2 ** 26 });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const { size, root } = readJson(told) as { readonly size: number; readonly root: string };
  const there = (await ask("GET", `/v1/ledgers/main/checkpoint/${size}`, admin)) as { readonly root: string };
  if (size < EVENTS) throw new Error(`expected at least ${EVENTS} entries from ${names.length} archives, got ${size}`);
  if (there.root !== root) throw new Error(`expected the root ${there.root} at ${size}, got ${root} from the archives`);
  const mib = ((await bytesOf(archives)) / 2 ** 20).toFixed(1);
  return `${names.length} archives of ${mib} MiB restored to the same root at ${size} in ${seconds} s`;
}

try {
  for (let i = 0; i < EVENTS; i += BATCH) {
    const events = Array.from({ length: BATCH }, (_, j) => event("load.batch", i + j));
    await ask("POST", "/v1/ledgers/main/events", key, events);
  }
  const isQuiet = await waitForQuiet(service, QUIET_MAX_MS);
  console.log(`${EVENTS} events; ${await disk()}${isQuiet ? "" : "; the service still works on them"}`);
  const endsAt = performance.now() + BEFORE_MS;
  const before = await post(() => performance.now() > endsAt);
  console.log(`before: ${describe(before)}`);
  const rules = [{ name: "load", action: "load.*", keepAtMost: "PT1S", after: "archive_and_prune" }];
  await ask("PUT", "/v1/ledgers/main/retention", key, { rules });
  const began = performance.now();
  let isDone = false;
  const meanwhile = post(() => isDone);
  for (let pruned = 0; !isDone; ) {
    await delay(500);
    const status = (await ask("GET", "/v1/ledgers/main/retention/status", key)) as Record<string, unknown>;
    if (status.failure !== undefined) throw new Error(String(status.failure));
    pruned = Number(status.pruned);
    isDone = pruned >= EVENTS && status.step === undefined;
  }
  const took = await meanwhile;
  console.log(`meanwhile: ${describe(took)}; p99 is ${(at(took, 0.99) / at(before, 0.99)).toFixed(2)} of before`);
  console.log(`pruned in ${((performance.now() - began) / 1000).toFixed(1)} s; ${await disk()}`);
  console.log(await restoreAll());
} finally {
  await service.stop();
  await rm(data, { recursive: true, force: true });
}
