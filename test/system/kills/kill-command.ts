/** One kill of a command: it ends at one of its steps, is run again, and what it was to do is done, with everything that was acknowledged there. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bareEnv } from "../../bare-env.ts";
import { runCli } from "../../cli/run-cli.ts";
import { foundIn } from "../../encryption/planted.ts";
import { FILLER, mountSmall } from "../fill-disk.ts";
import { ROOT, type ServiceProcess, World, waitFor } from "../service-process.ts";
import { namesOfArchives, verifyArchive } from "./archives.ts";
import { CONFIG, copyFolder, type Grounds, type Kind } from "./ground.ts";
import { type Kill, type Killed, privacyKey, STEP, stepsIn } from "./kill-service.ts";
import { auditClean, type Left, reckon } from "./reckoning.ts";
import { PLANTED, Senders } from "./senders.ts";
import { erasure } from "./service-jobs.ts";

/** What a case of a command has at hand. */
type Place = {
  readonly data: string;
  readonly path: (name: string) => string;
  readonly senders: Senders;
  /** Runs a service for a while. */
  readonly serve: (work: (service: ServiceProcess) => Promise<void>) => Promise<void>;
  /** The same with the folder that was restored. */
  readonly serveRestored: (work: (service: ServiceProcess) => Promise<void>) => Promise<void>;
};

export type CommandJob = {
  readonly name: string;
  readonly ground: Kind;
  readonly args: (place: Place) => readonly string[];
  /** What has to be so before it is run. */
  readonly prepare?: (place: Place) => Promise<void>;
  /** What is said by one that is run again though it had ended. */
  readonly hadEnded?: RegExp;
  /** Whether what it makes lies elsewhere, and the data folder is as it was. */
  readonly isElsewhere?: boolean;
  /** Whether a service runs and takes events meanwhile. */
  readonly isBeside?: boolean;
  /** What has to be so after the kill already. */
  readonly killed?: (place: Place) => Promise<void>;
  /** What has to be so when it was run again and ended. */
  readonly done: (place: Place) => Promise<void>;
  /** What is left of an event in the end; all of it when absent. */
  readonly leftOf?: (id: string, index: number) => Left;
};

const convert: CommandJob = {
  name: "convert",
  ground: "clear",
  args: ({ data }) => ["encryption", "convert", "--data", data],
  // A service may run in between, and take events.
  killed: ({ serve, senders }) => serve((service) => senders.sendAgain(service)),
  done: async ({ data }) => assert.deepEqual(foundIn(data, PLANTED), []),
};

const flagsOf = ({ path }: Place) => ["--to", path("backup"), "--keys-to", path("backup-keys")];
/** What a drill says of a ledger. */
type Drilled = {
  readonly name: string;
  readonly findings: readonly unknown[];
};

const fromBackup = ({ path }: Place) => ["--from", path("backup"), "--keys-from", path("backup-keys")];
const backup: CommandJob = {
  name: "backup",
  ground: "final",
  isBeside: true,
  args: (place) => ["backup", "--data", place.data, ...flagsOf(place)],
  done: async (place) => {
    const drills = ["--drill", "--scratch", place.path("drills"), "--json"];
    const drill = await runCli(["restore", ...fromBackup(place), ...drills]);
    const { ledgers = [] } = JSON.parse(drill.stdout || "{}") as { ledgers?: readonly Drilled[] };
    const findings = ledgers.map(({ name, findings: found }) => [name, found]);
    assert.deepEqual(Object.fromEntries(findings), { main: [], _access: [] }, drill.stdout + drill.stderr);
  },
};

const archive: CommandJob = {
  name: "archive",
  ground: "final",
  args: ({ data, path }) => ["archive", "create", "--data", data, "--folder", path("archives"), "--clear"],
  killed: async ({ path }) => {
    // What is listed is whole.
    const { status, stdout, stderr } = await runCli(["archive", "list", "--folder", path("archives"), "--json"]);
    if (status === 0 && stdout.includes(".hfa")) await verifyArchive(path("archives"));
    else assert.doesNotMatch(stderr, /damaged/);
  },
  done: ({ path }) => verifyArchive(path("archives")),
};

/** What a service that does not know of the archive erased is in it still. */
const archiveErase: CommandJob = {
  name: "archive erase",
  ground: "final",
  prepare: async (place) => {
    await run(archive.args(place));
    await place.serve(async (service) => {
      const as = await privacyKey(service);
      await erasure.begin(service, as);
      await waitFor("the erasure to be done", () => erasure.isDone(service, as));
    });
    assert.equal(foundIn(place.path("archives"), PLANTED).length, 1, "what is looked for would be found");
  },
  args: ({ data, path }) => ["archive", "erase", "--data", data, "--folder", path("archives"), "--clear"],
  done: async ({ path }) => {
    await verifyArchive(path("archives"));
    assert.deepEqual(foundIn(path("archives"), PLANTED), []);
  },
  leftOf: erasure.leftOf,
};

async function run(args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runCli(args);
  assert.equal(status, 0, stdout + stderr);
}

/** Nothing was signed behind what was restored. */
async function auditRestored({ path }: Place): Promise<void> {
  await run(["marks", "renew", "--data", path("restored")]);
  await auditClean(path("restored"));
}

/** A folder that is made is one that nothing can be read in, or whole. */
const isWholeOrNothing = async (place: Place) => {
  const { path } = place;
  if (existsSync(join(path("restored"), "store"))) await auditRestored(place);
  else assert.notEqual((await runCli(["audit", "--data", path("restored")])).status, 0);
};

const restore: CommandJob = {
  name: "restore",
  ground: "final",
  isElsewhere: true,
  prepare: (place) => run(backup.args(place)),
  args: (place) => ["restore", ...fromBackup(place), "--data", place.path("restored")],
  hadEnded: /expected a new folder or an empty one/i,
  killed: isWholeOrNothing,
  done: async (place) => {
    const { serveRestored, senders } = place;
    await auditRestored(place);
    await serveRestored((service) => reckon(service, senders.acknowledged, () => "whole"));
  },
};

const archiveRestore: CommandJob = {
  name: "archive restore",
  ground: "final",
  isElsewhere: true,
  prepare: (place) => run(archive.args(place)),
  args: ({ path }) => {
    const places = ["--folder", path("archives"), "--into", path("restored")];
    return ["archive", "restore", ...namesOfArchives(path("archives")), ...places];
  },
  hadEnded: /expected a new folder or an empty one/i,
  killed: isWholeOrNothing,
  done: auditRestored,
};

export const COMMAND_JOBS: readonly CommandJob[] = [convert, backup, archive, archiveErase, restore, archiveRestore];

/** The disk is full from the n-th step of encrypting on: it is told, and run again with room it ends. @returns which step; undefined when there are no more */
export async function fillConvert(grounds: Grounds, at: number): Promise<Killed> {
  const ends: (() => Promise<void>)[] = [];
  const world = new World({ after: (end) => ends.push(end) });
  const { folder, acknowledged } = await grounds.get("clear");
  const data = world.path("data");
  const umount = mountSmall(data);
  try {
    copyFolder(folder, data);
    const log = world.path("steps");
    const args = ["encryption", "convert", "--data", data];
    const env = { KILLED_AT: String(at), KILLED_HOW: "fill", KILLED_LOG: log, KILLED_UNDER: data };
    const { status, signal, said } = await runStepped(args, env);
    assert.equal(signal, null);
    // What needs no more room ends all the same.
    if (status !== 0) assert.match(said, /no space|make room/i);
    rmSync(join(data, FILLER), { force: true });
    const again = await runCli(args);
    assert.equal(again.status, 0, again.stdout + again.stderr);
    assert.deepEqual(foundIn(data, PLANTED), []);
    const service = await world.start({ config: CONFIG });
    await reckon(service, acknowledged, () => "whole");
    assert.equal((await service.stop("SIGTERM")).status, 0);
    await auditClean(data);
    return stepsIn(log)[at - 1];
  } finally {
    umount();
    for (const end of ends) await end();
  }
}

export async function killCommand(job: CommandJob, grounds: Grounds, { at, how }: Kill): Promise<Killed> {
  const ends: (() => Promise<void>)[] = [];
  const world = new World({ after: (end) => ends.push(end) });
  const { folder, acknowledged } = await grounds.get(job.ground);
  try {
    const data = world.path("data");
    copyFolder(folder, data);
    const senders = new Senders(acknowledged);
    const serveIn = (folder: string) => async (work: (service: ServiceProcess) => Promise<void>) => {
      const service = await world.start({ data: folder, config: CONFIG });
      await work(service);
      assert.equal((await service.stop("SIGTERM")).status, 0);
    };
    const place: Place = {
      data,
      senders,
      serve: serveIn("data"),
      serveRestored: serveIn("restored"),
      path: (name) => world.path(name),
    };
    await job.prepare?.(place);
    const log = world.path("steps");
    const runTwice = async () => {
      const env = { KILLED_AT: String(at), KILLED_HOW: how, KILLED_LOG: log, KILLED_UNDER: world.folder };
      const isKilled = await runKilled(job.args(place), env);
      if (isKilled) await job.killed?.(place);
      const { status, stdout, stderr } = await runCli(job.args(place));
      if (status !== 0) assert.match(stdout + stderr, job.hadEnded ?? /^$/);
      return isKilled;
    };
    const isKilled = job.isBeside === true ? await beside(place, runTwice) : await runTwice();
    await job.done(place);
    if (job.isElsewhere !== true) await goOn(place, job);
    return isKilled ? stepsIn(log)[at - 1] : undefined;
  } finally {
    for (const end of ends) await end();
  }
}

/** What a service does afterwards. */
async function goOn({ data, senders, serve }: Place, { leftOf = () => "whole" }: CommandJob): Promise<void> {
  await serve(async (service) => {
    await senders.sendAgain(service);
    await reckon(service, senders.acknowledged, leftOf);
  });
  await auditClean(data);
}

async function beside<T>({ serve, senders }: Place, work: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined;
  await serve(async (service) => {
    const before = senders.acknowledged.size;
    const sending = senders.keepSending(service);
    await waitFor("events to be acknowledged", () => senders.acknowledged.size > before);
    result = work();
    await result.finally(() => senders.end());
    await sending;
  });
  return result as Promise<T>;
}

/** @returns whether it was killed; a command that ended by itself has to have done what it was to do */
async function runKilled(args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  const { status, signal, said } = await runStepped(args, env);
  if (signal === "SIGKILL") return true;
  assert.equal(status, 0, said);
  return false;
}

type Stepped = { readonly status: number | null; readonly signal: string | null; readonly said: string };

async function runStepped(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Stepped> {
  const main = join(ROOT, "src", "cli", "main.ts");
  const options = {
    env: { ...bareEnv(), ...env },
    stdio: ["ignore", "ignore", "pipe"] as ["ignore", "ignore", "pipe"],
  };
  const child = spawn(process.execPath, ["--import", STEP, main, ...args], options);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  return { status, signal, said };
}
