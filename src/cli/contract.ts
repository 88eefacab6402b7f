/**
 * `holdfast contract sources`: the contract's sources for whoever shows them or verifies them, as Sourcify's repository and
 * as the compiler's standard JSON input. It asks nobody and needs no account.
 */

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Command, Option } from "commander";
import { CONTRACT_ADDRESS } from "../chain/contract/contract.ts";
import { makeSourceInput, SOURCE_FACTS, sourcifyFiles, sourcifyFolder } from "../chain/contract/sources.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import { usageError } from "./terminal/failure.ts";
import { readCount } from "./terminal/numbers.ts";
import { printResult } from "./terminal/output.ts";
import { writeOutputFile } from "./terminal/output-file.ts";
import { readAddress, repeated } from "./terminal/parse-flag-value.ts";

type SourcesFlags = {
  readonly sourcify?: string;
  readonly chainId?: readonly number[];
  readonly contract: string;
  readonly standardJson?: string;
  readonly json?: boolean;
};

export function addContract(program: Command): void {
  const contract = program.command("contract").description("The contract that ledgers are anchored in.");
  contract
    .command("sources")
    .description("Write the contract's sources for explorers. Asks nobody.")
    .option("--sourcify <folder>", "write them there as Sourcify's repository has them, for each --chain-id")
    .addOption(
      new Option("--chain-id <number>", "a chain on which the contract is; repeatable").argParser(repeated(readCount)),
    )
    .addOption(
      new Option("--contract <address>", "where it is")
        .argParser(readAddress)
        .default(CONTRACT_ADDRESS.toLowerCase(), CONTRACT_ADDRESS),
    )
    .option("--standard-json <file>", "write the compiler's standard JSON input, for the forms of explorers")
    .option("--json", "print the result as JSON")
    .action(writeSources);
}

function writeSources({ sourcify, chainId: chainIds = [], contract, standardJson, json }: SourcesFlags): void {
  if (sourcify === undefined && standardJson === undefined) {
    throw usageError("Expected --sourcify or --standard-json, got neither: there is nothing to write.");
  }
  if ((sourcify === undefined) !== (chainIds.length === 0)) {
    throw usageError("Expected --chain-id together with --sourcify, got only one of them.");
  }
  const address = checksumAddress(contract.toLowerCase() as Hex);
  const folders = sourcify === undefined ? [] : chainIds.map((id) => writeRepository(sourcify, id, address));
  if (standardJson !== undefined) writeOutputFile(standardJson, makeSourceInput());
  const text = [
    ...folders.map((folder) => `Wrote ${folder}: the sources and their metadata, in Sourcify's layout.`),
    ...(standardJson === undefined ? [] : [`Wrote ${standardJson}: the compiler's standard JSON input.`]),
    `For forms: compiler ${SOURCE_FACTS.compiler}, contract ${SOURCE_FACTS.contract}.`,
  ];
  const found = { contract: address, folders, standardJson: standardJson ?? null, source: SOURCE_FACTS };
  printResult({ json: found, text }, json === true);
}

/** @returns the folder of the contract */
function writeRepository(root: string, chainId: number, address: string): string {
  const folder = join(root, sourcifyFolder(chainId, address));
  for (const [path, content] of sourcifyFiles()) {
    const file = join(folder, path);
    makeFolderOf(file);
    writeOutputFile(file, content);
  }
  return folder;
}

function makeFolderOf(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw usageError(`${JSON.stringify(dirname(file))} cannot be made: ${(cause as Error).message}.`);
  }
}
