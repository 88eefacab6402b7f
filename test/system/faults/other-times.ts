/**
 * Faults at other times than under load: while a service starts, while it stops, and during an audit, which must not
 * change a byte of what it looks at, nor call whole what it has not read.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bareEnv } from "../../bare-env.ts";
import { type Ended, ServiceProcess } from "../service-process.ts";
import type { Bench, Filling, Place } from "./bench.ts";
import { sameFiles, snapshotOf } from "./files.ts";
import { type Place as PathPlace, pathsOf } from "./places.ts";
import { reckon } from "./reckoning.ts";
import { Attached, countFaults, type Fault, lift, under } from "./strace.ts";
import { hasComplaint, isClear, isTold, messageOf, tailOf } from "./telling.ts";
import { goOn, isDeadly, load, reckonAfter } from "./three-steps.ts";
import { Findings, type Result, resultOf } from "./verdict.ts";
import { within } from "./witness.ts";

export type OtherTime = {
  readonly fault: Fault;
  readonly at: PathPlace;
  readonly ending: "SIGKILL" | "SIGTERM";
  readonly chain?: Filling["chain"];
};

const AUDIT_MS = 60_000;
const STOP_MS = 30_000;
const LONG_MS = 2500;
/** One thread reads and writes files, so that the n-th call is the n-th of all. */
const env = { UV_THREADPOOL_SIZE: "1" };

async function withPlace(
  bench: Bench,
  filling: Filling,
  run: (place: Place, findings: Findings, log: string) => Promise<void>,
): Promise<Result> {
  const place = await bench.place(filling);
  const findings = new Findings();
  const log = join(place.world.folder, "strace");
  try {
    await run(place, findings, log);
    return resultOf(findings, countFaults(log));
  } finally {
    await place.end();
  }
}

/** A service that was killed, or was stopped, starts under a fault, and works on when it is up. */
export function startUnder(bench: Bench, { fault, at, ending, chain = "none" }: OtherTime): Promise<Result> {
  return withPlace(bench, { chain, ending }, async (place, findings, log) => {
    const { world, witness, options, data } = place;
    const found = await world.startOrEnd({ ...options, env, under: under(fault, pathsOf(data, at), log) });
    if (found instanceof ServiceProcess) {
      await reckonUnder(found, fault, at, place, findings);
      await lift(found.pid);
      for (const ledger of witness.acknowledged.keys()) await goOn(found, ledger, witness, findings);
      await found.stop("SIGKILL");
    } else if (!isDeadly(fault) && isClear(found, findings)) {
      findings.add("recovered", `refused: ${tailOf(found.stdout + found.stderr)}`);
    }
    await reckonAfter(place, findings);
  });
}

/** A fault that lasts may keep a service from its work, but then it says so; one that has passed may not. */
async function reckonUnder(
  service: ServiceProcess,
  { when, calls, does }: Fault,
  at: PathPlace,
  { witness }: Place,
  findings: Findings,
): Promise<void> {
  if (!when.endsWith("+")) return reckon(service, witness, findings);
  for (let round = 0; round < 3; round++) await load(service, witness, findings);
  await sleep(LONG_MS);
  if (!(await isTold(service, 0))) findings.add("silent", `up under ${calls} ${does} at ${at}`);
}

/** A fault that begins when a service is about to stop. */
export function stopUnder(bench: Bench, { fault, at, ending, chain = "none" }: OtherTime): Promise<Result> {
  return withPlace(bench, { chain, ending }, async (place, findings, log) => {
    const { world, witness, options, data } = place;
    const service = await world.start({ ...options, env });
    await load(service, witness, findings);
    const from = service.output.length;
    const attached = await Attached.to(service.pid, fault, pathsOf(data, at), log);
    await load(service, witness, findings);
    const end = await within(STOP_MS, service.stop("SIGTERM"));
    const said = service.output.slice(from);
    if (end === "late") {
      findings.add("hung", `SIGTERM did not end the service within ${STOP_MS} ms`);
      await service.stop("SIGKILL");
    } else if (!isDeadly(fault)) judgeEnd(end, { said, faults: attached.count }, fault, findings);
    await attached.lift();
    await reckonAfter(place, findings);
  });
}

/** A stop that could not do everything says so; it may end with an error. */
function judgeEnd(
  end: Ended,
  { said, faults }: { readonly said: string; readonly faults: number },
  { when, calls, does }: Fault,
  findings: Findings,
): void {
  if (end.status !== 0) {
    if (messageOf(end.stdout + end.stderr) === undefined)
      findings.add("died", `stopping: ended with ${end.status ?? end.signal}`);
  } else if (when.endsWith("+") && faults > 0 && !hasComplaint(said))
    findings.add("silent", `stopped as if nothing were wrong, under ${calls} ${does}`);
}

/** An audit under a fault. */
export function auditUnder(bench: Bench, { fault, at, ending, chain = "none" }: OtherTime): Promise<Result> {
  return withPlace(bench, { chain, ending }, async (place, findings, log) => {
    const { data, witness, options } = place;
    const before = snapshotOf(data);
    const command = [...(options.program ?? []), "audit", "--json"];
    const traced = [...under(fault, pathsOf(data, at), log), ...command, "--data", data];
    const { status, said } = await runToEnd(traced);
    const changed = sameFiles(before, snapshotOf(data));
    if (changed !== undefined) findings.add("changed", `the audit changed ${changed}`);
    if (status === 0) judgeWhole(said, witness.acknowledged, findings);
    else if (status === null && !isDeadly(fault)) findings.add("died", `the audit died: ${tailOf(said)}`);
    else findings.add("recovered", `the audit ended with ${status}: ${tailOf(said)}`);
    await reckonAfter(place, findings);
  });
}

function judgeWhole(said: string, acknowledged: ReadonlyMap<string, { size: number }>, findings: Findings): void {
  const { ledgers } = JSON.parse(said) as { ledgers: readonly { name: string; entries: number }[] };
  for (const [name, { size }] of acknowledged) {
    const entries = ledgers.find((each) => each.name === name)?.entries ?? 0;
    if (entries < size) findings.add("wrong", `the audit calls ${name} whole, with ${entries} entries of ${size}`);
  }
}

async function runToEnd(command: readonly string[]): Promise<{ status: number | null; said: string }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env: { ...bareEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), AUDIT_MS);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", (status) => resolve(status));
  const status = await promise;
  clearTimeout(timer);
  return { status, said };
}
