/** AWS: envelopes, files and deliveries of every kind, each call with who, what, on what, and how it ended. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { aws } from "../../../src/ingest/formats/cloud/aws.ts";
import { unpackWithin } from "../../../src/ingest/intake/unpack.ts";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { adaptAll, assertWhateverComes, itemsOf } from "../deliveries.ts";

const ASSUMED = {
  type: "AssumedRole",
  principalId: "AROAEXAMPLE:alice@example.com",
  arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.com",
  accountId: "111122223333",
  accessKeyId: "ASIAEXAMPLE",
  sessionContext: {
    sessionIssuer: { type: "Role", arn: "arn:aws:iam::111122223333:role/Admin", userName: "Admin" },
  },
};

function record(more: object = {}): object {
  return {
    eventVersion: "1.11",
    userIdentity: ASSUMED,
    eventTime: "2026-11-27T08:00:00Z",
    eventSource: "iam.amazonaws.com",
    eventName: "CreateUser",
    awsRegion: "us-east-1",
    sourceIPAddress: "192.0.2.7",
    userAgent: "aws-cli/2.31",
    requestParameters: { userName: "bob" },
    responseElements: { user: { userName: "bob" } },
    requestID: "r-1",
    eventID: "e-1",
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: "111122223333",
    ...more,
  };
}

function envelope(detail: object, more: object = {}): object {
  return {
    version: "0",
    id: "b-1",
    "detail-type": "AWS API Call via CloudTrail",
    source: "aws.iam",
    account: "111122223333",
    time: "2026-11-27T08:00:01Z",
    region: "us-east-1",
    resources: [],
    detail,
    ...more,
  };
}

function eventsOf(body: unknown) {
  const items = itemsOf(aws, typeof body === "string" ? body : JSON.stringify(body));
  return adaptAll(aws, items).map(({ event, notes }, i) => ({
    ...event,
    notes,
    claim: items[i]?.claim,
    raw: items[i]?.raw,
  }));
}

function eventOf(body: unknown) {
  const [event, another] = eventsOf(body);
  assert.ok(event !== undefined && another === undefined);
  return event;
}

test("a call says who made it and for whom, on what, from where, and that it succeeded", () => {
  const { notes, claim, raw, metadata, ...event } = eventOf(record());
  assert.deepEqual([notes, claim, raw], [[], undefined, JSON.stringify(record())]);
  assert.deepEqual(event, {
    id: "e-1",
    action: "aws.iam.CreateUser",
    op: "c",
    time: "2026-11-27T08:00:00Z",
    actor: {
      type: "role",
      id: ASSUMED.arn,
      name: "alice@example.com",
      attrs: { identity_type: "AssumedRole", account: "111122223333", role: "arn:aws:iam::111122223333:role/Admin" },
      on_behalf_of: { type: "session", id: "alice@example.com" },
    },
    targets: [{ type: "user", id: "bob" }],
    outcome: "success",
    context: {
      ip: "192.0.2.7",
      user_agent: "aws-cli/2.31",
      session: "ASIAEXAMPLE",
      request_id: "r-1",
      location: "us-east-1",
    },
    source: "iam.amazonaws.com",
    tenant: "111122223333",
  });
  assert.deepEqual((metadata as { requestParameters: unknown }).requestParameters, { userName: "bob" });
});

test("each kind of identity is one of a user, a role, a service or an account", () => {
  const rows = [
    { type: "IAMUser", arn: "arn:aws:iam::1:user/alice", userName: "alice", accountId: "1" },
    { type: "Root", arn: "arn:aws:iam::1:root", accountId: "1" },
    { type: "AWSService", invokedBy: "ec2.amazonaws.com" },
    { type: "AWSAccount", principalId: "AIDAEXAMPLE", accountId: "2" },
    { ...ASSUMED, sessionContext: { ...ASSUMED.sessionContext, sourceIdentity: "alice" } },
    {},
  ].map((userIdentity) => {
    const { actor } = eventOf(record({ userIdentity }));
    return [actor.type, actor.id, actor.on_behalf_of?.id];
  });
  assert.deepEqual(rows, [
    ["user", "arn:aws:iam::1:user/alice", undefined],
    ["user", "arn:aws:iam::1:root", undefined],
    ["service", "ec2.amazonaws.com", undefined],
    ["account", "AIDAEXAMPLE", undefined],
    ["role", ASSUMED.arn, "alice"],
    ["anonymous", "unknown", undefined],
  ]);
});

test("an error is a failure, one of permission a denial, and a sign-in tells by itself how it ended", () => {
  const outcomes = [
    { errorCode: "AccessDenied", errorMessage: "not authorized to perform iam:CreateUser" },
    { errorCode: "Client.UnauthorizedOperation" },
    { errorCode: "EntityAlreadyExists" },
    { eventName: "ConsoleLogin", responseElements: { ConsoleLogin: "Failure" } },
    { eventName: "ConsoleLogin", responseElements: { ConsoleLogin: "Success" } },
  ].map((more) => eventOf(record(more)).outcome);
  assert.deepEqual(outcomes, ["denied", "denied", "failure", "failure", "success"]);
});

test("a data event of S3 names the object and its bucket", () => {
  const resources = [
    { type: "AWS::S3::Object", ARN: "arn:aws:s3:::b/secret.txt" },
    { accountId: "1", type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::b" },
  ];
  const { action, op, targets } = eventOf(
    record({ eventSource: "s3.amazonaws.com", eventName: "GetObject", resources }),
  );
  assert.deepEqual([action, op], ["aws.s3.GetObject", "r"]);
  assert.deepEqual(targets, [
    { type: "AWS::S3::Object", id: "arn:aws:s3:::b/secret.txt" },
    { type: "AWS::S3::Bucket", id: "arn:aws:s3:::b" },
  ]);
});

test("a file of a trail is its records, each exactly as it stands there, however they are put beside each other", () => {
  const spelled = [JSON.stringify(record()), JSON.stringify(record({ eventID: "e-2" }), null, 2)];
  for (const body of [
    `{"Records":[${spelled.join(", ")}]}`,
    `[${spelled.join(",")}]`,
    spelled.join("\n"),
    spelled.join(""),
  ]) {
    assert.deepEqual(
      eventsOf(body).map(({ id, raw }) => [id, raw]),
      [
        ["e-1", spelled[0]],
        ["e-2", spelled[1]],
      ],
    );
  }
});

test("an event of EventBridge, alone or in a batch, has the id of its call and is known by its own", () => {
  const batch = eventsOf([envelope(record()), envelope(record({ eventID: "e-2" }), { id: "b-2" })]);
  assert.deepEqual(
    batch.map(({ id, claim, action, time }) => [id, claim, action, time]),
    [
      ["e-1", "eventbridge b-1", "aws.iam.CreateUser", "2026-11-27T08:00:00Z"],
      ["e-2", "eventbridge b-2", "aws.iam.CreateUser", "2026-11-27T08:00:00Z"],
    ],
  );
  const other = eventOf(
    envelope(
      { state: "terminated" },
      { "detail-type": "EC2 Instance State-change Notification", source: "aws.ec2", resources: ["arn:1"] },
    ),
  );
  assert.deepEqual(
    [other.id, other.action, other.time, other.targets, other.tenant],
    [
      "b-1",
      "aws.ec2.EC2 Instance State-change Notification",
      "2026-11-27T08:00:01Z",
      [{ type: "resource", id: "arn:1" }],
      "111122223333",
    ],
  );
  assert.equal(
    eventOf(envelope({ a: 1 }, { source: "shop.orders", "detail-type": "Order" })).action,
    "aws.events.shop.orders.Order",
  );
});

test("a delivery of SNS is kept whole, and is the event that it holds; a subscription waits for somebody to confirm it", () => {
  const sns = {
    Type: "Notification",
    MessageId: "m-1",
    TopicArn: "arn:aws:sns:us-east-1:1:audit",
    Message: JSON.stringify(envelope(record())),
    Timestamp: "2026-11-27T08:00:02.000Z",
    Signature: "AAAA",
  };
  const inside = eventOf(sns);
  assert.deepEqual(
    [inside.action, inside.id, inside.claim, inside.raw],
    ["aws.iam.CreateUser", "e-1", "sns m-1", JSON.stringify(sns)],
  );
  const s3 = {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: "us-east-1",
    eventTime: "2026-11-27T08:00:00.000Z",
    eventName: "ObjectCreated:Put",
    userIdentity: { principalId: "AWS:AIDA1" },
    requestParameters: { sourceIPAddress: "192.0.2.7" },
    s3: { bucket: { name: "b", arn: "arn:aws:s3:::b" }, object: { key: "a.txt", size: 1 } },
  };
  const stored = eventOf({ ...sns, Message: JSON.stringify({ Records: [s3] }) });
  assert.deepEqual([stored.action, stored.op, stored.targets?.[0]?.id], ["aws.s3.ObjectCreated:Put", "c", "a.txt"]);
  const plain = eventOf({ ...sns, Message: "disk full", Subject: "alarm" });
  assert.deepEqual(
    [plain.action, plain.message, plain.time],
    ["aws.sns.Notification", "disk full", "2026-11-27T08:00:02.000Z"],
  );
  const url = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
  const confirm = eventOf({ ...sns, Type: "SubscriptionConfirmation", Token: "t", SubscribeURL: url });
  assert.deepEqual([confirm.action, confirm.message], ["aws.sns.SubscriptionConfirmation", url]);
  for (const [where, isOfAws] of [
    [url, true],
    ["https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription", true],
    ["http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription", false],
    ["https://sns.us-east-1.amazonaws.com.example/?Action=ConfirmSubscription", false],
    ["https://sns.us-east-1.amazonaws.com@example/?Action=ConfirmSubscription", false],
    ["https://sns.us-east-1.amazonaws.com:x@example/?Action=ConfirmSubscription", false],
    ["https://example/?sns.us-east-1.amazonaws.com/", false],
    [" https://sns.us-east-1.amazonaws.com/", false],
    [7, undefined],
  ]) {
    const { metadata } = eventOf({ ...sns, Type: "SubscriptionConfirmation", SubscribeURL: where });
    assert.equal((metadata as Record<string, unknown>).subscribe_url_is_of_aws, isOfAws, String(where));
  }
});

test("a delivery of Firehose is what its records hold; what they hold that is nothing of AWS is quarantined", () => {
  const data = (text: string) => ({ data: Buffer.from(text).toString("base64") });
  const body = {
    requestId: "q-1",
    timestamp: 1_795_763_652_557,
    records: [
      data(JSON.stringify(envelope(record()))),
      data(`${JSON.stringify(record({ eventID: "e-2" }))}\n${JSON.stringify(record({ eventID: "e-3" }))}`),
      data("not json"),
      { data: "%%%" },
    ],
  };
  assert.deepEqual(
    eventsOf(body).map(({ id, notes }) => id ?? notes.includes("text_unreadable")),
    ["e-1", "e-2", "e-3", true, true],
  );
});

/** What CloudWatch Logs hands on, as it stands in a record of Firehose. */
function logBatch(logEvents: readonly object[], more: object = {}): { readonly data: string } {
  const batch = {
    messageType: "DATA_MESSAGE",
    owner: "111122223333",
    logGroup: "/aws/payments",
    logStream: "vm-1",
    subscriptionFilters: ["all"],
    logEvents,
    ...more,
  };
  return { data: gzipSync(JSON.stringify(batch)).toString("base64") };
}

test("log events of CloudWatch are taken out of what packs them, through Firehose and from an invocation, each exact and with its id", () => {
  const plain = { id: "3195310660", timestamp: 1_795_763_652_557, message: "disk full" };
  const logged = { action: "invoice.approved", actor: { type: "user", id: "alice" }, message: "approved", n: 1 };
  const json = { id: "3195310661", timestamp: 1_795_763_652_558, message: JSON.stringify(logged) };
  const trail = { id: "3195310662", timestamp: 1_795_763_652_559, message: JSON.stringify(record()) };
  const all = [plain, json, trail];
  for (const body of [{ requestId: "q", records: [logBatch(all)] }, { awslogs: logBatch(all) }]) {
    const items = itemsOf(aws, JSON.stringify(body));
    assert.deepEqual(
      items.map(({ raw, claim }) => [raw, claim]),
      all.map((each) => [JSON.stringify(each), `cloudwatch ["111122223333","/aws/payments","vm-1","${each.id}"]`]),
    );
    const [first, second, third] = eventsOf(body);
    const place = { log_group: "/aws/payments", log_stream: "vm-1", subscription_filters: ["all"] };
    assert.deepEqual(
      [
        first?.id,
        first?.action,
        first?.time,
        first?.actor,
        first?.source,
        first?.tenant,
        first?.message,
        first?.metadata,
      ],
      [
        "3195310660",
        "aws.logs.message",
        "2026-11-27T07:14:12.557Z",
        { type: "service", id: "/aws/payments" },
        "/aws/payments",
        "111122223333",
        "disk full",
        place,
      ],
    );
    assert.deepEqual(
      [second?.action, second?.actor, second?.message, second?.metadata],
      ["invoice.approved", { type: "user", id: "alice" }, "approved", { ...place, record: { n: 1 } }],
    );
    assert.deepEqual([third?.id, third?.action], ["e-1", "aws.iam.CreateUser"]);
  }
});

test("a control message of CloudWatch is recorded as what it is, and has no id", () => {
  const [only = assert.fail()] = itemsOf(
    aws,
    JSON.stringify({
      records: [
        logBatch(
          [{ id: "", timestamp: 1_795_763_652_557, message: "CWL CONTROL MESSAGE: Checking health of destination" }],
          {
            messageType: "CONTROL_MESSAGE",
            owner: "CloudwatchLogs",
          },
        ),
      ],
    }),
  );
  assert.deepEqual(
    [only.event.action, only.event.id, only.claim, only.notes],
    ["aws.logs.control", undefined, undefined, undefined],
  );
});

test("what is packed and is no gzip, or too much of it, is kept as it came and quarantined, and those beside it are read", () => {
  const good = logBatch([{ id: "1", timestamp: 1_795_763_652_557, message: "said" }]);
  const cut = { data: Buffer.from(good.data, "base64").subarray(0, 30).toString("base64") };
  const bomb = { data: gzipSync(Buffer.alloc(3000, " ")).toString("base64") };
  const inner = { data: gzipSync(JSON.stringify({ records: [bomb] })).toString("base64") };
  const body = utf8(JSON.stringify({ records: [good, cut, bomb, inner, good] }));
  const items = [...aws.items(body, { headers: {}, query: {} }, unpackWithin(1000, 2500))];
  assert.deepEqual(
    items.map(({ notes }) => notes?.[0]),
    [undefined, "encoding_invalid", "encoding_invalid", "encoding_invalid", undefined],
  );
  assert.deepEqual(
    items.slice(1, 4).map(({ raw }) => raw),
    [cut, bomb, bomb].map((each) => JSON.stringify(each)),
  );
  // A thousand times its length is a bomb, and the same length of what is no bomb is not.
  const zeros = gzipSync(Buffer.alloc(4_000_000));
  const words = gzipSync(randomBytes(2_000_000).toString("hex"));
  assert.equal(unpackWithin()(zeros), undefined);
  assert.equal(unpackWithin()(words)?.length, 4_000_000);
  assert.equal(unpackWithin()(gzipSync(Buffer.alloc(1_000_000)))?.length, 1_000_000);
  // One more than the body may hold in all: from there on nothing is unpacked, and nothing is lost.
  const many = utf8(JSON.stringify({ records: [bomb, bomb, bomb, good] }));
  const kept = [...aws.items(many, { headers: {}, query: {} }, unpackWithin(1000, 2500))];
  assert.deepEqual(
    kept.map(({ raw, notes }) => [raw, notes]),
    [bomb, bomb, bomb, good].map((each) => [JSON.stringify(each), ["encoding_invalid"]]),
  );
});

test("whatever comes, every item is an event and nothing is nested without end", () => {
  const packed = { records: [logBatch([{ id: "1", timestamp: 1, message: "x" }])] };
  const bodies = [{ Records: [record()] }, [envelope(record())], envelope(record()), packed].map((body) =>
    JSON.stringify(body),
  );
  assertWhateverComes(aws, bodies);
  let inside = JSON.stringify(record());
  for (let i = 0; i < 12; i++) inside = JSON.stringify({ records: [{ data: Buffer.from(inside).toString("base64") }] });
  assert.equal(eventsOf(inside).length, 1);
  for (const odd of [
    { Records: [] },
    { Records: [null, 1, "x", []] },
    { detail: {} },
    { data: "" },
    { userIdentity: [] },
    [],
  ]) {
    for (const { action } of eventsOf(odd)) assert.match(action, /^aws\./);
  }
});
