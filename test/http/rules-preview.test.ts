/** What is told about rules before they hold and after: a check of events, a preview of rules, which were not kept, and by whom. */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import test, { after, before } from "node:test";
import { deferred } from "../../src/deferred.ts";
import { connectionOf } from "../../src/http/wire/connections.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { until } from "../until.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "rule-maker");
});
after(() => service.close());

let made = 0;
/** A ledger of its own for each test. */
async function ledger(): Promise<string> {
  made++;
  const name = `preview-${made}`;
  await service.ledgers.create({ name });
  return name;
}

const PAYMENT = { properties: { metadata: { required: ["amount"], properties: { amount: { minimum: 1 } } } } };
const put = (name: string, schema: string, document: unknown) =>
  ask(service, `PUT /v1/ledgers/${name}/schemas/${schema}`, { key, body: JSON.stringify(document) });
const demand = (name: string, requirements: readonly object[], version?: number) =>
  ask(service, `PUT /v1/ledgers/${name}/requirements`, { key, body: { requirements, version } });
const send = (name: string, body: object | string, type = "application/json") =>
  ask(service, `POST /v1/ledgers/${name}/events`, { key, body, type });
const check = (name: string, body: object | string, type = "application/json") =>
  ask(service, `POST /v1/ledgers/${name}/check`, { key, body, type });
const preview = (name: string, body: object) => ask(service, `POST /v1/ledgers/${name}/rules/preview`, { key, body });
const sourceOf = async (name: string) => {
  const { sources } = (await ask(service, `GET /v1/ledgers/${name}/sources`, { key })).as("Sources");
  return sources.find(({ source }) => source === "rule-maker");
};
const sizeOf = (name: string) => service.ledgers.get(name)?.size;

test("a check tells each event that would be refused, as the refusal would, and records nothing", async () => {
  const name = await ledger();
  await put(name, "payment@1", PAYMENT);
  await demand(name, [{ name: "who", members: ["tenant"], actions: ["payment.*"] }]);
  const size = sizeOf(name);
  const bad = { action: "payment.made", tenant: "t", schema: "payment@1", metadata: { amount: 0 } };
  const list = [event(), event(bad), event({ action: "payment.made" }), { action: "x" }];
  const { events, refused, refusals } = (await check(name, list)).as("Examined");
  assert.deepEqual([events, refused], [4, 3]);
  for (const { position, code, path, expected, got } of refusals) {
    const problem = (await send(name, list[position] as object)).as("Problem");
    assert.deepEqual([problem.code, problem.errors], [code, [{ path, expected, got }]]);
  }
  assert.deepEqual(
    refusals.map(({ position, requirement, schema }) => [position, requirement, schema]),
    [
      [1, undefined, "payment@1"],
      [2, "who", undefined],
      [3, undefined, undefined],
    ],
  );
  assert.equal(sizeOf(name), size);
  assert.equal((await put(name, "payment@1", {})).status, 201, "a check is no use of a schema");
});

test("a check of lines goes on behind a line that is no event, in the thread of the service and beside it", async () => {
  const name = await ledger();
  for (const count of [3, 3000]) {
    const good = Array.from({ length: count }, () => JSON.stringify(event({ target: "x" })));
    const lines = ["{", ...good, "", '{"action":1}'].join("\n");
    const { events, refused, refusals, warnings } = (await check(name, lines, "application/x-ndjson")).as("Examined");
    assert.deepEqual([events, refused], [count + 2, 2]);
    assert.deepEqual(
      refusals.map(({ position, line, code }) => [position, line, code]),
      [
        [0, 1, "json_invalid"],
        [count + 1, count + 3, "event_invalid"],
      ],
    );
    assert.equal(warnings.length, Math.min(count, 100));
  }
  assert.equal(codeOf(await check(name, "[", "application/json")), "400 json_invalid");
  assert.equal(codeOf(await check(name, "[]", "application/json")), "400 batch_empty");
  const many = JSON.stringify(Array.from({ length: 10_001 }, () => 0));
  assert.equal(codeOf(await check(name, many)), "413 batch_too_large");
  assert.equal(sizeOf(name), 0);
});

test("a check warns of what would be recorded and is perhaps not meant", async () => {
  const name = await ledger();
  const { refused, warnings } = (await check(name, event({ target: [], schema: "none@1" }))).as("Examined");
  assert.deepEqual(
    [refused, warnings],
    [
      0,
      [
        { position: 0, code: "member_misspelt", path: "/target", known: "targets" },
        { position: 0, code: "schema_unknown", path: "/schema", got: "none@1" },
      ],
    ],
  );
});

test("a preview says which of the newest events other rules would refuse or quarantine, and changes nothing", async () => {
  const name = await ledger();
  await send(name, [event({ action: "payment.made", metadata: { amount: 7 } }), event({ action: "payment.made" })]);
  const foreign = '{"time":"2026-11-20T09:30:00Z","action":"payment.made","message":"hello"}\n{"message":"no time"}';
  await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body: foreign });
  await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body: new Uint8Array([0xff, 0xfe, 0x0a]) });
  await demand(name, [{ name: "hosts", formats: ["logs"], members: ["tenant"] }]);
  const more = '{"time":"2026-11-20T09:30:01Z","action":"payment.made","message":"quarantined for a rule"}';
  await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body: more });
  const size = sizeOf(name);
  const requirements = [
    { name: "pay", actions: ["payment.*"], schema: "payment@1" },
    { name: "when", members: ["time"] },
  ];
  const schemas = { "payment@1": { ...PAYMENT, required: ["metadata"] } };
  const seen = (await preview(name, { requirements, schemas })).as("RulesPreview");
  const { looked, refused, quarantined, from, complete, violations } = seen;
  assert.deepEqual(
    { looked, refused, quarantined, from, complete },
    { looked: 5, refused: 1, quarantined: 2, from: 0, complete: true },
  );
  assert.deepEqual(
    violations.map(({ index, format, requirement, schema, path }) => [index, format, requirement, schema, path]),
    [
      [3, "logs", "when", undefined, "/time"],
      [2, "logs", "pay", "payment@1", "/metadata"],
      [1, "native", "pay", "payment@1", "/metadata"],
    ],
  );
  const last = (await preview(name, { requirements, schemas, last: 3 })).as("RulesPreview");
  assert.deepEqual([last.from, last.looked, last.complete], [(size ?? 0) - 3, 1, true]);
  assert.equal(sizeOf(name), size);
  const { schemas: kept } = (await ask(service, `GET /v1/ledgers/${name}/schemas`, { key })).as("EventSchemas");
  assert.deepEqual(kept, []);
});

test("a preview refuses what could not be put, with its place", async () => {
  const name = await ledger();
  await put(name, "used@1", PAYMENT);
  await send(name, event({ schema: "used@1", metadata: { amount: 1 } }));
  const cases: readonly (readonly [object, string, string | undefined])[] = [
    [{ schemas: { "a@1": { $ref: "#" } } }, "400 schema_invalid", "/schemas/a@1"],
    [{ schemas: { "a@1": { pattern: "(?=a)" } } }, "400 schema_invalid", "/schemas/a@1"],
    [{ schemas: { a: {} } }, "400 request_invalid", "/schemas/a"],
    [{ schemas: { "used@1": {} } }, "409 schema_in_use", ""],
    [{ requirements: [{ name: "x", schema: "none@1" }] }, "400 request_invalid", "/requirements/0/schema"],
    [{ requirements: [{}] }, "400 request_invalid", "/requirements/0/name"],
    [{ last: 0 }, "400 request_invalid", "/last"],
    [{ rules: [] }, "400 request_invalid", "/rules"],
  ];
  for (const [body, code, path] of cases) {
    const answer = await preview(name, body);
    assert.equal(codeOf(answer), code, answer.text);
    assert.equal(answer.as("Problem").errors?.[0]?.path, path, answer.text);
  }
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`a@${i}`, {}]));
  assert.equal(codeOf(await preview(name, { schemas: many })), "400 request_invalid");
});

test("requirements that somebody else put meanwhile are not replaced unseen", async () => {
  const name = await ledger();
  const mine = [{ name: "mine", members: ["tenant"] }];
  const theirs = [{ name: "theirs", members: ["outcome"] }];
  assert.equal((await demand(name, theirs, 0)).as("Requirements").version, 1);
  const refused = await demand(name, mine, 0);
  assert.equal(codeOf(refused), "409 requirements_changed");
  assert.match(refused.text, /expected version 1/);
  assert.equal((await demand(name, mine, 1)).as("Requirements").version, 2);
  // Whoever does not know whether it was done asks again.
  assert.equal((await demand(name, mine, 1)).as("Requirements").version, 2);
  const both = await Promise.all([demand(name, theirs, 2), demand(name, [], 2)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
});

test("which rules were not kept is counted, of native requests and of foreign events, once each", async () => {
  const name = await ledger();
  await put(name, "payment@1", PAYMENT);
  await demand(name, [{ name: "where", members: ["context.ip"] }]);
  const body = '{"time":"2026-11-20T09:30:00Z","message":"hello"}\n{"time":"2026-11-20T09:30:01Z","message":"hello"}';
  await send(name, event());
  await send(name, [event({ context: { ip: "192.0.2.1" } }), event()]);
  await send(name, event({ context: { ip: "192.0.2.1" }, schema: "payment@1", metadata: {} }));
  for (let i = 0; i < 2; i++) await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body });
  const answer = (await ask(service, `GET /v1/ledgers/${name}/violations`, { key })).as("Violations");
  assert.equal(answer.since, service.clock.now);
  assert.deepEqual(
    answer.violations.map(({ requirement, schema, refused, quarantined }) => [
      requirement,
      schema,
      refused,
      quarantined,
    ]),
    [
      ["where", undefined, 2, 2],
      [undefined, "payment@1", 1, 0],
    ],
  );
  const source = await sourceOf(name);
  assert.deepEqual([source?.refused, source?.quarantined], [3, 2]);
  assert.deepEqual(source?.lastRefused, {
    at: service.clock.now,
    code: "schema_violated",
    path: "/metadata/amount",
    schema: "payment@1",
  });
});

test("what is refused to a key is counted by its source; to strangers, and for now, by nobody; and without a write each", async (t) => {
  // What is written from time to time is written here when the test says so.
  t.mock.timers.enable({ apis: ["setInterval"] });
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["admin"], "rule-maker");
  const name = "main";
  const writes = t.mock.method(service.store, "writeRecords");
  const path = `POST /v1/ledgers/${name}/events`;
  await ask(service, path, { body: event() });
  await ask(service, path, { key: "hf_none", body: event() });
  await ask(service, path, { key: await service.key(["reader"], "who-reads"), body: event() });
  const before = writes.mock.callCount();
  for (const body of ["{", "[]", '{"action":1}']) await ask(service, path, { key, body });
  await ask(service, path, { key, body: "x", type: "text/html" });
  await ask(service, path, { key, body: event({ metadata: "x".repeat(70_000) }) });
  await ask(service, path, { key, body: event({ id: "1" }), headers: { "Idempotency-Key": "k" } });
  await ask(service, path, { key, body: event({ id: "2" }), headers: { "Idempotency-Key": "k" } });
  const big = await ask(service, `POST /v1/ledgers/${name}/ingest/logs`, { key, body: new Uint8Array(65 * 2 ** 20) });
  assert.equal(big.status, 413);
  assert.equal(writes.mock.callCount(), before);
  const { sources } = (await ask(service, `GET /v1/ledgers/${name}/sources`, { key })).as("Sources");
  const source = sources.find((each) => each.source === "rule-maker");
  assert.deepEqual([source?.refused, source?.recorded], [7, 1]);
  assert.deepEqual(
    source?.received.map(({ format, refused, lastRefused }) => [format, refused, lastRefused?.code]),
    [
      ["logs", 1, "request_too_large"],
      ["native", 6, "idempotency_conflict"],
    ],
  );
  const { text } = await ask(service, "GET /metrics", { key });
  assert.match(
    text,
    new RegExp(`source_refused_requests\\{ledger="${name}",source="rule-maker",format="native",key="\\w+"\\} 6`),
  );
  const names = (await ask(service, `GET /v1/ledgers/${name}/sources`, { key })).as("Sources").sources;
  assert.equal(
    names.find(({ source: each }) => each === "who-reads"),
    undefined,
  );
  await service.sources.keep();
  assert.equal(writes.mock.callCount(), before + 1, "all of them together");
});

test("since when a sender can sign is told of its key, and never by what", async () => {
  const body = { source: "hooks", roles: ["writer"], webhookSecret: true };
  const created = (await ask(service, "POST /v1/keys", { key, body })).as("NewKey");
  const keys = (await ask(service, "GET /v1/keys", { key })).as("Keys").keys;
  const [mine] = keys.filter(({ id }) => id === created.id);
  assert.deepEqual([mine?.hasWebhookSecret, mine?.webhookSecretSince], [true, created.createdAt]);
  assert.equal(keys.filter(({ webhookSecretSince }) => webhookSecretSince !== undefined).length, 1);
  const listed = await ask(service, "GET /v1/ledgers/main/sources", { key });
  const [source] = listed.as("Sources").sources.filter((each) => each.source === "hooks");
  assert.deepEqual(
    source?.keys.map(({ webhookSecretSince }) => webhookSecretSince),
    [created.createdAt],
  );
  assert.ok(created.webhookSecret !== undefined && !listed.text.includes(created.webhookSecret));
});

test("a preview whose asker has gone away ends, and one that waits for its turn is not begun", async () => {
  const name = await ledger();
  for (let i = 0; i < 3; i++)
    await send(
      name,
      Array.from({ length: 100 }, () => event()),
    );
  const looked = service.ledgers.get(name) as Ledger;
  const { promise: held, resolve: goOn } = deferred<void>();
  let reads = 0;
  const entries = looked.entries.bind(looked);
  looked.entries = async function* (from, to) {
    reads++;
    await held;
    yield* entries(from, to);
  };
  let come = 0;
  let gone = 0;
  service.server.on("request", ({ socket }: IncomingMessage) => {
    come++;
    connectionOf(socket)?.ended.addEventListener("abort", () => gone++);
  });
  const leave = new AbortController();
  const askAndLeave = () =>
    fetch(`${service.url}/v1/ledgers/${name}/rules/preview`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ last: 300 }),
      signal: leave.signal,
    }).catch(() => undefined);
  const first = askAndLeave();
  await until("the first to be under way", () => reads === 1);
  const asked = [first, askAndLeave()];
  await until("the second to be there", () => come === 2);
  const third = preview(name, { last: 300 });
  await until("the third to be there", () => come === 3);
  leave.abort();
  await Promise.all(asked);
  await until("the service to see that they have gone", () => gone === 2);
  goOn();
  assert.equal((await third).as("RulesPreview").looked, 300);
  looked.entries = entries;
  assert.equal(reads, 1 + 300 / 50, "of the first what it had begun, of the second nothing");
});
