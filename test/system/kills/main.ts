/**
 * `npm run test:kills`: the real process is killed at each step of everything that takes away, wraps or copies what is stored, while
 * events arrive; a line for each. `-- --only PATTERN` runs the cases whose job the pattern finds, `--from N` from that step on, `--stride N` every n-th step.
 */

import { parseArgs } from "node:util";
import { findDiskObstacle } from "../faults/full-disk.ts";
import { type Full, fillDisk, loseProvider } from "./fault-first.ts";
import { Grounds } from "./ground.ts";
import { COMMAND_JOBS, fillConvert, killCommand } from "./kill-command.ts";
import { type Kill, type Killed, killService } from "./kill-service.ts";
import { CLEAR_JOBS, SERVICE_JOBS, type ServiceJob } from "./service-jobs.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    from: { type: "string", default: "1" },
    stride: { type: "string", default: "1" },
  },
});
const only = new RegExp(flags.only, "i");
const FAILURES_MAX = 20;
const FULL: readonly Full[] = ["until killed", "for a step"];
const grounds = new Grounds();
let failures = 0;
let cases = 0;
let kills = 0;

/** A part of the run, if it is asked for, and how long it took. */
async function part(name: string, run: () => Promise<void>): Promise<void> {
  if (!only.test(name)) return;
  const startedAt = performance.now();
  const before = { cases, kills };
  await run();
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(`${minutes} min  ${name}: ${cases - before.cases} cases, ${kills - before.kills} of them with a kill`);
}

async function tell(name: string, run: () => Promise<string | undefined>): Promise<boolean> {
  const startedAt = performance.now();
  cases++;
  const found = await run().catch((error: unknown) => {
    failures++;
    return `FAILED: ${error instanceof Error ? error.stack : error}`;
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${name}: ${found ?? "no more steps"}`);
  // What fails at every step would never come to the last one.
  return found !== undefined && failures < FAILURES_MAX;
}

/** Every step of a job, until there are no more. */
async function killAll(name: string, run: (kill: Kill) => Promise<Killed>): Promise<void> {
  for (let at = Number(flags.from); ; at += Number(flags.stride)) {
    if (!(await tell(`${name} before step ${at}`, () => run({ at, how: "before" })))) break;
    await tell(`${name} within step ${at}`, () => run({ at, how: "within" }));
    kills += 2;
  }
}

/** @param isKilled whether each case ends with a kill */
async function fillAll(name: string, isKilled: boolean, fill: (at: number) => Promise<Killed>): Promise<void> {
  for (let at = Number(flags.from); ; at += Number(flags.stride)) {
    const isThere = await tell(`${name} from step ${at} on`, () => fill(at));
    if (isKilled) kills++;
    if (!isThere) break;
  }
}

async function fillDisks(): Promise<void> {
  const diskObstacle = findDiskObstacle();
  if (diskObstacle !== undefined) return console.log(`NO FULL DISK IS TRIED: ${diskObstacle}`);
  const filling = (job: ServiceJob, name: string, full: Full) =>
    part(name, () => fillAll(name, true, async (at) => fillDisk(job, await grounds.get(job.ground), at, full)));
  for (const job of SERVICE_JOBS) await filling(job, `${job.name}, full disk`, "until told");
  for (const full of FULL) for (const job of CLEAR_JOBS) await filling(job, `${job.name}, full disk ${full}`, full);
  await part("convert, full disk", () => fillAll("convert, full disk", false, (at) => fillConvert(grounds, at)));
}

try {
  for (const job of SERVICE_JOBS) {
    const name = `${job.name}, killed`;
    await part(name, () => killAll(name, async (kill) => killService(job, await grounds.get(job.ground), kill)));
  }
  for (const job of COMMAND_JOBS) {
    const name = `${job.name}, killed`;
    await part(name, () => killAll(name, (kill) => killCommand(job, grounds, kill)));
  }
  await fillDisks();
  for (const how of ["rotate", "rewrap"] as const) {
    const name = `${how}, the key-encryption key away, then events, then a kill`;
    await part(name, async () => {
      await tell(name, () => loseProvider(how));
      kills++;
    });
  }
} finally {
  grounds.close();
}
console.log(`${cases} cases, ${kills} of them with a kill, ${failures} not as promised`);
process.exitCode = failures === 0 && cases > 0 ? 0 : 1;
