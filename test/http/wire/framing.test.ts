/**
 * Requests that two readers could take for different ones (RFC 9112 §11.2): each is refused and its connection closed, or it
 * has one meaning, and what stands behind it is not a request of its own. Node's parser does most of this; the table says
 * so, for the Node that is pinned.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import test, { after, before, suite } from "node:test";
import { type Running, startService } from "../service.ts";
import { connectTo } from "./transport.ts";

let service: Running;
let writer: string;

before(async () => {
  service = await startService({ limits: { requestMs: 1500, headersMs: 800 } });
  writer = await service.key(["writer"], "billing");
});
after(() => service.close());

/** Sends bytes and returns what comes until the service closes, or nothing comes any more. */
async function exchange(text: string): Promise<string> {
  const socket = await connectTo(service.port);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => undefined);
  socket.write(text.replaceAll("KEY", writer));
  const idle = setTimeout(() => socket.end(), 400);
  await once(socket, "close");
  clearTimeout(idle);
  return Buffer.concat(chunks).toString("latin1");
}

/** The statuses of all answers. */
async function statuses(text: string): Promise<string> {
  const answers = await exchange(text);
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status).join(" ");
}

const EVENT = '{"action":"user.login","time":"2026-11-20T09:30:00Z","actor":{"type":"user","id":"u1"}}';
const POST = "POST /v1/ledgers/main/events HTTP/1.1\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\n";
const LENGTH = `Content-Length: ${EVENT.length}\r\n`;
const CHUNKS = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`;
const HOST = "Host: a\r\n";
/** What would be answered if it were taken for a request. */
const BEHIND = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
const chunked = (coding: string, body = CHUNKS): string => `${POST}${HOST}Transfer-Encoding:${coding}\r\n\r\n${body}`;
const sized = (...lengths: readonly (string | number)[]): string =>
  `${POST}${HOST}${lengths.map((length) => `Content-Length: ${length}\r\n`).join("")}\r\n${EVENT}`;
const get = (headers: string, line = "GET /healthz HTTP/1.1"): string => `${line}\r\n${headers}\r\n`;
const SIZE = EVENT.length;
const HEX = SIZE.toString(16);

/** What is sent, and the statuses of all answers when BEHIND follows: two where it is a request of its own. */
const CASES: Readonly<Record<string, readonly [sent: string, expected: string]>> = {
  "a body with its length": [sized(SIZE), "201 200"],
  "a body in chunks": [chunked(" chunked"), "201 200"],
  "a body in chunks, spelled otherwise": [chunked(" Chunked"), "201 200"],
  "a body that looks like a request": [get(`${HOST}Content-Length: ${BEHIND.length}\r\n`) + BEHIND, "200 200"],
  "empty lines before a request": [`\r\n\r\n${get(HOST)}`, "200 200"],

  "no Host": [get(""), "400"],
  "two Hosts that are the same": [get(HOST + HOST), "400"],
  "two Hosts that differ, one in other letters": [get(`${HOST}HOST: b\r\n`), "400"],
  "a Host that is a list": [get("Host: a, b\r\n"), "400"],
  "a Host with a path and a user": [get("Host: a/b@c\r\n"), "400"],
  "a Host that is an address with a port": [get("Host: [::1]:4600\r\n"), "200 200"],
  "an empty Host": [get("Host:\r\n"), "200 200"],
  "two keys": [`${POST}${HOST}Authorization: Bearer x\r\n${LENGTH}\r\n${EVENT}`, "400"],
  "a whole address of another host": [get(HOST, "GET http://b.example/healthz HTTP/1.1"), "200 200"],

  "gzip and chunks": [chunked(" gzip, chunked"), "501"],
  "gzip and chunks in two headers": [chunked(" gzip\r\nTransfer-Encoding: chunked"), "501"],
  "chunks twice": [chunked(" chunked, chunked"), "400"],
  "chunks and then gzip": [chunked(" chunked, gzip"), "400"],
  "identity as transfer encoding": [chunked(" identity"), "501"],
  "a transfer encoding that ends like chunked": [chunked(" xchunked"), "501"],
  "chunks with a parameter": [chunked(" chunked;a=b"), "501"],
  "chunks behind a vertical tab": [chunked("\vchunked"), "400"],
  "an empty transfer encoding": [chunked(""), "400"],
  "chunks in HTTP/1.0": [chunked(" chunked").replace("HTTP/1.1", "HTTP/1.0"), "400"],

  "a length, then chunks": [chunked(` chunked\r\n${LENGTH.trim()}`), "400"],
  "chunks, then a length": [`${POST}${HOST}${LENGTH}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`, "400"],
  "two lengths that are the same": [sized(SIZE, SIZE), "400"],
  "two lengths that differ": [sized(SIZE, 1), "400"],
  "a list of lengths": [sized(`${SIZE}, ${SIZE}`), "400"],
  "a length with a sign": [sized(`+${SIZE}`), "400"],
  "a negative length": [sized(-1), "400"],
  "an empty length": [sized(""), "400"],
  "a length in hexadecimal": [sized(`0x${HEX}`), "400"],
  "a length beyond 64 bits": [sized("99999999999999999999"), "400"],

  "a chunk's length with 0x": [chunked(" chunked", `0x${HEX}\r\n${EVENT}\r\n0\r\n\r\n`), "400"],
  "a chunk's length with a sign": [chunked(" chunked", `-1\r\n${EVENT}\r\n0\r\n\r\n`), "400"],
  "a chunk's length beyond 64 bits": [chunked(" chunked", `ffffffffffffffff1\r\n${EVENT}\r\n0\r\n\r\n`), "400"],
  "a chunk's length that ends with LF": [chunked(" chunked", `${HEX}\n${EVENT}\r\n0\r\n\r\n`), "400"],
  "a chunk's extension with LF": [chunked(" chunked", `${HEX};a\nb\r\n${EVENT}\r\n0\r\n\r\n`), "400"],
  "a chunk that goes on": [chunked(" chunked", `${HEX}\r\n${EVENT}XX0\r\n\r\n`), "400"],
  "a length behind the chunks": [chunked(" chunked", `${HEX}\r\n${EVENT}\r\n0\r\nContent-Length: 5\r\n\r\n`), "400"],

  "a header that goes on in the next line": [get(`${HOST}X: y\r\n z\r\n`), "400"],
  "a space before the colon": [get("Host : a\r\n"), "400"],
  "a space before the first header": [get(" Host: a\r\n"), "400"],
  "lines that end with LF": [get(HOST).replaceAll("\r\n", "\n"), "400"],
  "one line that ends with LF": [get("Host: a\nX: y\r\n"), "400"],
  "a bare CR": [get(`${HOST}X: y\rZ: w\r\n`), "400"],
  "a NUL": [get(`${HOST}X: y\0w\r\n`), "400"],

  "an upgrade to h2c": [
    get(`${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n`),
    "200 200",
  ],
  "an upgrade to a WebSocket": [get(`${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n`), "200 200"],
  "a tunnel": [get(HOST, "CONNECT a:1 HTTP/1.1"), ""],
  "the preface of HTTP/2": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  "HTTP/2.0 by its name": [get(HOST, "GET /healthz HTTP/2.0"), "400"],
  "HTTP/0.9": ["GET /healthz\r\n\r\n", "400"],
  "a method in small letters": [get(HOST, "get /healthz HTTP/1.1"), "400"],
  "an expectation that is unknown": [get(`${HOST}Expect: x\r\n`), "417 200"],
};

// At once, because nearly all of it is waiting for more that does not come.
suite("what is sent", { concurrency: 16 }, () => {
  for (const [what, [sent, expected]] of Object.entries(CASES)) {
    const outcome = expected.includes(" ") ? "has one meaning" : "is refused, and nothing behind it is a request";
    test(`${what} ${outcome}`, async () => {
      const answered = await statuses(sent + BEHIND);
      assert.equal(answered, expected);
    });
  }
});

test("a refusal says what was expected and came", async () => {
  const answer = await exchange(chunked(" gzip, chunked"));
  assert.match(answer, /^HTTP\/1\.1 501 /);
  assert.match(answer, /"code":"transfer_encoding_unsupported"/);
  assert.match(answer, /got \\"gzip, chunked\\"/);
  assert.match(answer, /^connection: close\r$/im);
});
