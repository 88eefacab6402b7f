/**
 * Who may do what, made from the table of operations: every one with every role and with keys that are not in force,
 * every one with everything wrong and then mended step by step; keys for some ledgers, ledgers with secret names.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test, { after, before } from "node:test";
import { OPERATIONS, type Operation, type OperationId } from "../../../src/http/api/operations.ts";
import { allows, ROLES, type Role } from "../../../src/http/auth/roles.ts";
import { type Answer, ask, codeOf, event, type Running, startService } from "../service.ts";

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

/** What each role is answered, in the order of ROLES: writer, reader, auditor, privacy, admin; "401" without any key. */
const EXPECTED: Readonly<Record<OperationId, readonly [string, string, string, string, string] | "public">> = {
  appendEvents: ["ok", "403", "403", "403", "ok"],
  ingestItem: ["ok", "403", "403", "403", "ok"],
  ingestWithKey: ["ok", "403", "403", "403", "ok"],
  hec: ["ok", "403", "403", "403", "ok"],
  hecEvent: ["ok", "403", "403", "403", "ok"],
  hecEventV1: ["ok", "403", "403", "403", "ok"],
  hecRaw: ["ok", "403", "403", "403", "ok"],
  hecRawV1: ["ok", "403", "403", "403", "ok"],
  hecAcks: ["ok", "403", "403", "403", "ok"],
  hecHealth: "public",
  hecHealthV1: "public",
  otlpLogs: ["ok", "403", "403", "403", "ok"],
  otlpLogsOfLedger: ["ok", "403", "403", "403", "ok"],
  otlpLogsWithKey: ["ok", "403", "403", "403", "ok"],
  ingestQuery: ["ok", "403", "403", "403", "ok"],
  ingestQueryWithKey: ["ok", "403", "403", "403", "ok"],
  journalUpload: ["ok", "403", "403", "403", "ok"],
  journalUploadWithKey: ["ok", "403", "403", "403", "ok"],
  listEvents: ["403", "ok", "ok", "403", "ok"],
  countMatches: ["403", "ok", "ok", "403", "ok"],
  tailEvents: ["403", "ok", "ok", "403", "ok"],
  listIntents: ["403", "ok", "ok", "403", "ok"],
  listSearches: ["403", "ok", "ok", "403", "ok"],
  putSearch: ["403", "ok", "ok", "403", "ok"],
  removeSearch: ["403", "ok", "ok", "403", "ok"],
  countEvents: ["403", "ok", "ok", "403", "ok"],
  exportEvents: ["403", "ok", "ok", "403", "ok"],
  exportLedger: ["403", "ok", "ok", "403", "ok"],
  readEvent: ["ok", "ok", "ok", "403", "ok"],
  proveEvent: ["ok", "ok", "ok", "403", "ok"],
  listLedgers: ["ok", "ok", "ok", "ok", "ok"],
  createLedger: ["403", "403", "403", "403", "ok"],
  listSources: ["403", "ok", "ok", "403", "ok"],
  listSchemas: ["403", "ok", "ok", "403", "ok"],
  readSchema: ["403", "ok", "ok", "403", "ok"],
  putSchema: ["403", "403", "403", "403", "ok"],
  readRequirements: ["403", "ok", "ok", "403", "ok"],
  putRequirements: ["403", "403", "403", "403", "ok"],
  previewRules: ["403", "403", "403", "403", "ok"],
  listViolations: ["403", "ok", "ok", "403", "ok"],
  readRetention: ["403", "ok", "ok", "ok", "ok"],
  putRetention: ["403", "403", "403", "ok", "ok"],
  previewRetention: ["403", "ok", "ok", "ok", "ok"],
  readRetentionStatus: ["403", "ok", "ok", "ok", "ok"],
  listRetentionPresets: "public",
  listHolds: ["403", "403", "ok", "ok", "ok"],
  placeHold: ["403", "403", "403", "ok", "ok"],
  liftHold: ["403", "403", "403", "ok", "403"],
  erase: ["403", "403", "403", "ok", "403"],
  listErasures: ["403", "403", "ok", "ok", "ok"],
  readErasure: ["403", "403", "ok", "ok", "ok"],
  beginAudit: ["403", "403", "ok", "403", "ok"],
  listAudits: ["403", "403", "ok", "403", "ok"],
  readAudit: ["403", "403", "ok", "403", "ok"],
  listWatchers: ["403", "403", "ok", "403", "ok"],
  takeWord: "public",
  checkEvents: ["ok", "403", "403", "403", "ok"],
  readLedger: "public",
  readCheckpoint: "public",
  readCheckpointOfSize: "public",
  proveConsistency: "public",
  listAnchors: "public",
  readTile: "public",
  createKey: ["403", "403", "403", "403", "ok"],
  listKeys: ["403", "403", "ok", "403", "ok"],
  readOwnKey: ["ok", "ok", "ok", "ok", "ok"],
  revokeKey: ["403", "403", "403", "403", "ok"],
  readEncryption: ["403", "403", "403", "403", "ok"],
  rotateEncryption: ["403", "403", "403", "403", "ok"],
  readRewrap: ["403", "403", "403", "403", "ok"],
  beginRewrap: ["403", "403", "403", "403", "ok"],
  readStanding: ["403", "ok", "ok", "403", "ok"],
  listAlerts: ["403", "ok", "ok", "403", "ok"],
  listDeliveries: ["403", "ok", "ok", "403", "ok"],
  resendDeliveries: ["403", "403", "403", "403", "ok"],
  readAlert: ["403", "ok", "ok", "403", "ok"],
  acknowledgeAlert: ["403", "403", "403", "403", "ok"],
  silenceAlert: ["403", "403", "403", "403", "ok"],
  testAlerts: ["403", "403", "403", "403", "ok"],
  status: ["403", "ok", "ok", "403", "ok"],
  alive: "public",
  ready: "public",
  metrics: ["403", "ok", "ok", "403", "ok"],
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
  schema: "order@1",
  hold: "ff",
  erasure: "ff",
  alert: "ff",
  watcher: "outside",
};
const BODIES: Partial<Record<OperationId, object>> = { appendEvents: event() };

const IDS = Object.keys(OPERATIONS) as OperationId[];

type Way = {
  readonly key?: string | undefined;
  /** Of the path's parameters, others than {@link VALUES}. */
  readonly values?: Readonly<Record<string, string>>;
  readonly query?: string;
};

/** Asks for an operation as the table describes it. */
function askFor(id: OperationId, { key, values = {}, query = queryOf(id) }: Way): Promise<Answer> {
  const { method, route }: Operation = OPERATIONS[id];
  // Where the key stands in the path, there is always something.
  const inPath: Readonly<Record<string, string>> = { ...VALUES, key: key ?? "none", ...values };
  const path = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] as string);
  const body = method === "post" || method === "put" ? { body: BODIES[id] ?? {} } : {};
  return ask(service, `${method.toUpperCase()} ${path}${query}`, { ...body, ...(key !== undefined && { key }) });
}

function isKeyInPath(id: OperationId): boolean {
  const { route }: Operation = OPERATIONS[id];
  return route.startsWith("/in/{key}/");
}

function queryOf(id: OperationId): string {
  // A tail that is let in does not end by itself: this one is refused for its filter, behind the key.
  if (id === "tailEvents") return "?actor=us*";
  return id === "proveConsistency" ? "?from=0" : "";
}

async function statusOf(id: OperationId, key: string | undefined): Promise<string> {
  const { status } = await askFor(id, { key });
  return status === 401 || status === 403 ? String(status) : "ok";
}

test("every operation answers every role as the table says", async () => {
  const got: Record<string, unknown> = {};
  for (const id of IDS) {
    const perRole = [];
    for (const role of ROLES) perRole.push(await statusOf(id, keyOf(role)));
    const withoutKey = await statusOf(id, undefined);
    got[id] = withoutKey === "ok" ? "public" : perRole;
  }
  assert.deepEqual(got, EXPECTED);
});

/** A body and what signs it, for each format whose senders sign. */
const SIGNED: Readonly<Record<string, (secret: string, body: string) => Readonly<Record<string, string>>>> = {
  github: (secret, body) => ({ "X-Hub-Signature-256": `sha256=${hmac(secret, body).toString("hex")}` }),
  gitlab: (secret) => ({ "X-Gitlab-Token": secret }),
  "standard-webhooks": (secret, body) => {
    const time = String(Math.floor(service.clock.now / 1000));
    const signature = `v1,${hmac(secret, `msg_1.${time}.${body}`).toString("base64")}`;
    return { "webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": signature };
  },
};

function hmac(secret: string, text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}

test("a signature stands for its key where the table says so, and is answered as the key is", async () => {
  const webhookSecret = "a-secret-of-every-role";
  const isAllowed = (role: Role) => allows([role], "append");
  for (const role of ROLES) await service.keys.create({ roles: [role], source: `signs-${role}`, webhookSecret });
  await service.keys.create({ roles: ["admin"], source: "signs-elsewhere", ledgers: ["elsewhere"], webhookSecret });
  const body = '{"type":"a"}';
  for (const id of IDS) {
    const { method, route, foreign, permission }: Operation = OPERATIONS[id];
    for (const [format, sign] of Object.entries(SIGNED)) {
      const askSigned = (source: string, secret: string, ledger = "main") => {
        const inPath: Readonly<Record<string, string>> = { ...VALUES, ledger, format, key: "none" };
        const path = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] as string);
        const sent = method === "post" ? { body } : {};
        return ask(service, `${method.toUpperCase()} ${path}?source=${source}`, {
          ...sent,
          headers: sign(secret, body),
        });
      };
      if (foreign?.maySign !== true) {
        if (permission === undefined) continue;
        const { status } = await askSigned("signs-admin", webhookSecret);
        assert.equal(status, 401, `${id} ${format}`);
        continue;
      }
      for (const role of ROLES) {
        const answer = await askSigned(`signs-${role}`, webhookSecret);
        if (isAllowed(role)) assert.equal(answer.status, 200, `${id} ${format} ${role}`);
        else assert.equal(codeOf(answer), "403 role_insufficient", `${id} ${format} ${role}`);
        assert.equal(codeOf(await askSigned(`signs-${role}`, `${webhookSecret}1`)), "401 signature_invalid");
      }
      assert.equal(codeOf(await askSigned("signs-elsewhere", webhookSecret)), "403 ledger_forbidden");
      assert.equal(codeOf(await askSigned("signs-admin", webhookSecret, "none")), "404 ledger_unknown");
      assert.equal(codeOf(await askSigned("signs-admin", "another-secret-than-that", "none")), "401 signature_invalid");
      assert.equal(codeOf(await askSigned("nobody", webhookSecret)), "401 signature_invalid");
    }
  }
});

test("no operation that needs a key takes none, an unknown, a revoked or an expired one", async () => {
  const revoked = await service.keys.create({ roles: ["admin"], source: "revoked" });
  await service.keys.revoke(revoked.key.id);
  const expired = await service.keys.create({ roles: ["admin"], source: "expired", expiresAt: service.clock.now });
  for (const id of IDS) {
    const isOpen = EXPECTED[id] === "public";
    const missing = isKeyInPath(id) ? "401 key_invalid" : "401 key_missing";
    assert.equal(codeOf(await askFor(id, {})) === missing, !isOpen, id);
    for (const key of ["hf_unknown", revoked.text, expired.text]) {
      const answer = await askFor(id, { key });
      if (isOpen) assert.notEqual(answer.status, 401, id);
      else assert.equal(codeOf(answer), "401 key_invalid", id);
    }
  }
});

/** What is asked of a request, in order: each is refused for the first thing that is wrong, whatever else is. */
test("the key is looked at first, then what it allows, the path, the ledger, and the query", async () => {
  const elsewhere = await service.key([...ROLES], "elsewhere", ["elsewhere"]);
  for (const id of IDS) {
    const { permission, path, query, foreign }: Operation = OPERATIONS[id];
    const params = Object.keys(path?.shape ?? {});
    const hasNumber = params.some((name) => /^\d$/.test(VALUES[name] as string) && name !== "id");
    const isOfKey = permission === "ledgersRead" || permission === "ownKeyRead";
    const isOfWhole = permission !== undefined && !isOfKey && !params.includes("ledger") && foreign === undefined;
    const refusedRole = ROLES.find((role) => permission !== undefined && !allows([role], permission));
    const wrongNumbers = { index: "x", size: "x", level: "x", n: "x", ledger: "none" };
    const wrong = { values: wrongNumbers, query: "?nonsense=1" };
    const allowed = ROLES.findLast((role) => permission !== undefined && allows([role], permission));
    const key = allowed && keyOf(allowed);
    const steps: readonly (readonly [isAsked: boolean, code: string, way: Way])[] = [
      [permission !== undefined, isKeyInPath(id) ? "401 key_invalid" : "401 key_missing", wrong],
      [permission !== undefined, "401 key_invalid", { ...wrong, key: "hf_unknown" }],
      [refusedRole !== undefined, "403 role_insufficient", { ...wrong, key: refusedRole && keyOf(refusedRole) }],
      [isOfWhole, "403 ledger_forbidden", { ...wrong, key: elsewhere }],
      [permission !== undefined && params.includes("ledger"), "403 ledger_forbidden", { ...wrong, key: elsewhere }],
      [foreign !== undefined && !params.includes("ledger"), "403 ledger_unnamed", { ...wrong, key: elsewhere }],
      [hasNumber, "400 parameter_invalid", { ...wrong, key }],
      [params.includes("ledger"), "404 ledger_unknown", { key, values: { ledger: "none" }, query: "?nonsense=1" }],
      [query !== undefined, "400 parameter_invalid", { key, query: "?nonsense=1" }],
    ];
    for (const [isAsked, code, way] of steps) {
      if (isAsked) assert.equal(codeOf(await askFor(id, way)), code, `${id} ${JSON.stringify(way)}`);
    }
  }
});

test("a key that is shown is looked up as often whether a ledger is there, is secret, or is not there", async () => {
  await ask(service, "POST /v1/ledgers", { key: keyOf("admin"), body: { name: "unseen", label: "random" } });
  const found = service.keys.find.bind(service.keys);
  let lookups = 0;
  service.keys.find = (text) => {
    lookups++;
    return found(text);
  };
  try {
    for (const id of IDS.filter((each) => "path" in OPERATIONS[each])) {
      const counts: number[] = [];
      for (const ledger of ["main", "unseen", "none"]) {
        lookups = 0;
        await askFor(id, { key: "hf_unknown", values: { ledger } });
        counts.push(lookups);
      }
      assert.deepEqual(counts, [1, 1, 1], id);
    }
  } finally {
    service.keys.find = found;
  }
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
