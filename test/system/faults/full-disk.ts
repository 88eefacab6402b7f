/**
 * A disk that is really full: the data folder is a small file system in memory, which a file fills up. When the file is
 * gone the service goes on by itself, and nothing that was acknowledged before, meanwhile or after is lost.
 */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FILLER, fillUp } from "../fill-disk.ts";
import { ServiceProcess } from "../service-process.ts";
import type { Bench, Place } from "./bench.ts";
import { stopNicely } from "./reckoning.ts";
import type { Case } from "./table.ts";
import { isClear } from "./telling.ts";
import { goOn, load, reckonAfter } from "./three-steps.ts";
import { Findings, type Result, resultOf } from "./verdict.ts";

type Disk = {
  readonly ledgers: 1 | 2;
  /** What meets the full disk: events and probes, records other than events, a start, or events that fill it themselves. */
  readonly met: "events" | "records" | "start" | "large events";
  readonly ending: "SIGKILL" | "SIGTERM";
};

const SIZE = "60m";
const FULL_MS = 1500;
const ROUNDS_BEFORE = 3;
const ROUNDS_AFTER = 10;
const LARGE_ROUNDS_MAX = 80;
const LARGE = 50_000;

/** Why no file system can be mounted here; undefined when one can. */
export function findDiskObstacle(): string | undefined {
  if (process.platform !== "linux") return `a file system in memory is for Linux, this is ${process.platform}`;
  return process.getuid?.() === 0 ? undefined : "only root may mount a file system";
}

function isFull(data: string): boolean {
  return statfsSync(data).bavail === 0;
}

async function onSmallDisk(bench: Bench, disk: Disk): Promise<Result> {
  const place = bench.emptyPlace("none");
  const findings = new Findings();
  mkdirSync(place.data);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "holdfast-faults", place.data]);
  if (mounted.status !== 0) throw new Error(`expected to mount a tmpfs, got: ${mounted.stderr}`);
  try {
    const wasFull = await threeStepsOf(place, disk, findings);
    await reckonAfter(place, findings);
    return resultOf(findings, wasFull ? 1 : 0);
  } finally {
    spawnSync("umount", ["-l", place.data]);
    await place.end();
  }
}

/** @returns whether the disk was full */
async function threeStepsOf(place: Place, disk: Disk, findings: Findings): Promise<boolean> {
  const { world, witness, options, data } = place;
  let service = await world.start(options);
  if (disk.ledgers === 2) await service.json(201, "POST /v1/ledgers", { name: "second" });
  const names = ["main", "second"].slice(0, disk.ledgers);
  for (let round = 0; round < ROUNDS_BEFORE; round++) await load(service, witness, findings, 0, names);
  if (disk.met === "start") await service.stop("SIGKILL");
  if (disk.met === "large events") {
    for (let round = 0; round < LARGE_ROUNDS_MAX && !isFull(data); round++)
      await load(service, witness, findings, LARGE, names);
  }
  fillUp(data);
  const wasFull = isFull(data);
  if (disk.met === "start") {
    const found = await world.startOrEnd(options);
    if (!(found instanceof ServiceProcess)) {
      if (isClear(found, findings)) findings.add("recovered", "the start was refused on a full disk");
      rmSync(join(data, FILLER));
      service = await world.start(options);
    } else service = found;
  }
  for (const until = Date.now() + FULL_MS; Date.now() < until; await sleep(100)) {
    if (disk.met === "records") await makeKey(service);
    else await load(service, witness, findings, 0, names);
  }
  rmSync(join(data, FILLER), { force: true });
  if (!service.isRunning) {
    isClear(await service.ended, findings);
    return wasFull;
  }
  if (disk.met === "large events") return endAt(service, disk, findings, wasFull);
  for (const ledger of names) await goOn(service, ledger, witness, findings);
  for (let round = 0; round < ROUNDS_AFTER; round++) await load(service, witness, findings, 0, names);
  return endAt(service, disk, findings, wasFull);
}

/** A record that is no event, and that no ledger waits for. */
async function makeKey(service: ServiceProcess): Promise<void> {
  await service.ask("POST /v1/keys", { source: randomUUID(), roles: ["writer"] });
}

async function endAt(service: ServiceProcess, disk: Disk, findings: Findings, wasFull: boolean): Promise<boolean> {
  if (disk.ending === "SIGTERM") await stopNicely(service, findings);
  else await service.stop("SIGKILL");
  return wasFull;
}

export const DISK_CASES: readonly Case[] = ([1, 2] as const).flatMap((ledgers) =>
  (["events", "records", "start", "large events"] as const).flatMap((met) =>
    (["SIGKILL", "SIGTERM"] as const).map((ending) => ({
      name: `full disk: ${ledgers} ${ledgers === 1 ? "ledger" : "ledgers"}, met by ${met}, then ${ending}`,
      run: (bench: Bench) => onSmallDisk(bench, { ledgers, met, ending }),
    })),
  ),
);
