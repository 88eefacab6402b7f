/**
 * How fast `holdfast audit` reads the store of a stopped service: a data folder that the service's own bulk ingest made, in clear and
 * encrypted, with its index for search and without. What is compared with another checkout is run in turns with it.
 * `npx node bench/audit.ts [events] [--rounds N] [--against checkout] [--only encrypted] [--keep folder]`
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { event } from "./event-load.ts";
import { median } from "./median.ts";
import { processorUs, startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    against: { type: "string" },
    only: { type: "string", multiple: true },
    keep: { type: "string" },
  },
  allowPositionals: true,
});
const EVENTS = Number(positionals[0] ?? 300_000);
const ROUNDS = Number(flags.rounds);
const ROOT = join(import.meta.dirname, "..");
const BATCH = 1000;
const SENDERS = 2;
const LOOK_MS = 50;

type Kind = { readonly name: string; readonly encryption: "on" | "off"; readonly hasIndex: boolean };

const KINDS: readonly Kind[] = [
  { name: "encrypted, with index", encryption: "on", hasIndex: true },
  { name: "encrypted, without", encryption: "on", hasIndex: false },
  { name: "in clear, with index", encryption: "off", hasIndex: true },
  { name: "in clear, without", encryption: "off", hasIndex: false },
];

/** Whether its name begins with one of those that were asked for. */
function isWanted({ name }: Kind): boolean {
  return flags.only?.some((each) => name.startsWith(each)) ?? true;
}

type Measured = { readonly seconds: number; readonly processorS: number; readonly residentMiB: number };

/** An event with an id of its own. */
const withId = (i: number): string => event(i, `e-${i.toString().padStart(9, "0")}`);

/** A data folder as a service leaves it, made once for all runs. */
async function makeData(folder: string, encryption: Kind["encryption"]): Promise<string> {
  const data = join(folder, encryption === "on" ? "encrypted" : "clear");
  if (existsSync(data)) return data;
  const subject = await startService(ROOT, { HOLDFAST_DATA: data, HOLDFAST_ENCRYPTION: encryption });
  try {
    let next = 0;
    const sendAll = async () => {
      for (let from = next; from < EVENTS; from = next) {
        next += BATCH;
        await sendBatch(subject.url, subject.key, from, Math.min(from + BATCH, EVENTS));
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sendAll));
    await waitForQuiet(subject);
  } finally {
    await subject.stop();
  }
  return data;
}

async function sendBatch(url: string, key: string, from: number, to: number): Promise<void> {
  const body = Array.from({ length: to - from }, (_, i) => withId(from + i)).join("\n");
  const headers = { "content-type": "application/x-ndjson", authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/v1/ledgers/main/events`, { method: "POST", headers, body });
  if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

async function audit(root: string, data: string): Promise<Measured> {
  const began = performance.now();
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, HOLDFAST_DATA: data };
  const args = ["src/cli/main.ts", "audit", "--ledger", "main", "--json"];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  let processorS = 0;
  let residentMiB = 0;
  const looking = setInterval(() => {
    const seen = lookAt(child.pid as number);
    processorS = seen?.processorS ?? processorS;
    residentMiB = seen?.residentMiB ?? residentMiB;
  }, LOOK_MS);
  let text = "";
  child.stdout.on("data", (some) => {
    text += some;
  });
  const [status] = await once(child, "close");
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1000;
  const [ledger] = JSON.parse(text).ledgers;
  if (status !== 0 || ledger.findings.length > 0 || ledger.entries < EVENTS)
    throw new Error(`expected ${EVENTS} entries and no findings, got status ${status}: ${text.slice(0, 1000)}`);
  return { seconds, processorS, residentMiB };
}

/** What a process has taken so far; undefined once it is gone. */
function lookAt(pid: number): Omit<Measured, "seconds"> | undefined {
  try {
    const most = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const us = processorUs(pid);
    return most === undefined || us === undefined
      ? undefined
      : { processorS: us / 1e6, residentMiB: Number(most) / 1024 };
  } catch {
    return undefined;
  }
}

async function withIndex<T>(data: string, hasIndex: boolean, run: () => Promise<T>): Promise<T> {
  if (hasIndex) return run();
  const index = join(data, "index");
  renameSync(index, `${index}.away`);
  try {
    return await run();
  } finally {
    renameSync(`${index}.away`, index);
  }
}

const folder = flags.keep ?? mkdtempSync(join(tmpdir(), "holdfast-bench-audit-"));
const roots = flags.against === undefined ? [ROOT] : [ROOT, flags.against];
const rows: object[] = [];
try {
  for (const { name, encryption, hasIndex } of KINDS.filter(isWanted)) {
    const data = await makeData(folder, encryption);
    const found = new Map<string, Measured[]>(roots.map((root) => [root, []]));
    for (let round = 0; round < ROUNDS; round++)
      for (const root of round % 2 === 0 ? roots : roots.toReversed())
        found.get(root)?.push(await withIndex(data, hasIndex, () => audit(root, data)));
    for (const [root, measured] of found) {
      const ratios = measured.map(({ seconds }, i) => (found.get(ROOT)?.[i]?.seconds ?? Number.NaN) / seconds);
      rows.push({
        what: name,
        checkout: root === ROOT ? "this" : "the other",
        "entries a second": Math.round(EVENTS / median(measured.map(({ seconds }) => seconds))),
        "processor, us an entry": ((1e6 * median(measured.map((each) => each.processorS))) / EVENTS).toFixed(1),
        "memory, MiB at most": Math.round(median(measured.map(({ residentMiB }) => residentMiB))),
        "speed, of this": ratios.map((ratio) => ratio.toFixed(2)).join(" "),
      });
    }
  }
} finally {
  if (flags.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
console.table(rows);
