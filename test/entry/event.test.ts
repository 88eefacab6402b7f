/** The schema of an event: what is let through as it is, and how every refusal reads. */

import assert from "node:assert/strict";
import test from "node:test";
import { checkEvent, EVENT_LIMITS } from "../../src/entry/event.ts";
import { EventError } from "../../src/entry/event-error.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { eventJsonSchema } from "../../src/entry/schema.ts";
import { canonicalJson } from "../../src/json/canonical.ts";

const smallest = { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } };
const fullest = {
  ...smallest,
  id: "req-1",
  observed_at: "2026-11-20T10:30:00.5+01:00",
  op: "x",
  outcome: "denied",
  targets: [{ type: "invoice", id: "inv-7", name: "July", attrs: { total: 12.5 }, more: null }],
  actor: {
    type: "agent",
    id: "assistant",
    name: "Assistant",
    on_behalf_of: { type: "user", id: "u1", name: "Ada" },
    attrs: { model: ["a", 1] },
  },
  context: {
    ip: "203.0.113.7",
    user_agent: "x",
    session: "s",
    request_id: "r",
    trace_id: "t",
    location: { city: "Bern" },
  },
  source: "billing",
  tenant: "acme",
  message: "",
  changes: { old: null, new: [1] },
  metadata: { a: "x", b: 1, c: false },
  schema: "billing@2",
  class: "confidential",
  anything: [{ at: "all" }],
  intent: "rotate-7",
  result_of: "rotate-6",
  authority: { type: "change", id: "CHG-1" },
};

/** Asserts how an event is refused: with which code, where, and in which words. */
function refuses(event: unknown, code: string, path: string, message: string): void {
  assert.throws(
    () => checkEvent(event),
    (error: EventError) => {
      assert.ok(error instanceof EventError, String(error));
      assert.deepEqual([error.code, error.path, error.message], [code, path, message]);
      return true;
    },
  );
}

test("an event of three members is enough, and one with all of them is fine", () => {
  assert.equal(checkEvent(smallest), smallest);
  assert.equal(checkEvent(fullest), fullest);
});

test("an event is given back as it came: nothing filled in, changed or dropped", () => {
  const before = structuredClone(fullest);
  assert.deepEqual(checkEvent(fullest), before);
  assert.deepEqual(Object.keys(checkEvent(smallest)), ["action", "time", "actor"]);
});

test("each of the three required members is asked for", () => {
  const message = (name: string, type: string) => `expected ${type} at /${name}, got nothing`;
  for (const name of ["action", "time", "actor"] as const) {
    const { [name]: _, ...rest } = smallest;
    refuses(rest, "event_invalid", `/${name}`, message(name, name === "actor" ? "an object" : "a string"));
  }
});

test("what is no object is no event", () => {
  refuses(null, "event_invalid", "", "expected an event, a JSON object, got null");
  refuses([smallest], "event_invalid", "", "expected an event, a JSON object, got an array of 1");
  refuses("x", "event_invalid", "", 'expected an event, a JSON object, got "x"');
  refuses(7, "event_invalid", "", "expected an event, a JSON object, got 7");
  refuses(undefined, "event_invalid", "", "expected an event, a JSON object, got nothing");
});

test("an action is any text that a line can show", () => {
  const good = [
    "login",
    "a.b.c",
    "com.github.push",
    "k8s.apps.deployments/scale.patch",
    "iam:CreateUser",
    "A-1_b",
    "User logged in",
    "GET /v1/orders/{id}",
    "rôle.créé",
    "ユーザー.削除",
    "a, b",
    "s3:*",
    "invoice paid (€)",
    ".",
    "a..b",
  ];
  for (const action of good) checkEvent({ ...smallest, action });
  for (const action of [" ", "\u3000", "a\n", "a\tb", "\0", "a\u0085b", "a\u2028b"]) {
    const rule = "a text such as user.login, without control characters";
    refuses(
      { ...smallest, action },
      "event_invalid",
      "/action",
      `expected ${rule} at /action, got ${JSON.stringify(action)}`,
    );
  }
  refuses(
    { ...smallest, action: "" },
    "event_invalid",
    "/action",
    'expected a text that is not empty at /action, got ""',
  );
  const long = "a".repeat(257);
  const got = `"${"a".repeat(57)}..."`;
  refuses(
    { ...smallest, action: long },
    "event_invalid",
    "/action",
    `expected at most 256 characters at /action, got ${got}`,
  );
});

test("a time is RFC 3339, of a day that exists", () => {
  const good = [
    "2024-02-29T23:59:60Z",
    "2000-02-29T00:00:00-00:00",
    "2026-12-31t23:59:59.123456789z",
    "0001-01-01T00:00:00+23:59",
    "2026-04-30T00:00:00Z",
  ];
  for (const time of good) checkEvent({ ...smallest, time, observed_at: time });
  const bad = [
    "2026-11-20",
    "2026-11-20T09:30Z",
    "2026-11-20T09:30:00",
    "2026-11-20 09:30:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T09:60:00Z",
    "2026-11-20T09:30:61Z",
    "2026-11-20T09:30:00.Z",
    "2026-11-20T09:30:00+24:00",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-11-00T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-11-20T09:30:00Z\n",
    "",
    "now",
  ];
  for (const time of bad) {
    const rule = "an RFC 3339 date and time such as 2026-11-20T09:30:00Z";
    refuses({ ...smallest, time }, "event_invalid", "/time", `expected ${rule} at /time, got ${JSON.stringify(time)}`);
  }
  refuses({ ...smallest, time: 1_790_000_000 }, "event_invalid", "/time", "expected a string at /time, got 1790000000");
});

test("an actor has a type, which may be a word of the sender's own, and an identifier", () => {
  for (const type of ["user", "service", "system", "agent", "anonymous", "bot", "ServiceAccount", "API key", "顧客"]) {
    checkEvent({ ...smallest, actor: { type, id: "x" } });
  }
  const actor = (value: unknown) => ({ ...smallest, actor: value });
  refuses(actor({ id: "x" }), "event_invalid", "/actor/type", "expected a string at /actor/type, got nothing");
  refuses(
    actor({ type: "", id: "x" }),
    "event_invalid",
    "/actor/type",
    'expected a text that is not empty at /actor/type, got ""',
  );
  refuses(actor({ type: "user" }), "event_invalid", "/actor/id", "expected a string at /actor/id, got nothing");
  refuses(
    actor({ type: "user", id: "" }),
    "event_invalid",
    "/actor/id",
    'expected a text that is not empty at /actor/id, got ""',
  );
  refuses(actor({ type: "user", id: 7 }), "event_invalid", "/actor/id", "expected a string at /actor/id, got 7");
  refuses(actor("ada"), "event_invalid", "/actor", 'expected an object at /actor, got "ada"');
  const behalf = actor({ type: "agent", id: "a", on_behalf_of: { type: "agent" } });
  refuses(
    behalf,
    "event_invalid",
    "/actor/on_behalf_of/id",
    "expected a string at /actor/on_behalf_of/id, got nothing",
  );
});

test("the optional members have the types that the schema says", () => {
  const cases: readonly (readonly [member: string, value: unknown, path: string, expected: string, got: string])[] = [
    ["outcome", "ok", "/outcome", "one of success, failure, denied, unknown", '"ok"'],
    ["op", "create", "/op", "one of c, r, u, d, x", '"create"'],
    ["id", 7, "/id", "a string", "7"],
    ["id", "", "/id", "a text that is not empty", '""'],
    ["targets", {}, "/targets", "an array", "an object"],
    ["targets", [{ type: "a", id: "b" }, { type: "a" }], "/targets/1/id", "a string", "nothing"],
    ["targets", [[]], "/targets/0", "an object", "an array of 0"],
    ["context", { ip: 7 }, "/context/ip", "a string", "7"],
    ["context", { location: [] }, "/context/location", "a string or an object", "an array of 0"],
    ["message", null, "/message", "a string", "null"],
    ["tenant", true, "/tenant", "a string", "true"],
    ["observed_at", "later", "/observed_at", "an RFC 3339 date and time such as 2026-11-20T09:30:00Z", '"later"'],
  ];
  for (const [member, value, path, expected, got] of cases) {
    refuses({ ...smallest, [member]: value }, "event_invalid", path, `expected ${expected} at ${path}, got ${got}`);
  }
});

test("metadata and changes may be any JSON value", () => {
  const values = [
    { tags: ["a", { b: [null] }], nested: { deep: { er: 1 } }, none: null },
    [{ field: "a", old: 1 }],
    "x",
    7,
    null,
  ];
  for (const value of values) {
    const event = { ...smallest, metadata: value, changes: value };
    assert.equal(checkEvent(event), event);
  }
});

test("names that begin with _ belong to the service", () => {
  for (const name of ["_", "_raw", "_source", "_anything"]) {
    refuses(
      { ...smallest, [name]: 1 },
      "event_reserved_name",
      `/${name}`,
      `expected no name that begins with _ (the service sets those) at /${name}, got "${name}"`,
    );
  }
  checkEvent({ ...smallest, metadata: { _inside: "is fine" }, a_: 1 });
});

test("an event has at most 64 members, or as many as the limits say", () => {
  const more = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));
  checkEvent({ ...smallest, ...more(61) });
  refuses({ ...smallest, ...more(62) }, "event_too_many_members", "", "expected at most 64 members, got 65");
  assert.throws(() => checkEvent(fullest, { ...EVENT_LIMITS, membersMax: 4 }), { code: "event_too_many_members" });
});

test("the size of an event is that of its canonical text in UTF-8, to the byte", () => {
  const limits = { ...EVENT_LIMITS, bytesMax: 300 };
  const size = (event: object) => Buffer.byteLength(JSON.stringify(event));
  for (const unit of ["x", "é", "€", "😀", "\u0001", '"']) {
    const empty = { ...smallest, message: "" };
    const each = size({ ...smallest, message: unit }) - size(empty);
    const count = Math.floor((300 - size(empty)) / each);
    checkEvent({ ...smallest, message: unit.repeat(count) }, limits);
    assert.throws(
      () => checkEvent({ ...smallest, message: unit.repeat(count + 1) }, limits),
      (error: EventError) => error.code === "event_too_large" && Number(error.got) === size(empty) + each * (count + 1),
      unit,
    );
  }
  const spaced = parseJson(JSON.stringify(smallest, null, 100), EVENT_LIMITS);
  checkEvent(spaced, limits);
});

test("an error never carries a long text of the event", () => {
  assert.throws(
    () => checkEvent({ ...smallest, outcome: "secret ".repeat(1000) }),
    (error: EventError) => error.message.length < 250,
  );
});

test("the published JSON Schema says what is required and what is reserved", () => {
  const schema = eventJsonSchema() as {
    $schema: string;
    required: string[];
    properties: Record<string, { format?: string; enum?: string[] }>;
    propertyNames: { pattern: string };
    additionalProperties?: unknown;
  };
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual(schema.required, ["action", "time", "actor"]);
  assert.equal(schema.properties.time?.format, "date-time");
  assert.deepEqual(schema.properties.outcome?.enum, ["success", "failure", "denied", "unknown"]);
  assert.deepEqual(schema.additionalProperties, {});
  assert.equal(new RegExp(schema.propertyNames.pattern, "u").test("_raw"), false);
  assert.equal(new RegExp(schema.propertyNames.pattern, "u").test("action"), true);
  assert.deepEqual(
    Object.keys(schema.properties).sort(),
    Object.keys({ ...fullest, anything: 1 })
      .filter((n) => n !== "anything")
      .sort(),
  );
});

test("no text that can be read has a canonical text of more than four times its bytes", () => {
  // Numbers are all that can grow; these are the shortest spellings of the longest ones, and 2^53 is the limit.
  const numbers = [
    "9e15",
    "-9e15",
    "1e9",
    "9e0",
    "1e-6",
    "-1e-6",
    "1e-7",
    "9e-7",
    "1.5e-6",
    "12e14",
    "0.1e16",
    "5e-324",
  ];
  for (const text of [...numbers, `"${"\u{1F600}".repeat(9)}"`, '"\\u0001\\n"', `[${numbers.join()}]`]) {
    const bytes = Buffer.byteLength(canonicalJson(parseJson(text, EVENT_LIMITS)));
    assert.ok(bytes <= 4 * Buffer.byteLength(text), `${text} has ${bytes} bytes`);
  }
  assert.equal(canonicalJson(parseJson("9e15", EVENT_LIMITS)).length, 16);
});

test("an event is measured unless its text is so short that it cannot be too large", () => {
  const limits = { ...EVENT_LIMITS, bytesMax: 300 };
  const large = { ...smallest, message: "x".repeat(300) };
  assert.throws(() => checkEvent(large, limits, 76), { code: "event_too_large" });
  const counts = { ...smallest, a: Array.from({ length: 20 }, () => 9e15) };
  const text = JSON.stringify(counts).replaceAll("9000000000000000", "9e15");
  assert.ok(text.length < limits.bytesMax);
  assert.throws(() => checkEvent(parseJson(text, limits), limits, text.length), { code: "event_too_large" });
});
