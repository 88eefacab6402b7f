/**
 * Clients that are slow on purpose: heads and bodies that never end although they never stand still. They are told, or cut, when their
 * time is up, whatever they send meanwhile, and nobody else waits for them.
 */

import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { receiveBody } from "../../../src/http/intake/body.ts";
import { Problem } from "../../../src/http/problem.ts";
import { sendProblem } from "../../../src/http/reply.ts";
import type { HttpLimits } from "../../../src/http/services.ts";
import { client, get, type Listening, listen, readAll } from "./client.ts";

/** Takes bodies as the routes do, of senders that show a key or, at another path, do not. */
async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method === "GET") return void res.end("<hello>");
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  try {
    await receiveBody(req, res, { bytesMax: 1e6, isUnproven: req.url === "/unproven" }, count);
    res.end(`<${bytes}>`);
  } catch (error) {
    if (error instanceof Problem) sendProblem(req, res, error);
  }
}

async function listening(t: TestContext, limits: Partial<HttpLimits>): Promise<Listening> {
  const service = await listen(take, limits);
  t.after(() => service.close());
  return service;
}

/** Sends a piece again and again, until it is cut or so many were sent. */
async function trickle(socket: Socket, piece: string, count = Number.POSITIVE_INFINITY): Promise<void> {
  for (let i = 0; i < count && !socket.destroyed && socket.writable; i++) {
    socket.write(piece);
    await sleep(20);
  }
}

/** All that comes, also before an end that is a reset: whoever still sends when it is cut may see one. */
async function readAnyway(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await new Promise((resolve) => socket.once("end", resolve).once("close", resolve));
  return text;
}

const POST = "POST / HTTP/1.1\r\nHost: x\r\n";
const CHUNK = `40\r\n${"x".repeat(64)}\r\n`;

// They wait most of the time, each for a server of its own.
describe("clients that are slow", { concurrency: true }, () => {
  test("heads and bodies that trickle without end are answered with 408 and cut, and others are answered meanwhile", async (t) => {
    const service = await listening(t, { headersMs: 600, requestMs: 1200 });
    const beginnings = [
      ["GET /", "x"],
      ["GET / HTTP/1.1\r\nX-Slow: ", "x"],
      [`${POST}Content-Length: 9000\r\n\r\n`, "x"],
      [`${POST}Content-Length: 900000\r\n\r\n`, "x"],
      [`${POST}Transfer-Encoding: chunked\r\n\r\n`, "1\r\nx\r\n"],
      [`${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Slow: `, "x"],
    ] as const;
    const slow = beginnings.map(async ([beginning, piece]) => {
      const socket = await client(service.port);
      socket.write(beginning);
      const trickling = trickle(socket, piece);
      const text = await readAnyway(socket);
      socket.destroy();
      await trickling;
      return text;
    });
    let isOver = false;
    const others = (async () => {
      for (let count = 0; ; count++) {
        const socket = await client(service.port);
        socket.end(get("/"));
        assert.match(await readAll(socket), /<hello>/);
        if (isOver) return count;
      }
    })();
    const texts = await Promise.all(slow);
    for (const [i, text] of texts.entries())
      assert.match(text, /^HTTP\/1\.1 408 [\s\S]*request_timeout/, beginnings[i]?.join(" "));
    isOver = true;
    assert.ok((await others) > 0);
  });

  test("a body that comes at the pace is taken, however long it takes; of a sender without a key it is not", async (t) => {
    const service = await listening(t, { requestMs: 600, requestBytesPerS: 100 });
    const sendSlowly = async (path: string): Promise<string> => {
      const socket = await client(service.port);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const answer = readAnyway(socket);
      await trickle(socket, CHUNK, 125);
      socket.end("0\r\n\r\n");
      return await answer;
    };
    const [known, unproven] = await Promise.all([sendSlowly("/"), sendSlowly("/unproven")]);
    assert.match(known, /^HTTP\/1\.1 200 [\s\S]*<8000>/);
    assert.match(unproven, /^HTTP\/1\.1 408 /);
  });

  test("what a service does not read for a while counts against no client", async (t) => {
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const held = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      await receiveBody(req, res, { bytesMax: 1e6 }, () => mayGoOn);
      res.end("<taken>");
    };
    const service = await listen(held, { requestMs: 300 });
    t.after(() => service.close());
    const socket = await client(service.port);
    socket.write(`${POST}Connection: close\r\nContent-Length: 2\r\n\r\nx`);
    await sleep(2500);
    goOn();
    socket.end("x");
    assert.match(await readAll(socket), /<taken>/);
  });

  test("where every place is taken by bodies that trickle, whoever comes gets that of the one who has been sending for longest", async (t) => {
    const service = await listening(t, { connectionsMax: 4 });
    const slow: Socket[] = [];
    for (let i = 0; i < 3; i++) {
      const socket = await client(service.port);
      socket.write(`${POST}Content-Length: 90000\r\n\r\n`);
      slow.push(socket);
      if (i === 0) await sleep(2500);
    }
    const trickling = slow.map((socket) => trickle(socket, "x"));
    await sleep(1500);
    const fresh = await client(service.port);
    fresh.end(get("/"));
    assert.match(await readAll(fresh), /<hello>/);
    assert.deepEqual(service.sockets.map(({ destroyed }) => destroyed).slice(0, 3), [true, false, false]);
    for (const socket of slow) socket.destroy();
    await Promise.all(trickling);
  });
});
