/** `holdfast about`: which version this is, on which Node, what it brought with it and how much that is, and where its pages of text are. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";
import type { Command } from "commander";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { checksumAddress } from "../../merkle/address.ts";
import { printResult, type Result } from "../terminal/output.ts";
import { readVersion } from "../terminal/version.ts";
import { type InstalledPackage, installedPackages } from "./installed-packages.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Beside what was installed a checkout has what it was built of. */
const PARTS_OF_CHECKOUT = ["dist", join("build", "web")];
/** The binary of the embedded chain, which is optional and as large as all the rest. */
const CHAIN = /^@foundry-rs\//;
const MEGABYTE = 1_000_000;

type Weight = { readonly packages: number; readonly bytes: number };

export function addAbout(program: Command): void {
  program
    .command("about")
    .description("What is installed: version, Node, packages and their size, where the documentation is.")
    .option("--json", "print the result as JSON")
    .action(({ json }: { readonly json?: boolean }) => printResult(about(), json === true));
}

type AboutFacts = {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly folder: string;
  readonly docs: string;
  readonly contract: string;
  readonly packages: number;
  readonly bytes: number;
  readonly embeddedChain: { readonly bytes: number } | null;
  readonly zstd: boolean;
};

function about(): Result {
  const isCheckout = existsSync(join(ROOT, "src", "cli"));
  const all = installedPackages(ROOT, isCheckout ? PARTS_OF_CHECKOUT : ["."]);
  const chain = weightOf(all.filter(({ name }) => CHAIN.test(name)));
  const rest = weightOf(all.filter(({ name }) => !CHAIN.test(name)));
  const facts: AboutFacts = {
    version: readVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    folder: ROOT,
    docs: join(ROOT, "docs"),
    contract: checksumAddress(CONTRACT_ADDRESS),
    packages: rest.packages,
    bytes: rest.bytes,
    embeddedChain: chain.packages === 0 ? null : { bytes: chain.bytes },
    zstd: "createZstdDecompress" in zlib,
  };
  return { json: facts, text: describe(facts) };
}

function weightOf(packages: readonly InstalledPackage[]): Weight {
  return { packages: packages.length, bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function describe(facts: AboutFacts): string[] {
  const { embeddedChain, packages, bytes } = facts;
  const chain =
    embeddedChain === null
      ? "no binary of it was installed; one on the PATH is used (anvil), or configure a chain"
      : `installed, ${megabytes(embeddedChain.bytes)} beside that`;
  return [
    `Holdfast ${facts.version} on Node ${facts.node}, ${facts.platform}`,
    `  Folder     ${facts.folder}`,
    `  Packages   ${packages}, ${megabytes(bytes)}`,
    `  Chain      ${chain}`,
    `  Contract   ${facts.contract}, on every chain that has it`,
    `  Docs       ${facts.docs}`,
    ...(facts.zstd ? [] : ["  Bodies     in zstd are kept as they came: Node reads them from 22.15 on"]),
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
