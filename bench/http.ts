/**
 * How fast events get in, against the floors of the same machine in the same run: a durable, proven POST against an
 * Express app that echoes the same JSON, and bulk NDJSON against LevelDB batches of the same bytes, synced.
 * `node bench/http.ts [seconds] [--json]`.
 */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import autocannon from "autocannon";
import { Level } from "level";

const SECONDS = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 5);
const CONNECTIONS = 64;
const BATCH = 1000;
const ROUNDS = 3;

type Row = { readonly what: string; readonly perSecond: number; readonly p99Ms?: number; readonly ratio?: number };

/** An event of about 300 bytes. */
function event(i: number): string {
  return JSON.stringify({
    action: "document.permission.granted",
    time: "2026-11-23T10:00:00.123Z",
    actor: { type: "user", id: `u-${i % 1000}`, name: "Ada Lovelace" },
    targets: [{ type: "document", id: `d-${i}` }],
    outcome: "success",
    context: { ip: "192.0.2.17", user_agent: "curl/8.5.0", request_id: `r-${i.toString().padStart(12, "0")}` },
  });
}

type Server = { readonly url: string; readonly key: string; stop(): Promise<void> };

async function start(kind: "echo" | "holdfast"): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "server.ts"), kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const { value } = await lines[Symbol.asyncIterator]().next();
  const { port, key } = JSON.parse(value as string) as { port: number; key: string };
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.stdin.end();
      }),
  };
}

async function load(
  server: Server,
  path: string,
  options: { connections: number; type: string; body: (i: number) => string; expected: number },
): Promise<{ perSecond: number; p99Ms: number }> {
  let sent = 0;
  const result = await autocannon({
    url: server.url,
    connections: options.connections,
    duration: SECONDS,
    requests: [
      {
        method: "POST",
        path,
        headers: { "content-type": options.type, authorization: `Bearer ${server.key}` },
        setupRequest: (request) => ({ ...request, body: options.body(sent++) }),
      },
    ],
  });
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(([code]) => Number(code) !== options.expected);
  if (wrong.length > 0 || result.errors > 0) {
    throw new Error(`expected only ${options.expected}, got ${JSON.stringify(wrong)} and ${result.errors} errors`);
  }
  return { perSecond: result.requests.total / result.duration, p99Ms: result.latency.p99 };
}

async function levelFloor(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  const db = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  const started = performance.now();
  let written = 0;
  while (performance.now() - started < SECONDS * 1000) {
    const batch = db.batch();
    for (let i = 0; i < BATCH; i++) {
      const key = Buffer.alloc(9);
      key.writeUIntBE(written++, 3, 6);
      batch.put(key, Buffer.from(event(written)));
    }
    await batch.write({ sync: true });
  }
  const seconds = (performance.now() - started) / 1000;
  await db.close();
  await rm(folder, { recursive: true });
  return written / seconds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

const events = "/v1/ledgers/main/events";
const json = "application/json";
const measured = { echo: [], single: [], light: [], lightEcho: [], bulk: [], floor: [] } as Record<string, number[]>;
const p99: Record<string, number[]> = { echo: [], single: [], light: [], lightEcho: [], bulk: [] };
const note = (name: string, value: { perSecond: number; p99Ms: number }) => {
  measured[name]?.push(value.perSecond);
  p99[name]?.push(value.p99Ms);
};

// The parts take turns, so that a slow minute of the machine hits all of them.
for (let round = 0; round < ROUNDS; round++) {
  const echo = await start("echo");
  note("echo", await load(echo, "/echo", { connections: CONNECTIONS, type: json, body: event, expected: 200 }));
  note("lightEcho", await load(echo, "/echo", { connections: 1, type: json, body: event, expected: 200 }));
  await echo.stop();
  const holdfast = await start("holdfast");
  note("single", await load(holdfast, events, { connections: CONNECTIONS, type: json, body: event, expected: 201 }));
  note("light", await load(holdfast, events, { connections: 1, type: json, body: event, expected: 201 }));
  const bodies = Array.from({ length: 20 }, (_, i) =>
    Array.from({ length: BATCH }, (_, k) => event(i * BATCH + k)).join("\n"),
  );
  const body = (i: number) => bodies[i % bodies.length] as string;
  note("bulk", await load(holdfast, events, { connections: 2, type: "application/x-ndjson", body, expected: 201 }));
  await holdfast.stop();
  measured.floor?.push(await levelFloor());
}

const of = (name: string) => median(measured[name] ?? []);
const late = (name: string) => median(p99[name] ?? []);
const rows: Row[] = [
  { what: `Express echo, ${CONNECTIONS} connections`, perSecond: of("echo"), p99Ms: late("echo") },
  {
    what: `POST event, ${CONNECTIONS} connections`,
    perSecond: of("single"),
    p99Ms: late("single"),
    ratio: of("single") / of("echo"),
  },
  { what: "Express echo, 1 connection", perSecond: of("lightEcho"), p99Ms: late("lightEcho") },
  {
    what: "POST event, 1 connection",
    perSecond: of("light"),
    p99Ms: late("light"),
    ratio: of("light") / of("lightEcho"),
  },
  { what: `LevelDB synced batches of ${BATCH}, events/s`, perSecond: of("floor") },
  {
    what: `POST NDJSON of ${BATCH}, events/s`,
    perSecond: of("bulk") * BATCH,
    p99Ms: late("bulk"),
    ratio: (of("bulk") * BATCH) / of("floor"),
  },
];
if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ bench: "http", node: process.version, seconds: SECONDS, rounds: ROUNDS, rows }));
} else {
  console.table(
    rows.map(({ what, perSecond, p99Ms, ratio }) => ({
      what,
      "per second": Math.round(perSecond),
      "p99 ms": p99Ms,
      "of the floor": ratio === undefined ? "" : ratio.toFixed(2),
    })),
  );
}
