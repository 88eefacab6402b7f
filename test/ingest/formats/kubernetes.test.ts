/** Audit events of Kubernetes: what is made of them, what of them is never kept, and that nothing of them is refused. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { checkEvent, EVENT_LIMITS } from "../../../src/entry/event.ts";
import { unpackMembers } from "../../../src/entry/packed.ts";
import { readMembers } from "../../../src/entry/prepare.ts";
import type { Item } from "../../../src/ingest/format.ts";
import { kubernetes } from "../../../src/ingest/formats/kubernetes/kubernetes.ts";
import { takeForeign } from "../../../src/ingest/intake/foreign.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { adaptAll, itemsOf } from "../deliveries.ts";
import { sampleRequest } from "../sample-requests.ts";

/** What no test may find anywhere in what is recorded. */
const SECRET = "aHVudGVyMg-secret";

const AUDIT = {
  level: "RequestResponse",
  auditID: "198461bb-0fe1-4daa-978d-02921e0068ed",
  stage: "ResponseComplete",
  requestURI: "/api/v1/namespaces/payments/pods/web-1?fieldManager=kubectl",
  verb: "update",
  user: { username: "alice", uid: "u-1", groups: ["developers", "system:authenticated"] },
  sourceIPs: ["203.0.113.9", "10.4.0.17"],
  userAgent: "kubectl/v1.34.1",
  objectRef: { resource: "pods", namespace: "payments", name: "web-1", apiVersion: "v1" },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: "2026-11-27T07:40:31.293712Z",
  stageTimestamp: "2026-11-27T07:40:31.293713Z",
};

function list(...items: readonly unknown[]): string {
  const texts = items.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
  return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${texts.join(",")}]}\n`;
}

function audit(more: object = {}): Record<string, unknown> {
  return { ...AUDIT, ...more };
}

function eventsOf(body: string | Uint8Array) {
  return adaptAll(kubernetes, itemsOf(kubernetes, body));
}

function eventOf(more: object = {}) {
  const [first] = eventsOf(list(audit(more)));
  assert.ok(first);
  assert.deepEqual(first.notes, []);
  return first.event;
}

type Kept = Readonly<Record<string, unknown>> & {
  readonly _raw: unknown;
  readonly _source: { readonly redacted?: readonly string[]; readonly quarantined?: boolean };
};

/** All members of all entries, as they would be recorded. */
function recordedOf(body: string | Uint8Array, more: { readonly isUndecodable?: boolean } = {}) {
  const form = { format: "kubernetes", delivery: { headers: {}, query: {} }, key: "k", source: "s" };
  const bytes = typeof body === "string" ? utf8(body) : body;
  const [taken] = takeForeign(bytes, { ...form, receivedAt: 0, rawBytesMax: 1_000_000, ...more }, EVENT_LIMITS, {
    hash: keccak256,
    salts: createSalts(),
  });
  return (taken?.entries ?? []).map(({ members }) => readMembers({ members: unpackMembers(members) }) as Kept);
}

test("an event is mapped with who, as whom, what, where from and what came of it, to the microsecond", () => {
  const impersonatedUser = { username: "system:serviceaccount:ci:deployer", groups: ["system:serviceaccounts"] };
  assert.deepEqual(eventOf({ impersonatedUser }), {
    id: "198461bb-0fe1-4daa-978d-02921e0068ed/ResponseComplete",
    action: "k8s.core.pods.update",
    time: "2026-11-27T07:40:31.293713Z",
    observed_at: "2026-11-27T07:40:31.293712Z",
    actor: {
      type: "user",
      id: "alice",
      attrs: { uid: "u-1", groups: ["developers", "system:authenticated"] },
      on_behalf_of: {
        type: "service",
        id: "system:serviceaccount:ci:deployer",
        name: "ci/deployer",
        attrs: { groups: ["system:serviceaccounts"] },
      },
    },
    targets: [{ type: "pods", id: "payments/web-1", name: "web-1", attrs: { namespace: "payments" } }],
    outcome: "success",
    op: "u",
    context: { ip: "10.4.0.17", user_agent: "kubectl/v1.34.1", request_id: AUDIT.auditID },
    metadata: {
      level: "RequestResponse",
      stage: "ResponseComplete",
      requestURI: "/api/v1/namespaces/payments/pods/web-1?fieldManager=kubectl",
      code: 200,
    },
  });
});

test("actions name the group, the resource, its subresource and the verb", () => {
  const ref = (objectRef: object | undefined, verb: string) => eventOf({ objectRef, verb }).action;
  assert.equal(ref({ resource: "deployments", apiGroup: "apps" }, "patch"), "k8s.apps.deployments.patch");
  assert.equal(ref({ resource: "pods", subresource: "exec" }, "create"), "k8s.core.pods/exec.create");
  assert.equal(
    ref({ resource: "leases", apiGroup: "coordination.k8s.io" }, "get"),
    "k8s.coordination.k8s.io.leases.get",
  );
  assert.equal(ref(undefined, "get"), "k8s.nonresource.get");
  const { op, targets } = eventOf({ objectRef: { resource: "pods", namespace: "a", name: "p", subresource: "exec" } });
  assert.deepEqual([op, targets?.[0]?.id], ["x", "a/p"]);
  assert.deepEqual(eventOf({ objectRef: undefined, requestURI: "/healthz?verbose" }).targets, [
    { type: "url", id: "/healthz" },
  ]);
  assert.equal(eventOf({ objectRef: { resource: "pods", namespace: "a" }, verb: "list" }).targets?.[0]?.id, "a/*");
});

test("whoever acts is a user, a service, a part of the system, or nobody that is known", () => {
  const typeOf = (username: string | undefined) => eventOf({ user: { username } }).actor;
  assert.deepEqual(typeOf("system:serviceaccount:kube-system:cron"), {
    type: "service",
    id: "system:serviceaccount:kube-system:cron",
    name: "kube-system/cron",
  });
  assert.equal(typeOf("system:node:worker-1").type, "system");
  assert.equal(typeOf("system:anonymous").type, "anonymous");
  assert.equal(typeOf("alice@example.org").type, "user");
  assert.deepEqual(typeOf(undefined), { type: "anonymous", id: "unknown" });
});

test("the outcome is what was decided and answered, and unknown before there is an answer", () => {
  const outcome = (code: number | undefined, decision?: string, stage = "ResponseComplete") =>
    eventOf({
      stage,
      responseStatus: code === undefined ? undefined : { code },
      annotations: decision === undefined ? undefined : { "authorization.k8s.io/decision": decision },
    }).outcome;
  assert.deepEqual(
    [outcome(201, "allow"), outcome(101), outcome(409, "allow"), outcome(404), outcome(500)],
    ["success", "success", "failure", "failure", "failure"],
  );
  assert.deepEqual([outcome(403), outcome(401), outcome(undefined, "forbid")], ["denied", "denied", "denied"]);
  assert.deepEqual([outcome(undefined), outcome(undefined, undefined, "Panic")], ["unknown", "failure"]);
});

test("what a request asks to become is the change, of a patch its steps", () => {
  const patch = [{ op: "replace", path: "/spec/replicas", value: 3 }];
  assert.deepEqual(eventOf({ verb: "patch", requestObject: patch }).changes, { patch });
  assert.deepEqual(eventOf({ requestObject: { spec: { replicas: 3 } } }).changes, { new: { spec: { replicas: 3 } } });
  const [large] = eventsOf(list(audit({ requestObject: { text: "x".repeat(200_000) } })));
  assert.deepEqual([large?.event.changes, large?.notes, large?.event.actor.id], [undefined, [], "alice"]);
});

/** Events with a secret in them, by what they are about. */
const SECRETS: Readonly<Record<string, object>> = {
  "a secret": {
    objectRef: { resource: "secrets", namespace: "a", name: "db" },
    requestObject: { kind: "Secret", data: { password: SECRET } },
    responseObject: { kind: "Secret", metadata: { name: "db" }, data: { password: SECRET } },
  },
  "a patch of a secret": {
    objectRef: { resource: "secrets", namespace: "a", name: "db" },
    verb: "patch",
    requestObject: [{ op: "add", path: "/data/password", value: SECRET }],
  },
  "a list of secrets": {
    objectRef: { resource: "secrets" },
    verb: "list",
    responseObject: { kind: "SecretList", items: [{ data: { password: SECRET } }] },
  },
  "a config map": { objectRef: { resource: "configmaps" }, requestObject: { data: { key: SECRET } } },
  "a review of a token": {
    objectRef: { resource: "tokenreviews", apiGroup: "authentication.k8s.io" },
    requestObject: { kind: "TokenReview", spec: { token: SECRET } },
  },
  "a token of a service account": {
    objectRef: { resource: "serviceaccounts", subresource: "token", namespace: "a", name: "ci" },
    responseObject: { status: { token: SECRET } },
  },
  "a secret that only its kind tells": {
    objectRef: undefined,
    requestURI: "/x",
    responseObject: { kind: "Secret", stringData: { password: SECRET } },
  },
  "a secret among other objects": {
    objectRef: undefined,
    responseObject: { kind: "List", items: [{ kind: "Pod" }, { kind: "Secret", data: { password: SECRET } }] },
  },
  "a secret that only the path tells": {
    objectRef: undefined,
    requestURI: "/api/v1/namespaces/a/secrets/db",
    requestObject: { data: { password: SECRET } },
  },
  "an answer that quotes a secret": {
    objectRef: { resource: "secrets", namespace: "a", name: "db" },
    responseStatus: {
      code: 400,
      reason: "BadRequest",
      message: `cannot unmarshal, bigger context ...|${SECRET}|...`,
      details: { causes: [{ message: SECRET }] },
    },
  },
  "what an admission webhook made of a secret": {
    objectRef: { resource: "secrets", namespace: "a", name: "db" },
    annotations: {
      "authorization.k8s.io/decision": "allow",
      "patch.webhook.admission.k8s.io/round_0_index_0": `{"patch":[{"op":"add","path":"/data","value":"${SECRET}"}]}`,
    },
  },
  "a secret spelled with other letters": {
    objectRef: { resource: "Secrets" },
    RequestObject: { data: { password: SECRET } },
  },
};

test("secrets, config maps and tokens are cut out of everything that is recorded, and where is told", () => {
  for (const [about, more] of Object.entries(SECRETS)) {
    const [record] = recordedOf(list(audit(more)));
    assert.ok(record, about);
    assert.ok(!JSON.stringify(record).includes(SECRET), about);
    const { redacted, quarantined } = record._source;
    assert.ok(redacted !== undefined && redacted.length > 0 && quarantined === undefined, about);
    const kept = JSON.parse(record._raw as string) as Record<string, unknown>;
    assert.equal(kept.auditID, AUDIT.auditID, about);
    for (const path of redacted) {
      const value = path
        .split("/")
        .slice(1)
        .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name.replaceAll("~1", "/")], kept);
      assert.equal(value, "[redacted]", `${about} ${path}`);
    }
  }
});

test("what is not secret stays byte for byte: annotations about authorization, managed fields, other objects", () => {
  const text =
    '{ "verb":"update", "auditID":"a1", "stage":"ResponseComplete","annotations":{"authorization.k8s.io/decision":"allow",' +
    '"authorization.k8s.io/reason":"RBAC: allowed by \\"x\\""},"objectRef":{"resource":"pods"},' +
    '"requestObject":{"metadata":{"managedFields":[{"manager":"kubectl"}]},"n":9007199254740993} }';
  const [record] = recordedOf(list(text));
  assert.equal(record?._raw, text);
  assert.equal(record?._source.redacted, undefined);
  const [secret] = recordedOf(list(text.replace('"pods"', '"secrets"')));
  const cut = text.replace('"pods"', '"secrets"').replace(/"requestObject":.*$/, '"requestObject":"[redacted]" }');
  assert.equal(secret?._raw, cut);
  assert.deepEqual(secret?._source.redacted, ["/requestObject"]);
  assert.deepEqual(secret?.metadata, {
    stage: "ResponseComplete",
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": 'RBAC: allowed by "x"' },
  });
});

test("of what cannot be read and may hold a secret only length and digest are kept", () => {
  const whole = list(audit(SECRETS["a secret"]));
  const damaged: Readonly<Record<string, string | Uint8Array>> = {
    "cut off": whole.slice(0, whole.indexOf(SECRET) + SECRET.length),
    "bytes that are no UTF-8": Buffer.from(whole.replace("alice", "al\xefce"), "latin1"),
    "nested too deeply": list(audit({ ...SECRETS["a secret"], more: "MARK" })).replace(
      '"MARK"',
      `${"[".repeat(40_000)}${"]".repeat(40_000)}`,
    ),
    "an object itself": `{"kind": "Secret", "data": {"password": "${SECRET}"}}`,
    "no event": list({ requestObject: { kind: "Secret", data: SECRET } }),
    "a name that is escaped": `{"kind":"EventList","items":[{"request\\u004fbject":{"kind":"Secret","data":"${SECRET}"}}]}`,
  };
  for (const [about, body] of Object.entries(damaged)) {
    const records = recordedOf(body);
    assert.ok(!JSON.stringify(records).includes(SECRET), about);
    assert.equal(records[0]?._source.quarantined, true, about);
    assert.deepEqual(Object.keys(records[0]?._raw as object), ["bytes", "digest"], about);
  }
  const [undecodable] = recordedOf(utf8("whatever"), { isUndecodable: true });
  assert.deepEqual(Object.keys(undecodable?._raw as object), ["bytes", "digest"]);
  const [plain] = recordedOf(list('{"nothing":1}'));
  assert.equal(plain?._raw, '{"nothing":1}');
});

test("one item that cannot be read fails none of the others", () => {
  const events = eventsOf(list(audit(), '{"a":}', 7, '"text"', null, audit({ auditID: "second", stage: "Panic" })));
  assert.deepEqual(
    events.map(({ event, notes }) => [event.id ?? null, notes.includes("text_unreadable")]),
    [
      [`${AUDIT.auditID}/ResponseComplete`, false],
      [null, true],
      [null, true],
      [null, true],
      [null, true],
      ["second/Panic", false],
    ],
  );
});

test("lists of none, several lists, single events and log files of them are taken", () => {
  assert.equal(eventsOf(list()).length, 0);
  assert.equal(eventsOf('{"kind":"EventList","items":null}').length, 0);
  assert.equal(eventsOf("").length, 0);
  const log = [audit({ stage: "RequestReceived" }), audit()].map((each) => JSON.stringify(each)).join("\n");
  const expected = [`${AUDIT.auditID}/RequestReceived`, `${AUDIT.auditID}/ResponseComplete`];
  for (const body of [
    log,
    `[${log.replace("\n", ",")}]`,
    `${list(audit({ stage: "RequestReceived" }))}${list(audit())}`,
  ]) {
    assert.deepEqual(
      eventsOf(body).map(({ event }) => event.id),
      expected,
    );
  }
  const beta = { ...audit(), stageTimestamp: undefined, timestamp: "2020-01-02T03:04:05Z" };
  const [first] = eventsOf(list(beta).replace("audit.k8s.io/v1", "audit.k8s.io/v1beta1"));
  assert.equal(first?.event.time, "2020-01-02T03:04:05Z");
});

test("no body makes the format throw, and every item becomes an event", () => {
  const { body } = sampleRequest("kube-audit-batch");
  const mutated = fc
    .array(fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(body);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const cut = fc.nat(body.length).map((end) => body.subarray(0, end));
  const odd = fc
    .jsonValue({ maxDepth: 6 })
    .map((value) => utf8(list(value, { ...AUDIT, ...(Object(value) as object) })));
  const bodies = fc.oneof(mutated, cut, odd, fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(bodies, (bytes) => {
      const items: Item[] = itemsOf(kubernetes, bytes);
      assert.ok(items.length <= bytes.length);
      for (const { event } of adaptAll(kubernetes, items)) assert.equal(checkEvent(event), event);
    }),
    { seed: 146, numRuns: 400 },
  );
});
