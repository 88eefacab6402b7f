/** The demo, with a few of its events: it says what happened, ends by itself, and leaves nothing. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { ROOT, World } from "./service-process.ts";

type Ran = { readonly status: number; readonly stdout: string; readonly stderr: string };

async function runDemo(t: TestContext, temporary: string, ...args: string[]): Promise<Ran> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [join(ROOT, "scripts", "demo.ts"), ...args], {
    env: { PATH, HOME, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGTERM"));
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  }
  const [status] = (await once(child, "close")) as [number];
  return { status, ...printed };
}

test("the demo proves a delivery in a service of its own, and cleans up", async (t) => {
  const world = new World(t);
  const temporary = world.path("tmp");
  mkdirSync(temporary);
  const { status, stdout, stderr } = await runDemo(t, temporary, "--limit", "12");
  assert.equal(status, 0, stdout + stderr);
  for (const expected of [
    /Sent +12 GitHub webhook deliveries of 1\d kinds/,
    /p50 \d+\.\d ms, p99 \d+\.\d ms/,
    /final after \d+\.\d s/,
    /gas of the 2 anchors: [\d,]+ for size 6, [\d,]+ for size 12/,
    /size 12, root 0x[0-9a-f]{64}/,
    /verify bundle\.json +exit 0/,
    /one letter changed +exit 1: FAILED at leaf/,
    /rootAt\(ledger, 12\) +the same root/,
    /verifyEvent\(event\) +true/,
    /a letter changed\) +false/,
  ]) {
    assert.match(stdout, expected);
  }
  assert.ok(stdout.split("\n").length < 40, "it is one page");
  assert.deepEqual(readdirSync(temporary), []);
});

test("the demo talks to a service that runs as well, and fails when that one is not there", async (t) => {
  const world = new World(t);
  const service = await world.start({ config: { embeddedIntervalS: 0.5 } });
  const own = ["--url", service.url, "--key-file", service.facts.adminKeyFile, "--rpc", service.node];
  const { status, stdout, stderr } = await runDemo(t, world.folder, "--limit", "3", ...own);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /Sent +3 GitHub/);
  await service.stop();
  const alone = await runDemo(t, world.folder, "--limit", "3", ...own);
  assert.deepEqual([alone.status, alone.stdout], [1, ""]);
  assert.match(alone.stderr, /^demo: /);
  assert.match((await runDemo(t, world.folder, "--url", service.url)).stderr, /expected --url, --key-file and --rpc/);
});
