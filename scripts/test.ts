/**
 * Everything that must hold before a change lands, from cheap to dear; one failing step does not keep the others from
 * running. `npm test -- unit` runs only the steps named.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Step = { readonly name: string; readonly command: string; readonly args: readonly string[] };
type Result = { readonly name: string; readonly passed: boolean; readonly seconds: number };

const ROOT = join(import.meta.dirname, "..");

/** Rows that run side by side, each in its order: a compiler of types and one of contracts use a core each. */
const CHECKS: readonly (readonly Step[])[] = [
  [
    { name: "lint", command: "biome", args: ["ci", "--colors=off", "--error-on-warnings", "."] },
    { name: "types", command: "tsc", args: ["-p", "tsconfig.json"] },
    { name: "types-pure", command: "tsc", args: ["-p", "tsconfig.pure.json"] },
    { name: "types-web", command: "tsc", args: ["-p", "tsconfig.web.json"] },
  ],
  [
    { name: "contracts", command: "hardhat", args: ["test", "solidity"] },
    { name: "artifact", command: "node", args: ["scripts/compile.ts", "--check"] },
  ],
];
/** After them: tests use what the contracts were compiled to. */
const UNIT: Step = { name: "unit", command: "node", args: ["scripts/unit.ts"] };

const names = [...CHECKS.flat(), UNIT].map(({ name }) => name);
const wanted = process.argv.slice(2);
const isChosen = ({ name }: Step) => wanted.length === 0 || wanted.includes(name);
if (!names.some((name) => isChosen({ ...UNIT, name }))) {
  console.error(`expected some of ${names.join(", ")}, got ${wanted.join(", ")}`);
  process.exit(2);
}

/** Where Node keeps what it compiled: a thousand processes load the same sources, and each saves a third of a second. */
const compiled = mkdtempSync(join(tmpdir(), "holdfast-compiled-"));
const env = { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true", NODE_COMPILE_CACHE: compiled };

/** @param isAlone whether what it says can be shown as it comes; otherwise it is shown together, at the end */
async function run({ name, command, args }: Step, isAlone: boolean): Promise<Result> {
  const started = performance.now();
  if (isAlone) console.log(`\n# ${name}`);
  const child = spawn(command, args, { cwd: ROOT, stdio: isAlone ? "inherit" : ["ignore", "pipe", "pipe"], env });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (piece: Buffer) => said.push(piece));
  const status = await new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      said.push(Buffer.from(`${command} could not be started: ${error.message}\n`));
      resolve(null);
    });
    child.on("close", resolve);
  });
  if (!isAlone) process.stdout.write(`\n# ${name}\n${Buffer.concat(said)}`);
  return { name, passed: status === 0, seconds: (performance.now() - started) / 1000 };
}

async function runRow(steps: readonly Step[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const step of steps) if (isChosen(step)) results.push(await run(step, false));
  return results;
}

const results = (await Promise.all(CHECKS.map(runRow))).flat();
if (isChosen(UNIT)) results.push(await run(UNIT, true));

rmSync(compiled, { recursive: true, force: true });
console.log("\n# summary of steps");
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s`);
}
const failed = results.filter((result) => !result.passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
