/** The audit webhook of Kubernetes: what API servers sent, through the real route, and what they make of its answers. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { sampleRequest, sendSample } from "../ingest/sample-requests.ts";
import { ask, type Running, startService } from "./service.ts";

const PATH = "/v1/ledgers/main/ingest/kubernetes?timeout=30s";

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "cluster-1");
});
after(() => service.close());

type Recorded = Readonly<Record<string, unknown>> & { readonly _raw: string; readonly _source: { quarantined?: true } };

async function eventsFrom(from: number): Promise<Recorded[]> {
  const { size } = (await ask(service, "GET /v1/ledgers/main")).as("Ledger");
  const events: Recorded[] = [];
  for (let index = from; index < size; index++) {
    const { event } = (await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent");
    events.push(event as Recorded);
  }
  return events;
}

/** The samples hold a secret in each object. */
function redacted(name: string, value: unknown): unknown {
  return name === "requestObject" || name === "responseObject" ? "[redacted]" : value;
}

test("what API servers sent is recorded whole, stage by stage, once, and answered with an empty object", async () => {
  let size = 0;
  for (const [name, count] of [
    ["kube-audit-batch", 6],
    ["kube-audit-batch-over-tls", 4],
    ["kube-audit-blocking", 1],
    ["kube-audit-blocking-2", 1],
  ] as const) {
    const sample = sampleRequest(name);
    for (const _ of ["sent", "sent again"]) {
      assert.deepEqual(await sendSample(service.port, PATH, sample, key), {
        status: 200,
        text: "{}",
        type: "application/json",
      });
    }
    const events = await eventsFrom(size);
    const { items } = JSON.parse(sample.body.toString()) as {
      items: { auditID: string; stage: string; stageTimestamp: string }[];
    };
    assert.equal(items.length, events.length, name);
    events.forEach((event, i) => {
      const item = items[i];
      assert.equal(event.id, `${item?.auditID}/${item?.stage}`, name);
      assert.equal(event._raw, JSON.stringify(item, redacted), name);
      assert.ok(!JSON.stringify(event).includes("aHVudGVyMg"), "the password of the secret");
      assert.equal(event._source.quarantined, undefined);
      assert.equal(event.time, item?.stageTimestamp);
      assert.equal(event.action, "k8s.core.secrets.create");
      assert.equal(event.outcome, item?.stage === "RequestReceived" ? "unknown" : "success");
      assert.deepEqual(
        [(event.actor as { type: string }).type, (event.actor as { name: string }).name],
        ["service", "payments/deployer"],
      );
      const [target] = event.targets as { type: string; id: string }[];
      assert.match(`${target?.type} ${target?.id}`, /^secrets payments\/hf-/);
      assert.deepEqual((event.context as { ip: string }).ip, "10.4.0.17");
    });
    assert.equal(events.length, count, name);
    size += events.length;
  }
});

test("the key may be in the path, and the ledger is then the key's", async () => {
  const own = await service.key(["writer"], "cluster-2", ["main"]);
  const answer = await sendSample(
    service.port,
    `/in/${own}/kubernetes?timeout=30s`,
    sampleRequest("kube-audit-blocking"),
  );
  assert.deepEqual([answer.status, answer.text], [200, "{}"]);
});

/**
 * What the API server does on an answer, measured: 2xx is success; it tries every other one five times, with Retry-After on
 * 429 and 5xx eleven times in each, and then the batch is lost.
 */
test("an API server keeps its batch over every answer but 200, and none that passes is given without Retry-After", async () => {
  const sample = sampleRequest("kube-audit-blocking-2");
  const statusOf = async (path: string, body: Buffer, shown = key) => {
    const response = await fetch(`${service.url}${path}`, {
      method: "POST",
      body: new Uint8Array(body),
      headers: { Authorization: `Bearer ${shown}`, "Content-Type": "application/json" },
    });
    await response.text();
    return [response.status, response.headers.get("retry-after")];
  };
  for (const body of ["", "{", "[]", "null", '{"kind":"EventList"}', "\xff", '{"items":[{}]}', "[".repeat(5000)]) {
    assert.deepEqual(await statusOf(PATH, Buffer.from(body, "latin1")), [200, null], body);
  }
  assert.deepEqual(await statusOf(PATH, sample.body, "hf_wrong"), [401, null]);
  const stopped = service.ledgers.get("main");
  assert.ok(stopped);
  await stopped.close();
  assert.deepEqual(await statusOf(PATH, sample.body), [503, "2"]);
});
