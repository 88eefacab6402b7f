/** What a ledger demands of its events, over the API: schemas, requirements, what is refused, what is quarantined, what is told. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import test, { after, before } from "node:test";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let key: string;
const HEADER = "holdfast-warning";

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "rule-maker");
});
after(() => service.close());

let made = 0;
/** A ledger of its own for each test. */
async function ledger(): Promise<string> {
  made++;
  const name = `rules-${made}`;
  await service.ledgers.create({ name });
  return name;
}

const put = (name: string, schema: string, document: unknown) =>
  ask(service, `PUT /v1/ledgers/${name}/schemas/${schema}`, { key, body: JSON.stringify(document) });
const demand = (name: string, requirements: readonly object[]) =>
  ask(service, `PUT /v1/ledgers/${name}/requirements`, { key, body: { requirements } });
const send = (name: string, body: object | string, type?: string) =>
  ask(service, `POST /v1/ledgers/${name}/events`, { key, body, ...(type !== undefined && { type }) });
const read = async (name: string, index: number): Promise<Record<string, unknown>> => {
  const answer = await ask(service, `GET /v1/ledgers/${name}/events/${index}`, { key });
  return answer.as("StoredEvent").event;
};

const PAYMENT = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  properties: {
    metadata: {
      type: "object",
      required: ["amount"],
      properties: { amount: { type: "integer", minimum: 1 }, currency: { enum: ["EUR", "USD"] } },
      additionalProperties: false,
    },
  },
  required: ["metadata"],
};

test("a schema is put once and read again, with who put it and its digest", async () => {
  const name = await ledger();
  const answer = await put(name, "payment@1", PAYMENT);
  assert.equal(answer.status, 201, answer.text);
  const { digest, isUsed, source, document } = answer.as("EventSchema");
  assert.deepEqual({ isUsed, source, document }, { isUsed: false, source: "rule-maker", document: PAYMENT });
  assert.equal((await put(name, "payment@1", PAYMENT)).status, 200);
  const got = await ask(service, `GET /v1/ledgers/${name}/schemas/payment@1`, { key });
  assert.deepEqual(got.as("EventSchema").document, PAYMENT);
  const list = await ask(service, `GET /v1/ledgers/${name}/schemas`, { key });
  assert.deepEqual(
    list.as("EventSchemas").schemas.map((each) => [each.name, each.digest]),
    [["payment@1", digest]],
  );
  assert.equal(codeOf(await ask(service, `GET /v1/ledgers/${name}/schemas/other@1`, { key })), "404 schema_unknown");
  assert.equal(codeOf(await put(name, "payment", PAYMENT)), "400 parameter_invalid");
});

test("an event that names a schema is held against it; each kind of violation has its place", async () => {
  const name = await ledger();
  await put(name, "payment@1", PAYMENT);
  const named = (metadata: unknown) => event({ schema: "payment@1", metadata });
  const cases: readonly [unknown, string, string, string][] = [
    [{ amount: 0 }, "/metadata/amount", ">= 1", "0"],
    [{ amount: "7" }, "/metadata/amount", "a value of type integer", '"7"'],
    [{}, "/metadata/amount", "a member", "nothing"],
    [{ amount: 1, currency: "GBP" }, "/metadata/currency", 'one of ["EUR","USD"]', '"GBP"'],
    [{ amount: 1, tip: 2 }, "/metadata/tip", "no such member", "2"],
    [7, "/metadata", "a value of type object", "7"],
    [undefined, "/metadata", "a member", "nothing"],
  ];
  for (const [metadata, path, expected, got] of cases) {
    const answer = await send(name, named(metadata));
    assert.equal(codeOf(answer), "400 schema_violated");
    const [error] = answer.as("Problem").errors ?? [];
    assert.deepEqual(error, { path, expected: `${expected} (schema payment@1)`, got });
  }
  assert.equal(service.ledgers.get(name)?.size, 1);
  assert.equal((await send(name, named({ amount: 1 }))).status, 201);
});

test("in an array and in lines the place of the event is told, and nothing of the request is recorded", async () => {
  const name = await ledger();
  await put(name, "payment@1", PAYMENT);
  const good = event({ schema: "payment@1", metadata: { amount: 1 } });
  const bad = event({ schema: "payment@1", metadata: { amount: 0 } });
  const many = Array.from({ length: 400 }, () => good);
  for (const list of [
    [good, bad],
    [...many, bad],
  ]) {
    const at = list.length - 1;
    const inArray = (await send(name, list)).as("Problem");
    assert.deepEqual([inArray.code, inArray.errors?.[0]?.path], ["schema_violated", `/${at}/metadata/amount`]);
    const lines = list.map((each) => JSON.stringify(each)).join("\n");
    const inLines = (await send(name, lines, "application/x-ndjson")).as("Problem");
    assert.deepEqual(
      [inLines.code, inLines.line, inLines.errors?.[0]?.path],
      ["schema_violated", at + 1, "/metadata/amount"],
    );
  }
  assert.equal(service.ledgers.get(name)?.size, 1);
});

test("a schema that the ledger does not have is told, unless the ledger demands one that it has", async () => {
  const name = await ledger();
  const answer = await send(name, event({ schema: "order@7" }));
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get(HEADER), 'schema_unknown;path="/schema";got="order@7"');
  const batch = await send(name, [event(), event({ schema: "order@7" })]);
  assert.deepEqual(
    batch.as("Receipts").receipts.map(({ warnings }) => warnings),
    [undefined, [{ code: "schema_unknown", path: "/schema", got: "order@7" }]],
  );
  await demand(name, [{ name: "known", knownSchema: true }]);
  const refused = await send(name, event({ schema: "order@7" }));
  assert.equal(codeOf(refused), "400 requirement_unmet");
  assert.equal(refused.as("Problem").errors?.[0]?.path, "/schema");
  assert.equal((await send(name, event())).status, 201);
});

test("a requirement asks for members by dotted names or pointers, of the actions that it names", async () => {
  const name = await ledger();
  const members = ["context.ip", "/targets/0/id", "outcome", "tenant"];
  const answer = await demand(name, [{ name: "who-and-where", actions: ["payment.*", "login"], members }]);
  assert.equal(answer.status, 200, answer.text);
  const whole = {
    action: "payment.made",
    context: { ip: "192.0.2.1" },
    targets: [{ type: "order", id: "o-1" }],
    outcome: "success",
    tenant: "t",
  };
  assert.equal((await send(name, event(whole))).status, 201);
  const cases: readonly [object, string, string][] = [
    [{ ...whole, context: undefined }, "/context/ip", "nothing"],
    [{ ...whole, context: { ip: "  " } }, "/context/ip", '"  "'],
    [{ ...whole, targets: [] }, "/targets/0/id", "nothing"],
    [{ ...whole, outcome: undefined }, "/outcome", "nothing"],
    [{ ...whole, action: "login", tenant: undefined }, "/tenant", "nothing"],
  ];
  for (const [members, path, got] of cases) {
    const refused = await send(name, event(members as Record<string, unknown>));
    assert.equal(codeOf(refused), "400 requirement_unmet");
    const expected = 'a member that says something (requirement "who-and-where")';
    assert.deepEqual(refused.as("Problem").errors, [{ path, expected, got }]);
  }
  for (const action of ["paymentmade", "login.x", "user.login"]) {
    assert.equal((await send(name, event({ action }))).status, 201);
  }
});

test("a requirement demands a schema of an action, whether the event names it or not", async () => {
  const name = await ledger();
  await put(name, "payment@1", PAYMENT);
  assert.equal((await demand(name, [{ name: "pay", actions: ["payment.*"], schema: "payment@1" }])).status, 200);
  const refused = await send(name, event({ action: "payment.made", metadata: { amount: 0 } }));
  assert.equal(codeOf(refused), "400 schema_violated");
  const [error] = refused.as("Problem").errors ?? [];
  assert.equal(error?.expected, '>= 1 (schema payment@1, requirement "pay")');
  assert.equal((await send(name, event({ metadata: 7 }))).status, 201);
  assert.equal(codeOf(await put(name, "payment@1", {})), "409 schema_in_use");
  const unknown = await demand(name, [{ name: "pay", schema: "none@1" }]);
  assert.equal(codeOf(unknown), "400 request_invalid");
  assert.equal(unknown.as("Problem").errors?.[0]?.path, "/requirements/0/schema");
});

test("what a foreign sender sends against the rules is quarantined with its members, acknowledged and counted", async () => {
  const name = await ledger();
  await demand(name, [{ name: "where", formats: ["logs"], members: ["context.ip"] }]);
  const body = '{"time":"2026-11-20T09:30:00Z","message":"hello","level":"info"}\n';
  const answer = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body, type: "text/plain" });
  assert.equal(answer.status, 200);
  assert.equal(answer.as("ForeignReceipts").quarantined, 1);
  const { _source, _raw, message, time } = await read(name, 1);
  assert.deepEqual([message, time], ["hello", "2026-11-20T09:30:00Z"]);
  assert.equal(typeof _raw, "string");
  const { quarantined, notes, violates } = _source as Record<string, unknown>;
  assert.deepEqual([quarantined, notes], [true, ["requirement_unmet"]]);
  assert.deepEqual(violates, {
    requirement: "where",
    path: "/context/ip",
    expected: 'a member that says something (requirement "where")',
  });
  const sources = (await ask(service, `GET /v1/ledgers/${name}/sources`, { key })).as("Sources").sources;
  assert.equal(sources.find(({ source }) => source === "rule-maker")?.quarantined, 1);
  // The native route is not of that format.
  assert.equal((await send(name, event())).status, 201);
  // The same again is known, and not recorded twice.
  const again = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body, type: "text/plain" });
  assert.equal(again.as("ForeignReceipts").duplicates, 1);
});

test("that a time of its own is demanded is not met by the time of receipt", async () => {
  const name = await ledger();
  await demand(name, [{ name: "when", members: ["time"] }]);
  const options = { key, body: '{"message":"no time"}', type: "text/plain" };
  const answer = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, options);
  assert.equal(answer.as("ForeignReceipts").quarantined, 1);
});

test("each change is an event of the ledger: who, what, its digest and version; the same again is none", async () => {
  const name = await ledger();
  const schema = (await put(name, "payment@1", PAYMENT)).as("EventSchema");
  await put(name, "payment@1", PAYMENT);
  const replaced = (await put(name, "payment@1", { ...PAYMENT, title: "Payment" })).as("EventSchema");
  const rule = { name: "pay", actions: ["payment.*"], schema: "payment@1" };
  const first = (await demand(name, [rule])).as("Requirements");
  await demand(name, [rule]);
  const second = (await demand(name, [])).as("Requirements");
  assert.equal(service.ledgers.get(name)?.size, 4);
  const events = await Promise.all([0, 1, 2, 3].map((index) => read(name, index)));
  const told = events.map(({ action, op, metadata, changes }) => ({ action, op, metadata, changes }));
  const names = { name: "payment", version: "1" };
  assert.deepEqual(told, [
    { action: "holdfast.schema.put", op: "c", metadata: { ...names, digest: schema.digest }, changes: undefined },
    {
      action: "holdfast.schema.put",
      op: "u",
      metadata: { ...names, digest: replaced.digest, replaces: schema.digest },
      changes: undefined,
    },
    {
      action: "holdfast.requirements.put",
      op: "c",
      metadata: { version: 1, digest: first.digest },
      changes: { old: [], new: [rule] },
    },
    {
      action: "holdfast.requirements.put",
      op: "u",
      metadata: { version: 2, digest: second.digest, replaces: first.digest },
      changes: { old: [rule], new: [] },
    },
  ]);
  const [keyId] = service.keys.list().map(({ id }) => id);
  for (const { actor, _source } of events) {
    assert.deepEqual(actor, { type: "key", id: keyId, name: "rule-maker" });
    assert.deepEqual(_source, { format: "holdfast", source: "holdfast", key: keyId });
  }
});

test("a schema changes until an event names it, and then never again", async () => {
  const name = await ledger();
  await put(name, "a@1", { required: ["tenant"] });
  assert.equal((await put(name, "a@1", PAYMENT)).status, 201);
  await put(name, "b@1", { $ref: "a@1#/properties/metadata" });
  assert.equal(codeOf(await put(name, "a@1", {})), "409 schema_in_use");
  await send(name, event({ schema: "b@1" }));
  assert.equal((await put(name, "b@1", {})).status, 201, "a request that was refused is no use");
  await send(name, event({ schema: "b@1" }));
  assert.equal(codeOf(await put(name, "b@1", PAYMENT)), "409 schema_in_use");
  assert.equal((await put(name, "b@1", {})).status, 200);
});

test("a request that is under way while the rules change is to be sent again", async () => {
  const name = await ledger();
  const sending = request(`${service.url}/v1/ledgers/${name}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Expect: "100-continue" },
  });
  // The service says so when it has admitted the request and waits for its body.
  sending.flushHeaders();
  await once(sending, "continue");
  await demand(name, [{ name: "tenants", members: ["tenant"] }]);
  sending.end(JSON.stringify(event()));
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  const text = (await response.toArray()).join("");
  assert.equal(response.statusCode, 503, text);
  assert.equal((JSON.parse(text) as { code: string }).code, "rules_changed");
  assert.equal(response.headers["retry-after"], "1");
  assert.equal(service.ledgers.get(name)?.size, 1, "nothing but the event about the rules");
});

test("what a foreign sender sent while the rules changed is asked for again, as everything that may pass", async (t) => {
  const name = await ledger();
  const id = service.ledgers.get(name)?.record.id ?? "0x";
  await demand(name, [{ name: "tenants", members: ["tenant"] }]);
  const before = service.rules.of(id);
  await demand(name, []);
  // The items are held against the rules before, and those that hold are asked for when they are recorded.
  t.mock.method(service.rules, "of", () => before, { times: 1 });
  const options = { key, body: JSON.stringify(event()) };
  const answer = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, options);
  assert.equal(answer.status, 503);
  assert.equal((JSON.parse(answer.text) as { code: string }).code, "rules_changed");
  assert.equal(answer.headers.get("retry-after"), "2");
  const again = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, options);
  assert.deepEqual([again.status, again.as("ForeignReceipts").quarantined], [200, 0]);
});

test("rules outlive the service", async () => {
  const first = await startService();
  const admin = await first.key(["admin"], "rule-maker");
  await ask(first, "PUT /v1/ledgers/main/schemas/payment@1", { key: admin, body: PAYMENT });
  const requirements = [{ name: "pay", actions: ["payment.*"], schema: "payment@1" }];
  await ask(first, "PUT /v1/ledgers/main/requirements", { key: admin, body: { requirements } });
  await first.close();
  const second = await startService({ store: first.store });
  try {
    const answer = await ask(second, "POST /v1/ledgers/main/events", {
      key: admin,
      body: event({ action: "payment.made", metadata: {} }),
    });
    assert.equal(codeOf(answer), "400 schema_violated");
    const replaced = await ask(second, "PUT /v1/ledgers/main/schemas/payment@1", { key: admin, body: {} });
    assert.equal(codeOf(replaced), "409 schema_in_use");
    assert.equal(second.ledgers.get("main")?.size, 2);
  } finally {
    await second.close();
  }
});

test("a body that is no schema or no list of requirements is refused with its place", async () => {
  const name = await ledger();
  const refused = await put(name, "a@1", { properties: { a: { $ref: "https://example.com/b" } } });
  assert.equal(codeOf(refused), "400 schema_invalid");
  assert.equal(refused.as("Problem").errors?.[0]?.path, "/properties/a/$ref");
  const cases: readonly [unknown, string][] = [
    [[{ name: "a" }, { name: "a" }], "/requirements"],
    [[{ name: "a", members: ["a..b"] }], "/requirements/0/members/0"],
    [[{ name: "a", formats: ["none"] }], "/requirements/0/formats/0"],
    [[{ name: "a", schema: "none" }], "/requirements/0/schema"],
    [[{ name: "a", unknown: 1 }], "/requirements/0/unknown"],
    [[{}], "/requirements/0/name"],
    [7, "/requirements"],
  ];
  for (const [requirements, path] of cases) {
    const answer = await demand(name, requirements as readonly object[]);
    assert.equal(codeOf(answer), "400 request_invalid");
    assert.equal(answer.as("Problem").errors?.[0]?.path, path, answer.text);
  }
  assert.equal(service.ledgers.get(name)?.size, 0);
  const misspelt = (await demand(name, [{ name: "a", member: ["tenant"] }])).as("Problem");
  assert.match(misspelt.detail ?? "", /^unknown member requirements\/0\/member; expected one of name, .*members/);
  assert.match(misspelt.errors?.[0]?.expected ?? "", /^one of name, .*members/);
});

test("any JSON as metadata and changes, any text as action, any type of actor: native and foreign alike", async () => {
  const name = await ledger();
  const values = [null, true, 7, "text", [1, [2]], { deep: { deeper: [{ at: null }] } }];
  for (const metadata of values) {
    const action = `Something happened ${JSON.stringify(metadata)} – “é”`.padEnd(256, ".");
    const members = { metadata, changes: metadata, action, actor: { type: "Toaster (kitchen)", id: "t 1" } };
    assert.equal((await send(name, event(members))).status, 201);
    const { action: a, metadata: m, changes: c, actor } = await read(name, (service.ledgers.get(name)?.size ?? 0) - 1);
    assert.deepEqual({ action: a, metadata: m, changes: c, actor }, members);
    const body = JSON.stringify(event({ ...members, id: `f ${JSON.stringify(metadata)}` }));
    const answer = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body });
    assert.equal(answer.as("ForeignReceipts").quarantined, 0);
    const mapped = await read(name, answer.as("ForeignReceipts").receipts[0]?.index ?? -1);
    assert.deepEqual([mapped.action, mapped.actor], [action, members.actor]);
  }
  assert.equal(codeOf(await send(name, event({ action: "x".repeat(257) }))), "400 event_invalid");
});
