/**
 * The contract's sources, for whoever shows or verifies them: as the compiler's standard JSON input, and as the files of
 * Sourcify's repository. Each source must be the one that the checked-in code was made of, and the metadata the one whose
 * hash is at the end of that code.
 * Why: docs/decisions/0186.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex, utf8 } from "../../merkle/bytes.ts";
import { keccak256 } from "../../merkle/hash.ts";
import artifact from "./artifact.json" with { type: "json" };
import { DEPLOYED } from "./contract.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Where the package has them all, as scripts/build-package.ts puts them; a checkout has them where they were written. */
const PACKED = join("dist", "chain", "contract", "sources");
/** What solc says of the contract beside its code; `scripts/compile.ts` writes it, and not a byte of it may change. */
const METADATA = join(import.meta.dirname, "metadata.json");
/** Names of the compiler: those of this project, and npm/<package>@<version>/<path>. */
const NPM = /^npm\/((?:@[^/]+\/)?[^/@]+)@[^/]+\/(.+)$/;
/** The end of the code, CBOR: a map of two, of which the first is `ipfs` with a multihash of sha2-256, 32 bytes. */
const CODE_END = /a264697066735822(1220[0-9a-f]{64})64736f6c6343[0-9a-f]{6}0033$/;

/** What an explorer's form asks for beside the input. */
export const SOURCE_FACTS = {
  contract: `${artifact.sourceName}:${artifact.contractName}`,
  compiler: `v${artifact.compiler.version}`,
} as const;

/** A source is missing or is another one. */
class ContractSourceError extends Error {
  override readonly name = "ContractSourceError";
  readonly code: "source_missing" | "source_changed";

  constructor(code: ContractSourceError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The standard JSON input, as text. @throws ContractSourceError */
export function makeSourceInput(): string {
  const sources = Object.fromEntries([...readSources()].map(([name, content]) => [name, { content }]));
  const outputs = { "*": { "*": ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object"] } };
  const settings = { ...artifact.compiler.settings, outputSelection: outputs };
  return `${JSON.stringify({ language: "Solidity", sources, settings })}\n`;
}

/**
 * What Sourcify's repository has in the folder of one contract, `contracts/full_match/<chain id>/<address>`, by path. Names of
 * sources are paths there as they are: none of ours leads upwards or has a character that Sourcify replaces.
 * @throws ContractSourceError
 */
export function sourcifyFiles(): ReadonlyMap<string, string> {
  const files = new Map([["metadata.json", readMetadata()]]);
  for (const [name, content] of readSources()) files.set(`sources/${name}`, content);
  return files;
}

/** The folder of a contract in Sourcify's repository. @param address in the spelling of EIP-55 */
export function sourcifyFolder(chainId: number, address: string): string {
  return `contracts/full_match/${chainId}/${address}`;
}

/** Every source by the compiler's name. */
function readSources(): ReadonlyMap<string, string> {
  return new Map(Object.entries(artifact.sources).map(([name, hash]) => [name, readSource(name, hash)]));
}

function readMetadata(): string {
  const text = readText(METADATA, "src/chain/contract/metadata.json");
  const [, multihash] = CODE_END.exec(DEPLOYED.code) ?? [];
  if (ipfsMultihash(utf8(text)) === multihash) return text;
  const message = "Expected metadata.json as the code names it by its hash, got another text";
  throw new ContractSourceError("source_changed", `${message}; see "npx node scripts/compile.ts --check".`);
}

/** The hash of a file in IPFS, as solc computes it: of a node of UnixFS with the file in it, which fits up to 256 KiB. */
export function ipfsMultihash(file: Uint8Array): string {
  const length = varint(file.length);
  const unixFs = Buffer.concat([fromHex("0x080212"), length, file, fromHex("0x18"), length]);
  const node = Buffer.concat([fromHex("0x0a"), varint(unixFs.length), unixFs]);
  return `1220${createHash("sha256").update(node).digest("hex")}`;
}

/** Seven bits a byte, the lowest first: protobuf's. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function placeOf(name: string): string {
  const [, packageName, path] = NPM.exec(name) ?? [];
  const file = packageName === undefined ? name.replace(/^project\//, "") : `node_modules/${packageName}/${path}`;
  const packed = join(PACKED, name);
  return !existsSync(join(ROOT, file)) && existsSync(join(ROOT, packed)) ? packed : file;
}

function readSource(name: string, hash: string): string {
  const file = placeOf(name);
  const content = readText(join(ROOT, file), file);
  if (toHex(keccak256(utf8(content))) === hash) return content;
  const message = `Expected ${file} as the contract was made of it, got another text`;
  throw new ContractSourceError("source_changed", `${message}; see "npx node scripts/compile.ts --check".`);
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const message = `Expected the source ${name}, got none; "npm run setup" installs what is missing.`;
    throw new ContractSourceError("source_missing", message, cause);
  }
}
