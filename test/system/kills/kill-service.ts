/**
 * One kill of a running service: senders send, a job is asked for, the process ends at one of its steps, and is started again, until the
 * job is done. `npm start` has the same process, but for what is loaded before it.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type ServiceProcess, type StartOptions, World, waitFor } from "../service-process.ts";
import { CONFIG, copyFolder, type Ground } from "./ground.ts";
import { auditClean, reckon } from "./reckoning.ts";
import { Senders } from "./senders.ts";
import { type As, envOf, requireGone, type ServiceJob } from "./service-jobs.ts";

export const STEP = join(import.meta.dirname, "killed-step.ts");
/** As the script `start` has them. */
const FLAGS = ["--disable-sigusr1", "--max-semi-space-size=16", "--heap-growing-percent=30"];
const DONE_MS = 60_000;

export type Kill = {
  /** Which step of the job, from 1. */
  readonly at: number;
  readonly how: "before" | "within";
};

/** Which step it was; undefined when the job has no more of them. */
export type Killed = string | undefined;

type Ends = (() => Promise<void>)[];

export async function killService(job: ServiceJob, ground: Ground, { at, how }: Kill): Promise<Killed> {
  const ends: Ends = [];
  const world = new World({ after: (end) => ends.push(end) });
  const data = world.path("data");
  try {
    copyFolder(ground.folder, data);
    const arm = world.path("arm");
    const log = world.path("steps");
    const main = join(ROOT, "src", "cli", "main.ts");
    const options: StartOptions = { config: { ...CONFIG, ...job.config?.(data) }, env: envOf(job) };
    const killed = { KILLED_AT: String(at), KILLED_HOW: how, KILLED_ARM: arm, KILLED_LOG: log, KILLED_UNDER: data };
    const program = [process.execPath, ...FLAGS, "--import", STEP, main];
    const service = await world.start({ ...options, env: { ...options.env, ...killed }, program });
    const as = await privacyKey(service);
    await job.prepare?.(service, as);
    const senders = new Senders(ground.acknowledged);
    const before = senders.acknowledged.size;
    const sending = senders.keepSending(service);
    await waitFor("events to be acknowledged", () => senders.acknowledged.size > before);
    writeFileSync(arm, "");
    await job.begin(service, as).catch((error: unknown) => {
      // Cut off by the kill, nobody knows what became of it; refused, there is nothing to be killed.
      if (String(error).includes("expected 2")) throw error;
    });
    await waitFor(
      "the job to end, or the process",
      async () => !service.isRunning || (await job.isDone(service, as).catch(() => !service.isRunning)),
      DONE_MS,
    );
    const isKilled = (await isOver(service, log, at)) !== undefined;
    senders.end();
    if (!isKilled) assert.equal((await service.stop("SIGKILL")).signal, "SIGKILL");
    await sending;
    requireGone(job, log, data, !isKilled);
    const again = await world.start(options);
    await job.look?.(again);
    await job.ensure(again, as);
    await job.look?.(again);
    await waitFor("the job to be done", () => job.isDone(again, as), DONE_MS);
    await senders.sendAgain(again);
    await reckon(again, senders.acknowledged, (await job.leftBy?.(again, as)) ?? job.leftOf);
    assert.equal((await again.stop("SIGTERM")).status, 0);
    await auditClean(again.data);
    requireGone(job, log, data, true);
    await job.files?.(data);
    return isKilled ? stepsIn(log)[at - 1] : undefined;
  } finally {
    for (const end of ends) await end();
  }
}

/** The signal when it was killed by itself. */
async function isOver(service: ServiceProcess, log: string, at: number): Promise<string | undefined> {
  // The last step may be the one that says that the job is done.
  if (service.isRunning && stepsIn(log).length >= at) await service.ended;
  if (service.isRunning) return undefined;
  const { signal, stderr, stdout } = await service.ended;
  assert.equal(signal, "SIGKILL", stdout + stderr);
  return signal ?? undefined;
}

export function stepsIn(log: string): string[] {
  return existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : [];
}

export async function privacyKey(service: ServiceProcess): Promise<As> {
  const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", { source: "dpo", roles: ["privacy"] });
  return { Authorization: `Bearer ${key}` };
}
