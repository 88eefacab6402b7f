/** Starting, stopping, starting again, and what must not happen when something is in the way. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { fromHex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { event, isAlive, processesIn, ROOT, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const KEYS = ["admin.key", "keys/signer.key", "keys/owner.key", "keys/payer.key", "keys/content.key"];
/** Commands in the greeting start with one of these, and go on in the next line behind a backslash. */
const COMMAND = /^ {2}((?:curl|npx) (?:.*\\\n)*.*)$/gm;

/** What is anchored becomes final soon. */
const config = { embeddedIntervalS: 1 };

type Ledger = { readonly id: string; readonly size: number; readonly finalSize: number; readonly root: string };
type Anchors = {
  readonly anchors: readonly { readonly size: number; readonly root: string; readonly stage: string }[];
};

async function whatIsKept(service: ServiceProcess) {
  const [chain] = service.facts.chains;
  const { chains: _, ...ledger } = await service.json<Ledger & { chains: unknown }>(200, "GET /v1/ledgers/main");
  const { anchors } = await service.json<Anchors>(200, "GET /v1/ledgers/main/anchors");
  const genesis = await rpc<{ hash: string }>(service.node, "eth_getBlockByNumber", ["0x0", false]);
  const code = await rpc<string>(service.node, "eth_getCode", [chain.contract, "latest"]);
  const keys = KEYS.map((name) => readFileSync(join(service.data, name), "utf8"));
  return { ledger, anchors, genesis: genesis.hash, chainId: chain.chainId, contract: chain.contract, code, keys };
}

function waitForFinal(service: ServiceProcess, size: number): Promise<unknown> {
  return waitFor(`size ${size} to be final`, async () => {
    return (await service.json<Ledger>(200, "GET /v1/ledgers/main")).finalSize >= size;
  });
}

test("a first start makes what is missing, and the next one goes on with it", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  assert.equal(first.facts.isFirstStart, true);
  for (const name of KEYS) assert.equal(statSync(join(first.data, name)).mode & 0o777, 0o600, name);
  const empty = await whatIsKept(first);
  assert.deepEqual([empty.ledger.size, empty.anchors], [0, []]);
  assert.equal(toHex(keccak256(fromHex(empty.code))), artifact.runtimeCodeHash);
  await first.json(201, EVENTS, [event("a"), event("b"), event("c")]);
  await waitForFinal(first, 3);
  const before = await whatIsKept(first);
  assert.equal(before.anchors.at(-1)?.size, 3);
  const ended = await first.stop("SIGINT");
  assert.deepEqual([ended.status, ended.signal], [0, null], ended.stderr);
  assert.deepEqual(processesIn(world.folder), [], "no process is left");

  const began = performance.now();
  const second = await world.start({ config });
  t.diagnostic(`the second start took ${Math.round(performance.now() - began)} ms`);
  assert.equal(second.facts.isFirstStart, false);
  assert.deepEqual(await whatIsKept(second), before);
  const { entry } = await second.json<Bundle>(201, EVENTS, event("d"));
  assert.equal(entry.index, 3);
  await waitForFinal(second, 4);
  assert.equal((await second.stop("SIGTERM")).status, 0);
  assert.deepEqual(processesIn(world.folder), []);
});

test("a request that has begun is answered when a signal comes, and no other is taken", async (t) => {
  const world = new World(t);
  const service = await world.start();
  const body = JSON.stringify(event("a"));
  const begun = request(`${service.url}/v1/ledgers/main/events`, {
    method: "POST",
    agent: new Agent({ keepAlive: true }),
    headers: {
      Authorization: `Bearer ${service.key}`,
      "Content-Type": "application/json",
      "Content-Length": String(body.length),
      Expect: "100-continue",
    },
  });
  begun.flushHeaders();
  await once(begun, "continue");
  const ended = service.stop("SIGTERM");
  await waitFor("the service to take no more requests", () => isRefused(service.url));
  begun.end(body);
  const [response] = (await once(begun, "response")) as [IncomingMessage];
  response.resume();
  const late = sleep(20_000, undefined, { ref: false });
  const end = await Promise.race([ended, late]);
  assert.deepEqual([response.statusCode, end?.status], [201, 0], "a connection that is kept alive does not hold it up");
  const again = await world.start();
  assert.equal((await again.ask("GET /v1/ledgers/main/events/0")).status, 200);
});

function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.once("error", () => resolve(true));
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
  });
}

test("a second process on the same data folder is refused, and does not disturb the first", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  const { chainPid } = first;
  for (const args of [["--json"], []]) {
    const second = await world.refused({ args });
    assert.equal(second.status, 1, second.stderr);
    assert.match(second.stdout + second.stderr, /another process/i);
    assert.doesNotMatch(second.stdout + second.stderr, /\n\s+at /, "a sentence and no stack");
  }
  assert.deepEqual([first.chainPid, isAlive(chainPid)], [chainPid, true]);
  const bundle = await first.json<Bundle>(201, EVENTS, event("a"));
  await waitForFinal(first, bundle.checkpoint.size);
  assert.equal((await first.stop()).status, 0);
});

test("an address that is not this machine's is told with a way out", async (t) => {
  const world = new World(t);
  // RFC 5737: nobody has it.
  const refused = await world.refused({ args: [], env: { HOLDFAST_LISTEN: "192.0.2.1:4600" } });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /192\.0\.2\.1:4600; this machine has no such address: listen at one that it has/);
  assert.deepEqual(processesIn(world.folder), []);
});

test("a port in use is told with a way out, and leaves no process", async (t) => {
  const world = new World(t);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const refused = await world.refused({ args: [], env: { HOLDFAST_LISTEN: `127.0.0.1:${port}` } });
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, new RegExp(`^holdfast: 127\\.0\\.0\\.1:${port} is in use; .*HOLDFAST_LISTEN`));
  const advised = Number(/such as 127\.0\.0\.1:(\d+)/.exec(refused.stderr)?.[1]);
  assert.ok(Math.abs(advised - port) > 1, "the port beside it is that of the other one's chain");
  assert.deepEqual(processesIn(world.folder), []);
  const service = await world.start();
  assert.equal((await service.ask("GET /healthz")).status, 200);
});

test("the commands that a first start prints work when they are pasted, and the next start prints none", async (t) => {
  const world = new World(t);
  const data = "my ledger's $HOME";
  const service = await world.start({ args: [], config, data });
  const commands = [...service.output.matchAll(COMMAND)].map(([, command = ""]) => command);
  assert.equal(commands.length, 3, service.output);
  const bundle = world.path("bundle.json");
  for (const command of commands) {
    const pasted = command.replaceAll("bundle.json", bundle);
    const child = spawn("/bin/sh", ["-c", pasted], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => printed.push(String(text)));
    const [status] = await once(child, "close");
    assert.equal(status, 0, `${command}: ${printed.join("")}`);
  }
  assert.ok(existsSync(bundle));
  await service.stop();
  const again = await world.start({ args: [], config, data });
  assert.deepEqual([...again.output.matchAll(COMMAND)], []);
  assert.match(again.output, /^Look at it: http/m);
});
