/** CloudEvents in all modes: what is read, what it becomes, and what is kept of what is none. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { cloudevents } from "../../../src/ingest/formats/cloudevents/cloudevents.ts";
import { adaptAll, itemsOf } from "../deliveries.ts";

const STRUCTURED = { "content-type": "application/cloudevents+json; charset=utf-8" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };
const REQUIRED = { specversion: "1.0", id: "1", source: "/payments", type: "com.example.user.login" };
const CE = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "/payments",
  "ce-type": "com.example.user.login",
  "content-type": "application/json",
};

function oneOf(body: string | Uint8Array, headers: Readonly<Record<string, string>>) {
  const items = itemsOf(cloudevents, body, headers);
  assert.equal(items.length, 1, JSON.stringify(items));
  const [adapted] = adaptAll(cloudevents, items);
  assert.ok(adapted !== undefined);
  return { ...adapted, item: items[0] as (typeof items)[number] };
}

function isQuarantined({ notes }: { readonly notes: readonly string[] }): boolean {
  return notes.includes("text_unreadable");
}

const EXTENDED = {
  ...REQUIRED,
  time: "2026-11-27T07:41:22.299083712Z",
  subject: "doc-7",
  dataschema: "https://example.com/login@2",
  authtype: "service_account",
  authid: "robot@example.com",
  recordedtime: "2026-11-27T07:41:23Z",
  sequence: "41",
  partitionkey: "p",
  traceparent: "00-0102030405060708090a0b0c0d0e0f01-0102030405060701-01",
  dataclassification: "confidential",
};
const EVENT = {
  id: "1",
  action: "com.example.user.login",
  time: "2026-11-27T07:41:22.299083712Z",
  observed_at: "2026-11-27T07:41:23Z",
  actor: { type: "service", id: "robot@example.com" },
  targets: [{ type: "subject", id: "doc-7" }],
  context: { trace_id: "0102030405060708090a0b0c0d0e0f01" },
  source: "/payments",
  message: "hello",
  schema: "https://example.com/login@2",
  class: "confidential",
};
const EXTENSIONS = {
  sequence: "41",
  partitionkey: "p",
  traceparent: "00-0102030405060708090a0b0c0d0e0f01-0102030405060701-01",
};

test("attributes and extensions become the same event in every mode", () => {
  const data = { message: "hello", n: 1 };
  const metadata = { source: "/payments", datacontenttype: "application/json", extensions: EXTENSIONS, data };
  const text = JSON.stringify({ ...EXTENDED, datacontenttype: "application/json", data });
  for (const [body, headers] of [
    [text, STRUCTURED],
    [`[${text}]`, BATCH],
    [text, { "content-type": "APPLICATION/CloudEvents+JSON" }],
    [text, {}],
    [text, { "content-type": "application/json" }],
    [`[${text}]`, STRUCTURED],
    [text, { ...CE, ...STRUCTURED }],
  ] as const) {
    const { event, notes, item } = oneOf(body, headers);
    assert.deepEqual(event, { ...EVENT, metadata });
    assert.deepEqual([notes, item.claim, item.raw], [[], '["/payments","1"]', text]);
  }
  const headers: Record<string, string> = { "content-type": "application/json" };
  for (const [name, value] of Object.entries(EXTENDED)) headers[`ce-${name}`] = value;
  const { event, notes, item } = oneOf(JSON.stringify(data), headers);
  assert.deepEqual(event, { ...EVENT, metadata });
  assert.deepEqual([notes, item.claim, item.raw], [[], '["/payments","1"]', JSON.stringify(data)]);
  assert.deepEqual(item.source, { headers }, "the exact texts of the headers are kept");
});

test("values of headers are unquoted, and decoded once", () => {
  const subjectOf = (value: string): unknown => {
    const { event } = oneOf("{}", { ...CE, "ce-subject": value });
    return (event.targets as { id: string }[])[0]?.id;
  };
  for (const [sent, meant] of [
    ["plain", "plain"],
    ['"in quotes"', "in quotes"],
    ['"a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ["100%25 %2541", "100% %41"],
    ["100% sure, %zz", "100% sure, %zz"],
    ['"%22"', '"'],
    // Bytes that were not encoded: UTF-8, and one of ISO 8859-1.
    [Buffer.from("ünï€").toString("latin1"), "ünï€"],
    ["\u00fcber", "über"],
  ] as const) {
    assert.equal(subjectOf(sent), meant, sent);
  }
  for (const ill of ["%C0%A0", "a%FFb", "%ED%A0%80"]) {
    const found = oneOf("{}", { ...CE, "ce-subject": ill });
    assert.ok(isQuarantined(found), ill);
    assert.equal(found.event.action, "com.example.user.login");
  }
});

test("data is what its content type says, and what it is seen to be where none is said", () => {
  const metadataOf = (body: string | Uint8Array, headers: object) => {
    return oneOf(body, { ...CE, ...headers }).event.metadata as Record<string, unknown>;
  };
  const { "content-type": _, ...bare } = CE;
  assert.deepEqual(
    (oneOf('{"user": "alice"}', bare).event.metadata as Record<string, unknown>).data,
    { user: "alice" },
    "as Python's SDK sends it",
  );
  assert.equal((oneOf("hello", bare).event.metadata as Record<string, unknown>).data, "hello");
  assert.deepEqual(metadataOf("[1]", { "content-type": "application/vnd.x+json; charset=utf-8" }).data, [1]);
  assert.equal(metadataOf("[1]", { "content-type": "text/plain" }).data, "[1]");
  assert.equal(metadataOf("{broken", {}).data, "{broken");
  assert.deepEqual(metadataOf(Buffer.from([0xff, 1]), { "content-type": "image/png" }), {
    source: "/payments",
    datacontenttype: "image/png",
    data_bytes: 2,
  });
  assert.equal("data" in metadataOf("", {}), false);
  const inJson = oneOf(JSON.stringify({ ...REQUIRED, data_base64: "AQI=" }), STRUCTURED);
  assert.deepEqual(inJson.event.metadata, { source: "/payments", data_base64: "AQI=" });
  assert.deepEqual(oneOf(JSON.stringify({ ...REQUIRED, data: 0 }), STRUCTURED).event.metadata, {
    source: "/payments",
    data: 0,
  });
});

test("who acts is told by authcontext, else by the data, else it is the source", () => {
  const actorOf = (more: object): unknown => oneOf(JSON.stringify({ ...REQUIRED, ...more }), STRUCTURED).event.actor;
  assert.deepEqual(actorOf({}), { type: "service", id: "/payments" });
  assert.deepEqual(actorOf({ data: { actor: { type: "agent", id: "b" } } }), { type: "agent", id: "b" });
  for (const [authtype, type, id] of [
    ["app_user", "user", "u"],
    ["user", "user", "u"],
    ["api_key", "service", "u"],
    ["system", "system", "u"],
    ["unauthenticated", "anonymous", "u"],
    ["toString", "toString", "u"],
  ] as const) {
    assert.deepEqual(actorOf({ authtype, authid: "u", data: { actor: "x" } }), { type, id }, authtype);
  }
  assert.deepEqual(actorOf({ authtype: "unauthenticated" }), { type: "anonymous", id: "anonymous" });
});

test("events of a batch are items of their own, exact, and what is none of them is quarantined by itself", () => {
  const texts = ["1", "2"].map((id) => JSON.stringify({ ...REQUIRED, id }, undefined, 1));
  const items = itemsOf(cloudevents, `[${texts.join(" ,\n")}, 7, "x"]`, BATCH);
  assert.deepEqual(
    items.map(({ raw, claim }) => [raw, claim]),
    [
      [texts[0], '["/payments","1"]'],
      [texts[1], '["/payments","2"]'],
      ["7", undefined],
      ['"x"', undefined],
    ],
  );
  assert.deepEqual(adaptAll(cloudevents, items).map(isQuarantined), [false, false, true, true]);
  const late = itemsOf(cloudevents, `[7, "x", ${texts[0]}, 8]`, BATCH);
  assert.deepEqual(
    late.map(({ raw }) => raw),
    ["7", '"x"', texts[0], "8"],
  );
  assert.equal(itemsOf(cloudevents, "[7, 8]", BATCH).length, 1);
  for (const empty of ["", "[]", " [] "]) assert.deepEqual(itemsOf(cloudevents, empty, BATCH), []);
});

test("what lacks what every event has, or is in another encoding, is quarantined with what it has", () => {
  for (const missing of ["id", "source", "type", "specversion"] as const) {
    const { [missing]: _, ...rest } = REQUIRED;
    const found = oneOf(JSON.stringify(rest), STRUCTURED);
    assert.ok(isQuarantined(found), missing);
    assert.equal(found.event.action, missing === "type" ? "cloudevents.item" : REQUIRED.type);
    assert.equal(found.item.claim, undefined);
    const { [`ce-${missing}` as const]: __, ...headers } = CE;
    assert.ok(isQuarantined(oneOf("{}", headers)), missing);
  }
  for (const wrong of [{ id: "" }, { source: 5 }, { specversion: "2.0" }, { data: 1, data_base64: "AQ==" }]) {
    assert.ok(isQuarantined(oneOf(JSON.stringify({ ...REQUIRED, ...wrong }), STRUCTURED)), JSON.stringify(wrong));
  }
  const pretty = JSON.stringify(REQUIRED, undefined, 2);
  for (const [body, type] of [
    ["<event/>", "application/cloudevents+xml"],
    [Buffer.from([0xff, 0]), "application/cloudevents+avro"],
    [Buffer.from([0xff, 0]), "application/cloudevents+json"],
    [pretty.slice(0, -3), "application/cloudevents+json"],
    [`[${pretty}`, "application/cloudevents-batch+json"],
    ["hello", "text/plain"],
  ] as const) {
    const found = oneOf(body, { "content-type": type });
    assert.ok(isQuarantined(found), type);
    assert.deepEqual(Buffer.from(found.item.raw as Uint8Array), Buffer.from(body as Uint8Array));
  }
});

test("what cannot stand in its place is in the metadata, and a time that is none leaves that of receipt", () => {
  const type = "x".repeat(300);
  const { event, notes } = oneOf(JSON.stringify({ ...REQUIRED, type, time: "yesterday", subject: null }), STRUCTURED);
  assert.deepEqual(event, {
    id: "1",
    action: "cloudevents.event",
    time: "2030-01-01T00:00:00.000Z",
    actor: { type: "service", id: "/payments" },
    source: "/payments",
    metadata: { source: "/payments", type, time: "yesterday" },
  });
  assert.deepEqual(notes, ["time_of_receipt"]);
});

test("whatever comes, nothing is thrown, and every item is an event", () => {
  const name = fc.constantFrom(...Object.keys(CE), "ce-time", "ce-subject", "ce-authid", "ce-__proto__", "ce-x");
  const value = fc.oneof(
    fc.constantFrom(...Object.values(CE), "%FF", '"', "application/cloudevents+json"),
    fc.string(),
  );
  const leaf = fc.oneof(
    fc.json().map((text) => JSON.parse(text)),
    fc.string({ unit: "binary" }),
    fc.constant(null),
  );
  const event = fc.dictionary(fc.constantFrom(...Object.keys(EXTENDED), "data", "data_base64", "__proto__"), leaf);
  const body = fc.oneof(
    event.map((each) => Buffer.from(JSON.stringify({ ...REQUIRED, ...each }))),
    fc.array(event).map((each) => Buffer.from(JSON.stringify(each))),
    event.map((each) => Buffer.from(JSON.stringify(each)).subarray(0, 40)),
    fc.uint8Array({ maxLength: 100 }),
    fc.constant(Buffer.from("[".repeat(20_000))),
    fc.constant(Buffer.from(`{"data":${"[".repeat(80_000)}`)),
  );
  fc.assert(
    fc.property(body, fc.dictionary(name, value), (bytes, headers) => {
      for (const { event: made } of adaptAll(cloudevents, itemsOf(cloudevents, bytes, headers))) {
        assert.equal(typeof made.action, "string");
      }
    }),
    { seed: 141, numRuns: 1500 },
  );
});
