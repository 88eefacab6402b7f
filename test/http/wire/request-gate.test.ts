/**
 * Pipelining: one request of a connection at a time, in order, however the bytes come in pieces; and what a client sends
 * while it is not answered stays with the client.
 */

import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyOf, client, get, listen, readAll, until } from "./client.ts";

/** Answers with the method, the path and the body; remembers how many requests it had at once. */
function echo(): { readonly app: RequestListener; readonly seen: { now: number; most: number; all: number } } {
  const seen = { now: 0, most: 0, all: 0 };
  const app: RequestListener = async (req, res) => {
    seen.all++;
    seen.most = Math.max(seen.most, ++seen.now);
    res.on("close", () => seen.now--);
    const body = await bodyOf(req);
    await sleep(seen.all % 3);
    res.end(`<${req.method} ${req.url} ${body}>`);
  };
  return { app, seen };
}

function answersIn(text: string): string[] {
  return [...text.matchAll(/<(.*?)>/gs)].map(([, answer]) => answer as string);
}

test("a hundred pipelined requests are worked on one at a time and answered in order", async (t) => {
  const { app, seen } = echo();
  const service = await listen(app);
  t.after(() => service.close());
  const socket = await client(service.port);
  const paths = Array.from({ length: 100 }, (_, i) => `/${i}`);
  socket.end(paths.map((path) => get(path)).join(""));
  const answers = answersIn(await readAll(socket));
  assert.deepEqual(
    answers,
    paths.map((path) => `GET ${path} `),
  );
  assert.deepEqual(seen, { now: 0, most: 1, all: 100 });
});

test("others are answered between the pipelined requests of one", async (t) => {
  const order: string[] = [];
  const service = await listen((req, res) => {
    order.push(req.url ?? "");
    res.end();
  });
  t.after(() => service.close());
  const many = await client(service.port);
  many.resume();
  many.write(get("/many").repeat(500));
  const one = await client(service.port);
  one.end(get("/one"));
  await readAll(one);
  const before = order.indexOf("/one");
  assert.ok(before < 400, `expected it among the others, got it after ${before} of 500`);
  many.destroy();
});

test("what is sent behind a request that is not answered is neither worked on nor read", async (t) => {
  let requests = 0;
  const service = await listen(() => {
    requests++;
  });
  t.after(() => service.close());
  const socket = await client(service.port);
  socket.write(get("/").repeat(200_000));
  await until("a request", () => requests > 0);
  await sleep(200);
  assert.equal(requests, 1);
  const [side] = service.sockets;
  assert.ok((side?.bytesRead ?? 0) <= 2 * 64 * 1024, `expected two reads at the most, got ${side?.bytesRead} bytes`);
  socket.destroy();
});

/** Bodies that a search for the ends of heads could stumble over. */
const BODIES = [
  "",
  "x",
  "\r\n\r\n",
  `${get("/no")}${get("/no")}`,
  "\r\n\r".repeat(50),
  "y".repeat(200_000),
  "\r",
  "\n",
];

function withLength(body: string, i: number): string {
  return `POST /${i} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function inChunks(body: string, i: number): string {
  const half = Math.ceil(body.length / 2);
  const parts = [body.slice(0, half), body.slice(half)].filter((part) => part !== "");
  const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
  return `POST /${i} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
}

/** Sizes of pieces, the same for every run. */
function* sizes(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    // Mostly a few bytes, so that every end of a head is cut somewhere; now and then many.
    yield (state >>> 16) % 16 === 0 ? 30_000 : 1 + ((state >>> 20) % 5);
  }
}

const MIXED = BODIES.flatMap((body, i) => [withLength(body, 2 * i), inChunks(body, 2 * i + 1), get(`/get/${i}`)]);
const EXPECTED = BODIES.flatMap((body, i) => [
  `POST /${2 * i} ${body}`,
  `POST /${2 * i + 1} ${body}`,
  `GET /get/${i} `,
]);

for (const seed of [1, 2, 3]) {
  test(`requests with and without bodies arrive whole and in order, whatever the pieces (${seed})`, async (t) => {
    const { app, seen } = echo();
    const service = await listen(app);
    t.after(() => service.close());
    const socket = await client(service.port);
    const reading = readAll(socket);
    const bytes = Buffer.from(MIXED.join(""), "latin1");
    let at = 0;
    let written = 0;
    for (const size of sizes(seed)) {
      // The long body is all alike and needs no thousands of pieces.
      const piece = bytes.subarray(
        at,
        at + (bytes.subarray(at, at + 2000).every((byte) => byte === 121) ? 50_000 : size),
      );
      at += piece.length;
      socket.write(piece);
      if (++written % 16 === 0) await sleep(0);
      if (at >= bytes.length) break;
    }
    socket.end();
    const answers = answersIn(await reading);
    assert.equal(answers.length, EXPECTED.length);
    assert.deepEqual(
      answers.map((answer) => answer.slice(0, 300)),
      EXPECTED.map((answer) => answer.slice(0, 300)),
    );
    assert.deepEqual(
      answers.map(({ length }) => length),
      EXPECTED.map(({ length }) => length),
    );
    assert.equal(seen.most, 1);
  });
}

test("a body that is not read on holds back its client, and comes whole when it is", async (t) => {
  const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
  const service = await listen(async (req, res) => {
    req.pause();
    if (req.url === "/slow") await mayRead;
    res.end(`<${(await bodyOf(req)).length}>`);
  });
  t.after(() => service.close());
  const socket = await client(service.port);
  const body = "z".repeat(5_000_000);
  socket.write(withLength(body, 0).replace("/0", "/slow") + get("/behind"));
  await until("a connection", () => service.sockets.length === 1);
  await sleep(200);
  const [side] = service.sockets;
  assert.ok((side?.bytesRead ?? 0) < 1_000_000, `expected a few reads, got ${side?.bytesRead} bytes`);
  read();
  socket.end();
  assert.deepEqual(answersIn(await readAll(socket)), ["5000000", "0"]);
});

test("a client that has ended its side still gets its answers", async (t) => {
  const service = await listen(async (_, res) => {
    await sleep(50);
    res.end("<late>");
  });
  t.after(() => service.close());
  const socket = await client(service.port);
  socket.end(get("/") + get("/"));
  assert.deepEqual(answersIn(await readAll(socket)), ["late", "late"]);
});
