/** Log records: what libraries and shippers of logs send, byte for byte, and what becomes of it. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { logs } from "../../../src/ingest/formats/logs/logs.ts";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { adaptAll, itemsOf, SOURCE } from "../deliveries.ts";
import { sampleRequest } from "../sample-requests.ts";

function headersOf(name: string): Record<string, string> {
  return Object.fromEntries(sampleRequest(name).headers.map(([header, value]) => [header.toLowerCase(), value]));
}

/** The events of a sample, and how it was taken in. */
function eventsOf(name: string) {
  const { method, path, body } = sampleRequest(name);
  const isQuery = method === "GET";
  const said = isQuery ? utf8(path.slice(path.indexOf("?") + 1)) : body;
  const items = itemsOf(logs, said, headersOf(name), isQuery ? { route: "query" } : {});
  return { items, body, events: adaptAll(logs, items).map(({ event, notes }) => ({ ...event, notes })) };
}

/** The only event of a body. */
function eventOf(body: string, headers: Record<string, string> = {}) {
  const [adapted, another] = adaptAll(logs, itemsOf(logs, body, headers));
  assert.ok(adapted !== undefined && another === undefined, body);
  return { ...adapted.event, notes: adapted.notes };
}

/** Who, when, from where and what, of each sample. */
const SAMPLES: Readonly<
  Record<string, readonly [count: number, actor: object, time: string, source: string | undefined]>
> = {
  "node-pino-http-send-json": [3, { type: "user", id: "alice" }, "2026-11-27T07:41:05.235Z", "vm"],
  "node-pino-http-send-ndjson": [3, { type: "user", id: "alice" }, "2026-11-27T07:41:07.998Z", "vm"],
  "node-winston-http": [1, { type: "user", id: "alice" }, "2026-11-27T07:40:50.552Z", undefined],
  "node-winston-http-batch": [3, { type: "user", id: "alice" }, "2026-11-27T07:40:53.838Z", undefined],
  "java-log4j2-http-ecs": [1, { type: "system", id: "audit" }, "2026-11-27T07:41:23.661Z", "audit"],
  "java-log4j2-http-lines": [1, { type: "system", id: SOURCE }, "2026-11-27T07:41:25.268+00:00", undefined],
  "python-http-get": [1, { type: "system", id: "audit" }, "2026-11-27T07:40:49.8898337Z", "audit"],
  "python-http-post": [1, { type: "system", id: "audit" }, "2026-11-27T07:40:48.655156Z", "audit"],
  "python-http-post-basic": [1, { type: "system", id: "audit" }, "2026-11-27T07:40:49.2744875Z", "audit"],
  "syslog-ng-http-array": [3, { type: "system", id: "vm" }, "2026-11-27T07:41:31+00:00", "payments"],
  "syslog-ng-http-json": [1, { type: "system", id: "vm" }, "2026-11-27T07:41:26+00:00", "payments"],
  "syslog-ng-http-ndjson": [3, { type: "system", id: "vm" }, "2026-11-27T07:41:28+00:00", "payments"],
  "syslog-ng-http-text": [3, { type: "system", id: "vm" }, "2026-11-27T07:41:34+00:00", "payments"],
};

test("every sample is parted into its records, each with who, when and what, and nothing is guessed", () => {
  for (const [name, [count, actor, time, source]] of Object.entries(SAMPLES)) {
    const { events, items, body } = eventsOf(name);
    const [first] = events;
    assert.equal(events.length, count, name);
    assert.deepEqual([first?.actor, first?.time, first?.source], [actor, time, source], name);
    for (const [i, event] of events.entries()) {
      assert.match(event.message ?? "", /user login ok hf-sample\w+-\d user=alice ünïcode$/, name);
      assert.match(event.message ?? "", new RegExp(`-${i} user`), name);
      assert.deepEqual(event.notes, [], name);
      const raw = items[i]?.raw;
      if (name !== "python-http-get")
        assert.ok(typeof raw === "string" && body.includes(raw), `${name}: exactly as it came`);
    }
  }
  const ids = eventsOf("syslog-ng-http-array").events.map(({ id }) => id);
  assert.deepEqual(ids, ["5a0a31cd@0000000000000002", "5a0a31cd@0000000000000003", "5a0a31cd@0000000000000004"]);
  assert.equal(logs.repeats?.({ headers: headersOf("syslog-ng-http-text"), query: {} }), "items");
  assert.equal(logs.repeats?.({ headers: headersOf("node-winston-http"), query: {} }), "requests");
});

test("a shipper's batch is the same records in a list, on lines, and right after one another", () => {
  const records = ['{"date":1795763652.557843,"log":"a"}', '{"date":"2026-11-27T07:14:12.557Z","log":"b"}'];
  for (const body of [`[${records.join(",")}]`, records.join("\n"), `${records.join("\n")}\n`, records.join("")]) {
    const events = adaptAll(logs, itemsOf(logs, body)).map(({ event }) => event);
    assert.deepEqual(
      events.map(({ time, message }) => [time, message]),
      [
        ["2026-11-27T07:14:12.557843Z", "a"],
        ["2026-11-27T07:14:12.557Z", "b"],
      ],
    );
  }
});

test("a record that says who did what is that event; what is not as it is in an event goes to its metadata", () => {
  const whole = {
    action: "invoice.approved",
    time: "2026-11-27T08:00:00Z",
    actor: { type: "user", id: "u1" },
    targets: [{ type: "invoice", id: "i1" }],
    outcome: "success",
    id: "e-1",
    metadata: { a: 1 },
  };
  const { notes, ...event } = eventOf(JSON.stringify(whole));
  assert.deepEqual([event, notes], [whole, []]);
  const odd = eventOf(
    '{"action":"a","actor":"u1","outcome":"great","targets":"i1","_x":1,"time":1795763652557,"metadata":[7]}',
  );
  assert.deepEqual(odd, {
    action: "a",
    actor: { type: "user", id: "u1" },
    time: "2026-11-27T07:14:12.557Z",
    metadata: { metadata: [7], outcome: "great", targets: "i1", _x: 1, time: 1_795_763_652_557 },
    notes: [],
  });
  assert.deepEqual(eventOf('{"action":"a","actor":{"id":7},"time":"yesterday"}').notes, ["time_of_receipt"]);
});

test("the Elastic Common Schema is understood, nested and with dots", () => {
  const dotted = {
    "@timestamp": "2026-11-27T08:00:00.000Z",
    "ecs.version": "8.11.0",
    "event.action": "user-login",
    "event.outcome": "failure",
    "event.id": "e-1",
    "user.name": "alice",
    "source.ip": "192.0.2.7",
    "trace.id": "t-1",
  };
  const nested = {
    "@timestamp": "2026-11-27T08:00:00.000Z",
    ecs: { version: "8.11.0" },
    event: { action: "user-login", outcome: "failure", id: "e-1" },
    user: { name: "alice" },
    source: { ip: "192.0.2.7" },
    trace: { id: "t-1" },
  };
  for (const record of [dotted, nested]) {
    const { id, action, time, actor, outcome, context } = eventOf(JSON.stringify(record));
    assert.deepEqual([id, action, time, outcome], ["e-1", "user-login", "2026-11-27T08:00:00.000Z", "failure"]);
    assert.deepEqual(
      [actor, context],
      [
        { type: "user", id: "alice" },
        { ip: "192.0.2.7", trace_id: "t-1" },
      ],
    );
  }
});

test("records of Auth0, Okta, Teleport and OCSF are known by their form, with their ids", () => {
  const auth0 = {
    log_id: "90020261127",
    data: {
      date: "2026-11-27T08:00:00.000Z",
      type: "fp",
      description: "Wrong email or password.",
      client_id: "c1",
      client_name: "Shop",
      ip: "192.0.2.7",
      user_agent: "curl",
      user_id: "auth0|1",
      user_name: "alice@example.com",
      tenant_name: "shop",
    },
  };
  const okta = {
    uuid: "u-1",
    published: "2026-11-27T08:00:00.000Z",
    eventType: "user.session.start",
    displayMessage: "User login to Okta",
    actor: { id: "00u1", type: "User", alternateId: "alice@example.com", displayName: "Alice" },
    client: { ipAddress: "192.0.2.7", userAgent: { rawUserAgent: "curl" } },
    outcome: { result: "DENY", reason: "policy" },
    target: [{ id: "00a1", type: "AppInstance", displayName: "Shop" }],
  };
  const teleport = {
    event: "user.login",
    code: "T1000W",
    uid: "8ff2",
    time: "2026-11-27T08:00:00.123Z",
    user: "alice",
    success: false,
    cluster_name: "prod",
    "addr.remote": "[2001:db8::7]:4242",
  };
  const ocsf = {
    class_uid: 6003,
    class_name: "API Activity",
    time: 1_795_763_652_557,
    status_id: 1,
    metadata: { uid: "o-1", version: "1.3.0", product: { name: "Cloud" } },
    api: { operation: "CreateUser" },
    actor: { user: { uid: "u1", name: "alice" } },
    src_endpoint: { ip: "192.0.2.7" },
    resources: [{ uid: "arn:1", type: "User" }],
  };
  const rows = [auth0, okta, teleport, ocsf].map((record) => {
    const { id, action, time, actor, outcome, context } = eventOf(JSON.stringify(record));
    return [id, action, time, actor.id, outcome, context?.ip];
  });
  assert.deepEqual(rows, [
    ["90020261127", "auth0.fp", "2026-11-27T08:00:00.000Z", "auth0|1", "failure", "192.0.2.7"],
    ["u-1", "okta.user.session.start", "2026-11-27T08:00:00.000Z", "00u1", "denied", "192.0.2.7"],
    ["8ff2", "teleport.user.login", "2026-11-27T08:00:00.123Z", "alice", "failure", "2001:db8::7"],
    ["o-1", "ocsf.API Activity.CreateUser", "2026-11-27T07:14:12.557Z", "u1", "success", "192.0.2.7"],
  ]);
  const hook = JSON.stringify({ eventType: "com.okta.event_hook", eventId: "h-1", data: { events: [okta, okta] } });
  assert.deepEqual(
    itemsOf(logs, hook).map(({ raw }) => raw),
    [JSON.stringify(okta), JSON.stringify(okta)],
  );
});

test("no id of a record counts that may be that of what it is about, and no time that has no zone", () => {
  for (const body of ['{"id":"user-1","msg":"login failed"}', '{"id":"3acf69a3@0000000000000002","msg":"x"}']) {
    assert.equal(eventOf(body).id, undefined);
  }
  for (const time of ["2026-11-27 08:00:00", "08:00", 12, 1e30, "2026-13-01T00:00:00Z", null, {}]) {
    const { notes, metadata } = eventOf(JSON.stringify({ time, msg: "x" }));
    assert.deepEqual(notes, ["time_of_receipt"]);
    assert.deepEqual((metadata as { time: unknown }).time, time === 1e30 ? "1e+30" : time);
  }
});

test("lines that are no UTF-8 are kept as bytes, and those beside them as texts; a text that is too long as its beginning", () => {
  const body = Buffer.concat([Buffer.from('{"msg":"a"}\n'), Buffer.from([0x66, 0xfc, 0x72]), Buffer.from("\nb\n")]);
  const items = itemsOf(logs, body);
  assert.deepEqual(
    items.map(({ raw, notes }) => [typeof raw === "string" ? raw : [...raw], notes]),
    [
      ['{"msg":"a"}', undefined],
      [[0x66, 0xfc, 0x72], ["text_unreadable"]],
      ["b", undefined],
    ],
  );
  const long = eventOf("😀".repeat(100_000));
  assert.equal(long.message?.length, 16_384);
  assert.deepEqual(long.notes, ["time_of_receipt"]);
});

test("a form is one record, with or without escapes that are none; what is no form is text", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  assert.deepEqual(eventOf("user=alice&msg=a+b%21&x=%zz", headers).metadata, { x: "%zz" });
  assert.equal(eventOf("user=alice&msg=a+b%21", headers).message, "a b!");
  assert.equal(eventOf("user alice logged in, id=7", headers).message, "user alice logged in, id=7");
  assert.equal(eventOf('{"msg":"json"}', headers).message, "json");
  assert.equal(eventOf("msg=no+form").message, "msg=no+form");
});

test("whatever comes, every item is an event, and together they hold all that came", () => {
  const names = Object.keys(SAMPLES).filter((name) => name !== "python-http-get");
  const bodies = names.map((name) => [...sampleRequest(name).body]);
  const mutated = fc
    .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat())
    .map(([body, changes, cut]) => {
      const bytes = Uint8Array.from(body);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, cut % (bytes.length + 1));
    });
  fc.assert(
    fc.property(
      fc.oneof(mutated, fc.uint8Array({ maxLength: 400 })),
      fc.constantFrom("x-form-urlencoded", ""),
      (body, type) => {
        const items = itemsOf(logs, body, { "content-type": type });
        adaptAll(logs, items);
        const kept = items.reduce((sum, { raw }) => sum + (typeof raw === "string" ? utf8(raw) : raw).length, 0);
        assert.ok(kept <= body.length, "no byte is told twice");
        if (body.some((byte) => byte > 0x7f)) assert.ok(items.length > 0);
      },
    ),
    { seed: 20_261_127, numRuns: 400 },
  );
  for (const deep of ["[".repeat(100_000), '{"a":'.repeat(100_000), `${'{"logs":['.repeat(50_000)}`]) {
    assert.deepEqual(
      adaptAll(logs, itemsOf(logs, deep)).map(({ event }) => event.action),
      ["log.line"],
    );
  }
});
