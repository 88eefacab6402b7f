/**
 * What watching costs: the service as `npm start` runs it, with audits, the record of accesses and alerts, and the same with all three off, in turns of one run:
 * single events, events in bulk, and reads, while a whole audit is under way. It has the share of the time that those have which a service begins by itself; `--share 0.2` is that of one that somebody asks for, and 0 is for none. Alerts are judged
 * six times as often as usual, so that each turn has its part of them.
 * `node bench/watching.ts [seconds] [--rounds N] [--share S] [--json]`: seconds of each load. Without arguments it takes about six minutes, and says on standard error how far it is.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BULK, type Load, type Measured, measure, send, single } from "./event-load.ts";
import { median } from "./median.ts";
import { type Subject, startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "4" },
    share: { type: "string", default: "0.02" },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 3);
const ROUNDS = Number(flags.rounds);
/** Of the time of one thread, for the audit. */
const SHARE = Number(flags.share);
const ROOT = join(import.meta.dirname, "..");
/** Before each load: the engine compiles what is called often. */
const WARM_SECONDS = 1;
/** Recorded at the beginning of each turn, to be read and audited. */
const READABLE = 20_000;
/** Sealing what was recorded goes on for longer than anybody wants to wait, and as long on either side. */
const QUIET_MAX_MS = 10_000;
/** Actors of the events that `event` makes. */
const ACTORS = 1000;

const SETTINGS = {
  with: { alerts: { intervalS: 10 } },
  without: { audit: { wholeS: 0, sampleS: 0 }, access: "off", alerts: "off" },
} as const;
type Side = keyof typeof SETTINGS;

function reads(what: string, pathOf: (i: number) => string): Load {
  const path = pathOf(0);
  return {
    what,
    path,
    pathOf,
    method: "GET",
    connections: 8,
    type: BULK.type,
    events: 1,
    body: () => undefined,
    expected: 200,
  };
}

const EVENTS = BULK.path;
const BUNDLES = reads("bundles read, 8 connections", (i) => `${EVENTS}/${(i * 7919) % READABLE}/bundle`);
const FOUND = reads(
  "20 events of an actor found, 8 connections",
  (i) => `${EVENTS}?actor=user:u-${i % ACTORS}&limit=20`,
);
/** Bulk is last: what goes on behind it for long is nobody else's. */
const AIMS: readonly { readonly load: Load; readonly aim: number }[] = [
  { load: single(1), aim: 0.95 },
  { load: single(64), aim: 0.95 },
  { load: BUNDLES, aim: 0.9 },
  { load: FOUND, aim: 0.9 },
  { load: BULK, aim: 0.9 },
];

const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const began = performance.now();
/** By side and load, one of each round. */
const results = new Map<string, Measured[]>();

function tell(text: string): void {
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stderr.write(`${seconds.toString().padStart(4)} s  ${text}\n`);
}

function of(side: Side, { what }: Load): readonly Measured[] {
  return results.get(`${side} ${what}`) ?? [];
}

async function turn(side: Side, name: string): Promise<void> {
  const file = join(folder, `${side}.json`);
  writeFileSync(file, JSON.stringify(SETTINGS[side]));
  const subject = await startService(ROOT, { HOLDFAST_CONFIG: file });
  try {
    await fill(subject);
    const isQuiet = await waitForQuiet(subject, QUIET_MAX_MS);
    tell(`${name}: ${READABLE} events are recorded${isQuiet ? "" : "; the service still works on them"}`);
    for (const { load } of AIMS) {
      if (side === "with" && SHARE > 0) await beginAudit(subject);
      await send(subject, load, WARM_SECONDS);
      const measured = await measure(subject, load, SECONDS);
      results.set(`${side} ${load.what}`, [...of(side, load), measured]);
      tell(`${name}: ${load.what}: ${Math.round(measured.perSecond)} a second`);
    }
  } finally {
    await subject.stop();
  }
}

async function fill(subject: Subject): Promise<void> {
  for (let recorded = 0; recorded < READABLE; recorded += BULK.events)
    await post(subject, EVENTS, BULK.type, BULK.body(recorded / BULK.events) as string, [BULK.expected]);
}

/** One that is under way goes on: then this one waits, until as many wait as may. */
async function beginAudit(subject: Subject): Promise<void> {
  await post(
    subject,
    "/v1/ledgers/main/audits",
    "application/json",
    JSON.stringify({ kind: "whole", share: SHARE }),
    [202, 409],
  );
}

async function post(
  { url, key }: Subject,
  path: string,
  type: string,
  body: string,
  expected: readonly number[],
): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": type };
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body });
  const text = await response.text();
  if (!expected.includes(response.status))
    throw new Error(`expected ${expected.join(" or ")} of POST ${path}, got ${response.status}: ${text.slice(0, 500)}`);
}

/** Each round is a comparison of its own: what is between two of them is not compared. */
function ratios(load: Load, read: (measured: Measured) => number): number[] {
  const without = of("without", load).map(read);
  return of("with", load).map((measured, i) => read(measured) / (without[i] ?? Number.NaN));
}

// Each second round goes the other way, so that a slow minute of the machine hits both.
for (let round = 1; round <= ROUNDS; round++) {
  const sides: readonly Side[] = round % 2 === 1 ? ["without", "with"] : ["with", "without"];
  for (const side of sides) await turn(side, `round ${round} of ${ROUNDS}, ${side}`);
}

const rows = AIMS.map(({ load, aim }) => {
  const rates = ratios(load, ({ perSecond }) => perSecond);
  const perSecond = (side: Side) => median(of(side, load).map((measured) => measured.perSecond));
  return {
    what: load.what,
    with: perSecond("with"),
    without: perSecond("without"),
    ratio: median(rates),
    rates,
    processor: median(ratios(load, ({ processorUs = Number.NaN }) => processorUs)),
    aim,
    isMet: median(rates) >= aim,
  };
});
if (flags.json) {
  console.log(JSON.stringify({ bench: "watching", node: process.version, seconds: SECONDS, rounds: ROUNDS, rows }));
} else {
  console.table(
    rows.map((row) => ({
      what: row.what,
      "with, a second": Math.round(row.with),
      "without, a second": Math.round(row.without),
      "of without": row.ratio.toFixed(3),
      "in each round": row.rates.map((rate) => rate.toFixed(2)).join(" "),
      aim: row.aim,
      "is met": row.isMet ? "yes" : "no",
      "processor, of without": row.processor.toFixed(2),
    })),
  );
}
