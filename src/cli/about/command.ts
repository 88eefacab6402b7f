/** `holdfast about`: which version this is, on which Node, what it brought with it and how much that is, and where its pages of text are. */

import { join } from "node:path";
import * as zlib from "node:zlib";
import type { Command } from "commander";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { checksumAddress } from "../../merkle/address.ts";
import { printResult, type Result } from "../terminal/output.ts";
import { readVersion } from "../terminal/version.ts";
import { describeInstallation, type Installation, lookAtInstallation, ROOT } from "./installed-packages.ts";

export function addAbout(program: Command): void {
  program
    .command("about")
    .description("What is installed: version, Node, packages and their size, where the documentation is.")
    .option("--json", "print the result as JSON")
    .action(({ json }: { readonly json?: boolean }) => printResult(about(), json === true));
}

type AboutFacts = Installation & {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly folder: string;
  readonly docs: string;
  readonly contract: string;
  readonly zstd: boolean;
};

function about(): Result {
  const facts: AboutFacts = {
    version: readVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    folder: ROOT,
    docs: join(ROOT, "docs"),
    contract: checksumAddress(CONTRACT_ADDRESS),
    zstd: "createZstdDecompress" in zlib,
    ...lookAtInstallation(),
  };
  return { json: facts, text: describe(facts) };
}

function describe(facts: AboutFacts): string[] {
  const noChain =
    "the program of the embedded one was not installed; one on the PATH is used (anvil), or configure a chain";
  return [
    `Holdfast ${facts.version} on Node ${facts.node}, ${facts.platform}`,
    `  Folder     ${facts.folder}`,
    `  Installed  ${describeInstallation(facts)}`,
    ...(facts.chainBytes === undefined ? [`  Chain      ${noChain}`] : []),
    `  Contract   ${facts.contract}, on every chain that has it`,
    `  Docs       ${facts.docs}`,
    ...(facts.zstd ? [] : ["  Bodies     in zstd are kept as they came: Node reads them from 22.15 on"]),
  ];
}
