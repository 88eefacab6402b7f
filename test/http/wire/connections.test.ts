/**
 * What ends connections besides their clients: too many of them, too much that is held, and the end of the service, which
 * does not wait for clients that neither send nor take anything.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { closeServer } from "../../../src/http/server.ts";
import { client, get, LARGE, listen, metricOf, readAll, sendLarge, until } from "./client.ts";

async function clients(port: number, count: number, sent = ""): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await client(port);
    if (sent !== "") socket.write(sent);
    sockets.push(socket);
  }
  return sockets;
}

test("when every place is taken, a connection that was never used gives way to a new client", async (t) => {
  const service = await listen((_, res) => res.end("<hello>"), { connectionsMax: 4 });
  t.after(() => service.close());
  const [used] = await clients(service.port, 1, get("/"));
  assert.ok(used !== undefined);
  await once(used, "data");
  const unused = await clients(service.port, 4);
  const fresh = await client(service.port);
  fresh.end(get("/"));
  assert.match(await readAll(fresh), /<hello>/);
  used.end(get("/"));
  assert.match(await readAll(used), /<hello>/);
  assert.match(await service.metrics.text(), /http_connections_ended_total\{reason="crowded"\} [1-9]/);
  for (const socket of unused) socket.destroy();
});

test("a connection that is being answered never gives way: a new one is refused and counted", async (t) => {
  const held: (() => void)[] = [];
  const service = await listen((_, res) => held.push(() => res.end("<hello>")), { connectionsMax: 3 });
  t.after(() => service.close());
  const busy: Socket[] = [];
  for (let i = 1; i <= 3; i++) {
    busy.push(...(await clients(service.port, 1, get("/"))));
    await until("its request", () => held.length === i);
  }
  const late = await client(service.port);
  assert.equal(await readAll(late), "");
  assert.match(await service.metrics.text(), /http_connections_ended_total\{reason="full"\} 1/);
  for (const answer of held) answer();
  for (const socket of busy) {
    socket.end();
    assert.match(await readAll(socket), /<hello>/);
  }
});

test("connections take at most half of the open files that the process may have", async () => {
  const module = join(import.meta.dirname, "../../../src/http/wire/connection-places.ts");
  const script = `import { placesFor } from ${JSON.stringify(module)}; console.log(placesFor(10_000), placesFor(50))`;
  const node = [process.execPath, "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)("sh", ["-c", 'ulimit -n 600 && exec "$@"', "sh", ...node]);
  assert.equal(stdout.trim(), "300 50");
});

test("answers that nobody waits a turn for are bounded by cutting those that stand still", async (t) => {
  const service = await listen(sendLarge, { answersBytesMax: LARGE });
  t.after(() => service.close());
  const stuck = await clients(service.port, 6, get("/"));
  await until("four to be cut", () => service.sockets.filter(({ destroyed }) => destroyed).length === 4);
  assert.equal(await metricOf(service.metrics, "http_answers_held_bytes"), 2 * LARGE);
  for (const socket of stuck) socket.destroy();
});

test("a service that stops does not wait for clients that neither send nor take anything", async () => {
  const service = await listen(sendLarge);
  const all = [
    ...(await clients(service.port, 20, get("/").repeat(10))),
    ...(await clients(service.port, 20, "GET / HTTP/1.1\r\nHost: x\r\n")),
    ...(await clients(service.port, 20, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")),
    ...(await clients(service.port, 20)),
  ];
  await until(
    "answers on their way",
    async () => (await metricOf(service.metrics, "http_answers_held_bytes")) >= LARGE,
  );
  const grace = 10 * 60_000;
  const began = performance.now();
  await closeServer(service.server, grace);
  // However busy the machine: it did not use the time that it gives to clients who move.
  assert.ok(performance.now() - began < grace / 10);
  for (const socket of all) socket.destroy();
});

test("a service that stops answers what was begun, and not what was pipelined behind it", async () => {
  const requests: string[] = [];
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  const service = await listen(async (req, res) => {
    requests.push(req.url ?? "");
    await mayAnswer;
    res.end(`<${req.url}>`);
  });
  const socket = await client(service.port);
  socket.write(get("/first") + get("/second"));
  await until("a request", () => requests.length > 0);
  const closed = closeServer(service.server, 60_000);
  answer();
  assert.match(await readAll(socket), /<\/first>$/);
  await closed;
  assert.deepEqual(requests, ["/first"]);
});
