/** Items of foreign formats: recorded whatever is in them, their exact text kept. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ask, codeOf, type Running, startService } from "./service.ts";

const TARGET = "POST /v1/ledgers/main/ingest/github";
let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "hooks");
});
after(() => service.close());

async function deliver(text: string, delivery?: string, kind = "push"): Promise<{ status: number; index: number }> {
  const headers = { "X-GitHub-Event": kind, ...(delivery !== undefined && { "X-GitHub-Delivery": delivery }) };
  const answer = await ask(service, TARGET, { key, body: text, type: "application/json", headers });
  return { status: answer.status, index: answer.as("ForeignReceipts").receipts[0]?.index as number };
}

async function eventAt(index: number): Promise<Record<string, unknown>> {
  const answer = await ask(service, `GET /v1/ledgers/main/events/${index}`, { key });
  return answer.as("StoredEvent").event;
}

test("a delivery becomes an event with its exact text beside it", async () => {
  const text = '{ "ref":"refs/heads/main", "sender":{"id":7,"login":"ada","type":"User"}, "big": 90071992547409931 }';
  const { status, index } = await deliver(text, "d-1");
  assert.equal(status, 200);
  const event = await eventAt(index);
  assert.equal(event.action, "com.github.push");
  assert.equal(event._raw, text);
  assert.deepEqual([event.actor, event.id], [{ type: "user", id: "7", name: "ada" }, "d-1"]);
  assert.equal((event._source as { format: string }).format, "github");
});

test("GitHub's default content type, a form, is read as JSON is, and kept as it came", async () => {
  const payload =
    '{"action":"opened","sender":{"id":7,"login":"ada & co","type":"User"},"issue":{"id":9,"title":"1 + 1 = 2 %"}}';
  const form = new URLSearchParams({ payload }).toString();
  assert.match(form, /ada\+%26\+co/);
  const deliverForm = async (body: string, delivery: string, type: string) => {
    const headers = { "X-GitHub-Event": "issues", "X-GitHub-Delivery": delivery };
    return (await ask(service, TARGET, { key, body, type, headers })).as("ForeignReceipts").receipts[0]
      ?.index as number;
  };
  for (const [i, body] of [form, `${form}&x=1`, `a=b&${form}`].entries()) {
    const type = i === 0 ? "application/x-www-form-urlencoded" : "text/plain";
    const event = await eventAt(await deliverForm(body, `form-${i}`, type));
    assert.equal(event.action, "com.github.issues.opened");
    assert.deepEqual(event.actor, { type: "user", id: "7", name: "ada & co" });
    assert.deepEqual((event.targets as { name: string }[])[0]?.name, "1 + 1 = 2 %");
    assert.equal(event._raw, body);
    assert.deepEqual((event._source as { notes?: string[] }).notes, ["time_of_receipt"]);
  }
  const marked = await eventAt(await deliverForm(`\ufeff${payload}`, "mark", "application/json"));
  assert.equal(marked.action, "com.github.issues.opened");
  for (const [i, body] of ["payload=%7B%E0%A4%A", "payload=", "payload=%7B", "payloads=%7B%7D"].entries()) {
    const event = await eventAt(await deliverForm(body, `broken-${i}`, "application/x-www-form-urlencoded"));
    assert.deepEqual((event._source as { notes?: string[] }).notes, ["time_of_receipt", "text_unreadable"], body);
    assert.equal(event._raw, body);
  }
  const again = await ask(service, TARGET, {
    key,
    body: form,
    headers: { "X-GitHub-Event": "issues", "X-GitHub-Delivery": "form-0" },
  });
  assert.equal(again.status, 200, "the same delivery sent again");
});

test("a repeated delivery gets its first answer, one with other content is recorded and marked", async () => {
  const first = await deliver('{"ref":"a","sender":{"id":7,"type":"User"},"repository":{"pushed_at":1}}', "d-2");
  const again = await deliver('{"ref":"a","sender":{"id":7,"type":"User"},"repository":{"pushed_at":1}}', "d-2");
  assert.deepEqual(again, { status: 200, index: first.index });
  const other = await deliver('{"ref":"b","sender":{"id":8,"type":"User"},"repository":{"pushed_at":1}}', "d-2");
  assert.equal(other.status, 200);
  assert.notEqual(other.index, first.index);
  assert.match(JSON.stringify((await eventAt(other.index))._source), /id_conflict/);
});

test("a delivery that names no time gets its first answer whenever it is repeated", async () => {
  const texts = ['{"zen":"Design for failure.","hook_id":1}', '{"action":"deleted","label":{"id":1}}', "no JSON", ""];
  for (const [i, text] of texts.entries()) {
    const first = await deliver(text, `timeless-${i}`, "ping");
    assert.equal(first.status, 200);
    const { time } = await eventAt(first.index);
    for (const laterMs of [1, 2000, 86_400_000]) {
      service.clock.now += laterMs;
      assert.deepEqual(await deliver(text, `timeless-${i}`, "ping"), { status: 200, index: first.index }, text);
    }
    assert.equal((await eventAt(first.index)).time, time);
    const other = await deliver(`${text} `, `timeless-${i}`, "ping");
    assert.equal(other.status, 200, "other bytes are another delivery");
    assert.match(JSON.stringify((await eventAt(other.index))._source), /id_conflict/);
    const kind = await deliver(text, `timeless-${i}`, "meta");
    assert.equal(kind.status, 200, "another kind is another delivery");
    assert.match(JSON.stringify((await eventAt(kind.index))._source), /id_conflict/);
  }
});

test("a delivery whose id stands for another one is recorded once, however often it is sent", async () => {
  const first = await deliver('{"zen":"a"}', "taken", "ping");
  const other = await deliver('{"zen":"b"}', "taken", "ping");
  assert.deepEqual([first.status, other.status], [200, 200]);
  service.clock.now += 5000;
  assert.deepEqual(await deliver('{"zen":"b"}', "taken", "ping"), { status: 200, index: other.index });
  assert.deepEqual(await deliver('{"zen":"a"}', "taken", "ping"), { status: 200, index: first.index });
});

test("what cannot be understood is recorded all the same", async () => {
  for (const text of ["not json", "", "[1]", '{"a":1,"a":2}', "\u0000", `{"deep":${"[".repeat(9999)}`]) {
    const { status, index } = await deliver(text);
    assert.equal(status, 200, text.slice(0, 20));
    assert.equal((await eventAt(index))._raw, text);
  }
  const answer = await ask(service, TARGET, { key, body: new Uint8Array([0xff, 0xfe]), type: "text/plain" });
  assert.equal(answer.status, 200);
});

test("an unknown format, a missing key and a wrong role are refused", async () => {
  assert.equal(
    codeOf(await ask(service, "POST /v1/ledgers/main/ingest/smoke", { key, body: "{}" })),
    "404 format_unknown",
  );
  assert.equal(codeOf(await ask(service, TARGET, { body: "{}" })), "401 key_missing");
  const reader = await service.key(["reader"], "reader");
  assert.equal(codeOf(await ask(service, TARGET, { key: reader, body: "{}" })), "403 role_insufficient");
  assert.equal((await ask(service, TARGET.replace("POST", "HEAD"), {})).status, 200);
});
