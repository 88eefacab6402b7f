/** The ledger of accesses over the API: who sees it, what nobody may do to it, and what reading it leaves. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ACCESS_LEDGER } from "../../../src/access/access.ts";
import { ROLES, type Role } from "../../../src/http/auth/roles.ts";
import { until } from "../../until.ts";
import { ask, codeOf, event, type Running, startService } from "../service.ts";

let service: Running;
const keys = new Map<Role, string>();
const path = `/v1/ledgers/${ACCESS_LEDGER}`;

before(async () => {
  service = await startService({ access: true, proxies: ["127.0.0.0/8"] });
  for (const role of ROLES) keys.set(role, await service.key([role], `the-${role}`));
  await as("admin", "POST /v1/ledgers/main/events", event());
  await as("reader", "GET /v1/ledgers/main/events/0");
  await flush();
});
after(() => service.close());

const as = (role: Role, target: string, body?: object | string) =>
  ask(service, target, { key: keys.get(role) as string, ...(body !== undefined && { body }) });
const flush = async () => await service.access?.flush(true);
const size = () => service.ledgers.get(ACCESS_LEDGER)?.size ?? 0;

test("it is listed, last, for those alone who may read it", async () => {
  for (const role of ROLES) {
    const names = (await as(role, "GET /v1/ledgers")).as("Ledgers").ledgers.map(({ name }) => name);
    const may = role === "auditor" || role === "admin";
    assert.deepEqual(names, may ? ["main", ACCESS_LEDGER] : ["main"], role);
  }
});

test("its events are read, searched and exported by auditors and administrators alone, and its tree is for everybody", async () => {
  for (const role of ROLES) {
    const may = role === "auditor" || role === "admin";
    for (const rest of [
      "/events",
      "/events/0",
      "/events/0/bundle",
      "/export",
      "/events/count",
      "/sources",
      "/erasures",
    ]) {
      const answer = await as(role, `GET ${path}${rest}`);
      assert.equal(answer.status, may ? 200 : 403, `${role} ${rest} ${answer.text.slice(0, 200)}`);
    }
  }
  assert.equal((await ask(service, `GET ${path}/checkpoint`)).status, 200);
  assert.equal((await ask(service, `GET ${path}/consistency?from=1`)).status, 200);
});

test("nobody appends to it, demands something of it or erases in it, whatever their roles", async () => {
  await flush();
  for (const role of ROLES) {
    for (const [target, body] of [
      [`POST ${path}/events`, event()],
      [`POST ${path}/ingest/github`, { action: "x" }],
      [`POST ${path}/check`, event()],
      [`PUT ${path}/schemas/a@1`, { type: "object" }],
      [`PUT ${path}/requirements`, { requirements: [] }],
      [`POST ${path}/erasures`, { indexes: "0", reason: "to hide it" }],
    ] as const) {
      const answer = await as(role, target, body);
      assert.equal(codeOf(answer), "403 ledger_reserved", `${role} ${target}`);
    }
  }
  assert.equal(codeOf(await as("admin", "POST /v1/ledgers", { name: ACCESS_LEDGER })), "400 request_invalid");
  const only = await service.key(["admin"], "only-access", [ACCESS_LEDGER]);
  const sent = await ask(service, `POST /in/${only}/github`, { body: { action: "x" } });
  assert.equal(codeOf(sent), "403 ledger_unnamed");
  assert.equal((await as("auditor", `GET ${path}/events?action=x`)).as("Events").events.length, 0);
});

test("what it keeps is shortened by a key for privacy alone", async () => {
  const body = {
    rules: [{ name: "readers", action: "holdfast.access.*", keepAtLeast: "P1Y", keepAtMost: "P2Y", after: "prune" }],
  };
  for (const role of ROLES) {
    const answer = await as(role, `PUT ${path}/retention`, body);
    assert.equal(answer.status, role === "privacy" ? 200 : 403, `${role} ${answer.text}`);
  }
});

test("reading it leaves one event, and reading that one another: nothing goes round by itself", async () => {
  await flush();
  await as("auditor", `GET ${path}/events`);
  const before = size();
  await flush();
  assert.equal(size(), before + 1);
  for (let i = 0; i < 5; i++) await flush();
  assert.equal(size(), before + 1);
  const { events } = (await as("auditor", `GET ${path}/events?order=desc&limit=1`)).as("Events");
  const [newest] = events as unknown as { event: { action: string; targets: { id: string }[] } }[];
  assert.equal(newest?.event.action, "holdfast.access.search");
  assert.equal(newest?.event.targets[0]?.id, ACCESS_LEDGER);
});

test("a foreign sender that names no ledger has the only one of the service's users, not this one", async () => {
  const writer = keys.get("writer") as string;
  assert.equal((await ask(service, `POST /in/${writer}/github`, { body: { action: "x" } })).status, 200);
});

test("a key that was ended is told by its id when somebody shows it still, from where the proxy says he is", async () => {
  const { text, key } = await service.keys.create({ roles: ["reader"], source: "ended" });
  await service.keys.revoke(key.id);
  await flush();
  const headers = { "X-Forwarded-For": "203.0.113.9, 2001:db8::7" };
  for (let i = 0; i < 2; i++) await ask(service, "GET /v1/ledgers/main/events", { key: text, headers });
  await ask(service, "GET /nowhere", { headers });
  await flush();
  const found = await as("auditor", `GET ${path}/events?target=key:${key.id}&action=holdfast.access.refused`);
  const [{ event: told } = { event: {} }] = found.as("Events").events as unknown as { event: object }[];
  assert.deepEqual((told as { metadata: { refused: object } }).metadata.refused, [
    { key: key.id, from: "2001:db8:0:0::/64", code: "key_invalid", route: "GET /v1/ledgers/{ledger}/events", count: 2 },
    { from: "2001:db8:0:0::/64", code: "route_unknown", route: "no route", count: 1 },
  ]);
});

test("writers leave no trace by what they append, but for where they first do it from", async () => {
  await flush();
  const before = size();
  const writer = await service.key(["writer"], "another");
  for (let i = 0; i < 3; i++) await ask(service, "POST /v1/ledgers/main/events", { key: writer, body: event() });
  await flush();
  assert.equal(size(), before + 1);
});

test("what answers for the state of the service leaves none: it is asked every few seconds", async () => {
  await flush();
  const before = size();
  for (const target of ["/healthz", "/readyz", "/metrics", "/v1/status", "/openapi.json", "/v1/ledgers/main"])
    await as("admin", `GET ${target}`);
  await flush();
  assert.equal(size(), before);
});

test("of a key that begins very many exports each is counted by what it had, though few are told alone", async () => {
  const key = await service.key(["reader"], "taker");
  // No more than a service makes at once.
  for (let begun = 0; begun < 30; begun += 5) {
    const five = Array.from({ length: 5 }, () => ask(service, "GET /v1/ledgers/main/export", { key }));
    for (const { status } of await Promise.all(five)) assert.equal(status, 200);
  }
  const events = 30 * (service.ledgers.get("main")?.size ?? 0);
  const counted = () => service.access?.counts.reads().find(({ source }) => source === "taker");
  await until("the end of each", () => counted()?.exported === events);
  assert.equal(counted()?.accesses, 30);
});

test("a key is not made while that cannot be recorded", async () => {
  const ledger = service.ledgers.get(ACCESS_LEDGER);
  assert.ok(ledger !== undefined);
  await ledger.close();
  const before = service.keys.list().length;
  const body = { source: "unseen", roles: ["admin"] };
  // The first one finds it out.
  await as("admin", "POST /v1/keys", body);
  const answer = await as("admin", "POST /v1/keys", body);
  assert.equal(codeOf(answer), "503 access_unrecorded");
  assert.equal(codeOf(await as("admin", "GET /v1/ledgers/main/export")), "503 access_unrecorded");
  assert.ok(service.keys.list().length <= before + 1);
  const ready = (await ask(service, "GET /readyz")).as("Readiness");
  assert.deepEqual(
    ready.notices.map(({ code }) => code),
    ["access_unrecorded"],
  );
});
