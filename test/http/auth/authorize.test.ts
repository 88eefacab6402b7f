/** Who may do what: every operation with every role, keys for some ledgers, ledgers with secret names. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { OPERATIONS, type Operation, type OperationId } from "../../../src/http/api/operations.ts";
import { ROLES, type Role } from "../../../src/http/auth/roles.ts";
import { ask, codeOf, event, type Running, startService } from "../service.ts";

let service: Running;
const keys = new Map<Role, string>();

before(async () => {
  service = await startService();
  for (const role of ROLES) keys.set(role, await service.key([role], `the-${role}`));
  // The first event is a writer's own, the second somebody else's.
  for (const role of ["writer", "admin"] as const) {
    await ask(service, "POST /v1/ledgers/main/events", { key: keyOf(role), body: event() });
  }
});
after(() => service.close());

function keyOf(role: Role): string {
  return keys.get(role) as string;
}

/** What each role is answered, in the order of ROLES: writer, reader, auditor, admin; "401" without any key. */
const EXPECTED: Readonly<Record<OperationId, readonly [string, string, string, string] | "public">> = {
  appendEvents: ["ok", "403", "403", "ok"],
  ingestItem: ["ok", "403", "403", "ok"],
  listEvents: ["403", "ok", "ok", "ok"],
  countEvents: ["403", "ok", "ok", "ok"],
  readEvent: ["ok", "ok", "ok", "ok"],
  proveEvent: ["ok", "ok", "ok", "ok"],
  listLedgers: ["ok", "ok", "ok", "ok"],
  createLedger: ["403", "403", "403", "ok"],
  readLedger: "public",
  readCheckpoint: "public",
  readCheckpointOfSize: "public",
  proveConsistency: "public",
  listAnchors: "public",
  readTile: "public",
  createKey: ["403", "403", "403", "ok"],
  listKeys: ["403", "403", "ok", "ok"],
  revokeKey: ["403", "403", "403", "ok"],
  status: ["403", "ok", "ok", "ok"],
  alive: "public",
  ready: "public",
  metrics: ["403", "ok", "ok", "ok"],
  openapi: "public",
};

const VALUES: Readonly<Record<string, string>> = {
  ledger: "main",
  index: "0",
  size: "1",
  level: "0",
  n: "0",
  id: "0",
  format: "github",
};
const BODIES: Partial<Record<OperationId, object>> = { appendEvents: event() };

async function statusOf(id: OperationId, key: string | undefined): Promise<string> {
  const operation: Operation = OPERATIONS[id];
  const path = operation.route.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] as string);
  const query = id === "proveConsistency" ? "?from=0" : "";
  const body = operation.method === "post" ? { body: BODIES[id] ?? {} } : {};
  const question = { ...body, ...(key !== undefined && { key }) };
  const { status } = await ask(service, `${operation.method.toUpperCase()} ${path}${query}`, question);
  return status === 401 || status === 403 ? String(status) : "ok";
}

test("every operation answers every role as the table says", async () => {
  const got: Record<string, unknown> = {};
  for (const id of Object.keys(OPERATIONS) as OperationId[]) {
    const perRole = [];
    for (const role of ROLES) perRole.push(await statusOf(id, keyOf(role)));
    const withoutKey = await statusOf(id, undefined);
    got[id] = withoutKey === "ok" ? "public" : perRole;
  }
  assert.deepEqual(got, EXPECTED);
});

test("a writer reads and proves events of its own source, and no others", async () => {
  for (const path of ["events/1", "events/1/bundle"]) {
    const answer = await ask(service, `GET /v1/ledgers/main/${path}`, { key: keyOf("writer") });
    assert.equal(codeOf(answer), "403 event_forbidden");
    assert.equal((await ask(service, `GET /v1/ledgers/main/${path}`, { key: keyOf("reader") })).status, 200);
  }
});

test("a key for some ledgers is refused at others, whether they exist or not, and at the whole service", async () => {
  await service.ledgers.create({ name: "hr" });
  const key = await service.key(["admin"], "hr", ["hr", "later"]);
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers/main/events", { key })), "403 ledger_forbidden");
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers/none/events", { key })), "403 ledger_forbidden");
  assert.equal(codeOf(await ask(service, "GET /v1/keys", { key })), "403 ledger_forbidden");
  // Both name every ledger there is.
  for (const target of ["GET /v1/status", "GET /metrics"]) {
    assert.equal(codeOf(await ask(service, target, { key })), "403 ledger_forbidden");
  }
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers/later/events", { key })), "404 ledger_unknown");
  assert.equal((await ask(service, "GET /v1/ledgers/hr/events", { key })).status, 200);
  const { ledgers } = (await ask(service, "GET /v1/ledgers", { key })).as("Ledgers");
  assert.deepEqual(
    ledgers.map(({ name }) => name),
    ["hr"],
  );
});

test("a ledger with a secret name is there for holders of a key only", async () => {
  const body = { name: "project-x", label: "random" };
  const made = await ask(service, "POST /v1/ledgers", { key: keyOf("admin"), body });
  assert.equal(made.status, 201);
  const inside = await service.key(["reader"], "inside", ["project-x"]);
  const outside = await service.key(["reader"], "outside", ["main"]);
  for (const path of ["", "/anchors", "/consistency?from=0&to=0"]) {
    const target = `GET /v1/ledgers/project-x${path}`;
    for (const key of [undefined, "hf_wrong", outside]) {
      assert.equal(codeOf(await ask(service, target, { ...(key !== undefined && { key }) })), "404 ledger_unknown");
    }
    const answer = await ask(service, target, { key: inside });
    assert.equal(answer.status, 200);
    assert.doesNotMatch(answer.headers.get("cache-control") ?? "", /public/);
  }
});
