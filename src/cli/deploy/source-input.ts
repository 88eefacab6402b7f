/**
 * What an explorer needs to verify the contract's source: the compiler's standard JSON input, put together from the sources
 * as they are on this disk, each of which must be the one that the checked-in code was made of.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import artifact from "../../chain/contract/artifact.json" with { type: "json" };
import { toHex, utf8 } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import { CliError } from "../terminal/failure.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Where the package has them all, as scripts/build-package.ts puts them; a checkout has them where they were written. */
const PACKED = join("dist", "chain", "contract", "sources");
/** Names of the compiler: those of this project, and npm/<package>@<version>/<path>. */
const NPM = /^npm\/((?:@[^/]+\/)?[^/@]+)@[^/]+\/(.+)$/;

/** What an explorer's form asks for beside the input. */
export const SOURCE_FACTS = {
  contract: `${artifact.sourceName}:${artifact.contractName}`,
  compiler: `v${artifact.compiler.version}`,
} as const;

/**
 * The standard JSON input, as text.
 * @throws CliError when a source is missing or is another one
 */
export function makeSourceInput(): string {
  const sources = Object.entries(artifact.sources).map(([name, hash]) => [name, { content: readSource(name, hash) }]);
  const outputs = { "*": { "*": ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object"] } };
  const settings = { ...artifact.compiler.settings, outputSelection: outputs };
  return `${JSON.stringify({ language: "Solidity", sources: Object.fromEntries(sources), settings })}\n`;
}

function placeOf(name: string): string {
  const [, packageName, path] = NPM.exec(name) ?? [];
  const file = packageName === undefined ? name.replace(/^project\//, "") : `node_modules/${packageName}/${path}`;
  const packed = join(PACKED, name);
  return !existsSync(join(ROOT, file)) && existsSync(join(ROOT, packed)) ? packed : file;
}

function readSource(name: string, hash: string): string {
  const file = placeOf(name);
  let content: string;
  try {
    content = readFileSync(join(ROOT, file), "utf8");
  } catch (cause) {
    const message = `Expected the source ${file}, got none; "npm run setup" installs what is missing.`;
    throw new CliError(message, { code: "source_missing", exitStatus: 1, cause });
  }
  if (toHex(keccak256(utf8(content))) === hash) return content;
  const message = `Expected ${file} as the contract was made of it, got another text; see "npx node scripts/compile.ts --check".`;
  throw new CliError(message, { code: "source_changed", exitStatus: 1 });
}
