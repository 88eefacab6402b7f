/** CloudEvents over HTTP: what real SDKs sent, byte for byte, the handshake of web hooks, and keys in the query. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { sendRaw } from "./raw-samples.ts";
import { ask, codeOf, type Running, startService } from "./service.ts";

const PATH = "/v1/ledgers/main/ingest/cloudevents";
const EVENT = { specversion: "1.0", id: "1", source: "/s", type: "a.b" };

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "clouds");
});
after(() => service.close());

function size(): number {
  return service.ledgers.get("main")?.size ?? 0;
}

async function eventsFrom(from: number): Promise<Record<string, unknown>[]> {
  const events = [];
  for (let index = from; index < size(); index++) {
    events.push((await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent").event);
  }
  return events;
}

const PYTHON = "https://example.com/payments";
const SAMPLES: Readonly<Record<string, { readonly source: string; readonly count: number; readonly time: RegExp }>> = {
  "node-cloudevents-binary": { source: "/payments", count: 1, time: /\.\d{3}Z$/ },
  "node-cloudevents-structured": { source: "/payments", count: 1, time: /\.\d{3}Z$/ },
  "node-cloudevents-batch": { source: "/payments", count: 3, time: /\.\d{3}Z$/ },
  "java-cloudevents-binary": { source: "/payments", count: 1, time: /\.\d{9}Z$/ },
  "java-cloudevents-structured": { source: "/payments", count: 1, time: /\.\d{9}Z$/ },
  "python-cloudevents-binary": { source: PYTHON, count: 1, time: /\.\d{6}Z$/ },
  "python-cloudevents-structured": { source: PYTHON, count: 1, time: /\.\d{6}Z$/ },
  "python-cloudevents-v1binary": { source: PYTHON, count: 1, time: /\.\d{6}\+00:00$/ },
  "python-cloudevents-v1structured": { source: PYTHON, count: 1, time: /\.\d{6}\+00:00$/ },
};

for (const [name, { source, count, time }] of Object.entries(SAMPLES)) {
  test(`${name}: its events are recorded as they are, none is quarantined, and the same again are known`, async () => {
    const from = size();
    const answer = await sendRaw(service.port, name, PATH, key);
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/json"]);
    const events = await eventsFrom(from);
    assert.equal(events.length, count);
    for (const [i, event] of events.entries()) {
      assert.equal(event.action, "com.example.user.login");
      assert.deepEqual(event.actor, { type: "service", id: source });
      assert.equal(event.source, source);
      const [target] = event.targets as [{ type: string; id: string }];
      assert.equal(target.type, "subject");
      assert.match(target.id, new RegExp(`^hf-sample\\w+-${i}$`));
      assert.equal(event.message, `user login ok ${target.id} user=alice ünïcode`);
      assert.match(event.time as string, time);
      assert.match(event.id as string, /^[0-9a-f-]{36}$/);
      const { data } = event.metadata as { data: { user: string } };
      assert.equal(data.user, "alice");
      const { claim, quarantined, notes, headers } = event._source as Record<string, unknown>;
      assert.deepEqual([claim, quarantined, notes], [JSON.stringify([source, event.id]), undefined, undefined]);
      const isBinary = name.endsWith("binary");
      if (isBinary) assert.equal((headers as Record<string, string>)["ce-id"], event.id);
      const raw = JSON.parse(event._raw as string) as { readonly data: unknown };
      assert.deepEqual(isBinary ? raw : raw.data, data);
    }
    const again = await sendRaw(service.port, name, PATH, key);
    assert.deepEqual([again.status, JSON.parse(again.body.toString()).duplicates, size() - from], [200, count, count]);
  });
}

test("an event is its source and its id: the same id of another source is another event, other content under both is told", async () => {
  const send = async (event: object) =>
    (await ask(service, `POST ${PATH}`, { key, body: event, type: "application/cloudevents+json" })).as(
      "ForeignReceipts",
    );
  const first = await send({ ...EVENT, id: "x" });
  assert.deepEqual([(await send({ ...EVENT, id: "x" })).duplicates, first.duplicates], [1, 0]);
  assert.equal((await send({ ...EVENT, id: "x", source: "/other" })).duplicates, 0);
  const from = size();
  await send({ ...EVENT, id: "x", data: "other" });
  const [conflicting = {}] = await eventsFrom(from);
  assert.deepEqual((conflicting._source as { notes: string[] }).notes, ["time_of_receipt", "id_conflict"]);
});

test("the same id with other attributes in its headers is other content", async () => {
  const headers = { "ce-specversion": "1.0", "ce-id": "h", "ce-source": "/s", "ce-type": "a.b" };
  const send = async (more: object) =>
    (await ask(service, `POST ${PATH}`, { key, body: "{}", headers: { ...headers, ...more } })).as("ForeignReceipts");
  assert.deepEqual([(await send({})).duplicates, (await send({})).duplicates], [0, 1]);
  assert.equal((await send({ "ce-subject": "another" })).duplicates, 0);
});

test("a web hook's handshake is granted to whoever asks, without a key, on every route of the format and no other", async () => {
  const asked = { "WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120" };
  for (const path of [PATH, "/in/whatever/cloudevents"]) {
    const { status, headers } = await ask(service, `OPTIONS ${path}`, { headers: asked });
    const granted = [headers.get("webhook-allowed-origin"), headers.get("webhook-allowed-rate")];
    assert.deepEqual([status, ...granted], [200, "eventemitter.example.com", "*"]);
    assert.match(headers.get("allow") ?? "", /\bPOST\b/);
    assert.equal((await ask(service, `OPTIONS ${path}`)).headers.get("webhook-allowed-origin"), null);
  }
  const other = await ask(service, "OPTIONS /v1/ledgers/main/ingest/github", { headers: asked });
  assert.deepEqual([other.status, other.headers.get("webhook-allowed-origin")], [200, null]);
});

test("a key in the query is looked at where the service is set to, by foreign senders only", async () => {
  const open = await startService({ keysInQuery: true });
  try {
    const own = await open.key(["admin"], "hooks", ["main"]);
    const query = `?access_token=${encodeURIComponent(own)}`;
    const sent = { body: EVENT, type: "application/cloudevents+json" };
    assert.equal((await ask(open, `POST ${PATH}${query}`, sent)).status, 200);
    assert.equal(codeOf(await ask(open, `POST ${PATH}?access_token=hf_wrong`, sent)), "401 key_invalid");
    assert.equal(codeOf(await ask(open, `POST ${PATH}?access_token=`, sent)), "401 key_missing");
    assert.equal(codeOf(await ask(open, `GET /v1/keys${query}`)), "401 key_missing");
    assert.equal(codeOf(await ask(service, `POST ${PATH}?access_token=${key}`, sent)), "401 key_missing");
  } finally {
    await open.close();
  }
});

test("what a sender of events is answered never says that a format is refused, or that it comes too often", async () => {
  const busy = await startService({ limits: { bodiesBytesMax: 10 } });
  try {
    const other = await busy.key(["writer"], "hooks");
    const answer = await ask(busy, `POST ${PATH}`, { key: other, body: EVENT });
    assert.deepEqual([codeOf(answer), answer.headers.get("retry-after")], ["503 service_busy", "2"]);
  } finally {
    await busy.close();
  }
  // 410 and 415 would end a subscription; an encoding of events that is not read is kept as it came.
  for (const type of ["application/cloudevents+avro", "application/cloudevents+protobuf", "text/html", ""]) {
    const answer = await ask(service, `POST ${PATH}`, { key, body: Buffer.from([0xff, type.length]), type });
    assert.deepEqual([answer.status, answer.as("ForeignReceipts").quarantined], [200, 1], type);
  }
});
