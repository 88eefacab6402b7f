/** The process itself: which signals stop it, which do nothing, and who may read the files that it makes. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bareEnv } from "../bare-env.ts";
import { event, ROOT, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const config = { embeddedIntervalS: 1 };

async function anchorOne(service: ServiceProcess): Promise<void> {
  await service.json(201, EVENTS, event("a"));
  await waitFor("an anchor", async () => {
    const { anchors } = await service.json<{ anchors: unknown[] }>(200, "GET /v1/ledgers/main/anchors");
    return anchors.length > 0;
  });
}

/** What in a folder others than its owner may read, write or enter. */
function openIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    return (lstatSync(join(folder, name)).mode & 0o077) !== 0;
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`${signal} stops the service in order`, async (t) => {
    const world = new World(t);
    const service = await world.start({ config, args: [] });
    await service.json(201, EVENTS, event("a"));
    const { status, signal: killed, stdout } = await service.stop(signal);
    assert.deepEqual([status, killed], [0, null]);
    assert.match(stdout, /Stopping: what has arrived is answered/);
  });
}

test("SIGUSR1 opens no debugger and changes nothing", async (t) => {
  const world = new World(t);
  const service = await world.start({ config });
  for (let i = 0; i < 3; i++) process.kill(service.pid, "SIGUSR1");
  await sleep(500);
  await service.json(201, EVENTS, event("a"));
  assert.doesNotMatch(service.output, /debugger|inspector/i);
  assert.equal((await service.stop("SIGTERM")).status, 0);
});

test("SIGUSR1 opens no debugger of a command that was started by scripts/holdfast.mjs", async (t) => {
  const world = new World(t);
  const child = spawn(process.execPath, [join(ROOT, "scripts", "holdfast.mjs"), "serve", "--json"], {
    env: { ...bareEnv(), HOLDFAST_DATA: world.path("data"), HOLDFAST_LISTEN: "127.0.0.1:0" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  await waitFor("the service to be up", () => output.includes('{"url"'));
  child.kill("SIGUSR1");
  await sleep(500);
  const ended = once(child, "close");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  assert.doesNotMatch(output, /debugger|inspector/i);
});

test("whatever the umask and the data folder, others may read nothing in it", async (t) => {
  const world = new World(t);
  mkdirSync(world.path("data"));
  chmodSync(world.path("data"), 0o755);
  const under = ["sh", "-c", 'umask 000 && exec "$@"', "sh"];
  const service = await world.start({ config, under });
  await anchorOne(service);
  assert.deepEqual(openIn(service.data), []);
  assert.equal((await service.stop("SIGTERM")).status, 0);
  assert.deepEqual(openIn(service.data), []);
});

test("folders that an earlier version left open are closed at the start", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  await anchorOne(first);
  await first.stop("SIGTERM");
  for (const name of ["store", "index", "marks", "keys", "chain"]) chmodSync(join(first.data, name), 0o755);
  const second = await world.start({ config });
  assert.deepEqual(openIn(second.data), []);
  await second.stop("SIGTERM");
});
