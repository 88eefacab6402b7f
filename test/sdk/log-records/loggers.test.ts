/** The transports in real loggers: what arrives of their records, and what happens while the service is away. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import winston from "winston";
import { recordEvent } from "../../../src/ingest/formats/logs/record.ts";
import { logEvent } from "../../../src/sdk/log-records/log-event.ts";
import type { PinoOptions } from "../../../src/sdk/pino/index.ts";
import { HoldfastTransport, type WinstonOptions } from "../../../src/sdk/winston/index.ts";
import { until } from "../../until.ts";
import { startScene } from "../clients.ts";

const scene = await startScene({ after });
const { meddler } = scene;
const target = join(import.meta.dirname, "../../../src/sdk/pino/index.ts");
const settings = () => ({ url: meddler.url, key: scene.key, retry: { baseMs: 1, maxMs: 4 } });

async function found(filter: object): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for await (const { event } of scene.client().read.events(filter)) all.push({ ...event });
  return all;
}

/** A program of its own, as pino holds a program until its thread has ended; @returns what it wrote on standard error */
async function runPino(options: Partial<PinoOptions>, body: string): Promise<string> {
  const source = `import pino from ${JSON.stringify(import.meta.resolve("pino"))};
    const transport = pino.transport(${JSON.stringify({ target, options: { ...settings(), ...options } })});
    const log = pino({ level: "trace", base: { hostname: "web-1" } }, transport);
    await new Promise((resolve) => transport.once("ready", resolve));
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0, told);
  return told;
}

test("pino: records arrive as the format of logs maps them, each once, also where answers are lost", async () => {
  meddler.next.push("reset after", { status: 503, code: "queue_full" });
  const told = await runPino(
    { mode: "block" },
    `log.info({ action: "invoice.approved", actor: { type: "user", id: "alice" } }, "approved");
     log.warn({ user: "bob", request_id: "r-1", tries: 3 }, "login failed");`,
  );
  assert.match(told, /records are recorded again/);
  const [approved] = await found({ action: "invoice.approved" });
  assert.deepEqual(approved?.actor, { type: "user", id: "alice" });
  const records = await found({ actor: "user:bob" });
  assert.equal(records.length, 1);
  const [{ action, message, context, metadata } = {}] = records;
  assert.deepEqual([action, message, context], ["log.record", "login failed", { request_id: "r-1" }]);
  assert.deepEqual(metadata, { level: 40, hostname: "web-1", tries: 3 });
});

test("pino: a program ends although nobody answers, says what is lost, and with a spool loses nothing", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pino-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const body = `for (let i = 0; i < 20; i++) log.info({ user: "spooled", i }, "kept");`;
  meddler.otherwise = "hang";
  const lost = await runPino({ closeMs: 50 }, body);
  assert.match(lost, /20 records in all were not recorded/);
  const kept = await runPino({ mode: "spool", spool: { folder }, closeMs: 50 }, body);
  assert.doesNotMatch(kept, /lost|in all/);
  meddler.otherwise = "pass";
  assert.deepEqual(await found({ actor: "user:spooled" }), []);
  await runPino({ mode: "spool", spool: { folder } }, "");
  const sent = await found({ actor: "user:spooled" });
  assert.deepEqual(
    sent.map(({ metadata }) => (metadata as { i: number }).i),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

function openWinston(options: Partial<WinstonOptions>) {
  const transport = new HoldfastTransport({ ...settings(), ...options });
  const warned: string[] = [];
  transport.on("warn", (error: Error) => void warned.push(error.message));
  const log = winston.createLogger({ level: "info", transports: [transport] });
  return {
    log,
    transport,
    warned,
    end: async () => {
      const finished = new Promise((resolve) => transport.once("finish", resolve));
      log.end();
      await finished;
    },
  };
}

test("winston: records arrive with their times, levels and fields, whatever stands in them", async () => {
  const { log, end, warned } = openWinston({ batch: { ageMs: 1 } });
  const circle: Record<string, unknown> = { name: "circle" };
  circle.self = circle;
  log.info("approved", { action: "invoice.paid", actor: { type: "user", id: "carol" }, amount: 10n });
  log.error("failed", { user: "dave", error: new Error("boom"), circle });
  log.debug("not wanted");
  await end();
  const [paid] = await found({ action: "invoice.paid" });
  assert.equal((paid as { amount?: string }).amount, "10");
  const [failed] = await found({ actor: "user:dave" });
  assert.equal(failed?.message, "failed");
  assert.ok(Math.abs(Date.parse(String(failed?.time)) - Date.now()) < 600_000);
  const { level, circle: told } = (failed?.metadata ?? {}) as { level: string; circle: object };
  assert.deepEqual([level, told], ["error", { name: "circle", self: "(seen above)" }]);
  assert.equal((await found({})).filter(({ message }) => message === "not wanted").length, 0);
  assert.deepEqual(warned, []);
});

test("winston: while the service is away nothing is thrown, what is dropped is counted and told, and the rest arrives", async () => {
  meddler.otherwise = "reset";
  const { log, end, transport, warned } = openWinston({ mode: "best-effort", queue: { eventsMax: 5 } });
  for (let i = 0; i < 12; i++) log.info("away", { user: "erin", i });
  await until("what is dropped to be counted", () => transport.lost === 7);
  await until("trouble to be told", () => warned.some((message) => message.includes("records wait in memory")));
  meddler.otherwise = "pass";
  await end();
  assert.equal((await found({ actor: "user:erin" })).length, 5);
  assert.ok(warned.some((message) => message.includes("records are recorded again")));
  assert.ok(
    warned.some((message) => message.includes("7 records in all were not recorded") || message.includes("lost so far")),
  );
});

test("winston: with blocking a record that is not taken in time is lost, counted and told", async () => {
  meddler.otherwise = "hang";
  const { log, end, transport, warned } = openWinston({ mode: "block", deadlineMs: 50, closeMs: 10 });
  log.info("late", { user: "frank" });
  await until("it to be lost", () => transport.lost === 1);
  assert.match(warned.join(), /1 records are lost so far: not done within 50 ms/);
  meddler.otherwise = "pass";
  await end();
});

test("a line becomes what the service itself makes of it, what is too large says so, and only events may be chosen", () => {
  const choice = { chosen: "all", source: "app" } as const;
  const record = { time: "2026-11-20T09:30:00Z", user: "u", msg: "m", level: 30, deep: { a: [1] } };
  assert.deepEqual(logEvent(JSON.stringify(record), choice, 0), recordEvent(record, false));
  assert.equal(logEvent("no JSON", choice, 0)?.action, "log.line");
  assert.equal(logEvent(" ", choice, 0), undefined);
  assert.deepEqual(logEvent('{"msg":"nobody"}', choice, 0)?.actor, { type: "system", id: "app" });
  const large = logEvent(JSON.stringify({ ...record, more: "x".repeat(100_000) }), choice, 0);
  const { holdfast } = (large?.metadata ?? {}) as { holdfast: { notes: string[]; characters: number } };
  assert.deepEqual(holdfast.notes, ["mapping_reduced"]);
  assert.ok(holdfast.characters > 100_000 && JSON.stringify(large).length < 65_000);
  const events = { chosen: "events", source: "app" } as const;
  assert.equal(logEvent(JSON.stringify(record), events, 0), undefined);
  assert.equal(logEvent('{"action":"a.b","actor":"u"}', events, 0)?.action, "a.b");
});
