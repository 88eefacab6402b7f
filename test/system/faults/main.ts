/**
 * `npm run test:faults`: the real service under faults of the operating system, a case at a time, with a line for each.
 * `-- --only PATTERN` runs the cases whose name the pattern finds, `--jobs N` so many at a time, `--list` names them,
 * `--root FOLDER` tries another checkout.
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../service-process.ts";
import { Bench } from "./bench.ts";
import { failuresOf, type Ran, runCases, summaryOf } from "./run.ts";
import { findObstacle } from "./strace.ts";
import { STRACE_CASES } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    root: { type: "string", default: ROOT },
    list: { type: "boolean", default: false },
  },
});

const only = new RegExp(flags.only, "i");
const cases = STRACE_CASES.filter(({ name }) => only.test(name));

function show(ran: Ran, done: number, count: number): void {
  const seconds = ran.seconds.toFixed(1).padStart(5);
  console.log(`${String(done).padStart(4)} of ${count}  ${seconds} s  ${ran.outcome.padEnd(9)}  ${ran.name}`);
  for (const text of ran.texts) console.log(`${" ".repeat(24)}${text}`);
}

async function main(): Promise<number> {
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
  const bench = new Bench(resolve(flags.root));
  try {
    const all = await runCases(bench, cases, Number(flags.jobs), show);
    const failures = failuresOf(all);
    if (failures.length > 0) console.log("\nNot as promised:");
    for (const { name, outcome } of failures) console.log(`  ${outcome.padEnd(9)}  ${name}`);
    console.log(`\n${all.length} cases: ${summaryOf(all)}`);
    return failures.length === 0 && all.length > 0 ? 0 : 1;
  } finally {
    bench.close();
  }
}

process.exitCode = await main();
