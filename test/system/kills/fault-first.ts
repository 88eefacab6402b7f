/**
 * A fault, then more work, then a crash: the disk is full from a step of a job on, or the key-encryption key is away; it is told; then
 * there is room again, events are acknowledged, and the process is killed. Or it is killed while the disk is full, or the disk is full
 * during one step alone and nobody is told. The next one ends what was begun and has everything.
 */

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TransitServer } from "../../encryption/transit-server.ts";
import { isTold } from "../faults/telling.ts";
import { FILLER, mountSmall } from "../fill-disk.ts";
import { ROOT, type ServiceProcess, type StartOptions, World, waitFor } from "../service-process.ts";
import { CONFIG, copyFolder, type Ground } from "./ground.ts";
import { type Killed, privacyKey, STEP, stepsIn } from "./kill-service.ts";
import { auditClean, reckon } from "./reckoning.ts";
import { earlyEvent, Senders } from "./senders.ts";
import { type As, envOf, requireGone, type ServiceJob } from "./service-jobs.ts";

const DONE_MS = 90_000;
const COMPLAINTS = 4;
const MAIN = join(ROOT, "src", "cli", "main.ts");

/**
 * How long a disk is full: until it is told, until the process is killed, or during one step, where nothing but that step can know of it.
 */
export type Full = "until told" | "until killed" | "for a step";

/** A disk that is full from the n-th step of a job on. @returns which step that was; undefined when there are no more */
export async function fillDisk(job: ServiceJob, ground: Ground, at: number, full: Full): Promise<Killed> {
  const ends: (() => Promise<void>)[] = [];
  const world = new World({ after: (end) => ends.push(end) });
  const data = world.path("data");
  const umount = mountSmall(data);
  try {
    copyFolder(ground.folder, data);
    const senders = new Senders(ground.acknowledged);
    const arm = world.path("arm");
    const log = world.path("steps");
    const how = full === "for a step" ? "fill-once" : "fill";
    const filled = { KILLED_AT: String(at), KILLED_HOW: how, KILLED_ARM: arm, KILLED_LOG: log, KILLED_UNDER: data };
    const options = { config: { ...CONFIG, ...job.config?.(data) }, env: envOf(job) };
    const program = [process.execPath, "--import", STEP, MAIN];
    const service = await world.start({ ...options, env: { ...options.env, ...filled }, program });
    const as = await privacyKey(service);
    await job.prepare?.(service, as);
    const from = service.output.length;
    const sending = senders.keepSending(service);
    writeFileSync(arm, "");
    const refused = await job.begin(service, as).then(
      () => undefined,
      (error: Error) => error.message,
    );
    await waitFor("the disk to be full, or the job to be done", async () => {
      return stepsIn(log).length >= at || (await job.isDone(service, as).catch(() => false));
    });
    const isFull = stepsIn(log).length >= at;
    if (isFull && refused === undefined && full !== "for a step")
      await waitFor("it to be told that the disk is full", () => isTold(service, from));
    if (full === "until told") rmSync(join(data, FILLER), { force: true });
    if (full !== "until killed") await goOn(job, { service, as, senders, isRefused: refused !== undefined });
    // On a full disk it may have been done all the same, where the step needs no room; then it has to be so in the files.
    const isDone = await job.isDone(service, as).catch(() => false);
    senders.end();
    await service.stop("SIGKILL");
    await sending;
    rmSync(join(data, FILLER), { force: true });
    requireGone(job, log, data, isDone);
    await crashed(job, { world, senders, as, options });
    requireGone(job, log, data, true);
    return isFull ? stepsIn(log)[at - 1] : undefined;
  } finally {
    umount();
    for (const end of ends) await end();
  }
}

type Faulty = {
  readonly service: ServiceProcess;
  readonly as: As;
  readonly senders: Senders;
  readonly isRefused: boolean;
};

/** With room again it goes on by itself; what was refused is asked for again. */
async function goOn(job: ServiceJob, { service, as, senders, isRefused }: Faulty): Promise<void> {
  const before = senders.acknowledged.size;
  await waitFor("events to be taken again", () => senders.acknowledged.size > before);
  if (isRefused)
    await waitFor("it to be taken", () =>
      job.ensure(service, as).then(
        () => true,
        () => false,
      ),
    );
  const isDone = () => job.isDone(service, as).catch(() => false);
  await waitFor("the job to go on and end", isDone, DONE_MS).catch(async (error: Error) => {
    const { text } = await service.ask("GET /readyz");
    throw new Error(`${error.message}: ${text} ${complaintsIn(service.output)}`);
  });
}

/** The last lines of a log that complain. */
function complaintsIn(log: string): string {
  const lines = log.split("\n").filter((line) => /"level":"(warn|error|fatal)"/.test(line));
  return lines.slice(-COMPLAINTS).join("\n");
}

type Crashed = {
  readonly world: World;
  readonly senders: Senders;
  readonly as: As;
  readonly options: StartOptions;
};

async function crashed(job: ServiceJob, { world, senders, as, options }: Crashed): Promise<void> {
  const service = await world.start(options);
  await job.look?.(service);
  await job.ensure(service, as);
  await waitFor("the job to be done", () => job.isDone(service, as), DONE_MS);
  await senders.sendAgain(service);
  await reckon(service, senders.acknowledged, (await job.leftBy?.(service, as)) ?? job.leftOf);
  assert.equal((await service.stop("SIGTERM")).status, 0);
  await auditClean(service.data);
  await job.files?.(service.data);
}

/** The key-encryption key is away while somebody rotates, or goes away in the middle of a rewrapping. */
export async function loseProvider(how: "rotate" | "rewrap"): Promise<string> {
  const ends: (() => Promise<void>)[] = [];
  const world = new World({ after: (end) => ends.push(end) });
  const vault = await TransitServer.start();
  try {
    vault.addKey("holdfast");
    const place = { url: vault.url, key: "holdfast", tokenEnv: "T" };
    const options = { config: { ...CONFIG, encryption: { key: { vault: place } } }, env: { T: vault.token } };
    const senders = new Senders();
    let service = await world.start(options);
    await senders.send(
      service,
      Array.from({ length: 300 }, (_, n) => earlyEvent(n)),
    );
    vault.rotate("holdfast");
    if (how === "rewrap") await service.json(200, "POST /v1/encryption/rotate");
    vault.failing = "breaks";
    const path = how === "rotate" ? "POST /v1/encryption/rotate" : "POST /v1/encryption/rewrap";
    const { status, text } = await service.ask(path);
    if (how === "rotate") assert.deepEqual([status, text.includes("key_unavailable")], [503, true], text);
    else
      await waitFor("it to be told", async () =>
        (await service.ask("GET /v1/encryption/rewrap")).text.includes("failed"),
      );
    assert.ok(
      await senders.send(
        service,
        [earlyEvent(1000)].map((each) => ({ ...each, actor: { type: "user", id: "u1" } })),
      ),
    );
    assert.equal(await senders.send(service, [earlyEvent(1001)]), false, "whose key is not at hand has to wait");
    await service.stop("SIGKILL");
    vault.failing = undefined;
    service = await world.start(options);
    await service
      .json(200, "POST /v1/encryption/rotate")
      .catch((error: Error) => assert.match(error.message, /rotation_refused/));
    await service.json(202, "POST /v1/encryption/rewrap");
    await waitFor("all keys to be wrapped anew", async () => {
      const { wraps } = await service.json<{ wraps: readonly unknown[] }>(200, "GET /v1/encryption");
      return wraps.length === 1;
    });
    await senders.sendAgain(service);
    await reckon(service, senders.acknowledged, () => "whole");
    assert.equal((await service.stop("SIGTERM")).status, 0);
    return "told, and all there";
  } finally {
    for (const end of ends) await end();
    vault.close();
  }
}
