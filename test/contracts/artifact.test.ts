/** The code that is checked in: what the configured compiler makes of the sources, and where a factory puts it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { getCreate2Address, id, keccak256, TypedDataEncoder, ZeroAddress } from "ethers";
import hre from "hardhat";
import solc from "solc/package.json" with { type: "json" };
import { type Artifact, differences } from "../../scripts/compile.ts";
import { build, openChain } from "./chain.ts";
import { DOMAIN } from "./ledgers.ts";

const path = (name: string) => new URL(`../../${name}`, import.meta.url);
const artifact = JSON.parse(readFileSync(path("src/chain/contract/artifact.json"), "utf8")) as Artifact;

describe("the artifact", () => {
  // Compiled with everything else here; `node scripts/compile.ts --check` compiles it alone. Both must come out alike.
  test("is what the compiler makes of the sources", async () => {
    await build();
    const { abi, bytecode, deployedBytecode, inputSourceName } = await hre.artifacts.readArtifact("LedgerAnchor");
    assert.deepEqual(differences({ ...artifact, abi, bytecode, deployedBytecode }, artifact), []);
    assert.equal(inputSourceName, artifact.sourceName);
  });

  test("a difference in any part of it is noticed", () => {
    assert.deepEqual(differences(artifact, artifact), []);
    assert.deepEqual(differences(artifact, { ...artifact, bytecode: `${artifact.bytecode}00` }), ["bytecode"]);
    const { abi, ...rest } = artifact;
    assert.deepEqual(differences(artifact, rest), ["abi"]);
    assert.deepEqual(differences(artifact, { ...artifact, abi: abi.slice(1) }), ["abi"]);
  });

  test("every profile uses the compiler that npm installed, by its path and its own version", () => {
    const profiles = Object.entries(hre.config.solidity.profiles);
    assert.ok(profiles.length >= 2);
    for (const [name, { compilers, overrides }] of profiles) {
      for (const compiler of [...compilers, ...Object.values(overrides)]) {
        assert.equal(compiler.version, solc.version, name);
        assert.match(compiler.path ?? "", /node_modules[/\\]solc[/\\]soljson\.js$/, name);
        assert.equal(compiler.settings.evmVersion, artifact.compiler.settings.evmVersion, name);
      }
    }
    assert.ok(artifact.compiler.version.startsWith(`${solc.version}+commit.`), artifact.compiler.version);
  });

  test("what is deployed is the runtime code to the byte, and its hashes are those that are stated", async () => {
    const { ethers, address, anchors } = await openChain();
    const code = await ethers.provider.getCode(address);
    assert.equal(code, artifact.deployedBytecode);
    assert.equal(keccak256(code), artifact.runtimeCodeHash);
    assert.equal(anchors.deploymentTransaction()?.data, artifact.bytecode);
    assert.equal(keccak256(artifact.bytecode), artifact.initCodeHash);
  });

  // These are not refreshed. The contract is deployed where nobody can change it, bundles name this address, and every
  // verifier knows this code hash: another value is another contract, of which none of them has heard. A change that is
  // meant (a comment is one too: the hash of the sources is in the code) is a new version beside this one: another file,
  // another salt, both known to verifiers (docs/decisions/0099-the-contract-is-frozen.md).
  test("code and address are those of the contract that is frozen", () => {
    assert.equal(artifact.create2.address, "0xF4749339A470Bb80C432C26b3e5ae419607D5089");
    assert.equal(
      keccak256(artifact.deployedBytecode),
      "0x164c492275e0576a4cfdfb41b0540ce95a5a32bd808673d7630fa524579b201b",
    );
    assert.equal(keccak256(artifact.bytecode), "0xd51592fec24d91624c0482ffde1bad5388a431977daea7a34a180ffc2d01faea");
  });

  test("it has no constructor, takes no ether and fits the limit of code on every chain", () => {
    const items = artifact.abi as { type: string; stateMutability?: string }[];
    const special = items.filter(({ type }) => ["constructor", "receive", "fallback"].includes(type));
    assert.deepEqual(special, []);
    assert.ok(!items.some(({ stateMutability }) => stateMutability === "payable"));
    assert.ok(artifact.deployedBytecode.length / 2 - 1 <= 24_576);
  });

  test("its address follows from the factory, the salt as CreateX guards it, and the creation code", () => {
    const { factory, salt, address } = artifact.create2;
    assert.equal(salt, id("holdfast.LedgerAnchor.1"));
    // Otherwise the salt would be bound to one sender or one chain.
    assert.notEqual(salt.slice(0, 42), ZeroAddress);
    assert.equal(address, getCreate2Address(factory, keccak256(salt), artifact.initCodeHash));
  });

  test("the constant of the domain is what EIP-712 makes of name and version", () => {
    const source = readFileSync(path("contracts/LedgerAnchor.sol"), "utf8");
    const constant = /DOMAIN_SEPARATOR = (0x[0-9a-f]{64});/.exec(source)?.[1];
    assert.equal(constant, TypedDataEncoder.hashDomain(DOMAIN));
  });
});
