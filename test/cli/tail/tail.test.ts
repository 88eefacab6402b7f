/** `holdfast tail` over an outage, and `holdfast search`: what a service has, each event once. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { type EventBlock, EventBlocks } from "../../../src/net/event-blocks.ts";
import { bareEnv } from "../../bare-env.ts";
import { ask, event, startService } from "../../http/service.ts";
import { until } from "../../until.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const LAUNCHER = join(import.meta.dirname, "..", "..", "..", "scripts", "holdfast.mjs");

const destroyAll = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.destroy();
};

/** One address for services that come and go behind it; without one it hangs up. */
async function openFront() {
  const sockets = new Set<Socket>();
  const front = {
    port: 0,
    to: undefined as number | undefined,
    hangUp: () => destroyAll([...sockets]),
  };
  const server = createServer((socket) => {
    if (front.to === undefined) return socket.destroy();
    const behind = connect(front.to, "127.0.0.1");
    for (const each of [socket, behind]) {
      sockets.add(each);
      each.on("error", () => undefined).on("close", () => destroyAll([socket, behind]));
    }
    return socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  front.port = (server.address() as AddressInfo).port;
  return Object.assign(front, { close: () => server.close() });
}

test("a tail goes on behind the last index after outages, and Ctrl-C ends it with 0; a search finds the same", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["admin"], "tests");
  const folder = makeFolder(t);
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, key);
  const front = await openFront();
  t.after(() => front.close());
  front.to = service.port;
  const url = `http://127.0.0.1:${front.port}`;
  const record = (...messages: readonly string[]) =>
    ask(service, "POST /v1/ledgers/main/events", { key, body: messages.map((message) => event({ message })) });
  const args = ["tail", "--url", url, "--key-file", keyFile, "--text", "WANTED", "--json"];
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd: folder, env: bareEnv() });
  t.after(() => child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk));
  const seen = () =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { index: number }).index);
  await until("it follows", () => err.includes("Following main from entry 0 on."));
  // It was told where it is before anything was recorded, so nothing of this outage is missed.
  front.to = undefined;
  front.hangUp();
  await record("wanted", "other");
  await until("it says that it does not follow", () => err.includes("Not following for now"));
  front.to = service.port;
  await until("the first has come", () => seen().length === 1);
  await record("wanted, too");
  await until("the second has come", () => seen().length === 2);
  front.hangUp();
  await record("x", "Wanted again", "unwanted");
  await until("all have come", () => seen().length === 4);
  assert.deepEqual(seen(), [0, 2, 4, 5]);
  child.kill("SIGINT");
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(status, 0, err);

  const found = await runCli([
    "search",
    "--url",
    url,
    "--key-file",
    keyFile,
    "--text",
    "WANTED",
    "--order",
    "asc",
    "--json",
  ]);
  const { events, next } = JSON.parse(found.stdout) as { events: { index: number }[]; next: unknown };
  assert.deepEqual([events.map(({ index }) => index), next], [[0, 2, 4, 5], null]);
  const counted = await runCli(["search", "--url", url, "--key-file", keyFile, "--text", "wanted", "--count"]);
  assert.deepEqual([counted.status, counted.stdout], [0, "4\n"]);
  const saved = await ask(service, "PUT /v1/ledgers/main/searches/wanted%20ones", {
    key,
    body: { filter: "text=wanted&to=5" },
  });
  assert.equal(saved.status, 201, saved.text);
  const ofName = (...more: string[]) => runCli(["search", "--url", url, "--key-file", keyFile, "--count", ...more]);
  assert.equal((await ofName("--saved", "wanted ones")).stdout, "3\n");
  assert.equal((await ofName("--saved", "wanted ones", "--from", "1")).stdout, "2\n");
  const unknown = await ofName("--saved", "other");
  assert.deepEqual([unknown.status, /it has "wanted ones"/.test(unknown.stderr)], [1, true]);
  const ended = await runCli(["tail", "--url", url, "--key-file", keyFile, "--from", "3", "--to", "5"]);
  assert.equal(ended.status, 0, ended.stderr);
  assert.match(
    ended.stdout,
    /^\S+ {2}3 {2}user\.login {2}user:u1 {2}x\n\S+ {2}4 {2}user\.login {2}user:u1 {2}Wanted again\n$/,
  );
});

test("a stream is read the same wherever it is cut, with every kind of line's end", () => {
  const text =
    'retry: 5\n: a word\nid: -1\n\nid: 0\r\ndata: {"a":\r\ndata:"ä"}\r\n\r\nevent: end\rdata: x\rid\r\rid: 7\n\ndata: dropped';
  const expected: EventBlock[] = [
    { type: "message", id: "-1", data: undefined },
    { type: "message", id: "0", data: '{"a":\n"ä"}' },
    { type: "end", id: "", data: "x" },
    { type: "message", id: "7", data: undefined },
  ];
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const blocks: EventBlock[] = [];
    const reader = new EventBlocks((block) => blocks.push(block));
    reader.push(bytes.subarray(0, cut));
    reader.push(bytes.subarray(cut));
    assert.deepEqual(blocks, expected, `cut at ${cut}`);
  }
});

test("a block that does not end is not held for ever", () => {
  for (const piece of ["x".repeat(1000), `data: ${"x".repeat(1000)}\n`]) {
    const reader = new EventBlocks(() => assert.fail("no block has ended"));
    const bytes = Buffer.from(piece);
    assert.throws(
      () => {
        for (let times = 0; times < 2000; times++) reader.push(bytes);
      },
      { code: "answer_missing", message: /^expected an event of at most 1048576 characters/ },
    );
  }
});

test("an outage is told once, however often a service that stops takes a connection only to say so", async (t) => {
  const place = "id: 4\n\n";
  const end = (code: string) => `event: end\ndata: ${JSON.stringify({ code, detail: "" })}\n\n`;
  const stopping = end("service_stopping");
  const answers = [place + stopping, stopping, stopping, place + end("filter_done")];
  const service = createHttpServer((_, res) => {
    res.writeHead(200, { "Content-Type": "text/event-stream" }).end(answers.shift());
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  t.after(() => service.close());
  const { status, stderr } = await runCli([
    "tail",
    "--url",
    `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
  ]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(stderr.trim().split("\n"), [
    "Following main from entry 5 on.",
    "Not following for now: the service is stopping. Trying again.",
    "The service is there again; nothing was missed.",
  ]);
});

test("what is no event of a service ends a tail, and is said to be none", async (t) => {
  let sent = "";
  const liar = createHttpServer((_, res) => res.writeHead(200, { "Content-Type": "text/event-stream" }).end(sent));
  await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
  t.after(() => liar.close());
  const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  for (sent of ["data: {nope\n\n", 'data: {"index":0,"recordedAt":0}\n\n']) {
    const { status, stderr } = await runCli(["tail", "--url", url]);
    assert.equal(status, 1);
    assert.match(stderr, /Expected events of a Holdfast service, got something else/);
  }
});
