/** Google Cloud: entries of its audit logs, as Pub/Sub pushes them and as they are. */

import assert from "node:assert/strict";
import test from "node:test";
import { google } from "../../../src/ingest/formats/cloud/google.ts";
import { adaptAll, assertWhateverComes, itemsOf } from "../deliveries.ts";

function entry(payload: object = {}, more: object = {}): object {
  return {
    protoPayload: {
      "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
      status: {},
      authenticationInfo: { principalEmail: "alice@example.com" },
      requestMetadata: { callerIp: "192.0.2.7", callerSuppliedUserAgent: "gcloud/500" },
      serviceName: "storage.googleapis.com",
      methodName: "storage.objects.delete",
      authorizationInfo: [
        { resource: "projects/_/buckets/b/objects/a", permission: "storage.objects.delete", granted: true },
      ],
      resourceName: "projects/_/buckets/b/objects/a",
      ...payload,
    },
    insertId: "i-1",
    resource: { type: "gcs_bucket", labels: { project_id: "shop", bucket_name: "b", location: "eu" } },
    timestamp: "2026-11-27T08:00:00.123456789Z",
    severity: "NOTICE",
    logName: "projects/shop/logs/cloudaudit.googleapis.com%2Fdata_access",
    receiveTimestamp: "2026-11-27T08:00:01.5Z",
    ...more,
  };
}

function push(data: string, more: object = {}, outside: object = {}): string {
  const message = {
    data: Buffer.from(data).toString("base64"),
    messageId: "m-1",
    publishTime: "2026-11-27T08:00:02Z",
    ...more,
  };
  return JSON.stringify({ message, subscription: "projects/shop/subscriptions/audit", ...outside });
}

function eventOf(body: string) {
  const [item, another] = itemsOf(google, body);
  const [adapted] = adaptAll(google, item === undefined ? [] : [item]);
  assert.ok(item !== undefined && adapted !== undefined && another === undefined);
  return { ...adapted.event, notes: adapted.notes, item };
}

test("an entry of the audit log says who called what on what, when to the nanosecond, and that it succeeded", () => {
  const { item, notes, metadata, ...event } = eventOf(JSON.stringify(entry()));
  assert.deepEqual([notes, item.raw], [[], JSON.stringify(entry())]);
  assert.deepEqual(Object.keys((metadata as { protoPayload: object }).protoPayload), [
    "status",
    "authenticationInfo",
    "authorizationInfo",
  ]);
  assert.deepEqual(event, {
    id: "i-1",
    action: "google.storage.objects.delete",
    op: "d",
    time: "2026-11-27T08:00:00.123456789Z",
    observed_at: "2026-11-27T08:00:01.5Z",
    actor: { type: "user", id: "alice@example.com" },
    targets: [{ type: "gcs_bucket", id: "projects/_/buckets/b/objects/a" }],
    outcome: "success",
    context: { ip: "192.0.2.7", user_agent: "gcloud/500", location: "eu" },
    source: "storage.googleapis.com",
    tenant: "shop",
  });
});

test("what was pushed is the entry that it holds, however often it is tried, and where it came from is told beside it", () => {
  const text = JSON.stringify(entry());
  const { item, action } = eventOf(push(text));
  assert.deepEqual([action, item.raw], ["google.storage.objects.delete", text]);
  assert.deepEqual(item.source, { pubsub: { subscription: "projects/shop/subscriptions/audit", message_id: "m-1" } });
  const again = eventOf(push(text, { publishTime: "2026-11-27T09:00:00Z", messageId: "m-2" }, { deliveryAttempt: 2 }));
  assert.deepEqual([again.item.raw, again.item.claim], [item.raw, item.claim]);
  const other = eventOf(JSON.stringify(entry({}, { timestamp: "2026-11-27T08:00:03Z" })));
  assert.notEqual(other.item.claim, item.claim, "an insertId is one only of its log and time");
});

test("a message that holds no entry is kept as what it holds", () => {
  const text = eventOf(push("disk full"));
  assert.deepEqual(
    [text.action, text.message, text.time],
    ["google.pubsub.message", "disk full", "2026-11-27T08:00:02Z"],
  );
  const bytes = eventOf(push("", { data: Buffer.from([0xff, 0xfe]).toString("base64") }));
  assert.deepEqual([...(bytes.item.raw as Uint8Array)], [0xff, 0xfe]);
  assert.ok(eventOf(push("", { data: "%%%" })).notes.includes("text_unreadable"));
});

test("how a call ended is told by its status and by what was granted", () => {
  const outcomes = [
    entry({ status: { code: 7, message: "denied" } }),
    entry({ authorizationInfo: [{ permission: "p", granted: false }] }),
    entry({ status: { code: 5 } }),
    entry({ status: undefined }),
    entry({}, { operation: { id: "o", first: true } }),
    entry({}, { operation: { id: "o", last: true } }),
  ].map((each) => eventOf(JSON.stringify(each)).outcome);
  assert.deepEqual(outcomes, ["denied", "denied", "failure", "success", "unknown", "success"]);
});

test("methods and callers of every spelling are told", () => {
  const rows = [
    { serviceName: "cloudresourcemanager.googleapis.com", methodName: "SetIamPolicy" },
    { serviceName: "iam.googleapis.com", methodName: "google.iam.admin.v1.CreateServiceAccountKey" },
    {
      authenticationInfo: {
        principalEmail: "ci@shop.iam.gserviceaccount.com",
        serviceAccountDelegationInfo: [{ firstPartyPrincipal: { principalEmail: "alice@example.com" } }],
      },
    },
    { authenticationInfo: {} },
  ].map((payload) => {
    const { action, op, actor } = eventOf(JSON.stringify(entry(payload)));
    return [action, op, actor.type, actor.id, actor.on_behalf_of?.id];
  });
  assert.deepEqual(rows, [
    ["google.cloudresourcemanager.SetIamPolicy", "u", "user", "alice@example.com", undefined],
    ["google.iam.admin.v1.CreateServiceAccountKey", "c", "user", "alice@example.com", undefined],
    ["google.storage.objects.delete", "d", "service", "ci@shop.iam.gserviceaccount.com", "alice@example.com"],
    ["google.storage.objects.delete", "d", "anonymous", "unknown", undefined],
  ]);
  const plain = eventOf(JSON.stringify({ ...entry(), protoPayload: undefined, textPayload: "hello" }));
  assert.deepEqual(
    [plain.action, plain.message, plain.id],
    ["google.log.cloudaudit.googleapis.com%2Fdata_access", "hello", "i-1"],
  );
});

test("whatever comes, every item is an event", () => {
  const bodies = [push(JSON.stringify(entry())), JSON.stringify(entry()), JSON.stringify([entry(), entry()])];
  assertWhateverComes(google, bodies);
});
