/**
 * What clients do that are broken, slow or hostile: bodies without end, bombs, half requests. The answer has to come
 * early, has to reach the client, and must not cost memory.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import test, { after, before } from "node:test";
import { createGzip } from "node:zlib";
import { closeServer } from "../../src/http/server.ts";
import { HTTP_LIMITS } from "../../src/http/services.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";
import { until } from "./wire/client.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

let service: Running;
let writer: string;
/** For those who are too slow: large bodies take longer where a machine is busy. */
let hasty: Running;

before(async () => {
  service = await startService({ limits: { bodiesBytesMax: 40 * MIB } });
  writer = await service.key(["writer"], "billing");
  hasty = await startService({ limits: { requestMs: 1500, headersMs: 800 } });
});
after(() => Promise.all([service.close(), hasty.close()]));

function size(): number {
  return service.ledgers.get("main")?.size ?? -1;
}

type Sent = { readonly status: number; readonly text: string; readonly bytesSent: number; readonly closed: boolean };

/** Sends a body piece by piece for as long as the client is not answered, as a client does that only looks up at the end. */
async function pour(headers: Record<string, string>, piece: Buffer, total: number): Promise<Sent> {
  const req = request(`${service.url}/v1/ledgers/main/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${writer}`, "Content-Type": "application/json", ...headers },
  });
  let answered = false;
  const answer = once(req, "response");
  // Whatever the socket does afterwards, the answer has to have arrived.
  req.on("error", () => undefined);
  void answer.then(() => {
    answered = true;
  });
  let bytesSent = 0;
  while (bytesSent < total && !answered) {
    bytesSent += piece.length;
    if (!req.write(piece)) await Promise.race([once(req, "drain"), answer]);
  }
  const [response] = (await answer) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  req.destroy();
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString(),
    bytesSent,
    closed: response.headers.connection === "close",
  };
}

test("a body of 1 GiB that says so is refused before it is read, and the client gets the answer", async () => {
  const from = size();
  const sent = await pour({ "Content-Length": String(GIB) }, Buffer.alloc(MIB, "x"), GIB);
  assert.equal(sent.status, 413);
  assert.equal(JSON.parse(sent.text).code, "request_too_large");
  assert.ok(sent.closed);
  assert.ok(sent.bytesSent < 64 * MIB, `expected an early answer, got it after ${sent.bytesSent} bytes`);
  assert.equal(size(), from);
});

test("a client that looks up only when it has sent everything still gets the answer", async () => {
  const socket = await open();
  socket.pause();
  socket.write(head({ "Content-Length": String(48 * MIB) }));
  const piece = Buffer.alloc(MIB, "x");
  for (let i = 0; i < 48; i++) if (!socket.write(piece)) await once(socket, "drain");
  assert.match(await readAll(socket), /^HTTP\/1\.1 413 /);
});

test("a body of 1 GiB in chunks is refused at the limit, with flat memory", async () => {
  const before = process.memoryUsage().rss;
  const sent = await pour({ "Transfer-Encoding": "chunked" }, Buffer.alloc(MIB, "x"), GIB);
  assert.equal(sent.status, 413);
  assert.equal(JSON.parse(sent.text).code, "request_too_large");
  assert.ok(sent.bytesSent < 128 * MIB, `expected an early answer, got it after ${sent.bytesSent} bytes`);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 200 * MIB, `expected flat memory, got ${grown} bytes more`);
});

test("a gzip bomb is refused at the limit", async () => {
  const gzip = createGzip({ level: 9 });
  const zeros = Buffer.alloc(16 * MIB);
  const pieces: Buffer[] = [];
  gzip.on("data", (piece: Buffer) => pieces.push(piece));
  for (let i = 0; i < 8; i++) if (!gzip.write(zeros)) await once(gzip, "drain");
  const bomb = Buffer.concat(pieces);
  const answer = await ask(service, "POST /v1/ledgers/main/events", {
    key: writer,
    body: bomb,
    headers: { "Content-Encoding": "gzip" },
  });
  assert.equal(codeOf(answer), "413 request_too_large");
  gzip.destroy();
});

test("a client that asks first is refused without sending anything", async () => {
  const socket = await open();
  socket.write(head({ "Content-Length": String(GIB), Expect: "100-continue" }));
  const text = await readAll(socket);
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.doesNotMatch(text, /100 Continue/);
});

test("a client that asks first is told to go on when its request will be read", async () => {
  const body = JSON.stringify(event());
  const socket = await open();
  socket.write(head({ "Content-Length": String(body.length), Expect: "100-continue", Connection: "close" }));
  const [first] = (await once(socket, "data")) as [Buffer];
  assert.match(first.toString(), /^HTTP\/1\.1 100 Continue/);
  socket.write(body);
  assert.match(await readAll(socket), /^HTTP\/1\.1 201 /m);
});

test("a client that goes away in the middle of its body leaves nothing behind", async () => {
  const from = size();
  const body = JSON.stringify([event(), event()]);
  for (const type of ["application/json", "application/x-ndjson"]) {
    const socket = await open();
    socket.write(head({ "Content-Length": String(body.length + 10), "Content-Type": type }) + body);
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(size(), from);
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key: writer, body: event() });
  assert.equal(answer.as("Bundle").entry.index, from);
});

test("a body that never ends in time is answered with 408 and recorded nowhere", async () => {
  const key = await hasty.key(["writer"], "billing");
  const socket = await open(hasty);
  socket.write(`${head({ "Content-Length": "100", Authorization: `Bearer ${key}` })}{"action":`);
  const text = await readAll(socket);
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.match(text, /"code":"request_timeout"/);
  assert.equal(hasty.ledgers.get("main")?.size, 0);
});

test("headers that never end in time are answered with 408", async () => {
  const socket = await open(hasty);
  socket.write("POST /v1/ledgers/main/events HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  assert.match(await readAll(socket), /^HTTP\/1\.1 408 /);
});

test("headers without end are answered with 431", async () => {
  const socket = await open();
  socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(HTTP_LIMITS.headersBytesMax)}\r\n\r\n`);
  const text = await readAll(socket);
  assert.match(text, /^HTTP\/1\.1 431 /);
  assert.match(text, /"code":"headers_too_large"/);
});

test("what is not HTTP is answered with 400", async () => {
  const socket = await open();
  socket.write("this is no request\r\n\r\n");
  assert.match(await readAll(socket), /^HTTP\/1\.1 400 /);
});

test("a server that closes answers what it has begun, and takes nothing new", async () => {
  const closing = await startService();
  const key = await closing.key(["writer"], "billing");
  const body = JSON.stringify(event());
  const socket = connect(closing.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `POST /v1/ledgers/main/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = closeServer(closing.server, 5000);
  await assert.rejects(ask(closing, "GET /healthz"));
  socket.write(body.slice(10));
  assert.match(await readAll(socket), /^HTTP\/1\.1 201 /);
  await closed;
  await closing.keys.close();
});

test("together, bodies take no more memory than the service gives them", async () => {
  const held: Socket[] = [];
  const sides: Socket[] = [];
  service.server.on("connection", (side) => sides.push(side));
  const body = "x".repeat(15 * MIB);
  // Two requests that stay unfinished hold 30 MiB of 40; a third does not fit.
  for (let i = 0; i < 2; i++) {
    const socket = await open();
    socket.write(head({ "Content-Length": String(body.length + 1) }) + body);
    held.push(socket);
  }
  await until("both to have arrived", () => sides.filter(({ bytesRead }) => bytesRead >= body.length).length === 2);
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key: writer, body });
  assert.equal(codeOf(answer), "503 service_busy");
  assert.equal(answer.headers.get("retry-after"), "1");
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const again = await ask(service, "POST /v1/ledgers/main/events", { key: writer, body });
  assert.equal(codeOf(again), "413 event_too_large");
});

function head(headers: Record<string, string>): string {
  const all = { Host: "x", Authorization: `Bearer ${writer}`, "Content-Type": "application/json", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /v1/ledgers/main/events HTTP/1.1\r\n${lines.join("")}\r\n`;
}

async function open({ port }: Pick<Running, "port"> = service): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
