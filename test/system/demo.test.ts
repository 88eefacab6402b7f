/** The demo, with a few of its events: it says what happened, leaves a service to look at, and ends when it is told to. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { bareEnv } from "../bare-env.ts";
import { ROOT, World } from "./service-process.ts";

type Ran = { readonly status: number; readonly stdout: string; readonly stderr: string };

type Running = { readonly child: ChildProcess; readonly printed: { stdout: string; stderr: string } };

function startDemo(t: TestContext, temporary: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [join(ROOT, "scripts", "demo.ts"), ...args], {
    env: { ...bareEnv(), TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGTERM"));
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  }
  return { child, printed };
}

async function runDemo(t: TestContext, temporary: string, ...args: string[]): Promise<Ran> {
  const { child, printed } = startDemo(t, temporary, ...args);
  const [status] = (await once(child, "close")) as [number];
  return { status, ...printed };
}

test("the demo with --once proves a delivery in a service of its own, and cleans up", async (t) => {
  const world = new World(t);
  const temporary = world.path("tmp");
  mkdirSync(temporary);
  const { status, stdout, stderr } = await runDemo(t, temporary, "--limit", "12", "--once");
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

test("the demo leaves its service running with its data, says where, and keeps the data when it is stopped", async (t) => {
  const world = new World(t);
  const temporary = world.path("with a space");
  mkdirSync(temporary);
  const { child, printed } = startDemo(t, temporary, "--limit", "4");
  const ended = once(child, "close");
  const said = new Promise<void>((resolve) => {
    child.stdout?.on("data", () => {
      if (/npm start\n$/.test(printed.stdout)) resolve();
    });
  });
  await Promise.race([said, ended]);
  const place = (name: string) =>
    new RegExp(`  ${name} +('[^']+'|\\S+)`).exec(printed.stdout)?.[1]?.replaceAll("'", "") ?? "";
  const url = place("pages");
  const key = readFileSync(place("API key"), "utf8").trim();
  assert.ok(!printed.stdout.includes(key), "the key itself is not printed");
  const headers = { Authorization: `Bearer ${key}` };
  const found = (await (await fetch(`${url}v1/ledgers/main/events`, { headers })).json()) as { events: object[] };
  assert.equal(found.events.length, 4);
  assert.match(readFileSync(place("proofs"), "utf8"), /"holdfast\/bundle@1"/);
  assert.equal(child.exitCode, null, "it runs on");
  child.kill("SIGINT");
  const [status] = (await ended) as [number];
  assert.deepEqual([status, printed.stderr], [0, ""]);
  assert.ok(existsSync(join(place("data"), "store")), "its data are kept");
  await assert.rejects(fetch(url), "the service has ended");
});

test("the demo says how it is called, also to who calls it wrongly, without a trace of its code", async (t) => {
  const world = new World(t);
  const help = await runDemo(t, world.folder, "--help");
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  for (const option of ["--limit", "--concurrency", "--once", "--url", "--help"])
    assert.ok(help.stdout.includes(option));
  for (const wrong of [["--limits"], ["--limit"], ["--limit", "none"], ["twelve"]]) {
    const { status, stdout, stderr } = await runDemo(t, world.folder, ...wrong);
    assert.deepEqual([status, stdout], [1, ""], wrong.join(" "));
    assert.match(stderr, /^demo: .*npm run demo -- \[options\]/s);
    assert.doesNotMatch(stderr, /\n\s+at |node:internal/);
  }
});
