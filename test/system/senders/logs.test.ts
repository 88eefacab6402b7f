/**
 * Senders of logs, unchanged, against the service as a process of its own: everything that they say is there once, also
 * where the service is killed while they send and started again, for those that send again.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import pino from "pino";
import { createLogger, format, transports } from "winston";
import { type ServiceProcess, World, waitFor } from "../service-process.ts";
import { unpacked } from "./debian.ts";

const { createWriteStream } = createRequire(import.meta.url)("pino-http-send") as {
  createWriteStream(args: object): NodeJS.WritableStream;
};

type Found = { readonly event: Record<string, unknown> & { readonly message?: string } };

/** All events of senders, oldest first. */
async function found(service: ServiceProcess): Promise<Found["event"][]> {
  const events: Found["event"][] = [];
  for (let cursor = ""; ; ) {
    const page = await service.json<{ events: Found[]; next: string | null }>(
      200,
      `GET /v1/ledgers/main/events?order=asc&limit=200${cursor}`,
    );
    events.push(...page.events.map(({ event }) => event));
    if (page.next === null) return events.filter(({ message }) => message?.startsWith("said"));
    cursor = `&after=${page.next}`;
  }
}

async function messages(service: ServiceProcess): Promise<string[]> {
  return (await found(service)).map(({ message }) => message ?? "");
}

/** Waits until as many events are there, and says what they say. */
async function said(service: ServiceProcess, count: number): Promise<string[]> {
  return waitFor(`${count} events`, async () => {
    const all = await messages(service);
    return all.length >= count ? all : undefined;
  });
}

/** Kills a service as a power cut would, and starts it again where it was. */
async function killed(world: World, service: ServiceProcess): Promise<ServiceProcess> {
  await service.stop("SIGKILL");
  return world.start({ env: { HOLDFAST_LISTEN: new URL(service.url).host } });
}

/** A key for one ledger, for a path. */
async function keyFor(service: ServiceProcess, source: string): Promise<string> {
  const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", {
    roles: ["writer"],
    source,
    ledgers: ["main"],
  });
  return key;
}

test("pino says everything once through pino-http-send, while the service is killed", async (t) => {
  const world = new World(t);
  const service = await world.start();
  const stream = createWriteStream({
    url: `${service.url}/v1/ledgers/main/ingest/logs`,
    method: "POST",
    headers: { Authorization: `Bearer ${service.key}` },
    batchSize: 5,
    retries: 100,
    interval: 200,
    timeout: 100,
    silent: true,
  });
  const logger = pino({ base: { hostname: "vm" } }, stream);
  const say = (from: number) => {
    for (let i = from; i < from + 20; i++) logger.info({ user: "alice", n: i }, `said ${i}`);
  };
  say(0);
  await said(service, 5);
  const again = killed(world, service);
  say(20);
  const restarted = await again;
  const all = await said(restarted, 40);
  assert.deepEqual(all.sort(), Array.from({ length: 40 }, (_, i) => `said ${i}`).sort());
  const [first] = await found(restarted);
  assert.deepEqual(first?.actor, { type: "user", id: "alice" });
});

test("winston says everything once, alone and in batches", async (t) => {
  const service = await new World(t).start();
  const { hostname: host, port } = new URL(service.url);
  for (const options of [{}, { batch: true, batchInterval: 50, batchCount: 5 }]) {
    const at = { host, port: Number(port), path: "/v1/ledgers/main/ingest/logs", auth: { bearer: service.key } };
    const transport = new transports.Http({ ...at, ...options });
    const logger = createLogger({ format: format.combine(format.timestamp(), format.json()), transports: [transport] });
    const warnings: unknown[] = [];
    transport.on("warn", (warning: unknown) => warnings.push(warning));
    const before = (await messages(service)).length;
    for (let i = 0; i < 10; i++) logger.info(`said ${i}`, { user: { id: "alice" }, options });
    const all = (await said(service, before + 10)).slice(before);
    assert.deepEqual(all.sort(), Array.from({ length: 10 }, (_, i) => `said ${i}`).sort());
    assert.deepEqual(warnings, [], "every answer but 200 is a warning");
  }
});

const PYTHON = `
import logging, logging.handlers, sys
host, path, key = sys.argv[1:4]
log = logging.getLogger("audit")
log.setLevel(logging.INFO)
for method, url, credentials in (("POST", path, None), ("GET", path, None), ("POST", "/v1/ledgers/main/ingest/logs", ("python", key)), ("GET", "/v1/ledgers/main/ingest/logs", ("python", key))):
    handler = logging.handlers.HTTPHandler(host, url, method=method, credentials=credentials)
    log.addHandler(handler)
    log.info("said by %s %s" % (method, credentials is not None), extra={"user": "alice"})
    log.removeHandler(handler)
`;

test("Python's HTTPHandler says everything once, with POST and with GET, the key in the path and as a password", async (t) => {
  if (spawnSync("python3", ["--version"]).status !== 0) return t.skip("NOTHING WAS TRIED: there is no python3 here");
  const service = await new World(t).start();
  const key = await keyFor(service, "python");
  const args = ["-c", PYTHON, new URL(service.url).host, `/in/${key}/logs`, key];
  const child = spawn("python3", args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  assert.deepEqual([status, stderr], [0, ""]);
  const all = await said(service, 4);
  assert.deepEqual(all, ["said by POST False", "said by GET False", "said by POST True", "said by GET True"]);
  for (const { actor, source } of await found(service)) {
    assert.deepEqual([actor, source], [{ type: "user", id: "alice" }, "audit"]);
  }
});

/** Entries as a journal exports them. */
function exported(count: number, from = 0): string {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return [
      `__CURSOR=s=09d93b1a704b45368d57db82932a9065;i=${(n + 1).toString(16)};b=0123456789abcdef0123456789abcdef;m=${(n + 1).toString(16)};t=6613d3634a0f0;x=${(n + 1).toString(16)}`,
      `__REALTIME_TIMESTAMP=${1_795_765_390_582_000 + n}`,
      `__MONOTONIC_TIMESTAMP=${1_000_000 + n}`,
      "_BOOT_ID=0123456789abcdef0123456789abcdef",
      "_MACHINE_ID=fedcba9876543210fedcba9876543210",
      "_HOSTNAME=node-7",
      "SYSLOG_IDENTIFIER=sshd",
      `MESSAGE=said ${n}`,
      "\n",
    ].join("\n");
  }).join("");
}

test("systemd-journal-upload hands over a journal once, with the key in its URL, while the service is killed", async (t) => {
  const debian = unpacked(t, ["systemd", "systemd-journal-remote", "libsystemd-shared", "libmicrohttpd12"]);
  if (typeof debian === "string") return t.skip(`NOTHING WAS TRIED: ${debian}`);
  const program = (name: string) => join(debian.folder, "lib/systemd", name);
  const world = new World(t);
  const service = await world.start();
  const journal = world.path("host.journal");
  const input = world.path("host.export");
  writeFileSync(input, exported(3000));
  const written = spawnSync(program("systemd-journal-remote"), ["-o", journal, input], {
    env: debian.env,
    encoding: "utf8",
  });
  assert.equal(written.status, 0, written.stderr);
  const url = `${service.url}/in/${await keyFor(service, "node-7")}/journal`;
  const args = [`--url=${url}`, `--file=${journal}`, "--follow=no", `--save-state=${world.path("state")}`];
  const upload = () => spawnedUntilEnd(program("systemd-journal-upload"), args, debian.env);
  const first = upload();
  const restarted = await killed(world, service);
  await first;
  // Its unit starts it again.
  const second = await upload();
  assert.deepEqual([second.status, second.stderr.includes("failed")], [0, false], second.stderr);
  const third = await upload();
  assert.equal(third.status, 0, third.stderr);
  const all = await said(restarted, 3000);
  assert.deepEqual(
    all,
    Array.from({ length: 3000 }, (_, i) => `said ${i}`),
  );
});

type Run = { readonly status: number | null; readonly stderr: string };

function spawnedUntilEnd(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, stderr })));
}

test("syslog-ng says everything once, in batches of lines of any form, while the service is killed", async (t) => {
  const debian = unpacked(t, ["syslog-ng-core", "syslog-ng-mod-http", "libnet1", "libivykis0", "libwrap0", "libpcre3"]);
  if (typeof debian === "string") return t.skip(`NOTHING WAS TRIED: ${debian}`);
  const world = new World(t);
  const service = await world.start();
  const source = world.path("app.log");
  const state = world.path("syslog-ng");
  mkdirSync(state);
  const line = (n: number) => `said ${n}\n`;
  writeFileSync(source, Array.from({ length: 20 }, (_, n) => line(n)).join(""));
  const config = join(state, "syslog-ng.conf");
  writeFileSync(
    config,
    `@version: 3.38
source s { file("${source}" follow-freq(0.1) flags(no-parse)); };
destination d { http(
  url("${service.url}/v1/ledgers/main/ingest/logs")
  headers("Authorization: Bearer ${service.key}", "Content-Type: application/json")
  body("$(format-json --scope rfc5424 --key ISODATE id=$UNIQID @timestamp=$ISODATE)")
  batch-lines(7) batch-timeout(200) delimiter("\\n") time-reopen(1)
); };
options { use-uniqid(yes); time-reopen(1); };
log { source(s); destination(d); };
`,
  );
  const args = ["--foreground", "--no-caps", "--cfgfile", config, "--persist-file", join(state, "persist")];
  const files = ["--pidfile", join(state, "pid"), "--control", join(state, "ctl")];
  const modules = ["--module-path", join(debian.folder, "usr/lib/syslog-ng/3.38")];
  const child = spawn(join(debian.folder, "usr/sbin/syslog-ng"), [...args, ...files, ...modules], {
    env: debian.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => ended(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await said(service, 7).catch((error: unknown) => assert.fail(`${error}: ${output}`));
  const again = killed(world, service);
  writeFileSync(source, Array.from({ length: 20 }, (_, n) => line(20 + n)).join(""), { flag: "a" });
  const restarted = await again;
  const all = await said(restarted, 40);
  assert.deepEqual(all.sort(), Array.from({ length: 40 }, (_, i) => `said ${i}`).sort());
});

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  if (child.exitCode !== null || !child.kill("SIGKILL")) return;
  await closed;
}
