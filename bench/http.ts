/**
 * How fast events get in, against the floors of the same machine in the same run. What a user gets comes first: the
 * service as `npm start` runs it, indexing and anchoring beside the load. Its parts stand below: the API alone, an Express
 * app that echoes the same JSON, and synced LevelDB batches of the same bytes.
 * `node bench/http.ts [seconds] [--rounds N] [--beside FOLDER] [--json]`; the service of another checkout is measured
 * in turns with this one, for before and after.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Level } from "level";
import { BATCH, BULK, event, type Load, type Measured, measure, send, single } from "./event-load.ts";
import { median } from "./median.ts";
import { type Subject, startPart, startService } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    beside: { type: "string" },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 5);
const ROUNDS = Number(flags.rounds);
const CONNECTIONS = 64;
/** Before anything is measured: the engine compiles what is called often. */
const WARM_SECONDS = 2;
const ROOT = join(import.meta.dirname, "..");

const EVENT_LOADS = [single(CONNECTIONS), single(1), BULK];
const ECHO_LOADS = [single(CONNECTIONS, "/echo"), single(1, "/echo")];

async function levelFloor(): Promise<Measured> {
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
  return { perSecond: written / seconds, p99Ms: Number.NaN, processorUs: undefined };
}

/** All that was measured, by what it was measured of. */
const results = new Map<string, Measured[]>();

function keep(what: string, measured: Measured): void {
  results.set(what, [...(results.get(what) ?? []), measured]);
}

async function round(name: string, starting: Promise<Subject>, loads: readonly Load[]): Promise<void> {
  const subject = await starting;
  try {
    await send(subject, loads[0] as Load, WARM_SECONDS);
    for (const load of loads) keep(`${name}, ${load.what}`, await measure(subject, load, SECONDS));
  } finally {
    await subject.stop();
  }
}

const OTHER = flags.beside === undefined ? undefined : resolve(flags.beside);
const FLOOR = `LevelDB, synced batches of ${BATCH}`;

// The parts take turns, so that a slow minute of the machine hits all of them; every second time the other way round.
for (let i = 0; i < ROUNDS; i++) {
  const parts = [
    () => round("Express echo", startPart("echo"), ECHO_LOADS),
    () => round("service", startService(ROOT), EVENT_LOADS),
    ...(OTHER === undefined ? [] : [() => round("other checkout", startService(OTHER), EVENT_LOADS)]),
    () => round("API alone", startPart("api"), EVENT_LOADS),
    async () => keep(FLOOR, await levelFloor()),
  ];
  for (const part of i % 2 === 0 ? parts : parts.reverse()) await part();
}

type Row = {
  readonly what: string;
  readonly perSecond: number;
  readonly p99Ms?: number;
  readonly processorUs?: number | undefined;
  readonly ratio?: number | undefined;
  readonly ratioToOther?: number | undefined;
};

function perSecondOf(what: string): number {
  return median((results.get(what) ?? []).map(({ perSecond }) => perSecond));
}

/** What it is compared with: an echo over as many connections, or LevelDB. */
function floorOf(load: Load): string {
  return load.events > 1 ? FLOOR : `Express echo, ${load.what}`;
}

function rowOf(name: string, load: Load, floor?: string): Row {
  const what = `${name}, ${load.what}`;
  const all = results.get(what) ?? [];
  const processorUs = all.map((measured) => measured.processorUs).filter((us) => us !== undefined);
  const perSecond = perSecondOf(what);
  const isCompared = name === "service" && OTHER !== undefined;
  return {
    what,
    perSecond,
    p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
    processorUs: processorUs.length === 0 ? undefined : median(processorUs),
    ratio: floor === undefined ? undefined : perSecond / perSecondOf(floor),
    ratioToOther: isCompared ? perSecond / perSecondOf(`other checkout, ${load.what}`) : undefined,
  };
}

const rows: Row[] = [
  ...EVENT_LOADS.map((load) => rowOf("service", load, floorOf(load))),
  ...(OTHER === undefined ? [] : EVENT_LOADS.map((load) => rowOf("other checkout", load, floorOf(load)))),
  ...EVENT_LOADS.map((load) => rowOf("API alone", load, floorOf(load))),
  ...ECHO_LOADS.map((load) => rowOf("Express echo", load)),
  { what: FLOOR, perSecond: perSecondOf(FLOOR) },
];
if (flags.json) {
  console.log(JSON.stringify({ bench: "http", node: process.version, seconds: SECONDS, rounds: ROUNDS, rows }));
} else {
  console.table(
    rows.map(({ what, perSecond, p99Ms, processorUs, ratio, ratioToOther }) => ({
      what,
      "events/s": Math.round(perSecond),
      "p99 ms": p99Ms ?? "",
      "µs of processor": processorUs?.toFixed(1) ?? "",
      "of the floor": ratio?.toFixed(2) ?? "",
      "of the other": ratioToOther?.toFixed(2) ?? "",
    })),
  );
}
