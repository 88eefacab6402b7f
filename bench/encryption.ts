/**
 * What encryption at rest costs: three services as `npm start` runs them, one with it, one without and one more without, side by
 * side, each under load for a short while in turn: single events, bulk, bundles. What the second without differs by from the first
 * is what the machine does by itself. `node bench/encryption.ts [seconds of a turn] [--turns N]`
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BULK, event, type Load, send, sendCount, single } from "./event-load.ts";
import { median } from "./median.ts";
import { type Subject, startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: { turns: { type: "string", default: "40" }, only: { type: "string", default: "" } },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 0.3);
const TURNS = Number(flags.turns);
const ROOT = join(import.meta.dirname, "..");
const WARM_SECONDS = 3;
/** Longer than the embedded chain waits from an anchor to the next. */
const ANCHOR_MS = 6000;
/** Bundles are read of so many entries, which the bulk before has recorded. */
const ENTRIES = 10_000;

const BUNDLES: Load = {
  what: "bundles read, 8 connections",
  path: "/",
  pathOf: (i) => `/v1/ledgers/main/events/${(i * 7919) % ENTRIES}/bundle`,
  method: "GET",
  connections: 8,
  type: "application/json",
  events: 1,
  body: () => undefined,
  expected: 200,
};
/** An actor that was never there before takes a key of its own, durably, before the event. */
const STRANGERS: Load = {
  ...single(1),
  what: "1 connection, a new actor each",
  body: (i) => event(i).replace(/"u-\d+"/, `"stranger-${strangers++}"`),
};
const only = new RegExp(flags.only, "i");
const LOADS = [single(1), STRANGERS, single(64), BULK, BUNDLES].filter(({ what }) => only.test(what));
const NAMES = ["with", "without", "without, again"] as const;
type Name = (typeof NAMES)[number];
let strangers = 0;

/** A service and what it did under a load: events a second in each turn, and microseconds of processor for an event. */
type Runner = { readonly name: Name; readonly subject: Subject };
type Run = { readonly perSecond: number[]; readonly processorUs: number };

async function settle(runners: readonly Runner[]): Promise<void> {
  for (const { subject } of runners) await waitForQuiet(subject);
}

async function runTurns(runners: readonly Runner[], load: Load): Promise<Map<Name, Run>> {
  // The engine compiles what is called often.
  let amount = load.connections;
  for (const { subject } of runners) {
    const { requests, duration } = await send(subject, load, WARM_SECONDS);
    amount = Math.max(amount, Math.round((requests.total / duration) * SECONDS));
  }
  // What the load before left behind is not this one's: the seal of it begins seconds later, with the next anchor.
  await sleep(ANCHOR_MS);
  await settle(runners);
  const before = runners.map(({ subject }) => subject.processorUs() ?? Number.NaN);
  const rates = runners.map((): number[] => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (let i = 0; i < runners.length; i++) {
      // Each is as often the first as the others, and behind each of them.
      const at = (turn % 2 === 0 ? i : runners.length - 1 - i) % runners.length;
      const seconds = await sendCount((runners[at] as Runner).subject, load, amount);
      rates[at]?.push((amount * load.events) / seconds);
      // Indexing and sealing go on behind the answers, and would be the next one's.
      if (load.events > 1) await settle(runners);
    }
  }
  await sleep(ANCHOR_MS);
  await settle(runners);
  return new Map(
    runners.map(({ name, subject }, i) => {
      const perSecond = rates[i] as number[];
      const processorUs =
        ((subject.processorUs() ?? Number.NaN) - (before[i] as number)) / (TURNS * amount * load.events);
      return [name, { perSecond, processorUs }];
    }),
  );
}

/** The ratio in the middle of all turns, with those at a quarter and at three quarters of them. */
function ratio(of: Run, to: Run): string {
  const ratios = of.perSecond.map((rate, i) => rate / (to.perSecond[i] as number)).sort((a, b) => a - b);
  const at = (part: number) => (ratios[Math.floor(part * (ratios.length - 1))] as number).toFixed(2);
  return `${median(ratios).toFixed(2)} (${at(0.25)} to ${at(0.75)})`;
}

const runners: Runner[] = [];
try {
  for (const name of NAMES) {
    const subject = await startService(ROOT, { HOLDFAST_ENCRYPTION: name === "with" ? "on" : "off" });
    runners.push({ name, subject });
    // Every actor comes once: to each that was never there before a key is given, which is a load of its own.
    await send(subject, BULK, WARM_SECONDS);
  }
  const table: object[] = [];
  for (const load of LOADS) {
    const runs = await runTurns(runners, load);
    const [encrypted, clear, again] = NAMES.map((name) => runs.get(name) as Run) as [Run, Run, Run];
    table.push({
      what: load.what,
      "with it, a second": Math.round(median(encrypted.perSecond)),
      "without, a second": Math.round(median(clear.perSecond)),
      "with, of without": ratio(encrypted, clear),
      "without again, of without": ratio(again, clear),
      "processor, of without": (encrypted.processorUs / clear.processorUs).toFixed(2),
      "of without, again": (again.processorUs / clear.processorUs).toFixed(2),
    });
  }
  console.table(table);
} finally {
  for (const { subject } of runners) await subject.stop();
}
