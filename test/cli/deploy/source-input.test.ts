/** What explorers are given is what the compiler is given. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import hre from "hardhat";
import artifact from "../../../src/chain/contract/artifact.json" with { type: "json" };
import { makeSourceInput, SOURCE_FACTS } from "../../../src/cli/deploy/source-input.ts";

test("the input for explorers has the sources and the settings that the code is made of", async () => {
  const file = join(import.meta.dirname, "../../../contracts/LedgerAnchor.sol");
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
