/** The routes of logs and of the journal: every sample through them, as its sender sends it, and what each sender waits for. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { sampleRequest, sendSample } from "../ingest/sample-requests.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const NAMES = [
  "java-log4j2-http-ecs",
  "java-log4j2-http-lines",
  "node-pino-http-send-json",
  "node-pino-http-send-ndjson",
  "node-winston-http",
  "node-winston-http-batch",
  "python-http-post",
  "python-http-post-basic",
  "syslog-ng-http-array",
  "syslog-ng-http-json",
  "syslog-ng-http-ndjson",
  "syslog-ng-http-text",
];

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "hosts");
});
after(() => service.close());

async function eventAt(index: number | undefined): Promise<Record<string, unknown>> {
  return (await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent").event;
}

type Receipts = {
  readonly recorded: number;
  readonly duplicates: number;
  readonly quarantined: number;
  readonly receipts: readonly { readonly index: number }[];
};

/** Sends a sample to a path, and returns its receipts. */
async function send(path: string, sample: ReturnType<typeof sampleRequest>, shown?: string): Promise<Receipts> {
  const { status, text } = await sendSample(service.port, path, sample, shown);
  assert.equal(status, 200, text);
  return JSON.parse(text) as Receipts;
}

test("every sample is recorded exactly as it came, nothing of it quarantined, and once when it comes twice", async () => {
  for (const name of NAMES) {
    const sample = sampleRequest(name);
    const first = await send("/v1/ledgers/main/ingest/logs", sample, key);
    assert.ok(first.recorded > 0 && first.quarantined === 0 && first.duplicates === 0, name);
    for (const { index } of first.receipts) {
      const { _raw: raw } = await eventAt(index);
      assert.ok(typeof raw === "string" && sample.body.includes(raw), name);
    }
    const again = await send("/v1/ledgers/main/ingest/logs", sample, key);
    assert.deepEqual([again.recorded, again.duplicates], [0, first.recorded], name);
  }
});

test("a next try that holds old lines and new ones, as syslog-ng's does, adds the new ones alone", async () => {
  const headers = { "User-Agent": "syslog-ng 3.38.1/libcurl 7.88.1" };
  const line = (n: number) => `<86>1 2026-11-27T09:41:34+00:00 vm payments  - - user login ok ${n}`;
  const post = async (numbers: readonly number[]) => {
    const body = numbers.map(line).join("\n");
    const answer = await ask(service, "POST /v1/ledgers/main/ingest/logs", { key, body, headers, type: "text/plain" });
    return answer.as("ForeignReceipts");
  };
  assert.equal((await post([0, 1, 1])).recorded, 3);
  const { recorded, duplicates } = await post([0, 1, 1, 2]);
  assert.deepEqual([recorded, duplicates], [1, 3]);
});

test("a GET that says what to record in its query is recorded, by whoever shows a key, and once when it comes twice", async () => {
  const sample = sampleRequest("python-http-get");
  const query = sample.path.slice(sample.path.indexOf("?"));
  const own = await service.key(["writer"], "python", ["main"]);
  const first = await send(`/in/${own}/logs${query}`, sample);
  assert.deepEqual([first.recorded, first.quarantined], [1, 0]);
  const event = await eventAt(first.receipts[0]?.index);
  assert.deepEqual([event._raw, event.time], [query.slice(1), "2026-11-27T07:40:49.8898337Z"]);
  assert.equal((await send(`/in/${own}/logs${query}`, sample)).duplicates, 1);
  const basic = Buffer.from(`python:${own}`).toString("base64");
  const shown = await ask(service, `GET /v1/ledgers/main/ingest/logs${query}&n=1`, {
    headers: { Authorization: `Basic ${basic}` },
  });
  assert.equal(shown.as("ForeignReceipts").recorded, 1);
});

test("a GET that says nothing, of a stranger, or to another format records nothing", async () => {
  const { size } = (await ask(service, "GET /v1/ledgers/main/checkpoint")).as("Checkpoint");
  const rows = [
    [`GET /in/${key}/logs`, "405 method_not_allowed"],
    ["GET /in/hf_wrong/logs?msg=x", "401 key_invalid"],
    ["GET /v1/ledgers/main/ingest/logs?msg=x", "401 key_missing"],
    [`GET /in/${key}/aws?msg=x`, "405 method_not_allowed"],
    [`GET /in/${key}/nosuch?msg=x`, "404 format_unknown"],
  ] as const;
  for (const [target, code] of rows) assert.equal(codeOf(await ask(service, target)), code, target);
  for (const method of ["HEAD", "OPTIONS"]) {
    assert.equal((await ask(service, `${method} /v1/ledgers/main/ingest/logs`)).status, 200, "as Vector asks first");
  }
  assert.equal((await ask(service, "GET /v1/ledgers/main/checkpoint")).as("Checkpoint").size, size);
});

test("Okta hears what it asked whether an event hook is wanted here, and a stranger does not", async () => {
  const headers = { "x-okta-verification-challenge": "c-1" };
  const answer = await ask(service, "GET /v1/ledgers/main/ingest/logs", { key, headers });
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { verification: "c-1" }]);
  assert.equal((await ask(service, "GET /v1/ledgers/main/ingest/logs", { headers })).status, 401);
});

/** The body of a sample that was sent in chunks. */
function unchunked(name: string): ReturnType<typeof sampleRequest> {
  const sample = sampleRequest(name);
  const chunks: Buffer[] = [];
  for (let at = 0; at < sample.body.length; ) {
    const lineEnd = sample.body.indexOf("\r\n", at);
    const length = Number.parseInt(sample.body.subarray(at, lineEnd).toString(), 16);
    if (length === 0) break;
    chunks.push(sample.body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  const headers = sample.headers.filter(([name]) => !["Transfer-Encoding", "Expect"].includes(name));
  return { ...sample, headers, body: Buffer.concat(chunks) };
}

test("journal entries are recorded exactly as they came, under their cursors, wherever the key stands", async () => {
  const own = await service.key(["writer"], "hosts", ["main"]);
  for (const name of ["journal-upload", "journal-upload-multiline"]) {
    const sample = unchunked(name);
    const first = await send(`/in/${own}/journal/upload`, sample);
    assert.deepEqual([first.recorded, first.quarantined], [3, 0], name);
    const events = await Promise.all(first.receipts.map(({ index }) => eventAt(index)));
    assert.equal(events.map(({ _raw }) => `${_raw}`).join("\n"), sample.body.subarray(0, -1).toString(), name);
    const again = await send("/v1/ledgers/main/ingest/journal/upload", sample, key);
    assert.deepEqual([again.recorded, again.duplicates], [0, 3], name);
  }
});
