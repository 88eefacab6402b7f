/** `holdfast encryption` as a process: what a person reads, what a script gets, and how it ends. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { KeysInMemory } from "../encryption/wrapped-keys.ts";
import { type Running, startService } from "../http/service.ts";
import { runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

let encryption: KeysInMemory;
let service: Running;
let env: Record<string, string>;

before(async () => {
  encryption = await KeysInMemory.make(6);
  service = await startService({ encryption });
  env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["admin"], "desk") };
});
after(async () => {
  await service.close();
  encryption.close();
});

test("the key is looked at, rotated, and keys are wrapped anew, each with what comes next", async () => {
  const rotated = await runCli(["encryption", "rotate"], { env });
  assert.deepEqual([rotated.status, rotated.stderr], [0, ""]);
  assert.match(rotated.stdout, /^New keys are wrapped by file:[0-9a-f]{16}, version 2; before it was version 1\.$/m);
  const status = await runCommand(["encryption", "status"], { env });
  assert.match(status.stdout, /^file:[0-9a-f]{16} +1 +6 +former$/m);
  assert.match(status.stdout, /^6 are wrapped by a former version: holdfast encryption rewrap wraps them anew\.$/m);
  const rewrapped = await runCommand(["encryption", "rewrap", "--json"], { env });
  const { state, done } = JSON.parse(rewrapped.stdout);
  assert.deepEqual([rewrapped.status, state, done], [0, "done", 6]);
  const after = await runCommand(["encryption", "status", "--json"], { env });
  assert.deepEqual(
    JSON.parse(after.stdout).wraps.map(({ version }: { version: string }) => version),
    ["2"],
  );
});

test("what is refused or fails is told on standard error, with status 1", async () => {
  encryption.trouble = new Error("inside");
  await runCommand(["encryption", "rotate"], { env });
  const failed = await runCommand(["encryption", "rewrap"], { env });
  assert.deepEqual([failed.status, failed.stdout], [1, ""]);
  assert.match(failed.stderr, /After 0 keys: an internal error; the log has the cause\. Begun again it goes on\./);
  rmSync(join(encryption.folder, "encryption.key"));
  const refused = await runCommand(["encryption", "rotate"], { env });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /got ENOENT/);
});
