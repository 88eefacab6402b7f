/**
 * The contract under a stateful fuzzer that is not Hardhat's: Foundry's, with the invariants of test/invariants, on the code
 * that is checked in. `--mutants` shows for every mutant of the contract that the invariants notice it.
 * Usage: npm run test:contracts-fuzz -- [--mutants [words of a name]] [--runs 256] [--depth 128] [--seconds 900] [--seed 0x1]
 * With seconds it goes on for that long, whatever the number of runs.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { readJson } from "../../src/json/read.ts";
import { bringForge } from "./forge.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "build/invariants");
const SOLC = join(import.meta.dirname, "solc.mjs");
/** As the commands of holdfast: nothing failed, and nothing was found out either. */
const COULD_NOT_TELL = 2;

const { values, positionals } = parseArgs({
  options: {
    mutants: { type: "boolean", default: false },
    runs: { type: "string", default: "256" },
    depth: { type: "string", default: "128" },
    seconds: { type: "string" },
    seed: { type: "string", default: "0x486f6c6466617374" },
  },
  allowPositionals: true,
});

/** Creation code of the contract with one change, by the compiler and the settings of the real one. */
function compileMutant({ file, from, to }: Mutant): string {
  const sources = Object.fromEntries(
    ["ILedgerAnchor.sol", "LedgerAnchor.sol", "MerkleLog.sol"].map((name) => {
      const content = readFileSync(join(ROOT, "contracts", name), "utf8");
      if (name === file && content.split(from).length !== 2) throw new Error(`expected once in ${file}: ${from}`);
      return [`contracts/${name}`, { content: name === file ? content.replace(from, () => to) : content }];
    }),
  );
  const { evmVersion, viaIR, optimizer } = artifact.compiler.settings;
  const outputSelection = { "contracts/LedgerAnchor.sol": { LedgerAnchor: ["evm.bytecode.object"] } };
  const input = { language: "Solidity", sources, settings: { evmVersion, viaIR, optimizer, outputSelection } };
  const { stdout } = spawnSync(process.execPath, [SOLC, "--standard-json"], {
    cwd: ROOT,
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  const output = readJson(stdout) as {
    errors?: { severity: string; formattedMessage: string }[];
    contracts?: Record<string, { LedgerAnchor: { evm: { bytecode: { object: string } } } }>;
  };
  const code = output.contracts?.["contracts/LedgerAnchor.sol"]?.LedgerAnchor.evm.bytecode.object;
  const errors = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (code === undefined || errors.length > 0) throw new Error(errors.map((each) => each.formattedMessage).join("\n"));
  return `0x${code}`;
}

/** Runs the invariants on a contract; `name` keeps what one run found from the next. */
function fuzz(forge: string, name: string, artifactFile?: string) {
  const failures = join(FOLDER, "failures", name);
  rmSync(failures, { recursive: true, force: true });
  const env = {
    ...process.env,
    FOUNDRY_CONFIG: join(ROOT, "test/invariants/foundry.toml"),
    FOUNDRY_INVARIANT_RUNS: values.runs,
    FOUNDRY_INVARIANT_DEPTH: values.depth,
    ...(values.seconds === undefined ? {} : { FOUNDRY_INVARIANT_TIMEOUT: values.seconds }),
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: failures,
  };
  const options = ["test", "--root", ROOT, "--fuzz-seed", values.seed, "-vv"];
  if (artifactFile === undefined) return spawnSync(forge, options, { env, encoding: "utf8" });
  // Of a mutant the shortest sequence is of no interest, only that there is one.
  const ofMutant = { HOLDFAST_ARTIFACT: artifactFile, FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: "0" };
  return spawnSync(forge, [...options, "--match-test", "invariant_"], {
    env: { ...env, ...ofMutant },
    encoding: "utf8",
  });
}

function runMutants(forge: string): boolean {
  const chosen = MUTANTS.filter(({ name }) => positionals.every((word) => name.includes(word)));
  let missed = 0;
  for (const [i, mutant] of chosen.entries()) {
    const file = join("build/invariants", `mutant-${i}.json`);
    writeFileSync(join(ROOT, file), JSON.stringify({ bytecode: compileMutant(mutant) }));
    const { stdout } = fuzz(forge, `mutant-${i}`, file);
    const said = /\[FAIL: (.*?)\]/.exec(stdout)?.[1];
    const isNoticed = mutant.breaks.some((breach) => said?.startsWith(breach));
    if (!isNoticed) missed++;
    console.log(`${isNoticed ? "noticed" : "MISSED "}  ${mutant.name}: ${said ?? "nothing was broken"}`);
  }
  console.log(`${chosen.length - missed} of ${chosen.length} mutants were noticed`);
  return chosen.length > 0 && missed === 0;
}

const forge = bringForge();
if ("missing" in forge) {
  console.error(`SKIPPED: the contract was not fuzzed, because Foundry's forge could not be had: ${forge.missing}`);
  process.exit(COULD_NOT_TELL);
}
mkdirSync(FOLDER, { recursive: true });
if (values.mutants) {
  process.exit(runMutants(forge.path) ? 0 : 1);
} else {
  const { status, stdout, stderr } = fuzz(forge.path, "contract");
  console.log(`${stdout}${stderr}`);
  process.exit(status ?? 1);
}
