/**
 * The routes of AWS, Google Cloud and Azure: what each waits to be answered, and what comes again. What their senders make of a status is
 * in test/senders.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import fc from "fast-check";
import { ask, type Question, type Running, startService } from "./service.ts";

const EVENT = {
  version: "0",
  id: "b-1",
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.iam",
  account: "1",
  time: "2026-11-27T08:00:01Z",
  detail: {
    eventVersion: "1.11",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::1:user/alice" },
    eventTime: "2026-11-27T08:00:00Z",
    eventSource: "iam.amazonaws.com",
    eventName: "CreateUser",
    eventID: "e-1",
  },
};

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "clouds");
});
after(() => service.close());

function send(format: string, body: object | string, question: Question = {}) {
  return ask(service, `POST /v1/ledgers/main/ingest/${format}`, { key, body, ...question });
}

test("Firehose hears the id of its request, with the key where it puts one, and so when it is refused", async () => {
  const body = {
    requestId: "q-1",
    timestamp: 1_795_763_652_557,
    records: [{ data: Buffer.from(JSON.stringify(EVENT)).toString("base64") }],
  };
  const path = "POST /v1/ledgers/main/ingest/aws";
  const headers = { "X-Amz-Firehose-Request-Id": "q-1", "X-Amz-Firehose-Protocol-Version": "1.0" };
  const own = { ...headers, "X-Amz-Firehose-Access-Key": key };
  for (let i = 0; i < 2; i++) {
    const answer = await ask(service, path, { body, headers: own });
    const { requestId, timestamp } = JSON.parse(answer.text) as { requestId: string; timestamp: number };
    assert.deepEqual([answer.status, answer.headers.get("content-type"), requestId], [200, "application/json", "q-1"]);
    assert.ok(Number.isSafeInteger(timestamp) && timestamp > 1e12, "in milliseconds");
  }
  const wrong = { ...headers, "X-Amz-Firehose-Access-Key": "hf_wrong" };
  const refused = await ask(service, path, { body, headers: wrong });
  const told = JSON.parse(refused.text) as { requestId: string; errorMessage: string };
  assert.deepEqual([refused.status, told.requestId, typeof told.errorMessage], [401, "q-1", "string"]);
});

test("a call is recorded once from a batch that comes again, and beside it from the file of its trail, under one id", async () => {
  const second = { ...EVENT, id: "b-2", detail: { ...EVENT.detail, eventID: "e-2" } };
  const third = { ...EVENT, id: "b-3", detail: { ...EVENT.detail, eventID: "e-3" } };
  const first = (await send("aws", [second])).as("ForeignReceipts");
  const again = (await send("aws", [third, second])).as("ForeignReceipts");
  assert.deepEqual([first.recorded, again.recorded, again.duplicates], [1, 1, 1]);
  const file = (await send("aws", { Records: [second.detail] })).as("ForeignReceipts");
  const index = file.receipts[0]?.index;
  const { event } = (await ask(service, `GET /v1/ledgers/main/events/${index}`, { key })).as("StoredEvent");
  assert.deepEqual([file.recorded, event.id, (event._source as { notes?: unknown }).notes], [1, "e-2", undefined]);
});

test("a message of Pub/Sub that is tried again is recorded once, whatever was added to it", async () => {
  const entry = { insertId: "i-1", timestamp: "2026-11-27T08:00:00Z", logName: "projects/p/logs/l", textPayload: "x" };
  const data = Buffer.from(JSON.stringify(entry)).toString("base64");
  const message = { data, messageId: "m-1", publishTime: "2026-11-27T08:00:01Z" };
  const first = await send("google", { message, subscription: "projects/p/subscriptions/s" });
  const again = await send("google", { message, subscription: "projects/p/subscriptions/s", deliveryAttempt: 2 });
  assert.deepEqual([first.as("ForeignReceipts").recorded, again.as("ForeignReceipts").duplicates], [1, 1]);
});

test("a subscription of SNS is recorded for somebody to confirm, and nothing that its message names is ever asked", async (t) => {
  const asked: string[] = [];
  const trap = createServer((req, res) => {
    asked.push(req.url ?? "");
    res.end();
  });
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  t.after(() => trap.close());
  const { port } = trap.address() as AddressInfo;
  const at = (path: string): string => `http://127.0.0.1:${port}/${path}`;
  const sns = {
    Type: "SubscriptionConfirmation",
    MessageId: "m-1",
    Token: "t",
    TopicArn: "arn:aws:sns:us-east-1:1:audit",
    Message: "You have chosen to subscribe",
    SubscribeURL: at("confirm"),
    Timestamp: "2026-11-27T08:00:00.000Z",
    SignatureVersion: "2",
    Signature: "c2lnbmF0dXJl",
    SigningCertURL: at("certificate.pem"),
  };
  const headers = { "x-amz-sns-message-type": "SubscriptionConfirmation", "Content-Type": "text/plain; charset=UTF-8" };
  const { receipts, quarantined } = (await send("aws", sns, { headers })).as("ForeignReceipts");
  const { event } = (await ask(service, `GET /v1/ledgers/main/events/${receipts[0]?.index}`, { key })).as(
    "StoredEvent",
  );
  const { subscribe_url_is_of_aws: isOfAws } = event.metadata as Record<string, unknown>;
  assert.deepEqual(
    [quarantined, event.action, event.message, isOfAws, event._raw],
    [0, "aws.sns.SubscriptionConfirmation", sns.SubscribeURL, false, JSON.stringify(sns)],
  );
  assert.equal(
    (event._source as { signature?: string }).signature,
    undefined,
    "it was not checked, and nobody says so",
  );
  assert.deepEqual(asked, []);
});

test("Event Grid hears the code that it asks with, and the question is recorded", async () => {
  const question = {
    id: "g-1",
    topic: "t",
    subject: "",
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    eventTime: "2026-11-27T08:00:00Z",
    data: { validationCode: "v-1" },
    dataVersion: "1",
  };
  const answer = await send("azure", [question], { headers: { "aeg-event-type": "SubscriptionValidation" } });
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { validationResponse: "v-1" }]);
  const path = "GET /v1/ledgers/main/events?action=azure.Microsoft.EventGrid.SubscriptionValidationEvent";
  const found = async () => (await ask(service, path, { key })).as("Events").events.length;
  while ((await found()) === 0);
  assert.equal(await found(), 1);
});

test("whatever is sent to these routes is recorded, and never answered with an error", async () => {
  const types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "text/plain; charset=utf-16"];
  const seeds = [
    JSON.stringify([EVENT]),
    '{"logs":[{"msg":"a"}]}',
    "name=a&msg=b&created=1795765249.88",
    "__CURSOR=s=1\nMESSAGE\n\u0003\0\0\0\0\0\0\0a\nb\n\n",
    "[".repeat(5000),
    '{"a":'.repeat(5000),
  ].map((text) => Buffer.from(text));
  const body = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), fc.nat())
    .map(([seed, changes, cut]) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, cut % (bytes.length + 1));
    });
  const format = fc.constantFrom("logs", "journal", "aws", "google", "azure");
  await fc.assert(
    fc.asyncProperty(
      format,
      fc.oneof(body, fc.uint8Array({ maxLength: 300 })),
      fc.constantFrom(...types),
      async (name, bytes, type) => {
        const answer = await ask(service, `POST /v1/ledgers/main/ingest/${name}`, { key, body: bytes, type });
        assert.equal(answer.status, 200, answer.text);
      },
    ),
    { seed: 20_261_127, numRuns: 150 },
  );
});
