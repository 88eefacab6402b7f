/** A short run of `npm run test:fuzz`, which tries the same with 20,000 requests. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { bareEnv } from "../../bare-env.ts";

test("whatever is sent to a receiver has an answer, and what was acknowledged is there after a kill", () => {
  const main = join(import.meta.dirname, "main.ts");
  const run = spawnSync(process.execPath, [main, "--requests", "30", "--seed", "3"], {
    env: bareEnv(),
    encoding: "utf8",
    timeout: 300_000,
  });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /[1-9]\d* items were held against what was counted/);
});
