/**
 * What encryption at rest costs: the service as `npm start` runs it, with it and without, in turns: single events, bulk, bundles.
 * `node bench/encryption.ts [seconds] [--rounds N]`
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BULK, event, type Load, type Measured, measure, send, single } from "./event-load.ts";
import { median } from "./median.ts";
import { startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "3" } },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 5);
const ROUNDS = Number(flags.rounds);
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
const LOADS = [single(1), STRANGERS, single(64), BULK, BUNDLES];
let strangers = 0;

/** By setting and load. */
const results = new Map<string, Measured[]>();

async function round(encryption: "on" | "off"): Promise<void> {
  const subject = await startService(ROOT, { HOLDFAST_ENCRYPTION: encryption });
  try {
    // Every actor comes once: to each that was never there before a key is given, which is a load of its own.
    await send(subject, BULK, WARM_SECONDS);
    for (const load of LOADS) {
      // The engine compiles what is called often.
      if (load !== BUNDLES && load !== STRANGERS) await send(subject, load, WARM_SECONDS);
      // What the load before left behind is not this one's: the seal of it begins seconds later, with the next anchor.
      await sleep(ANCHOR_MS);
      await waitForQuiet(subject);
      const name = `${encryption} ${load.what}`;
      results.set(name, [...(results.get(name) ?? []), await measure(subject, load, SECONDS)]);
    }
  } finally {
    await subject.stop();
  }
}

for (let i = 0; i < ROUNDS; i++) {
  const settings = ["on", "off"] as const;
  for (const setting of i % 2 === 0 ? settings : settings.toReversed()) await round(setting);
}

console.table(
  LOADS.map(({ what }) => {
    const on = results.get(`on ${what}`) ?? [];
    const off = results.get(`off ${what}`) ?? [];
    const rates = on.map(({ perSecond }, i) => perSecond / (off[i]?.perSecond ?? Number.NaN));
    return {
      what,
      "with it, a second": Math.round(median(on.map(({ perSecond }) => perSecond))),
      "without, a second": Math.round(median(off.map(({ perSecond }) => perSecond))),
      "of without": median(rates).toFixed(2),
      "in each round": rates.map((rate) => rate.toFixed(2)).join(" "),
      "processor, of without": (
        median(on.map(({ processorUs }) => processorUs ?? Number.NaN)) /
        median(off.map(({ processorUs }) => processorUs ?? Number.NaN))
      ).toFixed(2),
    };
  }),
);
