/**
 * What clients that do not read cost everybody else: the real service in a process of its own, 200 connections that send
 * and never read, and beside them somebody who asks /healthz and somebody who records events. `npm run test:clients`;
 * ends with 1 when a bound does not hold. Latencies belong to a quiet machine, so nothing of this is in `npm test`.
 * `node bench/clients.ts [attack …] [--root folder of another checkout] [--json]`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const MIB = 1024 * 1024;
/** The service is ended when it holds more: the machine is not to suffer with it. */
const RSS_MAX = 1500 * MIB;
const EVENTS = 5000;
const HELD_MS = 12_000;
/** Until memory that is not needed was given back. */
const SETTLE_MS = 10_000;
const WARM_MS = 6000;
const BOUNDS = { grownMib: 200, leftMib: 200, healthP99Ms: 200, stopMs: 10_000 };

type Attack = {
  readonly name: string;
  readonly about: string;
  readonly connections: number;
  /** Text that one connection sends at once. */
  readonly sent: (key: string) => string;
  /** Whether these clients take their answers. */
  readonly reads?: boolean;
};

const ask = (path: string, ...headers: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
const withKey = (key: string): string => `Authorization: Bearer ${key}`;
const PAGE = "/v1/ledgers/main/events?limit=1000";

const ATTACKS: readonly Attack[] = [
  { name: "none", about: "nobody else, to compare with", connections: 0, sent: () => "" },
  {
    name: "files",
    about: "200 connections, 430 pipelined requests for a page's script each, no key, nothing read",
    connections: 200,
    sent: () => ask("/ledger.js", "Accept-Encoding: gzip").repeat(430),
  },
  {
    name: "one",
    about: "one connection with a key, 2000 pipelined pages of events, nothing read",
    connections: 1,
    sent: (key) => ask(PAGE, withKey(key)).repeat(2000),
  },
  {
    name: "pages",
    about: "200 connections with a key, 20 pipelined pages of 1000 events each, nothing read",
    connections: 200,
    sent: (key) => ask(PAGE, withKey(key)).repeat(20),
  },
  {
    name: "bundles",
    about: "200 connections with a key, 500 pipelined bundles each, nothing read",
    connections: 200,
    sent: (key) =>
      Array.from({ length: 500 }, (_, i) => ask(`/v1/ledgers/main/events/${i}/bundle`, withKey(key))).join(""),
  },
  {
    name: "reader",
    about: "one connection with a key that pipelines 100 pages and reads them all",
    connections: 1,
    sent: (key) => ask(PAGE, withKey(key)).repeat(100),
    reads: true,
  },
];

type Service = { readonly child: ChildProcess; readonly url: string; readonly port: number; readonly key: string };

async function start(root: string, data: string): Promise<Service> {
  const child = spawn(
    process.execPath,
    ["--max-old-space-size=1200", join(root, "src/cli/main.ts"), "serve", "--json"],
    {
      cwd: root,
      env: { ...process.env, HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "warn" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    output += text;
    if (output.includes("\n")) break;
  }
  child.stdout.resume();
  const { url, adminKeyFile } = JSON.parse(output.split("\n").find((line) => line.startsWith('{"url"')) ?? "") as {
    url: string;
    adminKeyFile: string;
  };
  return { child, url, port: Number(new URL(url).port), key: readFileSync(adminKeyFile, "utf8").trim() };
}

function event(i: number): object {
  return {
    action: "document.permission.granted",
    time: "2026-11-23T10:00:00.123Z",
    actor: { type: "user", id: `u-${i % 1000}`, name: "Ada Lovelace" },
    targets: [{ type: "document", id: `d-${i}` }],
    outcome: "success",
    metadata: { note: "x".repeat(300) },
  };
}

/** Sends one request on a connection that is kept, and returns how long the whole answer took. */
function timed(agent: Agent, { url, key }: Service, path: string, body?: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const req = request(url + path, {
    agent,
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${key}`, ...type },
    timeout: 30_000,
  });
  req.on("response", (res) => {
    res.resume().on("end", () => {
      if ((res.statusCode ?? 0) < 300) resolve(performance.now() - began);
      else reject(new Error(`${path}: ${res.statusCode}`));
    });
  });
  req.on("timeout", () => req.destroy(new Error("no answer for 30 s")));
  req.on("error", reject);
  req.end(body);
  return promise;
}

/** A service that was killed leaves its chain behind. */
function endChain(data: string): void {
  try {
    const { pid } = JSON.parse(readFileSync(join(data, "chain", "chain.pid"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function rss({ pid }: ChildProcess): number {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

type Watched = { readonly latencies: number[]; failed: number };

/** Asks again and again until it is told to stop; what does not come counts as failed. */
async function repeat(isOver: () => boolean, pauseMs: number, once: () => Promise<number>): Promise<Watched> {
  const watched: Watched = { latencies: [], failed: 0 };
  while (!isOver()) {
    try {
      watched.latencies.push(await once());
    } catch {
      watched.failed++;
      await sleep(100);
    }
    await sleep(pauseMs);
  }
  return watched;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN) * 10) / 10;
}

async function openAll({ connections, sent, reads }: Attack, { port, key }: Service): Promise<Socket[]> {
  const text = sent(key);
  return await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      if (reads === true) socket.resume();
      else socket.pause();
      socket.write(text);
      return socket;
    }),
  );
}

/** Everything once, so that what is measured is what clients add: code is compiled, the first anchor is made. */
async function warmUp(agent: Agent, service: Service): Promise<void> {
  const until = performance.now() + WARM_MS;
  for (let i = 0; performance.now() < until; i++) {
    await timed(agent, service, "/v1/ledgers/main/events", JSON.stringify(event(i)));
    await timed(agent, service, i % 4 === 0 ? PAGE : "/healthz");
    await timed(agent, service, `/v1/ledgers/main/events/${i}/bundle`);
  }
}

type Row = {
  readonly attack: string;
  readonly grownMib: number;
  readonly leftMib: number;
  readonly healthP50Ms: number;
  readonly healthP99Ms: number;
  readonly healthMaxMs: number;
  readonly postP99Ms: number;
  readonly posts: number;
  readonly failed: number;
  readonly stopMs: number;
  readonly note: string;
};

async function run(attack: Attack, root: string): Promise<Row> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
  const service = await start(root, data);
  const agent = new Agent({ keepAlive: true });
  const ended = once(service.child, "exit");
  let note = "";
  try {
    for (let i = 0; i < EVENTS; i += 500) {
      const events = Array.from({ length: 500 }, (_, k) => event(i + k));
      await timed(agent, service, "/v1/ledgers/main/events", JSON.stringify(events));
    }
    await warmUp(agent, service);
    const before = rss(service.child);
    let peak = before;
    let isOver = false;
    const look = setInterval(() => {
      peak = Math.max(peak, rss(service.child));
      if (peak <= RSS_MAX) return;
      note ||= `ended when it held ${Math.round(peak / MIB)} MiB`;
      isOver = true;
      service.child.kill("SIGKILL");
    }, 50);
    const health = repeat(
      () => isOver,
      20,
      () => timed(agent, service, "/healthz"),
    );
    const posts = repeat(
      () => isOver,
      20,
      () => timed(agent, service, "/v1/ledgers/main/events", JSON.stringify(event(0))),
    );
    const sockets = await openAll(attack, service);
    const until = performance.now() + HELD_MS;
    while (performance.now() < until && !isOver) await sleep(50);
    for (const socket of sockets) socket.destroy();
    await sleep(note === "" ? SETTLE_MS : 0);
    const left = rss(service.child) - before;
    isOver = true;
    const [healthy, posted] = await Promise.all([health, posts]);
    const again = note === "" ? await openAll(attack, service) : [];
    await sleep(500);
    const stopping = performance.now();
    service.child.kill("SIGTERM");
    const late = setTimeout(() => {
      note ||= "SIGTERM did not end it";
      service.child.kill("SIGKILL");
    }, 30_000);
    await ended;
    clearTimeout(late);
    clearInterval(look);
    for (const socket of again) socket.destroy();
    return {
      attack: attack.name,
      grownMib: Math.round((peak - before) / MIB),
      leftMib: Math.round(left / MIB),
      healthP50Ms: quantile(healthy.latencies, 0.5),
      healthP99Ms: quantile(healthy.latencies, 0.99),
      healthMaxMs: quantile(healthy.latencies, 1),
      postP99Ms: quantile(posted.latencies, 0.99),
      posts: posted.latencies.length,
      failed: healthy.failed + posted.failed,
      stopMs: Math.round(performance.now() - stopping),
      note,
    };
  } finally {
    service.child.kill("SIGKILL");
    endChain(data);
    agent.destroy();
    rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function broken(row: Row): string[] {
  const { grownMib, leftMib, healthP99Ms, stopMs } = BOUNDS;
  const wrong: string[] = [];
  if (row.note !== "") wrong.push(row.note);
  if (!(row.grownMib < grownMib)) wrong.push(`memory grew by ${row.grownMib} MiB, expected less than ${grownMib}`);
  if (!(row.leftMib < leftMib)) wrong.push(`${row.leftMib} MiB were not given back, expected less than ${leftMib}`);
  if (!(row.healthP99Ms < healthP99Ms)) wrong.push(`/healthz took ${row.healthP99Ms} ms, expected ${healthP99Ms}`);
  if (!(row.stopMs < stopMs)) wrong.push(`stopping took ${row.stopMs} ms, expected ${stopMs}`);
  if (row.posts === 0 || row.failed > 0) wrong.push(`${row.posts} events recorded, ${row.failed} requests failed`);
  return wrong;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: "string", default: join(import.meta.dirname, "..") }, json: { type: "boolean" } },
});
const rows: Row[] = [];
for (const attack of ATTACKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  if (values.json !== true) console.log(`\n# ${attack.name}: ${attack.about}`);
  const row = await run(attack, values.root);
  rows.push(row);
  if (values.json === true) continue;
  console.table([row]);
  for (const line of broken(row)) console.log(`  ${line}`);
}
if (values.json === true) console.log(JSON.stringify({ bench: "clients", node: process.version, rows }));
process.exitCode = rows.every((row) => broken(row).length === 0) ? 0 : 1;
