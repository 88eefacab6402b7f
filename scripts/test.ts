/**
 * Everything that must hold before a change lands, in order from cheap to dear; one failing step does not keep the
 * others from running. `npm test -- unit` runs only the steps named.
 */

import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Step = { readonly name: string; readonly command: string; readonly args: readonly string[] };

const ROOT = join(import.meta.dirname, "..");
/** Three test files at a time: on two cores one of them waits for a process, a browser or a block. */
const CONCURRENCY = 3;
/** What takes longer than this hangs, and is named instead of waited for. */
const HANGS_MS = 900_000;
const REPORTERS = ["spec", "./scripts/slowest-files.ts"];

const testFiles = globSync("test/**/*.test.ts", { cwd: ROOT }).sort();
const running = ["--test", `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${HANGS_MS}`];
const reporting = REPORTERS.flatMap((name) => [`--test-reporter=${name}`, "--test-reporter-destination=stdout"]);

const steps: readonly Step[] = [
  { name: "lint", command: "biome", args: ["ci", "--colors=off", "--error-on-warnings", "."] },
  { name: "types", command: "tsc", args: ["-p", "tsconfig.json"] },
  { name: "types-pure", command: "tsc", args: ["-p", "tsconfig.pure.json"] },
  { name: "types-web", command: "tsc", args: ["-p", "tsconfig.web.json"] },
  { name: "contracts", command: "hardhat", args: ["test", "solidity"] },
  { name: "artifact", command: "node", args: ["scripts/compile.ts", "--check"] },
  { name: "unit", command: "node", args: [...running, ...reporting, ...testFiles] },
];

const wanted = process.argv.slice(2);
const chosen = wanted.length === 0 ? steps : steps.filter((step) => wanted.includes(step.name));
if (chosen.length === 0) {
  console.error(`expected some of ${steps.map((step) => step.name).join(", ")}, got ${wanted.join(", ")}`);
  process.exit(2);
}

/** Where Node keeps what it compiled: a thousand processes load the same sources, and each saves a third of a second. */
const compiled = mkdtempSync(join(tmpdir(), "holdfast-compiled-"));
const env = { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true", NODE_COMPILE_CACHE: compiled };
const results = chosen.map((step) => {
  console.log(`\n# ${step.name}`);
  const started = performance.now();
  const { status } = spawnSync(step.command, step.args, { cwd: ROOT, stdio: "inherit", env });
  return { name: step.name, passed: status === 0, seconds: (performance.now() - started) / 1000 };
});

rmSync(compiled, { recursive: true, force: true });
console.log("\n# summary of steps");
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s`);
}
const failed = results.filter((result) => !result.passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
