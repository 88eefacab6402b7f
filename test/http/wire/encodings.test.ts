/** Compressed bodies: all that came is used or refused, whatever stands behind the end of a compressed stream. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import test, { after, before } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { event, type Running, startService } from "../service.ts";
import { isTls } from "./transport.ts";

const request = isTls ? requestTls : requestPlain;
const EVENTS = "/v1/ledgers/main/events";
const NDJSON = "application/x-ndjson";
const LINE = `${JSON.stringify(event())}\n`;

const COMPRESSED = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
} as const;

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "billing");
});
after(() => service.close());

type Outcome = { readonly status: number; readonly body: Record<string, unknown> };

/** Sends a body in these pieces, each on its way before the next is written. */
async function send(path: string, type: string, encoding: string, pieces: readonly Uint8Array[]): Promise<Outcome> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": type, "Content-Encoding": encoding };
  const req = request(service.url + path, { method: "POST", headers, agent: false });
  const answered = once(req, "response");
  for (const piece of pieces) {
    req.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  req.end();
  const [response] = (await answered) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

function size(): number {
  return service.ledgers.get("main")?.size ?? -1;
}

/** Every route that takes a body and may refuse it, and a body that it takes. */
const ROUTES: readonly (readonly [path: string, type: string, text: string])[] = [
  [EVENTS, "application/json", JSON.stringify(event())],
  [EVENTS, "application/json", JSON.stringify([event()])],
  [EVENTS, NDJSON, LINE],
  [EVENTS, NDJSON, LINE.repeat(1000)],
  ["/v1/ledgers", "application/json", '{"name":"another"}'],
  ["/v1/keys", "application/json", '{"source":"another","roles":["reader"]}'],
];

test("bytes behind the end of a compressed body are refused, by every encoding and route, and nothing is recorded", async () => {
  const from = size();
  const keysBefore = service.keys.list().length;
  for (const [path, type, text] of ROUTES) {
    for (const [encoding, compress] of Object.entries(COMPRESSED)) {
      const whole = compress(text);
      const behind = {
        "plain text": Buffer.from(LINE),
        "one byte": Buffer.from("x"),
        "a zero": Buffer.alloc(1),
        "the first byte of gzip": Buffer.from([0x1f]),
        "half a stream": whole.subarray(0, whole.length / 2),
        // Of gzip, several streams are one body: RFC 1952 §2.2.
        ...(compress !== gzipSync && { "another stream": whole }),
      };
      for (const [what, bytes] of Object.entries(behind)) {
        for (const pieces of [[Buffer.concat([whole, bytes])], [whole, bytes]]) {
          const { status, body } = await send(path, type, encoding, pieces);
          const told = `${path}, ${type}, ${encoding}, ${what}, ${pieces.length} pieces: ${JSON.stringify(body)}`;
          assert.deepEqual([status, body.code], [400, "encoding_invalid"], told);
        }
      }
    }
  }
  assert.equal(size(), from);
  assert.equal(service.ledgers.get("another"), undefined);
  assert.equal(service.keys.list().length, keysBefore);
});

test("gzip of several members is one body, wherever it is cut", async () => {
  const members = [gzipSync(LINE), gzipSync(LINE.repeat(2)), gzipSync(""), gzipSync(LINE)];
  const whole = Buffer.concat(members);
  const cuts = [
    [whole],
    members,
    [whole.subarray(0, 3), whole.subarray(3)],
    [...whole].map((byte) => Buffer.from([byte])),
  ];
  for (const pieces of cuts) {
    const { status, body } = await send(EVENTS, NDJSON, "gzip", pieces);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal((body.receipts as unknown[]).length, 4);
  }
});

test("a compressed body is taken whole, wherever it is cut", async () => {
  for (const [encoding, compress] of Object.entries(COMPRESSED)) {
    const whole = compress(LINE.repeat(3));
    const end = whole.length - 1;
    const cuts = [
      [whole],
      [whole.subarray(0, end), whole.subarray(end)],
      [...whole].map((byte) => Buffer.from([byte])),
    ];
    for (const pieces of cuts) {
      const { status, body } = await send(EVENTS, NDJSON, encoding, pieces);
      assert.equal(status, 201, `${encoding}, ${pieces.length} pieces: ${JSON.stringify(body)}`);
      assert.equal((body.receipts as unknown[]).length, 3);
    }
  }
});

test("a compressed body that ends too early is refused", async () => {
  const from = size();
  for (const [encoding, compress] of Object.entries(COMPRESSED)) {
    const whole = compress(LINE);
    const { status, body } = await send(EVENTS, NDJSON, encoding, [whole.subarray(0, whole.length - 1)]);
    assert.deepEqual([status, body.code], [400, "encoding_invalid"], encoding);
  }
  assert.equal(size(), from);
});
