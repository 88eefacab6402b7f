/** `holdfast watch` as a process, of a real service with its own chain. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Report } from "../../../src/cli/watch/report.ts";
import { bareEnv } from "../../bare-env.ts";
import { event, ROOT, World, waitFor } from "../../system/service-process.ts";
import { deadUrl, serveHttp } from "../fake-http.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const EVENTS = "POST /v1/ledgers/main/events";

test("a real service is watched from outside, across its restart, and its silence is noticed", async (t) => {
  const world = new World(t);
  const service = await world.start();
  await service.json(201, EVENTS, [event("a"), event("b"), event("c")]);
  await waitFor("an anchor", async () => {
    return (await service.json<{ anchoredSize: number }>(200, "GET /v1/ledgers/main")).anchoredSize === 3;
  });
  const cwd = makeFolder(t);
  const args = ["watch", "--url", service.url, "--rpc", service.node, "--state", "state.json", "--lag", "60"];
  const begun = await runCli([...args, "--once"], { cwd });
  assert.equal(begun.status, 2, "there is nothing to compare the first checkpoint with");
  assert.match(begun.stderr, /^There is no state in state.json yet: .* taken on trust\.$/m);
  assert.match(begun.stdout, /^\? {4}consistency {2}the first checkpoint/m);
  const first = await runCli([...args, "--once"], { cwd });
  assert.deepEqual([first.status, first.stderr], [0, ""], first.stdout);
  assert.match(first.stdout, /^ok {3}agreement {4}the contract holds root 0x[0-9a-f]{64} for size 3$/m);
  assert.match(first.stdout, /^Believed: size 3, root 0x/m);

  const watcher = spawn(
    process.execPath,
    [join(ROOT, "src/cli/main.ts"), ...args, "--interval", "1", "--metrics", "127.0.0.1:0"],
    {
      cwd,
      env: bareEnv(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  t.after(() => watcher.kill("SIGKILL"));
  const out: string[] = [];
  const notes: string[] = [];
  watcher.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  watcher.stderr.setEncoding("utf8").on("data", (text: string) => notes.push(text));
  const reports = () =>
    out
      .join("")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Report);
  await waitFor("a first report", () => reports().length > 0);
  await service.json(201, EVENTS, event("d"));
  await waitFor("size 4", () => reports().at(-1)?.checkpoint?.size === 4 && reports().at(-1)?.outcome === "good");
  const url = /http:\/\/\S+/.exec(notes.join(""))?.[0] ?? "";
  assert.match(await (await fetch(url)).text(), /^holdfast_watch_check\{ledger="main",check="lag"\} 1$/m);
  const ended = once(watcher, "close");
  watcher.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null], "nothing was bad");
  assert.ok(
    reports().every(({ outcome }) => outcome !== "bad"),
    out.join(""),
  );

  const stale = await runCli([...args, "--once", "--block-age", "1"], { cwd });
  assert.deepEqual(
    [stale.status, /^BAD {2}block .* the node stands still/m.test(stale.stdout)],
    [1, true],
    stale.stdout,
  );

  await service.stop();
  const gone = await runCli([...args, "--once", "--json", "--silent", "3600"], { cwd });
  assert.equal(gone.status, 2, gone.stdout);
  const { checks, checkpoint } = JSON.parse(gone.stdout) as Report;
  assert.deepEqual([checks.service.mark, checks.chain.mark, checkpoint?.size], [0, 0, 4]);
  const silent = await runCli([...args, "--once", "--silent", "1"], { cwd });
  assert.deepEqual([silent.status, /^BAD {2}service/m.test(silent.stdout)], [1, true], silent.stdout);
  assert.deepEqual(readdirSync(cwd), ["state.json"], "and there is no evidence of anything");

  const kept = readFileSync(join(cwd, "state.json"), "utf8");
  for (const [text, expected] of [
    [kept.slice(0, 200), /damaged or cut off/],
    [kept.replace("watch@3", "watch@9"), /a version that this one does not know/],
    ["", /an empty file/],
  ] as const) {
    writeFileSync(join(cwd, "bad.json"), text);
    const refused = await runCli([...args, "--once", "--state", "bad.json"], { cwd });
    assert.deepEqual([refused.status, expected.test(refused.stderr)], [2, true], refused.stderr);
    assert.match(refused.stderr, /bring back a copy of it, or move it away to begin anew/);
    assert.equal(readFileSync(join(cwd, "bad.json"), "utf8"), text, "it is left as it is");
  }

  const wrong = await runCli([...args, "--once", "--contract", `0x${"11".repeat(20)}`], { cwd });
  assert.deepEqual([wrong.status, /Expected the contract of the state/.test(wrong.stderr)], [2, true]);
});

test("the key of one's own service does not go to another one that is watched", async (t) => {
  const { url, asked } = await serveHttp(t, () => ({ status: 503, body: {} }));
  const cwd = makeFolder(t);
  const args = ["watch", "--once", "--rpc", await deadUrl(), "--chain-id", "1"];
  const keys = async (more: readonly string[], env: Readonly<Record<string, string>>) => {
    asked.splice(0);
    await runCli([...args, ...more], { cwd, env: { HOLDFAST_KEY: "hf_own", ...env } });
    return [...new Set(asked.map(({ headers }) => headers.authorization))];
  };
  assert.deepEqual(await keys(["--url", url], {}), [undefined]);
  assert.deepEqual(await keys([], { HOLDFAST_URL: url }), ["Bearer hf_own"]);
  writeFileSync(join(cwd, "key"), "hf_given");
  assert.deepEqual(await keys(["--url", url, "--key-file", "key"], {}), ["Bearer hf_given"]);
});

test("watching needs a service, a chain, and for anchoring an account", async (t) => {
  const url = await deadUrl();
  const cwd = makeFolder(t);
  for (const args of [
    ["--url", url],
    ["--rpc", url],
    ["--url", url, "--rpc", url, "--anchor"],
    ["--url", url, "--rpc", url],
  ]) {
    const { status } = await runCli(["watch", "--once", ...args], { cwd });
    assert.equal(status, 2, args.join(" "));
  }
  assert.deepEqual(readdirSync(cwd), []);
});
