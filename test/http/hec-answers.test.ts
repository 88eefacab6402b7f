/**
 * What Splunk's clients are answered: its codes, acknowledgements that mean what the service is set to mean by them, health;
 * and for every status that can be given, what each client was seen to do on it.
 */

import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import test, { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CODES, type Code } from "../../src/http/api/codes.ts";
import { Problem } from "../../src/http/problem.ts";
import { spellProblem } from "../../src/http/protocols/foreign-status.ts";
import { protocolOf } from "../../src/http/protocols/known-protocols.ts";
import type { HecAck } from "../../src/http/services.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { type Answer, ask, type Question, type Running, startService } from "./service.ts";

const EVENT = "POST /services/collector/event";
const ACK = "POST /services/collector/ack";
const CHANNEL = "b9435e34-9bc7-4a9c-ae2e-02d362c18e22";
const ONE = '{"time":1795763652,"event":"one"}';

let service: Running;
let key: string;

before(async () => {
  service = await startService({ limits: { foreignBytesMax: 100_000 } });
  key = await service.key(["writer"], "hosts", ["main"]);
});
after(() => service.close());

const splunk = (text: string) => ({ Authorization: `Splunk ${text}` });

function lineOf({ status, text, headers }: Answer): string {
  assert.equal(headers.get("content-type"), "application/json");
  return `${status} ${text}`;
}

async function said(target: string, question: Question, at: Running = service): Promise<string> {
  return lineOf(await ask(at, target, question));
}

test("a key is taken as Splunk's clients show one, and refused in Splunk's words", async () => {
  const basic = `Basic ${Buffer.from(`x:${key}`).toString("base64")}`;
  const several = await service.key(["writer"], "several", ["main", "other"]);
  const reading = await service.key(["reader"], "reading", ["main"]);
  const gone = await service.keys.create({ roles: ["writer"], source: "gone" });
  await service.keys.revoke(gone.key.id);
  const table: [Readonly<Record<string, string>>, string][] = [
    [splunk(key), '200 {"text":"Success","code":0}'],
    [{ Authorization: `splunk  ${key}` }, '200 {"text":"Success","code":0}'],
    [{ Authorization: basic }, '200 {"text":"Success","code":0}'],
    [{ Authorization: `Bearer ${key}` }, '200 {"text":"Success","code":0}'],
    [{}, '401 {"text":"Token is required","code":2}'],
    [{ Authorization: "Digest username=x" }, '401 {"text":"Invalid authorization","code":3}'],
    [splunk("hf_wrong"), '403 {"text":"Invalid token","code":4}'],
    [splunk(gone.text), '403 {"text":"Invalid token","code":4}'],
    [splunk(several), '403 {"text":"Token disabled","code":1}'],
    [splunk(reading), '403 {"text":"Token disabled","code":1}'],
  ];
  for (const [headers, expected] of table) assert.equal(await said(EVENT, { body: ONE, headers }), expected);
  const answer = await ask(service, EVENT, { body: ONE, headers: splunk(several) });
  assert.equal(answer.headers.get("holdfast-code"), "ledger_unnamed");
});

test("a request without anything in it is refused with code 5, as those expect who try a collector so", async () => {
  for (const path of ["", "/event", "/event/1.0", "/raw", "/raw/1.0"]) {
    for (const body of ["", " \r\n "]) {
      const answer = await said(`POST /services/collector${path}`, { body, headers: splunk(key) });
      assert.equal(answer, '400 {"text":"No data","code":5}', path);
    }
  }
});

test("what is larger than the service takes, and what may pass, have Splunk's codes too", async () => {
  const large = await said(EVENT, { body: "x".repeat(100_001), headers: splunk(key) });
  assert.equal(large, '413 {"text":"Request entity too large","code":27}');
  const busy = await startService({ limits: { bodiesBytesMax: 5 } });
  try {
    const own = await busy.key(["writer"], "hosts");
    const answer = await ask(busy, EVENT, { body: ONE, headers: splunk(own) });
    assert.equal(lineOf(answer), '503 {"text":"Server is busy","code":9}');
    assert.equal(answer.headers.get("retry-after"), "2");
    const stopped = busy.ledgers.get("main");
    assert.ok(stopped);
    await stopped.close();
    assert.match(
      await said(EVENT, { body: "{}", headers: splunk(own) }, busy),
      /^503 \{"text":"Server is busy","code":9\}$/,
    );
  } finally {
    await busy.close();
  }
});

test("whatever content type an envelope comes under, and with a channel in header or query, it is taken", async () => {
  const types = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/json; charset=latin1",
  ];
  for (const [i, type] of types.entries()) {
    const body = `{"time":"179576400${i}.25","event":"typed"}`;
    assert.equal(await said(EVENT, { body, type, headers: splunk(key) }), '200 {"text":"Success","code":0}');
  }
  const ids: number[] = [];
  for (const [query, more] of [
    [`?channel=${CHANNEL}`, {}],
    ["", { "X-Splunk-Request-Channel": CHANNEL }],
    ["", { "X-Splunk-Request-Channel": CHANNEL.toUpperCase() }],
  ] as const) {
    const answer = await ask(service, EVENT + query, { body: ONE, headers: { ...splunk(key), ...more } });
    const { ackId } = answer.as("HecAnswer");
    assert.ok(ackId !== undefined);
    ids.push(ackId);
  }
  assert.deepEqual(new Set(ids).size, 1, "the same request has the same number");
});

async function send(at: Running, text: string, body: string, channel = CHANNEL): Promise<number> {
  const headers = { ...splunk(text), "X-Splunk-Request-Channel": channel };
  const { ackId } = (await ask(at, EVENT, { body, headers })).as("HecAnswer");
  assert.ok(ackId !== undefined);
  return ackId;
}

async function acksOf(at: Running, text: string, acks: unknown, channel = CHANNEL): Promise<Record<string, boolean>> {
  const headers = { ...splunk(text), "X-Splunk-Request-Channel": channel };
  // As clients of Node send it.
  const question = { body: JSON.stringify({ acks }), headers, type: "application/x-www-form-urlencoded" };
  return (await ask(at, ACK, question)).as("HecAcks").acks;
}

for (const [hecAck, anchored, final] of [
  ["recorded", 0, 0],
  ["anchored", 2, 0],
  ["final", 3, 2],
] as const satisfies readonly (readonly [HecAck, number, number])[]) {
  test(`an acknowledgement is true once what was sent is ${hecAck}, also after a restart, and for its channel alone`, async () => {
    const store = new MemoryStore();
    const ids: number[] = [];
    const first = await startService({ store, hecAck });
    let text: string;
    try {
      text = await first.key(["writer"], "hosts");
      for (const body of ["a", "b", "c"]) ids.push(await send(first, text, `{"time":1795763652,"event":"${body}"}`));
      const answers = Object.values(await acksOf(first, text, ids));
      assert.deepEqual(
        answers,
        ids.map(() => hecAck === "recorded"),
      );
    } finally {
      await first.close();
    }
    const [a, b, c] = ids as [number, number, number];
    assert.equal(new Set(ids).size, 3);
    const again = await startService({ store, hecAck });
    try {
      const [ledger] = again.ledgers.list();
      const chain = { chainId: 1, contract: "0x", lagMs: 0, lagMaxMs: 1, anchoredSize: anchored, finalSize: final };
      again.chains.set(ledger?.record.id as Hex, [chain]);
      const unknown = c + 4096;
      assert.deepEqual(await acksOf(again, text, [...ids, 0, unknown]), {
        [a]: true,
        [b]: true,
        [c]: hecAck === "recorded",
        0: false,
        [unknown]: false,
      });
      const elsewhere = await acksOf(again, text, ids, "another-channel");
      assert.deepEqual(elsewhere, { [a]: false, [b]: false, [c]: false });
    } finally {
      await again.close();
    }
  });
}

test("a request of many items is acknowledged by its last one", async () => {
  const { size } = (await ask(service, "GET /v1/ledgers/main")).as("Ledger");
  const body = Array.from({ length: 50 }, (_, i) => `{"time":1795765000.${i},"event":"${i}"}`).join("");
  const ackId = await send(service, key, body);
  assert.equal(Math.floor(ackId / 4096), size + 49);
  assert.deepEqual(await acksOf(service, key, [ackId]), { [ackId]: true });
});

test("a question about acknowledgements that names no channel, or asks nothing, is told so", async () => {
  const channel = { ...splunk(key), "X-Splunk-Request-Channel": CHANNEL };
  const table: [Question, string][] = [
    [{ body: '{"acks":[1]}', headers: splunk(key) }, '400 {"text":"Data channel is missing","code":10}'],
    [{ body: "", headers: channel }, '400 {"text":"No data","code":5}'],
    [{ body: "{", headers: channel }, '400 {"text":"Invalid data format","code":6}'],
    [{ body: '{"acks":1}', headers: channel }, '400 {"text":"Invalid data format","code":6}'],
    [{ body: '{"acks":["x"]}', headers: channel }, '400 {"text":"Invalid data format","code":6}'],
    [{ body: '{"acks":[-1]}', headers: channel }, '400 {"text":"Invalid data format","code":6}'],
    [{ body: '{"acks":[true]}', headers: channel }, '400 {"text":"Invalid data format","code":6}'],
    [{ body: '{"acks":[]}', headers: channel }, '200 {"acks":{}}'],
    [{ body: '{"acks":["7"]}', headers: channel }, '200 {"acks":{"7":false}}'],
    [{ body: '{"acks":[1]}' }, '401 {"text":"Token is required","code":2}'],
  ];
  for (const [question, expected] of table) assert.equal(await said(ACK, question), expected);
});

test("health is about recording alone, and asked without a key", async () => {
  const own = await startService();
  try {
    const healthy = '200 {"text":"HEC is healthy","code":17}';
    for (const path of ["/health", "/health/1.0"]) {
      assert.equal(await said(`GET /services/collector${path}`, {}, own), healthy);
    }
    own.health.report("chain", { code: "anchor_late", detail: "late" });
    assert.equal(await said("GET /services/collector/health", {}, own), healthy);
    const unhealthy = '503 {"text":"HEC is unhealthy, queues are full","code":18}';
    for (const code of ["store_not_writable", "store_closed", "store_refused", "marks_unwritable"] as const) {
      own.health.report("store", { code, detail: "no writes" });
      assert.equal(await said("GET /services/collector/health", {}, own), unhealthy, code);
      own.health.report("store", undefined);
    }
  } finally {
    await own.close();
  }
});

test("whatever bytes come, in whatever encoding, the answer is success, or that there was nothing in them", async () => {
  const own = await startService();
  try {
    const text = await own.key(["writer"], "hosts");
    const paths = fc.constantFrom("", "/event", "/event/1.0", "/raw?time=1", "/raw/1.0?channel=c");
    const encodings = fc.constantFrom(undefined, "gzip", "deflate", "zstd", "snappy", "who-knows");
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: "binary" }).map((each) => Buffer.from(each)),
      fc.json().map((each) => Buffer.from(`{"event":${each},"time":1}`)),
      fc.json().map((each) => gzipSync(each)),
    );
    const property = fc.asyncProperty(paths, encodings, bytes, async (path, encoding, body) => {
      const headers = { ...splunk(text), ...(encoding !== undefined && { "Content-Encoding": encoding }) };
      const answer = await ask(own, `POST /services/collector${path}`, { body, headers });
      const { code } = answer.as("HecAnswer");
      // A block of snappy says how large it is, and so may any bytes that are called one.
      const isBomb = encoding === "snappy" && answer.status === 413 && code === 27;
      const isRight = (answer.status === 200 && code === 0) || (answer.status === 400 && code === 5);
      assert.ok(isBomb || isRight, answer.text);
    });
    await fc.assert(property, { seed: 20_261_127, numRuns: 400 });
  } finally {
    await own.close();
  }
});

/** That say nothing of what was sent, but of a key, a path, or a limit of the service. */
const OF_CONFIGURATION = [401, 403, 404, 405, 413];
/** Of a request that brought nothing that could be lost. */
const EMPTY: readonly string[] = ["batch_empty", "channel_missing", "request_invalid"];

test("whatever goes wrong is told with a code, for clients that look at nothing else, and is 503 where it may pass", () => {
  for (const code of Object.keys(CODES) as Code[]) {
    const req = new IncomingMessage(new Socket());
    const { status, spelling } = spellProblem(protocolOf("hec"), new Problem(code, "expected otherwise"), req);
    assert.ok((JSON.parse(String(spelling?.body)) as { code: number }).code > 0, code);
    if (!OF_CONFIGURATION.includes(CODES[code][0]) && !EMPTY.includes(code))
      assert.ok([429, 503].includes(status), code);
  }
});
