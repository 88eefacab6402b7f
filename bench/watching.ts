/**
 * What watching costs: the service as `npm start` runs it, with audits, the record of accesses and alerts as they are when nothing is set, and a whole audit
 * begun before each load, against the same with all three off, in turns. Single events, many in one request, and bundles that are read.
 * `node bench/watching.ts [seconds] [--rounds N] [--json]`; the ratios say something, the figures belong to one machine.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BULK, type Load, type Measured, measure, send, single } from "./event-load.ts";
import { type Subject, startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, json: { type: "boolean", default: false } },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 5);
const ROUNDS = Number(flags.rounds);
const ROOT = join(import.meta.dirname, "..");
/** Before anything is measured: the engine compiles what is called often. */
const WARM_SECONDS = 2;
/** That are there to be read. */
const READABLE = 20_000;

const SETTINGS = {
  on: {},
  off: { audit: { wholeS: 0, sampleS: 0 }, access: "off", alerts: "off" },
} as const;
type Side = keyof typeof SETTINGS;

const BUNDLES: Load = {
  what: "bundles, 8 connections",
  path: "/v1/ledgers/main/events/0/bundle",
  pathOf: (i) => `/v1/ledgers/main/events/${(i * 7919) % READABLE}/bundle`,
  method: "GET",
  connections: 8,
  type: "application/json",
  events: 1,
  body: () => undefined,
  expected: 200,
};
const AIMS: readonly (readonly [load: Load, aim: number])[] = [
  [single(1), 0.95],
  [single(64), 0.95],
  [BULK, 0.9],
  [BUNDLES, 0.9],
];

const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const results = new Map<string, Measured[]>();

async function turn(side: Side): Promise<void> {
  const file = join(folder, `${side}.json`);
  writeFileSync(file, JSON.stringify(SETTINGS[side]));
  const subject = await startService(ROOT, { HOLDFAST_CONFIG: file });
  try {
    await fill(subject);
    for (const [load] of AIMS) {
      if (side === "on") await beginAudit(subject);
      const name = nameOf(side, load);
      results.set(name, [...(results.get(name) ?? []), await measure(subject, load, SECONDS)]);
    }
  } finally {
    await subject.stop();
  }
}

/** One that is under way goes on. */
async function beginAudit({ url, key }: Subject): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ kind: "whole" });
  const response = await fetch(`${url}/v1/ledgers/main/audits`, { method: "POST", headers, body });
  if (response.status !== 202 && response.status !== 409)
    throw new Error(`expected an audit to begin, got ${response.status}: ${await response.text()}`);
}

async function fill(subject: Subject): Promise<void> {
  for (let sent = 0; sent < READABLE; ) {
    const { requests } = await send(subject, BULK, WARM_SECONDS);
    sent += requests.total * BULK.events;
  }
  await waitForQuiet(subject);
}

function nameOf(side: Side, { what }: Load): string {
  return `${side}, ${what}`;
}

/** Each second round goes the other way, so that a slow minute of the machine hits both. */
for (let round = 0; round < ROUNDS; round++)
  for (const side of round % 2 === 0 ? (["off", "on"] as const) : (["on", "off"] as const)) await turn(side);

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

const rows = AIMS.map(([load, aim]) => {
  const of = (side: Side, read: (measured: Measured) => number) =>
    median((results.get(nameOf(side, load)) ?? []).map(read));
  const [on, off] = [of("on", ({ perSecond }) => perSecond), of("off", ({ perSecond }) => perSecond)];
  const processor =
    of("on", ({ processorUs = Number.NaN }) => processorUs) / of("off", ({ processorUs = Number.NaN }) => processorUs);
  return { what: load.what, on: Math.round(on), off: Math.round(off), ratio: on / off, processor, aim };
});
if (flags.json) {
  console.log(JSON.stringify({ bench: "watching", node: process.version, seconds: SECONDS, rounds: ROUNDS, rows }));
} else {
  console.table(
    rows.map(({ what, on, off, ratio, processor, aim }) => ({
      what,
      on,
      off,
      ratio: ratio.toFixed(3),
      processor: processor.toFixed(3),
      aim,
    })),
  );
}
