/**
 * `npm run bench`: every bench, one after the other, because they would slow each other down. What matters are the ratios
 * to something known that was measured in the same run; absolute figures belong to one machine on one day.
 * `npm run bench -- [name …] [--json]`; with --json one document, in which a bench without rows of its own has its lines.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";

type Bench = { readonly name: string; readonly about: string; readonly args: readonly string[] };

/** In this order; the counts keep a run of all of them under ten minutes. */
const BENCHES: readonly Bench[] = [
  { name: "http", about: "durable, proven POSTs against an Express echo and LevelDB", args: ["5"] },
  { name: "receivers", about: "events of foreign senders against native ones of the same length", args: ["2"] },
  { name: "ledger", about: "appends against synced LevelDB batches of the same bytes", args: [] },
  { name: "merkle", about: "roots and proofs against merkletreejs", args: [] },
  { name: "query", about: "pages and counts out of an index", args: ["200000"] },
  { name: "entry", about: "from the text of an event to what is recorded", args: [] },
  { name: "sets", about: "evidence sets whose bundles share what they have in common, and whole ones", args: [] },
  { name: "gas", about: "what the contract costs, beside others", args: [] },
];

type Result = Bench & { readonly status: number; readonly seconds: number; readonly output: string };

async function run(bench: Bench, asJson: boolean): Promise<Result> {
  const began = performance.now();
  const file = join(import.meta.dirname, `${bench.name}.ts`);
  const env = { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true" };
  const child = spawn(process.execPath, [file, ...bench.args, ...(asJson ? ["--json"] : [])], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (!asJson) process.stdout.write(text);
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { ...bench, status: status ?? 1, seconds: (performance.now() - began) / 1000, output };
}

/** What a bench found: its own JSON, or its lines when it has none. */
function resultOf(output: string): unknown {
  const lines = output.trim().split("\n");
  try {
    return JSON.parse(lines.at(-1) ?? "");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { lines };
  }
}

const machine = { node: process.version, platform: platform(), arch: arch(), cpus: cpus().length, memory: totalmem() };
const asJson = process.argv.includes("--json");
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`expected some of ${BENCHES.map(({ name }) => name).join(", ")}, got ${unknown.join(", ")}`);
  process.exit(2);
}

const results: Result[] = [];
for (const bench of BENCHES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  if (!asJson) console.log(`\n# ${bench.name}: ${bench.about}`);
  results.push(await run(bench, asJson));
}

if (asJson) {
  const benches = results.map(({ name, status, seconds, output }) => ({
    name,
    status,
    seconds,
    result: resultOf(output),
  }));
  console.log(JSON.stringify({ at: new Date().toISOString(), machine, benches }, null, 2));
} else {
  console.log(`\n# Node ${process.version}, ${machine.cpus} processors, ${Math.round(machine.memory / 2 ** 30)} GiB`);
  for (const { name, status, seconds } of results) {
    console.log(`${status === 0 ? "done  " : "FAILED"}  ${name.padEnd(8)} ${seconds.toFixed(0).padStart(5)} s`);
  }
}
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;
