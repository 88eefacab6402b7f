/** A test file that hangs is ended with what it started, and the run ends. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { until } from "./until.ts";

const WATCH = pathToFileURL(join(import.meta.dirname, "../scripts/hung-files.ts")).href;

/** Its tests have ended, and a daemon that it left keeps it alive. */
const HANGS = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import test from "node:test";
test("passes", () => writeFileSync(process.env.DAEMON, String(spawn("sleep", ["600"], { stdio: "ignore" }).pid)));
`;
const RUNS = `
import { run } from "node:test";
import { endHungFiles } from ${JSON.stringify(WATCH)};
const stop = endHungFiles(1_500, (command) => console.log("hangs: " + command), 100);
for await (const { type, data } of run({ files: [process.env.FILE] })) if (type === "test:fail") console.log("fails: " + data.name);
stop();
`;

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

test("a file that a daemon keeps alive is killed with the daemon, named, and counts as failed", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-hung-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "left-alive.test.mjs");
  const daemon = join(folder, "daemon.pid");
  const runs = join(folder, "run.mjs");
  writeFileSync(file, HANGS);
  writeFileSync(runs, RUNS);
  // A runner within a test file would tell its parent what it runs.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [runs], { env: { ...env, FILE: file, DAEMON: daemon } });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (piece) => {
    said += piece;
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(status, 0);
  assert.match(said, /^hangs: .*left-alive\.test\.mjs/m);
  assert.match(said, /^fails: .*left-alive\.test\.mjs/m);
  const id = Number(readFileSync(daemon, "utf8"));
  await until("that the daemon is gone", () => !isAlive(id));
});
