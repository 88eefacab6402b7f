/**
 * `npm run test:faults`: the real service under faults of the operating system, a case at a time, with a line for each.
 * `-- --only PATTERN` runs the cases whose name the pattern finds, `--jobs N` so many at a time, `--list` names them,
 * `--sample N` tries so many of them, drawn from the seed,
 * `--kills N` kills so often (200), `--seed N` at other moments, `--root FOLDER` tries another checkout.
 * Why: docs/decisions/0106.
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../service-process.ts";
import { Bench } from "./bench.ts";
import { damageCases, endHosts } from "./damage/cases.ts";
import { DISK_CASES, findDiskObstacle } from "./full-disk.ts";
import { killCases } from "./kills.ts";
import { failuresOf, type Ran, runCases, sampleOf, summaryOf } from "./run.ts";
import { findObstacle } from "./strace.ts";
import { type Case, STRACE_CASES } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    flips: { type: "string", default: "24" },
    kills: { type: "string", default: "200" },
    root: { type: "string", default: ROOT },
    list: { type: "boolean", default: false },
  },
});

const only = new RegExp(flags.only, "i");
const kills = killCases(Number(flags.kills), Number(flags.seed));
const diskObstacle = findDiskObstacle();
if (diskObstacle !== undefined) console.log(`NO FULL DISK IS TRIED: ${diskObstacle}`);
const disks = diskObstacle === undefined ? DISK_CASES : [];
const bench = new Bench(resolve(flags.root));

function show(ran: Ran, done: number, count: number): void {
  const seconds = ran.seconds.toFixed(1).padStart(5);
  console.log(`${String(done).padStart(4)} of ${count}  ${seconds} s  ${ran.outcome.padEnd(9)}  ${ran.name}`);
  for (const text of ran.texts) console.log(`${" ".repeat(24)}${text}`);
}

/** Damage is done to files that have to be there first. */
async function damages(): Promise<Case[]> {
  if (flags.only !== "" && !flags.only.includes("damage")) return [];
  const of = { flips: Number(flags.flips), seed: Number(flags.seed) };
  return [
    ...(await damageCases(bench, { ...of, chain: "none", wanted: /^(?!.*\/LO(CK|G))/ })),
    ...(await damageCases(bench, { ...of, chain: "embedded", wanted: /^(chain|keys|store)\/(?!LO(CK|G))/ })),
  ];
}

async function allCases(): Promise<Case[]> {
  const all = [...STRACE_CASES, ...disks, ...kills, ...(await damages())].filter(({ name }) => only.test(name));
  return flags.sample === undefined ? all : sampleOf(all, Number(flags.sample), Number(flags.seed));
}

async function main(): Promise<number> {
  const cases = await allCases();
  if (flags.list) {
    for (const { name } of cases) console.log(name);
    console.log(`${cases.length} cases`);
    return 0;
  }
  const obstacle = findObstacle();
  if (obstacle !== undefined) {
    console.log(`NOTHING WAS TRIED: ${obstacle}`);
    return 2;
  }
  try {
    const all = await runCases(bench, cases, Number(flags.jobs), show);
    const failures = failuresOf(all);
    if (failures.length > 0) console.log("\nNot as promised:");
    for (const { name, outcome } of failures) console.log(`  ${outcome.padEnd(9)}  ${name}`);
    console.log(`\n${all.length} cases: ${summaryOf(all)}`);
    return failures.length === 0 && all.length > 0 ? 0 : 1;
  } finally {
    await endHosts();
  }
}

process.once("SIGINT", async () => {
  await Promise.all([bench.close(), endHosts()]);
  process.exit(130);
});
try {
  process.exitCode = await main();
} finally {
  await bench.close();
}
