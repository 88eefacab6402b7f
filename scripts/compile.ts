/**
 * Compiles the contract and writes src/chain/contract/artifact.json, which the service and the verifiers use, so that
 * starting compiles nothing, and beside it metadata.json, solc's own words about it, whose hash is in the code. `--check`
 * only compares, and fails when a file is not what the compiler makes.
 * Why: docs/decisions/0016.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { AbiCoder, getCreate2Address, id, keccak256 } from "ethers";
import hre from "hardhat";
import { makeSourceInput } from "../src/chain/contract/sources.ts";
import { readJson } from "../src/json/read.ts";

const SOURCE = join(import.meta.dirname, "../contracts/LedgerAnchor.sol");
const CONTRACT = "LedgerAnchor";
const ARTIFACT = join(import.meta.dirname, "../src/chain/contract/artifact.json");

const METADATA = join(import.meta.dirname, "../src/chain/contract/metadata.json");

/** The public factory that is at one address on most chains: github.com/pcaversaccio/createx. */
const CREATEX = "0xba5Ed099633D3B313e4D5F7bdc1305d3c28ba5Ed";
/** Begins neither with a sender's address nor with zeros, so CreateX lets anyone deploy with it, to one address. */
const SALT = id("holdfast.LedgerAnchor.1");

export type Artifact = {
  readonly contractName: string;
  /** As explorers and Sourcify are told it. */
  readonly sourceName: string;
  readonly compiler: { readonly version: string; readonly settings: Record<string, unknown> };
  /** keccak256 of every source by its name: what an explorer must be given to make the same code. */
  readonly sources: Readonly<Record<string, string>>;
  readonly abi: readonly unknown[];
  /** Creation code; there are no constructor arguments. */
  readonly bytecode: string;
  /** What the chain returns as code: nothing in it is filled in at deployment. */
  readonly deployedBytecode: string;
  readonly initCodeHash: string;
  readonly runtimeCodeHash: string;
  /** Where `deployCreate2(salt, bytecode)` of the factory puts the contract, on every chain. */
  readonly create2: { readonly factory: string; readonly salt: string; readonly address: string };
};

/** Compiles the contract by itself: what else is in the project has no influence on its bytes. */
export async function compileArtifact(): Promise<Artifact> {
  const jobs = await hre.solidity.getCompilationJobs([SOURCE], { isolated: true, force: true, quiet: true });
  const job = jobs.success ? jobs.compilationJobsPerFile.get(SOURCE) : undefined;
  if (job === undefined) throw new Error(`expected a compiler for ${CONTRACT}, got ${JSON.stringify(jobs)}`);
  const { output } = await hre.solidity.runCompilationJob(job, { quiet: true });
  const errors = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));

  const { settings, sources } = await job.getSolcInput();
  const found = Object.entries(output.contracts ?? {}).find(([, contracts]) => contracts[CONTRACT] !== undefined);
  const contract = found?.[1][CONTRACT];
  const code = contract?.evm?.bytecode?.object;
  const runtime = contract?.evm?.deployedBytecode;
  if (found === undefined || contract === undefined || code === undefined || runtime === undefined) {
    throw new Error(`expected code of ${CONTRACT}, got none`);
  }
  const holes = { ...runtime.immutableReferences, ...runtime.linkReferences };
  if (Object.keys(holes).length > 0) throw new Error(`expected finished code, got holes in ${Object.keys(holes)}`);

  const bytecode = `0x${code}`;
  const deployedBytecode = `0x${runtime.object}`;
  const { evmVersion, viaIR, optimizer, remappings } = settings;
  const hashes = Object.entries(sources).map(([name, { content }]) => [name, id(content)]);
  return {
    contractName: CONTRACT,
    sourceName: found[0],
    compiler: { version: job.solcLongVersion, settings: { evmVersion, viaIR, optimizer, remappings } },
    sources: Object.fromEntries(hashes),
    abi: contract.abi,
    bytecode,
    deployedBytecode,
    initCodeHash: keccak256(bytecode),
    runtimeCodeHash: keccak256(deployedBytecode),
    create2: { factory: CREATEX, salt: SALT, address: create2Address(keccak256(bytecode)) },
  };
}

/**
 * What solc says of the contract beside its code: a text whose every byte counts. Hardhat does not ask for it.
 * @param input the compiler's standard JSON input
 */
export function compileMetadata(input: string): string {
  const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
  const { settings, ...rest } = readJson(input) as { readonly settings: object };
  const outputSelection = { "*": { [CONTRACT]: ["metadata"] } };
  const made = readJson(solc.compile(JSON.stringify({ ...rest, settings: { ...settings, outputSelection } }))) as {
    readonly contracts?: Readonly<Record<string, Readonly<Record<string, { readonly metadata?: string }>>>>;
  };
  const metadata = Object.values(made.contracts ?? {}).find((each) => each[CONTRACT] !== undefined)?.[CONTRACT]
    ?.metadata;
  if (metadata === undefined)
    throw new Error(`expected metadata of ${CONTRACT}, got ${JSON.stringify(made).slice(0, 500)}`);
  return metadata;
}

/** CreateX hashes a salt that is not bound to a sender or a chain before it uses it. */
function create2Address(initCodeHash: string): string {
  const guarded = keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32"], [SALT]));
  return getCreate2Address(CREATEX, guarded, initCodeHash);
}

/** Names of the parts in which the file differs from what the compiler makes. */
export function differences(expected: Artifact, actual: Partial<Artifact>): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]) as Set<keyof Artifact>;
  return [...names].filter((name) => JSON.stringify(expected[name]) !== JSON.stringify(actual[name]));
}

if (import.meta.main) {
  const artifact = await compileArtifact();
  const metadata = compileMetadata(makeSourceInput());
  if (process.argv.includes("--check")) {
    const wrong = differences(artifact, readJson(readFileSync(ARTIFACT, "utf8")) as Partial<Artifact>);
    if (wrong.length > 0) {
      console.error(`src/chain/contract/artifact.json differs from what the compiler makes in: ${wrong.join(", ")}`);
      console.error(
        "Run npx node scripts/compile.ts if the contract was meant to change; its address then changes too.",
      );
      process.exit(1);
    }
    if (readFileSync(METADATA, "utf8") !== metadata) {
      console.error("src/chain/contract/metadata.json differs from what the compiler makes");
      process.exit(1);
    }
    console.log(`src/chain/contract/artifact.json is what solc ${artifact.compiler.version} makes`);
  } else {
    writeFileSync(ARTIFACT, `${JSON.stringify(artifact, null, 1)}\n`);
    writeFileSync(METADATA, metadata);
    console.log(`wrote src/chain/contract/artifact.json: ${artifact.contractName} at ${artifact.create2.address}`);
  }
}
