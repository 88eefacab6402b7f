/** The tools of `npm run test:contracts-fuzz`, as far as they need no forge: the mutants, and the compiler behind a command line. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import solc from "solc/package.json" with { type: "json" };
import { MUTANTS } from "../../scripts/contracts/mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const SOLC = join(ROOT, "scripts/contracts/solc.mjs");

test("every mutant changes one place of the contract, and breaks something that the invariants can say", () => {
  const said = ["Watched.sol", "Actors.sol", "Accusers.sol"].map((name) =>
    readFileSync(join(ROOT, "test/invariants", name), "utf8"),
  );
  for (const { name, file, from, to, breaks } of MUTANTS) {
    const parts = readFileSync(join(ROOT, "contracts", file), "utf8").split(from);
    assert.equal(parts.length, 2, `${name}: expected once in ${file}: ${from}`);
    assert.notEqual(from, to);
    for (const breach of breaks) assert.ok(said.join().includes(`"${breach}`), `${name}: ${breach}`);
  }
});

test("forge and slither get the compiler of the project, with the files that it is pointed to", () => {
  const run = (options: string[], input?: unknown) =>
    spawnSync(process.execPath, [SOLC, ...options], { cwd: ROOT, input: JSON.stringify(input), encoding: "utf8" });
  assert.match(run(["--version"]).stdout, new RegExp(`^Version: ${solc.version.replaceAll(".", "\\.")}\\+`, "m"));
  const settings = { outputSelection: { "*": { LedgerAnchor: ["evm.methodIdentifiers"] } } };
  const sources = { "contracts/LedgerAnchor.sol": { urls: ["contracts/LedgerAnchor.sol"] } };
  const output = JSON.parse(run(["--standard-json"], { language: "Solidity", sources, settings }).stdout);
  const { methodIdentifiers } = output.contracts["contracts/LedgerAnchor.sol"].LedgerAnchor.evm;
  assert.equal(methodIdentifiers["rootAt(bytes32,uint64)"], "930b6ace");
  const { status, stderr } = run(["--combined-json", "abi"]);
  assert.equal(status, 1);
  assert.match(stderr, /expected --version or --standard-json, got --combined-json abi/);
});
