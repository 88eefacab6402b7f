/** What all foreign senders are promised: nothing is refused for what is in it, what comes again is known, and 503 for what may pass. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { compress } from "snappyjs";
import { IntakePool } from "../../src/ingest/intake/pool.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const LOGS = "POST /v1/ledgers/main/ingest/logs";
const BIG = 300_000;
let service: Running;
let key: string;

before(async () => {
  service = await startService({ limits: { foreignBytesMax: 4_000_000, batchMax: 100 } });
  key = await service.key(["admin"], "hosts");
});
after(() => service.close());

type Sent = { readonly body: string | Uint8Array; readonly headers?: Readonly<Record<string, string>> };

async function send({ body, headers = {} }: Sent) {
  const answer = await ask(service, LOGS, { key, body, type: "text/plain", headers });
  assert.equal(answer.status, 200);
  return answer.as("ForeignReceipts");
}

async function eventAt(index: number | undefined): Promise<Record<string, unknown>> {
  return (await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent").event;
}

function lines(n: number, from = 0): string {
  return Array.from(
    { length: n },
    (_, i) => `{"date":${1_795_763_652 + from + i}.5,"message":"line ${from + i}"}`,
  ).join("\n");
}

test("a body is taken in whatever it was compressed with", async () => {
  const snappyFrames = (text: string): Buffer => {
    const block = Buffer.from(compress(Buffer.from(text)));
    const size = block.length + 4;
    const head = Buffer.from([
      0xff,
      6,
      0,
      0,
      0x73,
      0x4e,
      0x61,
      0x50,
      0x70,
      0x59,
      0,
      size % 256,
      size >> 8,
      0,
      0,
      0,
      0,
      0,
    ]);
    return Buffer.concat([head, block]);
  };
  const encoders: Readonly<Record<string, (text: string) => Uint8Array>> = {
    gzip: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: (text) => zstdCompressSync(text),
    snappy: (text) => compress(Buffer.from(text)),
    "x-snappy-framed": snappyFrames,
    "gzip, identity": gzipSync,
    "deflate, gzip": (text) => gzipSync(deflateSync(text)),
  };
  let from = 1000;
  for (const [encoding, encode] of Object.entries(encoders)) {
    const { recorded, quarantined } = await send({
      body: encode(lines(5, from)),
      headers: { "Content-Encoding": encoding },
    });
    assert.deepEqual([recorded, quarantined], [5, 0], encoding);
    from += 5;
  }
  const raw = await send({ body: deflateRawSync(lines(5, from)), headers: { "Content-Encoding": "deflate" } });
  assert.equal(raw.recorded, 5, "deflate without its zlib wrapper, as some send it");
});

test("a body that does not decompress is recorded as it came, and marked", async () => {
  for (const [encoding, body] of [
    ["gzip", Buffer.from("not gzip")],
    ["gzip", gzipSync("cut off").subarray(0, 20)],
    ["gzip", Buffer.concat([gzipSync("whole"), Buffer.from("and more")])],
    ["snappy", Buffer.from([0xff, 0xff])],
    ["compress", Buffer.from("who knows")],
  ] as const) {
    const { receipts, quarantined } = await send({ body, headers: { "Content-Encoding": encoding } });
    assert.deepEqual([receipts.length, quarantined], [1, 1]);
    const event = await eventAt(receipts[0]?.index);
    const { notes, quarantined: isMarked } = event._source as { notes: string[]; quarantined: boolean };
    assert.deepEqual([notes.includes("encoding_invalid"), isMarked], [true, true]);
    const kept =
      typeof event._raw === "string"
        ? Buffer.from(event._raw)
        : Buffer.from((event._raw as { hex: string }).hex.slice(2), "hex");
    assert.ok(kept.equals(body));
  }
});

test("a bomb is refused as too large, whatever it is packed in, without being unpacked", async () => {
  const zeros = Buffer.alloc(50_000_000);
  const block = Buffer.concat([Buffer.from([0x80, 0xe1, 0xeb, 0x17]), Buffer.alloc(100)]);
  for (const [encoding, body] of [
    ["gzip", gzipSync(zeros)],
    ["br", brotliCompressSync(zeros)],
    ["zstd", zstdCompressSync(zeros)],
    ["snappy", block],
  ] as const) {
    const answer = await ask(service, LOGS, {
      key,
      body,
      type: "text/plain",
      headers: { "Content-Encoding": encoding },
    });
    assert.equal(codeOf(answer), "413 request_too_large", encoding);
  }
});

test("a request that comes again is known by its bytes, if something in it says when or what", async () => {
  const body = lines(3, 5000);
  const first = await send({ body });
  const again = await send({ body });
  assert.deepEqual([first.duplicates, again.duplicates, again.recorded], [0, 3, 0]);
  assert.deepEqual(
    again.receipts.map(({ index }) => index),
    first.receipts.map(({ index }) => index),
  );
  const timeless = "login failed";
  assert.deepEqual([(await send({ body: timeless })).recorded, (await send({ body: timeless })).recorded], [1, 1]);
});

test("items of a sender whose next try holds old and new ones are known one by one, equal ones of one request apart", async () => {
  const headers = { "User-Agent": "syslog-ng 3.38.1/libcurl 7.88.1" };
  const line = '{"date":1795770000,"message":"twice"}';
  const other = '{"date":1795770001,"message":"once"}';
  const first = await send({ body: `${line}\n${line}`, headers });
  const second = await send({ body: `${line}\n${line}\n${other}`, headers });
  assert.deepEqual([first.recorded, second.duplicates, second.recorded], [2, 2, 1]);
  assert.equal(((await eventAt(second.receipts[2]?.index))._source as { known_by: string }).known_by, "content");
});

test("a request of more items than one commit takes is recorded in order, and known when it comes again", async () => {
  const body = lines(250, 9000);
  const first = await send({ body });
  assert.equal(first.recorded, 250);
  const indexes = first.receipts.map(({ index }) => index);
  assert.deepEqual(
    indexes,
    Array.from({ length: 250 }, (_, i) => (indexes[0] as number) + i),
  );
  assert.equal((await send({ body })).duplicates, 250);
});

test("a large body goes to a thread, and nothing is different", async () => {
  const body = lines(BIG / 60, 100_000);
  const first = await send({ body });
  assert.deepEqual([first.recorded, first.receipts.length], [BIG / 60, 0]);
  assert.equal((await send({ body })).duplicates, BIG / 60);
});

test("a key is found wherever a sender can put it, and in the path it names the ledger", async () => {
  const own = await service.key(["writer"], "somebody", ["main"]);
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
  for (const headers of [
    { Authorization: `Bearer ${own}` },
    { Authorization: `Splunk ${own}` },
    { Authorization: basic(`x:${own}`) },
    { Authorization: basic(`${own}:`) },
    { "X-API-Key": own },
  ]) {
    assert.equal((await ask(service, LOGS, { body: "x", type: "text/plain", headers })).status, 200);
  }
  const inPath = await ask(service, `POST /in/${own}/logs`, { body: "x", type: "text/plain" });
  assert.equal(inPath.as("ForeignReceipts").ledger.name, "main");
  assert.equal(codeOf(await ask(service, "POST /in/hf_wrong/logs", { body: "x" })), "401 key_invalid");
  assert.equal(codeOf(await ask(service, `POST /in/${own}/nosuch`, { body: "x" })), "404 format_unknown");
  const several = await service.key(["writer"], "several", ["main", "other"]);
  assert.equal(codeOf(await ask(service, `POST /in/${several}/logs`, { body: "x" })), "403 ledger_unnamed");
});

test("a key in a path is in no answer and in no line of the log, wherever the path leads", async () => {
  const own = await service.key(["writer"], "shy", ["main"]);
  const before = service.logged.length;
  for (const target of [
    `POST /in/${own}/nosuch`,
    `POST /in/${own}/logs/more`,
    `POST /in/x${own}/logs`,
    `GET /in/${own}`,
    `PUT /in/${own}/logs`,
    `POST /inn/${own}`,
    `POST /in/${own}%zz/logs`,
    `POST /in/${own}/logs`,
  ]) {
    const answer = await ask(service, target, target.startsWith("GET") ? {} : { body: "x" });
    const told = `${answer.text} ${JSON.stringify([...answer.headers])}`;
    assert.ok(!told.includes(own), target);
  }
  assert.ok(!JSON.stringify(service.logged.slice(before)).includes(own));
  const admin = await ask(service, "GET /metrics", { key });
  assert.ok(!admin.text.includes(own));
});

test("what may pass is answered 503, to come again in 2 s", async () => {
  const busy = await startService({ limits: { bodiesBytesMax: 10 } });
  const other = await busy.key(["writer"], "hosts");
  try {
    const answer = await ask(busy, LOGS, { key: other, body: "more than ten bytes" });
    assert.equal(codeOf(answer), "503 service_busy");
    assert.equal(answer.headers.get("retry-after"), "2");
  } finally {
    await busy.close();
  }
});

test("a small body of more items than are some milliseconds of work is taken in by a thread, and all of it is recorded in order", async (t) => {
  const intakes = new IntakePool(1);
  let taken = 0;
  const { open } = intakes;
  intakes.open = (...args) => {
    taken++;
    return open.apply(intakes, args);
  };
  const own = await startService({ intakes });
  t.after(() => own.close());
  const admin = await own.key(["admin"], "hosts");
  const post = async (body: string) => {
    const answer = await ask(own, LOGS, { key: admin, body, type: "text/plain" });
    const { receipts } = answer.as("ForeignReceipts");
    return receipts.map(({ index, duplicate }) => [index, duplicate]);
  };
  const few = "\n1".repeat(200);
  const many = `${"2\n".repeat(600)}end`;
  assert.equal((await post(few)).length, 200);
  assert.equal(taken, 0);
  const receipts = await post(many);
  assert.deepEqual([receipts.length, taken], [601, 1]);
  assert.deepEqual(
    receipts.map(([index]) => index),
    receipts.map((_, i) => 200 + i),
  );
  const stored = await ask(own, "GET /v1/ledgers/main/events/800", { key: admin });
  assert.match(JSON.stringify(stored.as("StoredEvent").event), /"end"/);
});
