/** Splunk's HTTP Event Collector: what its clients and Docker's driver sent, through the routes they know, recorded once. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { gunzipSync } from "node:zlib";
import { sampleRequest, sendSample } from "../ingest/sample-requests.ts";
import { ask, type Running, startService } from "./service.ts";

const EVENT = "POST /services/collector/event";
const DOCKER = "POST /services/collector/event/1.0";
const DOCKER_AGENT = { "User-Agent": "Go-http-client/1.1" };

let service: Running;
let key: string;
let reader: string;

before(async () => {
  service = await startService();
  key = await service.key(["writer"], "containers", ["main"]);
  reader = await service.key(["admin"], "desk");
});
after(() => service.close());

type Recorded = Readonly<Record<string, unknown>> & {
  readonly _raw: string;
  readonly _source: { readonly quarantined?: true; readonly known_by?: string; readonly notes?: readonly string[] };
};

async function sizeNow(): Promise<number> {
  return (await ask(service, "GET /v1/ledgers/main")).as("Ledger").size;
}

async function eventsFrom(from: number): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for (let index = from, size = await sizeNow(); index < size; index++) {
    const answer = await ask(service, `GET /v1/ledgers/main/events/${index}`, { key: reader });
    events.push(answer.as("StoredEvent").event as Recorded);
  }
  return events;
}

async function send(target: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Recorded[]> {
  const size = await sizeNow();
  const answer = await ask(service, target, { key, body, headers });
  assert.deepEqual([answer.status, answer.text], [200, '{"text":"Success","code":0}']);
  return await eventsFrom(size);
}

/** The texts that a body of a sample is made of, told without the code under test. */
function piecesOf(body: Buffer): string[] {
  const text = (body[0] === 0x1f ? gunzipSync(body) : body).toString();
  return text.replaceAll(/\}(?=\{"(?:event|source)")/g, "}\u0000").split("\u0000");
}

const CHANNEL = /^\{"text":"Success","code":0,"ackId":\d+\}$/;
const PLAIN = /^\{"text":"Success","code":0\}$/;
const DOCKER_TAG = { type: "service", id: "payments-api/5f3c1d0a9b8e" };
const PYTHON_FILE = "/srv/payments/release/current/app/log/senders.py";

type Expected = {
  readonly answer: RegExp;
  readonly actions: readonly string[];
  readonly actor: object;
  readonly times: readonly string[];
  /** Of the second item, or the only one. */
  readonly message: string;
  readonly metadata: object;
};

const dockerRecord = { user: "alice", ok: true, n: 1 };
const dockerMetadata = { host: "vm", stream: "stdout", tag: "payments-api/5f3c1d0a9b8e" };
const dockerActions = ["log.line", "log.line", "log.line"];
const second = (micros: string) =>
  new Date(1_795_765_000_000 + Number(micros.slice(0, 3)) * 1000).toISOString().slice(0, 19);
const at = (...times: string[]) => times.map((micros) => `${second(micros)}.${micros.slice(4)}Z`);

const SAMPLES: Readonly<Record<string, Expected>> = {
  "docker-splunk-inline": {
    answer: PLAIN,
    actions: dockerActions,
    actor: DOCKER_TAG,
    times: at("227.106177", "227.106223", "227.106225"),
    message: "user login hf-sample15oyy-1",
    metadata: { ...dockerMetadata, record: dockerRecord },
  },
  "docker-splunk-inline-ack": {
    answer: CHANNEL,
    actions: dockerActions,
    actor: DOCKER_TAG,
    times: at("478.744322", "478.744333", "478.744334"),
    message: "user login hf-dockerack105e6-1",
    metadata: { ...dockerMetadata, record: dockerRecord },
  },
  "docker-splunk-json": {
    answer: PLAIN,
    actions: dockerActions,
    actor: DOCKER_TAG,
    times: at("227.726048", "227.726083", "227.726096"),
    message: "user login hf-sample13ay6-1",
    metadata: { ...dockerMetadata, record: dockerRecord },
  },
  "docker-splunk-raw": {
    answer: PLAIN,
    actions: dockerActions,
    actor: { type: "service", id: "vm" },
    times: at("228.315115", "228.315167", "228.31517"),
    message: 'payments-api/5f3c1d0a9b8e {"msg":"user login hf-sample11z1c-1","user":"alice","ok":true,"n":1}',
    metadata: { host: "vm" },
  },
  "node-splunk-logging": {
    answer: PLAIN,
    actions: ["log.record"],
    actor: { type: "service", id: "payments" },
    times: at("259.786"),
    message: "user login ok hf-sample1kepx-0 user=alice ünïcode",
    metadata: {
      source: "payments",
      sourcetype: "httpevent",
      record: { severity: "info" },
    },
  },
  "node-splunk-logging-batch": {
    answer: PLAIN,
    actions: ["log.record", "log.record", "log.record"],
    actor: { type: "service", id: "payments" },
    times: at("262.485", "262.485", "262.485"),
    message: "user login ok hf-sample1s0tt-1 user=alice ünïcode",
    metadata: {
      source: "payments",
      sourcetype: "httpevent",
      severity: "info",
      record: { user: "alice" },
    },
  },
  "node-winston-splunk": {
    answer: PLAIN,
    actions: ["log.record"],
    actor: { type: "service", id: "winston" },
    times: at("257.089"),
    message: "user login ok hf-sample16mf5-0 user=alice ünïcode",
    metadata: {
      source: "winston",
      sourcetype: "winston-splunk-logger",
      index: "winston-index",
      severity: "info",
      record: {
        meta: {
          user: "alice",
          n: 0,
          level: "info",
          message: "user login ok hf-sample16mf5-0 user=alice ünïcode",
        },
      },
    },
  },
  "python-splunk_handler-event": {
    answer: PLAIN,
    actions: dockerActions,
    actor: { type: "service", id: PYTHON_FILE },
    times: at("246.7369976", "246.7371008", "246.7371464"),
    message: "user login ok hf-sample142w0-1 user=alice ünïcode",
    metadata: { host: "vm", source: PYTHON_FILE, sourcetype: "audit", index: "main" },
  },
  "python-splunk_hec_handler-event": {
    answer: PLAIN,
    actions: ["log.record"],
    actor: { type: "service", id: "payments" },
    times: at("247.420376"),
    message: "user login ok hf-sample1i1b7-0 user=alice ünïcode",
    metadata: {
      host: "vm",
      source: "payments",
      sourcetype: "_json",
      record: { log_level: "INFO" },
    },
  },
  "python-splunk_hec_handler-raw": {
    answer: PLAIN,
    actions: ["log.record"],
    actor: { type: "service", id: "payments" },
    times: at("248.0773678"),
    message: "user login ok hf-sample1z626-0 user=alice ünïcode",
    metadata: {
      host: "vm",
      source: "payments",
      sourcetype: "_json",
      record: { log_level: "INFO" },
    },
  },
};

for (const [name, expected] of Object.entries(SAMPLES)) {
  test(`${name}, as it was on the wire, is recorded whole and once`, async () => {
    const sample = sampleRequest(name);
    const from = await sizeNow();
    const answers: string[] = [];
    for (const _ of ["sent", "sent again"]) {
      const { status, text, type } = await sendSample(service.port, sample.path, sample, key, "Splunk");
      assert.deepEqual([status, type], [200, "application/json"]);
      assert.match(text, expected.answer);
      answers.push(text);
    }
    assert.equal(answers[0], answers[1], "the same request is acknowledged by the same number");
    const events = await eventsFrom(from);
    assert.deepEqual(
      events.map(({ _raw }) => _raw),
      piecesOf(sample.body),
    );
    const [first, shown = first] = events;
    assert.deepEqual(
      events.map(({ action, time, actor, source, outcome, _source }) => [
        action,
        time,
        actor,
        source,
        outcome,
        _source.notes,
      ]),
      expected.times.map((time, i) => [expected.actions[i], time, expected.actor, undefined, undefined, undefined]),
    );
    assert.deepEqual([shown?.message, shown?.metadata], [expected.message, expected.metadata]);
    assert.deepEqual(
      events.map(({ _source }) => _source.known_by),
      events.map(() => (name.startsWith("docker") ? "content" : undefined)),
    );
  });
}

test("lines of text of Docker's driver are its messages, in every compression and format", async () => {
  const size = await sizeNow();
  const gzip = sampleRequest("docker-splunk-json-gzip");
  assert.equal((await sendSample(service.port, gzip.path, gzip, key, "Splunk")).status, 200);
  const events = await eventsFrom(size);
  const pieces = piecesOf(gzip.body);
  assert.deepEqual(
    events.map(({ _raw, message }) => [_raw, message]),
    pieces.map((piece) => {
      const { line } = (JSON.parse(piece) as { event: { line: string | { msg: string } } }).event;
      return [piece, typeof line === "string" ? line : line.msg];
    }),
  );
  const [first] = events;
  assert.match(first?.message as string, /^user login ok hf-\w+-0 user=alice "quoted" <ünïcode> $/);
});

test("Docker's try of its driver is answered without a key, with exactly 200", async () => {
  const { path, method } = sampleRequest("docker-splunk-verify");
  const answer = await ask(service, `${method} ${path}`);
  assert.deepEqual([answer.status, answer.text], [200, ""]);
});

const line = (text: string, time: string) =>
  JSON.stringify({ event: { line: text, source: "stdout", tag: "t" }, time });

test("Docker's next try, old lines and new ones, is recorded once; two equal lines of one request stay two", async () => {
  const lines = Array.from({ length: 15 }, (_, i) => line(`line ${i % 2 === 0 ? i : i - 1}`, "1795763652.557843"));
  const first = await send(DOCKER, lines.slice(0, 5).join(""), DOCKER_AGENT);
  const again = await send(DOCKER, lines.slice(0, 10).join(""), DOCKER_AGENT);
  const all = await send(DOCKER, lines.join(""), DOCKER_AGENT);
  assert.deepEqual(
    [...first, ...again, ...all].map(({ _raw }) => _raw),
    lines,
  );
  assert.deepEqual([first.length, again.length, all.length], [5, 5, 5]);
});

test("pieces of one long line, equal and with one time, stay as many as they are", async () => {
  const pieces = [
    ...Array.from({ length: 6 }, () => line("x".repeat(16_384), "1795763700.1")),
    line("rest", "1795763700.1"),
  ];
  assert.equal((await send(DOCKER, pieces.join(""), DOCKER_AGENT)).length, 7);
  assert.equal((await send(DOCKER, pieces.join(""), DOCKER_AGENT)).length, 0);
});

test("a client that is not Docker's repeats whole requests: a line in another one is another event", async () => {
  const one = '{"time":1795763800,"event":"ping"}';
  const two = '{"time":1795763801,"event":"pong"}';
  assert.equal((await send(EVENT, one)).length, 1);
  assert.equal((await send(EVENT, one)).length, 0);
  assert.equal((await send(EVENT, one + two)).length, 2);
  assert.equal((await send(EVENT, '{"event":"no time"}')).length, 1);
  assert.equal((await send(EVENT, '{"event":"no time"}')).length, 1);
});

test("what Splunk refuses of a request is quarantined, and what stands beside it is not", async () => {
  const bad = [
    '{"event":""}',
    '{"event":null,"time":1795763900}',
    '{"time":1795763900,"host":"a"}',
    "7",
    "no JSON here",
  ];
  const good = '{"event":"fine","time":1795763900}';
  const events = await send(EVENT, [...bad, good].join("\n"));
  assert.deepEqual(
    events.map(({ _raw, _source }) => [_raw, _source.quarantined === true]),
    [...bad.map((raw) => [raw, true]), [good, false]],
  );
  const cut = await send(EVENT, '{"event":"whole","time":1795763901}{"event":"cut off","ti');
  assert.deepEqual(
    cut.map(({ _source }) => _source.quarantined === true),
    [false, true],
  );
});

test("lines of text are events, about which the query says more", async () => {
  for (const path of ["/services/collector/raw", "/services/collector/raw/1.0"]) {
    const query = `?channel=0f1e&time=1795764000.5&host=web-1&source=/var/log/app.log&sourcetype=app&index=main&path=${path}`;
    const size = await sizeNow();
    const body = `${path} started\r\n\r\n  indented\n{"action":"user.login","actor":{"type":"user","id":"ada"},"outcome":"denied"}`;
    assert.match((await ask(service, `POST ${path}${query}`, { key, body })).text, CHANNEL);
    const events = await eventsFrom(size);
    const metadata = { host: "web-1", source: "/var/log/app.log", sourcetype: "app", index: "main" };
    const actor = { type: "service", id: "/var/log/app.log" };
    assert.deepEqual(
      events.map(({ _raw, action, time, actor: who, outcome }) => [_raw, action, time, who, outcome]),
      [
        [`${path} started`, "log.line", "2026-11-27T07:20:00.5Z", actor, undefined],
        ["  indented", "log.line", "2026-11-27T07:20:00.5Z", actor, undefined],
        [body.slice(body.indexOf("{")), "user.login", "2026-11-27T07:20:00.5Z", { type: "user", id: "ada" }, "denied"],
      ],
    );
    assert.deepEqual(events[0]?.metadata, metadata);
  }
});
