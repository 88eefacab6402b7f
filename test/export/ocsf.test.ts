/**
 * Events as OCSF, held against the published schema of 1.8.0 (test/vectors/ocsf-1.8.0.json): required attributes, types,
 * enumerations, constraints, nothing that the schema does not know, and nothing of an event that is lost.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { activityOf } from "../../src/export/ocsf/activity.ts";
import { isAddress } from "../../src/export/ocsf/address.ts";
import { OCSF_VERSION, toOcsf } from "../../src/export/ocsf/mapping.ts";
import { recordOf } from "./record.ts";

type Attribute = { type: string; requirement: string; list?: true; enum?: number[] };
type Form = { atLeastOne: string[]; attributes: Record<string, Attribute> };
type Class = Form & { name: string; category: { uid: number; name: string }; activities: Record<string, string> };
type Json = Record<string, unknown>;

const SCHEMA = JSON.parse(readFileSync(new URL("../vectors/ocsf-1.8.0.json", import.meta.url), "utf8")) as {
  version: string;
  classes: Record<string, Class>;
  objects: Record<string, Form>;
};

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string_t: (value) => typeof value === "string",
  integer_t: Number.isSafeInteger,
  long_t: Number.isSafeInteger,
  timestamp_t: Number.isSafeInteger,
  boolean_t: (value) => typeof value === "boolean",
  ip_t: (value) => typeof value === "string" && isAddress(value),
  resource_uid_t: (value) => typeof value === "string",
  username_t: (value) => typeof value === "string",
  object: (value) => typeof value === "object" && value !== null,
};

/** What an object has that its form does not allow, or lacks. */
function faults(value: Json, { attributes, atLeastOne }: Form, path: string): string[] {
  const found: string[] = [];
  for (const [name, { requirement }] of Object.entries(attributes)) {
    if (requirement === "required" && value[name] === undefined) found.push(`${path}.${name} is missing`);
  }
  if (atLeastOne.length > 0 && !atLeastOne.some((name) => value[name] !== undefined)) {
    found.push(`${path} has none of ${atLeastOne.join(", ")}`);
  }
  for (const [name, each] of Object.entries(value)) {
    const attribute = attributes[name];
    if (attribute === undefined) found.push(`${path}.${name} is unknown`);
    else found.push(...valueFaults(each, attribute, `${path}.${name}`));
  }
  return found;
}

function valueFaults(value: unknown, attribute: Attribute, path: string): string[] {
  const { type, list, enum: values } = attribute;
  if (list === true) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each, i) => valueFaults(each, { type, requirement: "optional" }, `${path}.${i}`));
  }
  const isType = TYPES[type];
  if (isType !== undefined) {
    if (!isType(value)) return [`${path} is no ${type}: ${JSON.stringify(value)}`];
    const isUid = /\.(class|category)_uid$/.test(path);
    return values === undefined || isUid || values.includes(value as number) ? [] : [`${path} is ${value}`];
  }
  const form = SCHEMA.objects[type];
  assert.ok(form, `the vector has no object ${type}, of ${path}`);
  return faults(value as Json, form, path);
}

function check(event: Json, hidden: readonly string[] = []): Json {
  const record = recordOf(event, 7, hidden);
  const mapped = toOcsf(record, "main") as Json;
  const of = SCHEMA.classes[String(mapped.class_uid)];
  assert.ok(of, `class ${mapped.class_uid}`);
  assert.deepEqual(faults(mapped, of, "event"), [], JSON.stringify(mapped));
  assert.equal(mapped.class_name, of.name);
  assert.deepEqual([mapped.category_uid, mapped.category_name], [of.category.uid, of.category.name]);
  assert.equal(mapped.type_uid, (mapped.class_uid as number) * 100 + (mapped.activity_id as number));
  const caption = of.activities[String(mapped.activity_id)];
  if (caption !== undefined) assert.equal(mapped.activity_name, caption);
  else assert.equal(mapped.activity_id, 99);
  // What OCSF has a word of its own for is told in that.
  const text = JSON.stringify(mapped).toLowerCase();
  for (const leaf of leavesOf(record.event)) assert.ok(text.includes(leaf.toLowerCase()), `${leaf} is lost in ${text}`);
  return mapped;
}

/** Every text and number of an event, as JSON has it; what OCSF says as a code of its own is left out. */
function leavesOf(value: unknown, path = ""): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, each]) => leavesOf(each, `${path}/${name}`));
  }
  return value === "" || value === null || path.startsWith("/_raw") ? [] : [JSON.stringify(value)];
}

const WHOLE: Json = {
  action: "invoice.payment.refund",
  time: "2026-11-20T10:31:07.250+01:00",
  actor: {
    type: "agent",
    id: "assistant",
    attrs: { model: "m1" },
    on_behalf_of: { type: "user", id: "u1", name: "Ada" },
  },
  targets: [
    { type: "invoice", id: "inv-7", name: "July" },
    { type: "customer", id: "c-12", attrs: { tier: 2 } },
    { type: "nameless" },
  ],
  outcome: "denied",
  id: "refund-88f1",
  op: "u",
  tenant: "acme",
  source: "billing",
  context: {
    ip: "203.0.113.7",
    user_agent: "app/2.1",
    request_id: "req-51",
    session: "s-9",
    location: { city: "Ulm" },
  },
  changes: { old: { paid: 120 }, new: { paid: 0 } },
  metadata: { reason: "duplicate", tags: ["vip", { queue: 3 }] },
  message: "refunded",
  intent: "i-1",
  result_of: "i-0",
  class: "internal",
  shift: "night",
  _raw: { any: ["thing", 1] },
  _source: { key: "0123456789abcdef", format: "native", source: "crm" },
};

test("the version that is told is the one that is held against", () => {
  assert.equal(OCSF_VERSION, SCHEMA.version);
});

test("a whole event is API Activity, says what OCSF knows, and keeps the rest unmapped", () => {
  const mapped = check(WHOLE);
  assert.deepEqual(
    [mapped.class_uid, mapped.activity_id, mapped.status_id, mapped.status_code, mapped.severity_id, mapped.time],
    [6003, 3, 2, "denied", 2, Date.parse("2026-11-20T09:31:07.250Z")],
  );
  assert.deepEqual(mapped.api, { operation: "invoice.payment.refund", service: { name: "billing" } });
  assert.deepEqual(mapped.src_endpoint, { ip: "203.0.113.7" });
  const { holdfast } = mapped.unmapped as { holdfast: unknown };
  assert.deepEqual(holdfast, { index: 7, leafHash: recordOf(WHOLE).leafHash });
  assert.equal(mapped.raw_data, '{"any":["thing",1]}');
});

test("classes and activities follow the words of an action, its op and its targets", () => {
  const cases: readonly (readonly [
    action: string,
    op: unknown,
    onAccount: boolean,
    expected: readonly [number, number],
  ])[] = [
    ["user.login", undefined, false, [3002, 1]],
    ["session:SignIn", undefined, true, [3002, 1]],
    ["auth.log-out", undefined, false, [3002, 2]],
    ["ConsoleLogin", undefined, false, [3002, 1]],
    ["iam:CreateUser", undefined, false, [3001, 1]],
    ["user.password.reset", "u", true, [3001, 4]],
    ["user.password.changed", undefined, false, [3001, 3]],
    ["account.disable", undefined, false, [3001, 5]],
    ["mfa.enabled", undefined, false, [3001, 10]],
    ["user.unlock", undefined, false, [3001, 12]],
    ["user.lock", undefined, false, [3001, 9]],
    ["user.role.assign", undefined, false, [3001, 7]],
    ["delete", undefined, true, [3001, 6]],
    ["delete", undefined, false, [6003, 4]],
    ["user.list", undefined, false, [6003, 2]],
    ["k8s.pods.get", undefined, false, [6003, 2]],
    ["k8s.pods.exec", "c", false, [6003, 1]],
    ["k8s.pods.exec", "x", false, [6003, 99]],
    ["order.paid", undefined, false, [6003, 99]],
    ["", undefined, false, [6003, 99]],
  ];
  for (const [action, op, onAccount, expected] of cases) {
    const { of, id } = activityOf(action, op, onAccount);
    assert.deepEqual([of.uid, id], expected, action);
    check({ action, op: op ?? "r", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } });
  }
});

test("any event is OCSF of the published form, also a quarantined one or one with members withheld", () => {
  const word = fc.constantFrom(
    "user",
    "login",
    "logout",
    "account",
    "password",
    "create",
    "delete",
    "role",
    "assign",
    "order",
    "x",
  );
  const party = fc.record(
    {
      type: fc.constantFrom("user", "system", "service_account", "order", ""),
      id: fc.string(),
      name: fc.string(),
      attrs: fc.object(),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const odd = fc.oneof(fc.jsonValue(), fc.string());
  const known = fc.record(
    {
      action: fc.oneof(
        fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(".")),
        odd,
      ),
      time: fc.oneof(fc.constant("2016-12-31T23:59:60Z"), odd),
      actor: fc.oneof(party, odd),
      targets: fc.oneof(fc.array(fc.oneof(party, odd), { maxLength: 3 }), odd),
      outcome: fc.oneof(fc.constantFrom("success", "failure", "denied", "unknown"), odd),
      op: odd,
      context: fc.oneof(fc.record({ ip: fc.oneof(fc.ipV4(), fc.ipV6(), odd), session: odd, request_id: odd }), odd),
      _raw: odd,
      _source: fc.oneof(fc.record({ source: odd, format: odd }), odd),
      source: odd,
      message: odd,
      id: odd,
      tenant: odd,
      own: odd,
    },
    { requiredKeys: ["action"], noNullPrototype: true },
  );
  fc.assert(
    fc.property(known, fc.subarray(["action", "actor", "targets", "time"]), (event, hidden) => {
      const plain = JSON.parse(JSON.stringify(event)) as Json;
      if (JSON.stringify(plain).includes("__proto__")) return;
      check(plain, hidden);
    }),
    { numRuns: 300, seed: 12 },
  );
});
