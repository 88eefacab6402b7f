/** The fuzz and invariant tests in Solidity once more, on the hardfork to come; `hardhat test solidity` runs them on this one. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "./chain.ts";

const ROOT = join(import.meta.dirname, "../..");
const HARDHAT = join(ROOT, "node_modules/hardhat/dist/src/cli.js");

test("fuzz and invariant tests pass on amsterdam", async () => {
  await build();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [HARDHAT, "test", "solidity", "--network", "amsterdam", "--no-compile"],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true" } },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  const passing = Number(/(\d+) passing/.exec(stdout)?.[1]);
  assert.ok(passing >= 13, `expected at least 13 tests, got ${passing}:\n${stdout}`);
  assert.match(stdout, /invariant_whatWasTakenIsKeptAndNothingElseIs\(\) \(runs: 32\)/);
});
