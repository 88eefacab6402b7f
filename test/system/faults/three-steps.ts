/**
 * The three steps: a fault under load; then the fault is gone and more is acknowledged; then the process ends, by a
 * signal of its own kind, and starts without a fault. Everything that was acknowledged in any of them has to be there.
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceProcess } from "../service-process.ts";
import { type Bench, type Filling, LEDGERS, type Place } from "./bench.ts";
import { type Place as PathPlace, pathsOf } from "./places.ts";
import { auditWhole, reckon, stopNicely } from "./reckoning.ts";
import { Attached, type Fault } from "./strace.ts";
import { isClear, isTold, tailOf } from "./telling.ts";
import { Findings, type Result, resultOf } from "./verdict.ts";
import { startWithoutFault } from "./ways-out.ts";
import type { Witness } from "./witness.ts";

export type Steps = {
  readonly fault: Fault;
  readonly at: PathPlace;
  readonly ending: "SIGKILL" | "SIGTERM";
  readonly chain?: Filling["chain"];
  /** Threads that write; with one, the n-th call is the n-th of all. */
  readonly threads?: number;
  /** Whether nothing but looks at /readyz meets the fault; else events do as well. */
  readonly probes?: boolean;
  /** Bytes that each event is made larger by: with many, LevelDB begins new files. */
  readonly pad?: number;
};

const ROUNDS_MAX = 60;
const ROUNDS_AFTER_FAULT = 3;
const BATCH = 10;
/** What is written once a second or so has to have its time. */
const PAUSE_MS = 60;
/** After a fault has gone, whoever waited for that goes on. */
const AGAIN_MS = 12_000;
/** What fails all the time has to be said within so long. */
const SAY_MS = 4000;
/** Every so often somebody asks whether the service is ready. */
const ROUNDS_MORE = 6;

export async function threeSteps(bench: Bench, steps: Steps): Promise<Result> {
  const place = await bench.place({ ending: "SIGKILL", chain: steps.chain ?? "none" });
  const findings = new Findings();
  try {
    const faults = await faultAndAfter(place, steps, findings);
    await reckonAfter(place, findings);
    return resultOf(findings, faults);
  } finally {
    await place.end();
  }
}

/** Steps one and two, and the end of the process. */
async function faultAndAfter(place: Place, steps: Steps, findings: Findings): Promise<number> {
  const { world, witness, options, data } = place;
  const env = steps.threads === undefined ? {} : { UV_THREADPOOL_SIZE: String(steps.threads) };
  const service = await world.start({ ...options, env });
  const from = service.output.length;
  const fault = await Attached.to(service.pid, steps.fault, pathsOf(data, steps.at), join(world.folder, "strace"));
  const isLasting = steps.fault.when.endsWith("+");
  const startedAt = Date.now();
  let after = 0;
  for (let round = 0; round < ROUNDS_MAX && after < ROUNDS_AFTER_FAULT && service.isRunning; round++) {
    if (steps.probes) await service.ask("GET /readyz").catch(() => undefined);
    else await load(service, witness, findings, steps.pad);
    if (fault.count > 0 && (!isLasting || Date.now() - startedAt > SAY_MS)) after++;
    await sleep(PAUSE_MS);
  }
  const isSaid = !service.isRunning || (await isTold(service, from));
  await fault.lift();
  const faults = fault.count;
  if (isLasting && faults > 0 && !isSaid)
    findings.add("silent", `after ${SAY_MS} ms of ${steps.fault.calls} ${steps.fault.does} at ${steps.at}`);
  if (!service.isRunning) {
    const ended = await service.ended;
    if (ended.signal !== "SIGKILL" || !isDeadly(steps.fault)) isClear(ended, findings);
    return faults;
  }
  for (const ledger of LEDGERS) await goOn(service, ledger, witness, findings);
  for (let round = 0; round < ROUNDS_MORE; round++) await load(service, witness, findings, steps.pad);
  if (steps.ending === "SIGTERM") await stopNicely(service, findings);
  else await service.stop("SIGKILL");
  return faults;
}

/** Whether a fault ends the process. */
export function isDeadly({ does, and }: Fault): boolean {
  return does.includes("SIGKILL") || (and !== undefined && isDeadly(and));
}

/** What clients send in one moment; somebody looks at /readyz too, which tries the store. */
export async function load(
  service: ServiceProcess,
  witness: Witness,
  findings: Findings,
  pad = 0,
  ledgers: readonly string[] = LEDGERS,
): Promise<void> {
  const more = pad === 0 ? {} : { pad: "x".repeat(pad) };
  const requests: Promise<unknown>[] = ledgers.flatMap((ledger) =>
    [1, 1, BATCH].map((count) => witness.send(service, ledger, count, findings, more)),
  );
  requests.push(service.ask("GET /readyz").catch(() => undefined));
  await Promise.all(requests);
}

/** Waits until a ledger takes events again, by itself. */
export async function goOn(
  service: ServiceProcess,
  ledger: string,
  witness: Witness,
  findings: Findings,
): Promise<boolean> {
  for (const until = Date.now() + AGAIN_MS; service.isRunning && Date.now() < until; await sleep(200)) {
    if (await witness.send(service, ledger, 1, findings)) return true;
    const { text = "" } = (await service.ask("GET /readyz").catch(() => undefined)) ?? {};
    // Nothing but a restart helps, it says so itself: waiting would only make the harness slow.
    if (text.includes("a restart recovers it")) break;
  }
  findings.add("stuck", `${ledger} takes no events after the fault is gone: ${tailOf(service.output)}`);
  return false;
}

/** Step three: a start without a fault, everything is there, more is recorded, and the audit finds all of it. */
export async function reckonAfter(place: Place, findings: Findings): Promise<void> {
  const service = await startWithoutFault(place, findings);
  if (service === undefined) return;
  await reckon(service, place.witness, findings);
  await stopNicely(service, findings);
  await auditWhole(place.data, place.witness, findings);
}
