/** What explorers are given is what the compiler is given, and what the compiler says of it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import hre from "hardhat";
import { compileMetadata } from "../../scripts/compile.ts";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { ipfsMultihash, makeSourceInput, SOURCE_FACTS, sourcifyFiles } from "../../src/chain/contract/sources.ts";
import { toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";

test("the input for explorers has the sources and the settings that the code is made of", async () => {
  const file = join(import.meta.dirname, "../../contracts/LedgerAnchor.sol");
  const jobs = await hre.solidity.getCompilationJobs([file], { isolated: true, force: true, quiet: true });
  const job = jobs.success ? jobs.compilationJobsPerFile.get(file) : undefined;
  assert.ok(job !== undefined);
  const { settings, ...wanted } = await job.getSolcInput();
  const { settings: made, ...rest } = JSON.parse(makeSourceInput());
  assert.deepEqual(rest, JSON.parse(JSON.stringify(wanted)));
  const { outputSelection: _a, ...ours } = made;
  const { outputSelection: _b, ...theirs } = settings;
  assert.deepEqual(ours, JSON.parse(JSON.stringify(theirs)));
  assert.deepEqual(SOURCE_FACTS, {
    contract: "project/contracts/LedgerAnchor.sol:LedgerAnchor",
    compiler: `v${job.solcLongVersion}`,
  });
  assert.equal(artifact.compiler.version, job.solcLongVersion);
});

type Said = { readonly keccak256: string; readonly urls: readonly string[] };
type Metadata = {
  readonly sources: Readonly<Record<string, Said>>;
  readonly output: { readonly abi: readonly unknown[] };
  readonly settings: { readonly compilationTarget: Readonly<Record<string, string>> };
};

/** Base 58 as Bitcoin and IPFS write it; nothing here begins with a zero byte. */
function base58(hex: string): string {
  const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let text = "";
  for (let rest = BigInt(`0x${hex}`); rest > 0n; rest /= 58n) text = digits[Number(rest % 58n)] + text;
  return text;
}

test("the metadata is what the compiler makes, to the byte, and the code ends with its hash", () => {
  const metadata = sourcifyFiles().get("metadata.json") ?? "";
  assert.equal(metadata, compileMetadata(makeSourceInput()));
  const tail = `a264697066735822${ipfsMultihash(utf8(metadata))}64736f6c634300082500`;
  assert.ok(artifact.deployedBytecode.endsWith(`${tail}33`), tail);
  const other = ipfsMultihash(utf8(`${metadata}\n`));
  assert.ok(!artifact.deployedBytecode.includes(other), "another text has another hash");
});

test("the files of a contract in Sourcify's layout are the metadata and every source that it names, and no others", () => {
  const files = sourcifyFiles();
  const { sources, output, settings } = JSON.parse(files.get("metadata.json") ?? "") as Metadata;
  const named = Object.keys(sources).map((name) => `sources/${name}`);
  assert.deepEqual([...files.keys()].sort(), ["metadata.json", ...named].sort());
  assert.deepEqual(output.abi, artifact.abi);
  assert.deepEqual(settings.compilationTarget, { [artifact.sourceName]: artifact.contractName });
  for (const [name, { keccak256: hash, urls }] of Object.entries(sources)) {
    const content = utf8(files.get(`sources/${name}`) ?? "");
    assert.equal(toHex(keccak256(content)), hash, name);
    // The compiler's own hash of the same file: a second opinion on ours.
    assert.ok(urls.includes(`dweb:/ipfs/${base58(ipfsMultihash(content))}`), name);
    assert.doesNotMatch(name, /\.\.|\/\/|^\/|[:\\\n]/, "a name that Sourcify would write as it is");
  }
});
