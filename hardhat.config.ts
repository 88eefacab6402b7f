/**
 * Hardhat: the compiler is the one that npm installed, so building needs no network. Its settings are part of the
 * contract's address, and the fuzzers' seeds are fixed, so that a run can be repeated.
 */

import { globSync } from "node:fs";
import { join } from "node:path";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { configVariable, defineConfig } from "hardhat/config";

const compiler = {
  version: "0.8.37",
  path: join(import.meta.dirname, "node_modules/solc/soljson.js"),
  settings: { evmVersion: "cancun", viaIR: true, optimizer: { enabled: true, runs: 200 } },
};

/**
 * Test contracts compile in a fraction of the time without the IR pipeline. They use the contract's code as it is checked
 * in; only MerkleCases brings its library along and Baselines is compared with it, so these are compiled as it is.
 */
const quick = { ...compiler, settings: { ...compiler.settings, viaIR: false } };
const quickFiles = globSync("test/contracts/**/*.sol", { cwd: import.meta.dirname }).filter(
  (file) => !/(MerkleCases|Baselines)\.sol$/.test(file),
);

export default defineConfig({
  plugins: [hardhatEthers, hardhatVerify],
  // A profile without a path would make Hardhat look for compilers on the network.
  solidity: {
    profiles: {
      default: { compilers: [compiler], overrides: Object.fromEntries(quickFiles.map((file) => [file, quick])) },
      production: compiler,
    },
  },
  // Solidity tests take their hardfork from a network: `hardhat test solidity --network amsterdam` runs on the next one.
  networks: {
    amsterdam: { type: "edr-simulated", hardfork: "amsterdam" },
    // For `hardhat verify --network chain`: docs/explorer.md.
    chain: { type: "http", url: configVariable("HOLDFAST_RPC") },
  },
  verify: { etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") } },
  paths: { tests: { solidity: "./test/contracts" } },
  test: {
    solidity: {
      fsPermissions: { readFile: ["src/chain/contract/artifact.json"] },
      fuzz: { runs: 256, seed: "0x486f6c6466617374" },
      invariant: { runs: 32, depth: 64, failOnRevert: true },
    },
  },
});
