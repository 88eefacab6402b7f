/** Log records of OpenTelemetry in both encodings: what is read, what it becomes, and what is kept of what cannot be read. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { otlp } from "../../../../src/ingest/formats/otlp/otlp.ts";
import { adaptAll, itemsOf } from "../../deliveries.ts";
import { attribute, double, field, fixed64, integer, request, varint } from "./wire-writer.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };
const NS = 1_795_765_231_855_834_712n;

function oneOf(body: string | Uint8Array, headers: Readonly<Record<string, string>>) {
  const items = itemsOf(otlp, body, headers);
  assert.equal(items.length, 1);
  const [adapted] = adaptAll(otlp, items);
  assert.ok(adapted !== undefined);
  return { ...adapted, item: items[0] as (typeof items)[number] };
}

function jsonRequest(record: object, more: object = {}): string {
  return JSON.stringify({ resourceLogs: [{ ...more, scopeLogs: [{ logRecords: [record] }] }] });
}

const text = (value: string) => ({ stringValue: value });

/** One record, in both encodings. */
const IN_JSON = {
  timeUnixNano: String(NS),
  observedTimeUnixNano: NS,
  severityNumber: 9,
  severityText: "INFO",
  eventName: "user.login",
  body: {
    kvlistValue: {
      values: [
        { key: "big", value: { intValue: "9007199254740993" } },
        { key: "small", value: { intValue: "-1" } },
        { key: "min", value: { intValue: "-9223372036854775808" } },
        { key: "number", value: { intValue: 7 } },
        { key: "yes", value: { boolValue: true } },
        { key: "half", value: { doubleValue: 0.5 } },
        { key: "none", value: { doubleValue: "NaN" } },
        { key: "nothing", value: {} },
        { key: "bytes", value: { bytesValue: "//79" } },
        { key: "list", value: { arrayValue: { values: [text("a"), { kvlistValue: { values: [] } }] } } },
      ],
    },
  },
  attributes: [{ key: "user.id", value: text("alice") }],
  droppedAttributesCount: 3,
  flags: 1,
  traceId: "0102030405060708090A0B0C0D0E0F01",
  spanId: "AQIDBAUGBwE=",
};
const IN_PROTOBUF = Buffer.concat([
  fixed64(1, NS),
  fixed64(11, NS),
  integer(2, 9),
  field(3, "INFO"),
  field(12, "user.login"),
  field(
    5,
    field(
      6,
      attribute(1, "big", integer(3, 9_007_199_254_740_993n)),
      attribute(1, "small", integer(3, -1)),
      attribute(1, "min", integer(3, -9_223_372_036_854_775_808n)),
      attribute(1, "number", integer(3, 7)),
      attribute(1, "yes", integer(2, 1)),
      attribute(1, "half", double(4, 0.5)),
      attribute(1, "none", double(4, Number.NaN)),
      attribute(1, "nothing", Buffer.alloc(0)),
      attribute(1, "bytes", field(7, Buffer.from([0xff, 0xfe, 0xfd]))),
      attribute(1, "list", field(5, field(1, field(1, "a")), field(1, field(6)))),
    ),
  ),
  attribute(6, "user.id", field(1, "alice")),
  integer(7, 3),
  Buffer.concat([varint(8 * 8 + 5), Buffer.from([1, 0, 0, 0])]),
  field(9, Buffer.from("0102030405060708090a0b0c0d0e0f01", "hex")),
  field(10, Buffer.from("0102030405060701", "hex")),
]);

test("a record becomes the same event from both encodings, every kind of value exact", () => {
  const expected = {
    action: "user.login",
    time: "2026-11-27T07:40:31.855834712Z",
    actor: { type: "user", id: "alice" },
    context: { trace_id: "0102030405060708090a0b0c0d0e0f01" },
    metadata: {
      attributes: { "user.id": "alice" },
      body: {
        big: "9007199254740993",
        small: -1,
        min: "-9223372036854775808",
        number: 7,
        yes: true,
        half: 0.5,
        none: "NaN",
        nothing: null,
        bytes: { base64: "//79" },
        list: ["a", {}],
      },
      severity: "INFO",
      severity_number: 9,
      flags: 1,
      span_id: "0102030405060701",
      dropped_attributes_count: 3,
    },
  };
  // JSON.stringify knows no integers of 64 bits; some senders have them as numbers.
  const json = jsonRequest({ ...IN_JSON, observedTimeUnixNano: "NS" }).replace('"NS"', String(NS));
  const fromJson = oneOf(json, JSON_TYPE);
  const fromProtobuf = oneOf(request([IN_PROTOBUF]), PROTOBUF);
  assert.deepEqual(fromJson.event, expected);
  assert.deepEqual(fromProtobuf.event, expected);
  assert.deepEqual([fromJson.notes, fromProtobuf.notes], [[], []]);
});

test("what is kept of a record is exactly its text, or its bytes, wherever it stood", () => {
  const first = '{ "body" : {"stringValue":"\\u0041, ]}{"}, "attributes" : [ ] }';
  const second = '{"timeUnixNano":1795765231855834712 }';
  const body = `\ufeff { "x": [1, {"resourceLogs": 3}], "resourceLogs":[ {"scopeLogs":[ {"logRecords":[${first}\n,${second}]}, null ], "resource": {}}, {}, null ] }\n`;
  assert.deepEqual(
    itemsOf(otlp, body, JSON_TYPE).map(({ raw }) => raw),
    [first, second],
  );
  const records = [IN_PROTOBUF, field(5, field(1, "hello")), Buffer.alloc(0)];
  assert.deepEqual(
    itemsOf(otlp, request(records), PROTOBUF).map(({ raw }) => Buffer.from(raw as Uint8Array)),
    records,
  );
});

test("a body is read in the encoding that it has, whatever its content type says", () => {
  const json = jsonRequest({ eventName: "a.b" });
  const protobuf = request([field(12, "a.b")]);
  // A line end in front of JSON is also the beginning of a field of protobuf, here of one as long as what follows.
  const ambiguous = `\n${jsonRequest({ eventName: "a.b" })}`;
  for (const type of ["application/json; charset=utf-8", "application/x-protobuf", "text/plain", undefined]) {
    const headers = type === undefined ? {} : { "content-type": type };
    for (const body of [json, protobuf, ambiguous]) {
      assert.equal(oneOf(body, headers).event.action, "a.b", `${type} ${body}`);
    }
  }
  assert.equal(ambiguous.charCodeAt(0), 0x0a);
});

test("a request without records is none, and what is no request is kept whole and quarantined", () => {
  for (const [body, headers] of [
    ["", PROTOBUF],
    ["", JSON_TYPE],
    ["{}", JSON_TYPE],
    ['{"resourceLogs":[]}', JSON_TYPE],
    ['{"resourceLogs":null}', JSON_TYPE],
    ['{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[]}]}]}', JSON_TYPE],
    [field(1), PROTOBUF],
    [field(1, field(2)), PROTOBUF],
  ] as const) {
    assert.deepEqual(itemsOf(otlp, body, headers), [], String(body));
  }
  const whole = request([IN_PROTOBUF, IN_PROTOBUF]);
  for (const [body, headers] of [
    [whole.subarray(0, whole.length - 1), PROTOBUF],
    [whole.subarray(0, whole.length / 2), PROTOBUF],
    [Buffer.concat([whole, Buffer.from([0x0a])]), PROTOBUF],
    // Fields of another message; and an array, which is none.
    [field(2, "x"), PROTOBUF],
    ["[]", JSON_TYPE],
    ['{"resourceSpans":[]}', JSON_TYPE],
    ['{"resource_logs":[]}', JSON_TYPE],
    [jsonRequest(IN_JSON_PLAIN).slice(0, -1), JSON_TYPE],
    ['{"resourceLogs":"x"}', JSON_TYPE],
    ['{"resourceLogs":[{"resource":5,"scopeLogs":[]}]}', JSON_TYPE],
    ["no JSON", JSON_TYPE],
  ] as const) {
    const { item, notes } = oneOf(body, headers);
    assert.deepEqual(Buffer.from(item.raw as Uint8Array), Buffer.from(body as Uint8Array));
    assert.ok(notes.includes("text_unreadable"), String(body));
  }
});
const IN_JSON_PLAIN = { ...IN_JSON, observedTimeUnixNano: String(NS) };

test("a record that cannot be read is quarantined alone, those beside it are read", () => {
  const broken = Buffer.concat([field(12, "x"), Buffer.from([0x0a, 0x7f])]);
  let deep = field(1, "deepest");
  for (let i = 0; i < 5000; i++) deep = field(5, field(1, deep));
  const items = itemsOf(otlp, request([IN_PROTOBUF, broken, field(5, deep), IN_PROTOBUF]), PROTOBUF);
  assert.deepEqual(
    adaptAll(otlp, items).map(({ event, notes }) => [event.action, notes.includes("text_unreadable")]),
    [
      ["user.login", false],
      ["otlp.item", true],
      ["otlp.item", true],
      ["user.login", false],
    ],
  );
  assert.deepEqual(Buffer.from(items[1]?.raw as Uint8Array), broken);
  const inJson = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"a.b"},7,{bad}]}]}]}';
  assert.deepEqual(
    adaptAll(otlp, itemsOf(otlp, inJson, JSON_TYPE)).map(({ event }) => event.action),
    ["a.b", "otlp.item", "otlp.item"],
  );
});

test("what is unknown is gone over: fields, groups, other wire types of known fields, members", () => {
  const unknown = Buffer.concat([integer(99, 5), field(100, "x"), fixed64(101, 1n), Buffer.from([0x6d, 1, 2, 3, 4])]);
  const group = Buffer.concat([varint(8 * 50 + 3), unknown, varint(8 * 50 + 4)]);
  const record = Buffer.concat([unknown, group, integer(12, 4), field(1, "no time"), IN_PROTOBUF]);
  assert.deepEqual(oneOf(request([record]), PROTOBUF).event, oneOf(request([IN_PROTOBUF]), PROTOBUF).event);
  const more = { ...IN_JSON_PLAIN, whatever: { a: [1] }, body: { ...IN_JSON.body, "\u{1f600}": 1 } };
  assert.deepEqual(oneOf(jsonRequest(more), JSON_TYPE).event, oneOf(jsonRequest(IN_JSON_PLAIN), JSON_TYPE).event);
});

test("the attributes of the audit draft say who did what to what, and how it ended", () => {
  const audit = {
    "audit.record.id": "r-1",
    "audit.actor.id": "alice",
    "audit.actor.type": "user",
    "audit.action": "DELETE",
    "audit.outcome": "FAILURE",
    "audit.target.id": "doc-7",
    "audit.target.type": "document",
    "audit.source.id": "billing",
    "audit.schema.version": "1.0.0",
    "client.address": "192.0.2.7",
    "session.id": "s-1",
    "user_agent.original": "curl/8",
  };
  const attributes = Object.entries(audit).map(([key, value]) => ({ key, value: text(value) }));
  const record = { eventName: "document.deleted", observedTimeUnixNano: "1795765231000000000", attributes };
  const { event } = oneOf(jsonRequest(record), JSON_TYPE);
  assert.deepEqual(event, {
    id: "r-1",
    action: "document.deleted",
    time: "2026-11-27T07:40:31Z",
    actor: { type: "user", id: "alice" },
    op: "d",
    outcome: "failure",
    targets: [{ type: "document", id: "doc-7" }],
    source: "billing",
    schema: "opentelemetry.audit@1.0.0",
    context: { ip: "192.0.2.7", user_agent: "curl/8", session: "s-1" },
    metadata: { attributes: audit },
  });
});

test("who acts is the user, or else the service; a record without any time gets that of its receipt", () => {
  const resource = { resource: { attributes: [{ key: "service.name", value: text("payments-api") }] } };
  const record = { body: text("started"), traceId: "0".repeat(32), spanId: "zz", timeUnixNano: "0" };
  const { event, notes, item } = oneOf(jsonRequest(record, resource), JSON_TYPE);
  assert.deepEqual(event, {
    action: "log.record",
    time: "2030-01-01T00:00:00.000Z",
    actor: { type: "service", id: "payments-api" },
    message: "started",
    metadata: {},
  });
  assert.deepEqual(notes, ["time_of_receipt"]);
  assert.deepEqual(item.source, { resource: { "service.name": "payments-api" } });
});

test("a body that is an object says what its attributes leave open, by the names that other log records have", () => {
  const said = {
    action: "secret.read",
    outcome: "denied",
    actor: { type: "agent", id: "bot-1" },
    targets: [{ type: "secret", id: "db" }],
    message: "refused",
  };
  const wrap = (value: unknown): object => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return { arrayValue: { values: value.map(wrap) } };
    const values = Object.entries(value as object).map(([key, each]) => ({ key, value: wrap(each) }));
    return { kvlistValue: { values } };
  };
  const { event } = oneOf(jsonRequest({ timeUnixNano: String(NS), body: wrap(said) }), JSON_TYPE);
  const { metadata, time, ...rest } = event;
  assert.deepEqual(rest, said);
  assert.deepEqual(metadata, { body: said });
  const attributes = [
    { key: "user.id", value: text("alice") },
    { key: "audit.outcome", value: text("success") },
  ];
  const named = oneOf(jsonRequest({ eventName: "a.b", body: wrap(said), attributes }), JSON_TYPE).event;
  assert.deepEqual([named.action, named.actor, named.outcome], ["a.b", { type: "user", id: "alice" }, "success"]);
  assert.equal(
    oneOf(jsonRequest({ eventName: "two\nlines", body: wrap(said) }), JSON_TYPE).event.action,
    "secret.read",
  );
});

test("a resource that is too large to go with each of its records is an event in front of them", () => {
  const value = "x".repeat(10_000);
  const resource = {
    attributes: [
      { key: "service.name", value: text("big") },
      { key: "k", value: text(value) },
    ],
  };
  const body = JSON.stringify({
    resourceLogs: [{ resource, scopeLogs: [{ logRecords: [{ eventName: "a" }, { eventName: "b" }] }] }],
  });
  const items = itemsOf(otlp, body, JSON_TYPE);
  assert.deepEqual(
    adaptAll(otlp, items).map(({ event }) => [event.action, event.actor.id]),
    [
      ["otel.resource", "big"],
      ["a", "big"],
      ["b", "big"],
    ],
  );
  assert.equal(items[0]?.raw, JSON.stringify(resource));
  assert.ok(JSON.stringify(items[1]?.source).length < 100);
  const inProtobuf = itemsOf(otlp, request([IN_PROTOBUF], attribute(1, "k", field(1, value))), PROTOBUF);
  assert.deepEqual(inProtobuf.length, 2);
});

test("names that objects have by themselves are names like others", () => {
  const attributes = ["__proto__", "constructor", "toString"].map((key) => ({ key, value: text("x") }));
  const { event } = oneOf(jsonRequest({ attributes }), JSON_TYPE);
  assert.deepEqual(Object.keys((event.metadata as { attributes: object }).attributes), ["constructor", "toString"]);
  const pairs = Buffer.concat([attribute(6, "__proto__", field(1, "x")), attribute(6, "toString", field(1, "x"))]);
  const fromProtobuf = oneOf(request([pairs]), PROTOBUF).event.metadata as { attributes: object };
  assert.deepEqual(Object.keys(fromProtobuf.attributes), ["toString"]);
});

test("whatever comes, nothing is thrown, and every item is an event", () => {
  const bodies = [
    request([IN_PROTOBUF, IN_PROTOBUF], attribute(1, "service.name", field(1, "x"))),
    Buffer.from(jsonRequest(IN_JSON_PLAIN, { resource: { attributes: [{ key: "a", value: text("b") }] } })),
    Buffer.from("{".repeat(200)),
    Buffer.from('{"resourceLogs":'.repeat(50)),
    Buffer.from("0a0a".repeat(60), "hex"),
  ];
  const change = fc.tuple(fc.nat(), fc.constantFrom("cut", "set", "drop", "twice"), fc.nat(255));
  const mutated = fc.tuple(fc.constantFrom(...bodies), fc.array(change, { maxLength: 6 })).map(([body, changes]) => {
    let bytes = Buffer.from(body);
    for (const [place, what, value] of changes) {
      const at = bytes.length === 0 ? 0 : place % bytes.length;
      if (what === "cut") bytes = bytes.subarray(0, at);
      else if (what === "set" && bytes.length > 0) bytes[at] = value;
      else if (what === "drop") bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(at / 2))]);
    }
    return bytes;
  });
  const any = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((json) => Buffer.from(json)),
  );
  fc.assert(
    fc.property(any, fc.constantFrom(PROTOBUF, JSON_TYPE), (body, headers) => {
      const items = itemsOf(otlp, body, headers);
      assert.ok(items.length <= body.length);
      for (const { event } of adaptAll(otlp, items)) assert.equal(typeof event.action, "string");
    }),
    { seed: 140, numRuns: 2000 },
  );
});
