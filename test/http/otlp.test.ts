/** OpenTelemetry's logs over HTTP: what real senders sent, byte for byte, the answers of the protocol, and none that loses evidence. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { field, request } from "../ingest/formats/otlp/wire-writer.ts";
import { exchange, sendRaw } from "./raw-samples.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const ROUTE = "POST /v1/logs";
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  collector: [
    "otelcol-json",
    "otelcol-json-gzip",
    "otelcol-json-zstd",
    "otelcol-proto",
    "otelcol-proto-gzip",
    "otelcol-proto-snappy",
  ],
  node: ["node-otlp-json", "node-otlp-json-gzip", "node-otlp-proto", "node-otlp-proto-gzip"],
  java: ["java-otlp-proto", "java-otlp-proto-gzip"],
  python: ["python-otlp-proto", "python-otlp-proto-gzip", "python-otlp-proto-deflate"],
};
const RECORDS = 3;

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "otel");
});
after(() => service.close());

function size(): number {
  return service.ledgers.get("main")?.size ?? 0;
}

async function eventAt(index: number): Promise<Record<string, unknown>> {
  return (await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent").event;
}

async function sendSample(name: string, path = "/v1/logs") {
  const from = size();
  const answer = await sendRaw(service.port, name, path, key);
  assert.equal(answer.status, 200, name);
  const events = [];
  for (let index = from; index < size(); index++) events.push(await eventAt(index));
  return { answer, events };
}

/** What each sender said of its second record, whose body is a map. */
const BODIES: Readonly<Record<string, object>> = {
  collector: { action: "secret.read", ok: true, big: "9007199254740993" },
  node: { action: "secret.read", ok: true, big: 9_007_199_254_740_991 },
};

for (const [sender, names] of Object.entries(GROUPS)) {
  for (const name of names) {
    test(`${name}: its records are events, nothing is quarantined, and the same bytes again are known`, async () => {
      const { answer, events } = await sendSample(name);
      const isJson = name.includes("-json");
      const got = [answer.headers.get("content-type"), answer.body.toString()];
      assert.deepEqual(got, isJson ? [JSON_TYPE, "{}"] : [PROTOBUF, ""]);
      assert.equal(events.length, RECORDS);
      for (const [i, { actor, time, _source, metadata, outcome, _raw }] of events.entries()) {
        assert.deepEqual([actor, outcome], [{ type: "user", id: "alice" }, undefined]);
        assert.match(time as string, /^2026-11-27T07:4\d:\d\d\.\d{1,9}Z$/);
        const { quarantined, notes, resource, format } = _source as Record<string, unknown>;
        assert.deepEqual([quarantined, notes, format], [undefined, undefined, "otlp"]);
        assert.equal((resource as Record<string, unknown>)["service.name"], "payments-api");
        const { attributes, severity, severity_number } = metadata as Record<string, Record<string, unknown>>;
        assert.deepEqual([severity, severity_number, attributes?.["user.id"]], ["INFO", 9, "alice"]);
        if (sender !== "collector") assert.equal(attributes?.n, i);
        else assert.equal(attributes?.risk, 0.25);
        if (isJson) assert.equal(typeof JSON.parse(_raw as string).timeUnixNano, "string");
      }
      assert.match(events[0]?.message as string, /^user login ok hf-sample\w+-0/);
      const second = events[1]?.metadata as { readonly body?: Record<string, unknown> };
      const expected = BODIES[sender];
      if (expected !== undefined) {
        const { id, ...body } = second.body ?? {};
        assert.deepEqual(body, expected);
        assert.match(id as string, /^hf-sample\w+-1$/);
        assert.equal(events[1]?.action, "secret.read");
      }
      assert.deepEqual((await sendSample(name)).events, []);
    });
  }
}

test("what is kept of a record is its exact bytes, as they stood in the request", async () => {
  for (const name of ["otelcol-json", "otelcol-proto"]) {
    const whole = readFileSync(join(import.meta.dirname, "..", "ingest", "samples", `${name}.http`));
    // Sent before by this file, so the first events of the ledger are looked through.
    const { events } = (await ask(service, "GET /v1/ledgers/main/events?limit=1000", { key })).as("Events");
    const kept = events
      .map(({ event }) => event._raw as string | { readonly hex: string })
      .map((raw) => (typeof raw === "string" ? Buffer.from(raw) : Buffer.from(raw.hex.slice(2), "hex")))
      .filter((raw) => whole.includes(raw));
    assert.equal(kept.length, RECORDS, name);
    const bytes = kept.reduce((sum, { length }) => sum + length, 0);
    assert.ok(bytes > whole.length / 3, "the records are most of the request");
  }
});

test("the Collector's third record has bytes as its body, a name, and a trace", async () => {
  const { events } = (await ask(service, "GET /v1/ledgers/main/events?action=audit.bytes&limit=1000", { key })).as(
    "Events",
  );
  assert.equal(events.length, GROUPS.collector?.length);
  for (const { event } of events) {
    const { context, metadata } = event as { context: object; metadata: { body: { base64: string }; span_id: string } };
    assert.deepEqual(context, { trace_id: "0102030405060708090a0b0c0d0e0f03" });
    assert.match(Buffer.from(metadata.body.base64, "base64").toString(), /^bytes hf-sample\w+-2$/);
    assert.equal(metadata.span_id, "0102030405060703");
  }
});

test("exporters find v1/logs behind a ledger's endpoint, behind one with the key, and at the root", async () => {
  const own = await service.key(["writer"], "endpoints", ["main"]);
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: "a.b" }] }] }] });
  for (const [path, headers] of [
    ["/v1/logs", { Authorization: `Bearer ${own}` }],
    ["/v1/ledgers/main/ingest/otlp", { Authorization: `Bearer ${own}` }],
    ["/v1/ledgers/main/ingest/otlp/v1/logs", { "X-API-Key": own }],
    [`/in/${own}/otlp`, {}],
    [`/in/${own}/otlp/v1/logs`, {}],
  ] as const) {
    const from = size();
    const answer = await ask(service, `POST ${path}`, { body, headers });
    assert.deepEqual([answer.status, answer.text, size() - from], [200, "{}", 1], path);
    for (const method of ["HEAD", "OPTIONS"]) assert.equal((await ask(service, `${method} ${path}`)).status, 200);
  }
});

test("what could not be read is told as a warning of no rejected record, in the encoding of the request", async () => {
  const warning = "1 could not be read and were recorded as they came";
  const json = await ask(service, ROUTE, { key, body: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[1]}]}]}' });
  assert.deepEqual(JSON.parse(json.text), { partialSuccess: { errorMessage: warning } });
  const whole = request([field(12, "x".repeat(40))]);
  const from = size();
  const cut = await exchange(service.port, post(whole.subarray(0, 30), PROTOBUF));
  assert.deepEqual(cut.body, field(1, field(2, warning)));
  assert.equal(size() - from, 1, "a body that is cut off is one event");
  const { _raw, _source } = await eventAt(from);
  assert.deepEqual([_raw, (_source as { quarantined: boolean }).quarantined], [whole.subarray(0, 30).toString(), true]);
});

function post(body: Uint8Array, type: string, shown = key): Buffer {
  const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${shown}\r\nContent-Type: ${type}\r\n`;
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
}

test("an empty request is a success without anything", async () => {
  const from = size();
  const bytes = await exchange(service.port, post(Buffer.alloc(0), PROTOBUF));
  assert.deepEqual([bytes.status, bytes.headers.get("content-type"), bytes.body.length], [200, PROTOBUF, 0]);
  const json = await exchange(service.port, post(Buffer.from("{}"), JSON_TYPE));
  assert.deepEqual([json.status, json.headers.get("content-type"), json.body.toString()], [200, JSON_TYPE, "{}"]);
  assert.equal(size(), from);
});

/** What OpenTelemetry's SDKs and its Collector do on a status, as measured. */
const RETRIED = [429, 502, 503, 504];

test("problems are a google.rpc.Status in the encoding of the request; what may pass is answered as exporters send again", async () => {
  const busy = await startService({ limits: { bodiesBytesMax: 10, foreignBytesMax: 1000 } });
  const large = await startService({ limits: { foreignBytesMax: 1000 } });
  try {
    const body = Buffer.alloc(2000, "x");
    for (const [at, shown, status, code, name] of [
      [service, "hf_wrong", 401, 16, "key_invalid"],
      [service, await service.key(["reader"], "reads"), 403, 7, "role_insufficient"],
      [service, await service.key(["writer"], "two", ["main", "b"]), 403, 7, "ledger_unnamed"],
      [large, await large.key(["writer"], "x"), 413, 8, "request_too_large"],
      [busy, await busy.key(["writer"], "x"), 503, 14, "service_busy"],
    ] as const) {
      const sent = status === 503 ? body.subarray(0, 500) : body;
      const json = await ask(at, ROUTE, { key: shown, body: sent, type: JSON_TYPE });
      assert.equal(codeOf(json), `${status} ${name}`);
      const told = JSON.parse(json.text) as { code: number; message: string };
      assert.deepEqual([json.status, json.headers.get("content-type"), told.code], [status, JSON_TYPE, code]);
      const bytes = await exchange(at.port, post(sent, PROTOBUF, shown));
      assert.deepEqual([bytes.status, bytes.headers.get("content-type")], [status, PROTOBUF]);
      assert.deepEqual(bytes.body, Buffer.concat([Buffer.from([8, code]), field(2, told.message)]));
      // Only what somebody has to mend is answered so that an exporter gives it up.
      const isMended = ["key_invalid", "role_insufficient", "ledger_unnamed", "request_too_large"].includes(name);
      assert.equal(RETRIED.includes(status), !isMended, name);
      if (!isMended) assert.equal(bytes.headers.get("retry-after"), "2");
    }
  } finally {
    await Promise.all([busy.close(), large.close()]);
  }
});
