/**
 * Hardhat: the compiler is the one that npm installed, so building needs no network. Its settings are part of the
 * contract's address, and the fuzzers' seeds are fixed, so that a run can be repeated.
 */

import { join } from "node:path";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { defineConfig } from "hardhat/config";

const compiler = {
  version: "0.8.37",
  path: join(import.meta.dirname, "node_modules/solc/soljson.js"),
  settings: { evmVersion: "cancun", viaIR: true, optimizer: { enabled: true, runs: 200 } },
};

export default defineConfig({
  plugins: [hardhatEthers, hardhatVerify],
  // A profile without a path would make Hardhat look for compilers on the network.
  solidity: { profiles: { default: compiler, production: compiler } },
  paths: { tests: { solidity: "./test/contracts" } },
  test: {
    solidity: {
      fuzz: { runs: 256, seed: "0x486f6c6466617374" },
      invariant: { runs: 32, depth: 64, failOnRevert: true },
    },
  },
});
