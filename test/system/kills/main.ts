/**
 * `npm run test:kills`: the real process is killed at each step of everything that takes away, wraps or copies what is stored, while
 * events arrive; a line for each. `-- --only PATTERN` runs the cases whose job the pattern finds, `--from N` from that step on, `--stride N` every n-th step.
 */

import { parseArgs } from "node:util";
import { findDiskObstacle } from "../faults/full-disk.ts";
import { fillDisk, loseProvider } from "./fault-first.ts";
import { Grounds } from "./ground.ts";
import { COMMAND_JOBS, fillConvert, killCommand } from "./kill-command.ts";
import { type Kill, type Killed, killService } from "./kill-service.ts";
import { SERVICE_JOBS } from "./service-jobs.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    from: { type: "string", default: "1" },
    stride: { type: "string", default: "1" },
  },
});
const only = new RegExp(flags.only, "i");
const FAILURES_MAX = 20;
const grounds = new Grounds();
let failures = 0;
let cases = 0;

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
  if (!only.test(name)) return;
  for (let at = Number(flags.from); ; at += Number(flags.stride)) {
    if (!(await tell(`${name} before step ${at}`, () => run({ at, how: "before" })))) break;
    await tell(`${name} within step ${at}`, () => run({ at, how: "within" }));
  }
}

async function fillAll(name: string, fill: (at: number) => Promise<Killed>): Promise<void> {
  for (let at = Number(flags.from); only.test(`${name}, full disk`); at += Number(flags.stride)) {
    if (!(await tell(`${name}, full disk from step ${at} on`, () => fill(at)))) break;
  }
}

try {
  for (const job of SERVICE_JOBS)
    await killAll(`${job.name}, killed`, async (kill) => killService(job, await grounds.get("final"), kill));
  for (const job of COMMAND_JOBS) await killAll(`${job.name}, killed`, (kill) => killCommand(job, grounds, kill));
  const diskObstacle = findDiskObstacle();
  if (diskObstacle !== undefined) console.log(`NO FULL DISK IS TRIED: ${diskObstacle}`);
  else {
    for (const job of SERVICE_JOBS)
      await fillAll(job.name, async (at) => fillDisk(job, await grounds.get("final"), at));
    await fillAll("convert", (at) => fillConvert(grounds, at));
  }
  for (const how of ["rotate", "rewrap"] as const) {
    const name = `${how}, the key-encryption key away, then events, then a kill`;
    if (only.test(name)) await tell(name, () => loseProvider(how));
  }
} finally {
  grounds.close();
}
console.log(`${cases} cases, ${failures} not as promised`);
process.exitCode = failures === 0 && cases > 0 ? 0 : 1;
