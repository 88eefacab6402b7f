/** Who starts the service for somebody, and goes away: npm, its shell, scripts/holdfast.mjs, a terminal, a reader of the log. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { bareEnv } from "../bare-env.ts";
import { event, processesIn, ROOT, World, waitFor } from "./service-process.ts";

const LAUNCHER = join(ROOT, "scripts", "holdfast.mjs");
/** Makes the launcher believe that it runs on an older Node, and so look for ours. */
const AS_OLD_NODE =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})';
const HAS_SCRIPT = spawnSync("script", ["--version"]).status === 0;
if (!HAS_SCRIPT) console.error("SKIPPED: no script(1) here, so that closing a terminal is not tried");
const HAS_FULL = existsSync("/dev/full");
if (!HAS_FULL) console.error("SKIPPED: no /dev/full here, so that a log on a full disk is not tried");

type Launched = {
  readonly child: ChildProcess;
  readonly data: string;
  readonly output: () => string;
  /** Resolves with status and signal of what was launched. */
  readonly ended: () => Promise<unknown>;
};

/** Waits for the end of a process, which one that is not told to end would never come to. */
function endOf(child: ChildProcess): () => Promise<unknown> {
  let end: unknown;
  child.once("exit", (...how) => {
    end = how;
  });
  return () => waitFor("what was launched to end", () => end);
}

/** Starts something that starts a service, and waits until that is up. */
async function launch(world: World, command: readonly string[], env: object = {}): Promise<Launched> {
  const data = world.path("data");
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: ROOT,
    env: { ...bareEnv(), HOME: world.folder, HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  const ended = endOf(child);
  await waitFor("the service to be up", () => text.includes("Ctrl-C stops.") || text.includes('{"url"'), 60_000);
  return { child, data, output: () => text, ended };
}

/** It was closed in order when the embedded chain's process was forgotten; a kill leaves that file behind. */
async function assertStopped(world: World, { data }: Pick<Launched, "data">): Promise<void> {
  await waitFor("no process to be left", () => processesIn(world.folder).length === 0);
  assert.ok(existsSync(join(data, "chain", "state.json.gz")));
  assert.ok(!existsSync(join(data, "chain", "chain.pid")), "it was stopped, not killed");
}

/** The service that was launched keeps its heap small, whoever launched it. */
function assertSmall(world: World): void {
  const commands = servicesOf(world).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  const isSmall = (command: string) => command.includes("\0--max-semi-space-size=16\0--heap-growing-percent=30\0");
  assert.equal(commands.filter(isSmall).length, 1, commands.join("\n"));
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const) {
  test(`${signal} to the npm of "npm start" stops the service in order, and leaves nothing running`, async (t) => {
    const world = new World(t);
    const launched = await launch(world, ["npm", "start"]);
    assertSmall(world);
    launched.child.kill(signal);
    await launched.ended();
    await assertStopped(world, launched);
  });
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} to scripts/holdfast.mjs on an older Node stops the service that it started`, async (t) => {
    const world = new World(t);
    const launched = await launch(world, [process.execPath, "--import", AS_OLD_NODE, LAUNCHER, "serve"]);
    assert.equal(servicesOf(world).length, 2, "a launcher and a service");
    launched.child.kill(signal);
    // Whoever waits for it sees the end of the service.
    assert.deepEqual(await launched.ended(), signal === "SIGKILL" ? [null, signal] : [0, null]);
    await assertStopped(world, launched);
  });
}

for (const [age, node] of [
  ["this Node", [process.execPath]],
  ["an older Node", [process.execPath, "--import", AS_OLD_NODE]],
] as const) {
  test(`a shell of npx that ends without passing a signal on takes the service along, on ${age}`, async (t) => {
    const world = new World(t);
    // As `npx holdfast` does it: a shell that waits, and is ended by the signal itself.
    const shell = ["sh", "-c", '"$@"; exit $?', "sh"];
    const launched = await launch(world, [...shell, ...node, LAUNCHER, "serve"], { npm_lifecycle_event: "npx" });
    launched.child.kill("SIGTERM");
    await launched.ended();
    await assertStopped(world, launched);
  });

  test(`a service that a shell leaves in the background on purpose stays, on ${age}`, async (t) => {
    const world = new World(t);
    const launched = await launch(world, ["sh", "-c", '"$@" & wait', "sh", ...node, LAUNCHER, "serve"]);
    const services = servicesOf(world).filter((pid) => pid !== launched.child.pid);
    assert.equal(services.length, node.length === 1 ? 1 : 2);
    assertSmall(world);
    launched.child.kill("SIGKILL");
    await launched.ended();
    // Several looks for a parent that is gone.
    await new Promise((wake) => setTimeout(wake, 2000));
    assert.deepEqual(servicesOf(world), services);
  });
}

test("a terminal that is closed stops the service in order", { skip: !HAS_SCRIPT && "no script(1)" }, async (t) => {
  const world = new World(t);
  const command = `"${process.execPath}" --disable-sigusr1 src/cli/main.ts serve`;
  const launched = await launch(world, ["script", "-qfc", command, "/dev/null"], { HOLDFAST_LOG: "trace" });
  launched.child.kill("SIGKILL");
  await launched.ended();
  await assertStopped(world, launched);
});

test("output that cannot be written, to a full disk say, stops neither recording nor an orderly end", {
  skip: !HAS_FULL && "no /dev/full",
}, async (t) => {
  const world = new World(t);
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as { port: number };
  free.close();
  const data = world.path("data");
  const child = spawn("sh", ["-c", 'exec "$@" >/dev/full', "sh", process.execPath, LAUNCHER, "serve"], {
    env: { ...bareEnv(), HOLDFAST_DATA: data, HOLDFAST_LISTEN: `127.0.0.1:${port}`, HOLDFAST_LOG: "trace" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const ended = endOf(child);
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    "the service to be up",
    () =>
      fetch(`${url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    60_000,
  );
  const key = readFileSync(join(data, "admin.key"), "utf8").trim();
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const body = JSON.stringify(event("a"));
  const answer = await fetch(`${url}/v1/ledgers/main/events`, { method: "POST", headers, body });
  assert.equal(answer.status, 201, await answer.text());
  child.kill("SIGTERM");
  assert.deepEqual(await ended(), [0, null]);
  await assertStopped(world, { data });
});

test("a signal during a start ends it as that signal", async (t) => {
  const world = new World(t);
  const child = spawn(process.execPath, [LAUNCHER, "serve"], {
    env: { ...bareEnv(), HOLDFAST_DATA: world.path("data"), HOLDFAST_LISTEN: "127.0.0.1:0" },
    stdio: "ignore",
  });
  const ended = endOf(child);
  await waitFor("the start to have begun", () => existsSync(world.path("data/store/CURRENT")));
  child.kill("SIGTERM");
  assert.deepEqual(await ended(), [null, "SIGTERM"]);
  await waitFor("no process to be left", () => processesIn(world.folder).length === 0);
  const service = await world.start();
  assert.equal((await service.stop("SIGTERM")).status, 0, "and the next one goes on");
});

/** The processes that run our command line. */
function servicesOf(world: World): number[] {
  return processesIn(world.folder).filter((pid) => {
    return /(?:holdfast\.mjs|main\.ts)\0serve/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  });
}
