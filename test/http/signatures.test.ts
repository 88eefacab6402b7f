/** Webhooks whose bodies are signed: by GitHub, GitLab and Standard Webhooks, with the libraries by which they sign. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import test, { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import { signatureOf } from "../../src/http/auth/signatures.ts";
import { sampleRequest, sendSample } from "../ingest/sample-requests.ts";
import { type Answer, ask, codeOf, type Running, startService } from "./service.ts";

const require = createRequire(import.meta.url);
/** A text, because the package is there for tests alone. */
const OCTOKIT: string = "@octokit/webhooks-methods";
const { sign } = (await import(OCTOKIT)) as { sign: (secret: string, body: string) => Promise<string> };
type Signing = { sign(id: string, at: Date, body: string): string };
const { Webhook } = require("standardwebhooks") as { Webhook: new (secret: string) => Signing };
const SECRET = "a-secret-of-the-tests-1";
/** By which the samples are signed. */
const SAMPLE_SECRET = "hfk_test_0123456789abcdef";
const PAYLOAD = '{"zen":"Keep it logically awesome.","hook_id":109948940}';

let service: Running;
let admin: string;

before(async () => {
  service = await startService();
  admin = await service.key(["admin"], "admin");
});
after(() => service.close());

function post(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return ask(service, `POST ${path}`, { body, headers });
}

/** Makes a key of a source, with a secret, or with one that is made. */
async function keyWith(source: string, webhookSecret: string | true, more: object = {}) {
  const body = { roles: ["writer"], source, webhookSecret, ...more };
  const answer = await ask(service, "POST /v1/keys", { key: admin, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.as("NewKey");
}

async function size(): Promise<number> {
  return (await ask(service, "GET /v1/ledgers/main")).as("Ledger").size;
}

type Event = Record<string, unknown> & {
  readonly _source: { readonly key: string; readonly signature?: string };
  readonly _raw: unknown;
};

async function eventAt(index: number): Promise<Event> {
  const answer = await ask(service, `GET /v1/ledgers/main/events/${index}`, { key: admin });
  return answer.as("StoredEvent").event as Event;
}

async function githubHeaders(secret: string, body: string, id: string, kind = "ping") {
  return { "X-GitHub-Event": kind, "X-GitHub-Delivery": id, "X-Hub-Signature-256": await sign(secret, body) };
}

const GITHUB = "/v1/ledgers/main/ingest/github?source=";
const GITLAB = "/v1/ledgers/main/ingest/gitlab?source=";
const STANDARD = "/v1/ledgers/main/ingest/standard-webhooks?source=";

test("every example of GitHub's is taken in both encodings when it is signed, and recorded exactly and once", async () => {
  const { id } = await keyWith("examples", SECRET);
  const groups = require("@octokit/webhooks-examples/api.github.com/index.json") as {
    name: string;
    examples: Record<string, never>[];
  }[];
  let n = 0;
  for (const { name, examples } of groups) {
    for (const payload of examples) {
      const json = JSON.stringify(payload);
      for (const [body, type] of [
        [json, "application/json"],
        [`payload=${encodeURIComponent(json).replaceAll("%20", "+")}`, "application/x-www-form-urlencoded"],
      ] as const) {
        n++;
        const headers = await githubHeaders(SECRET, body, `delivery-${n}`, name);
        const index = await size();
        for (const duplicates of [0, 1]) {
          if (duplicates === 1 && n % 50 !== 0) continue;
          const answer = await ask(service, `POST ${GITHUB}examples`, { body, type, headers });
          assert.equal(answer.status, 200, answer.text);
          const { quarantined, duplicates: told } = answer.as("ForeignReceipts");
          assert.deepEqual([quarantined, told], [0, duplicates], `${name} ${type}`);
        }
        if (n % 10 !== 0) continue;
        const event = await eventAt(index);
        assert.equal(event._raw, body);
        assert.match(event.action as string, new RegExp(`^com\\.github\\.${name}`));
        assert.deepEqual([event._source.key, event._source.signature], [id, "verified"]);
      }
    }
  }
  assert.ok(n > 500, `expected more than 500 requests, got ${n}`);
});

test("what GitHub and Standard Webhooks put on the wire is taken, byte for byte", async () => {
  await keyWith("samples", SAMPLE_SECRET);
  service.clock.now = 1_795_765_290_000;
  for (const [name, path, action] of [
    ["node-github-json", GITHUB, "com.github.push"],
    ["node-github-json-2", GITHUB, "com.github.member.added"],
    ["node-github-form", GITHUB, "com.github.push"],
    ["node-standardwebhooks", STANDARD, "user.login"],
  ] as const) {
    const sample = sampleRequest(name);
    const index = await size();
    for (const _ of ["sent", "sent again"]) {
      const { status, text } = await sendSample(service.port, `${path}samples`, sample);
      assert.equal(status, 200, text);
    }
    assert.equal(await size(), index + 1, name);
    const event = await eventAt(index);
    assert.equal(event.action, action);
    assert.equal(event._raw, sample.body.toString());
    assert.equal(event._source.signature, "verified");
  }
  const event = await eventAt((await size()) - 1);
  assert.deepEqual(
    [event.id, event.time, event.metadata],
    [
      "msg_330335cc693f7f49e4b6c5bd",
      "2026-11-27T07:41:17.734Z",
      { message: "user login ok hf-sample1oyvo-0 user=alice ünïcode", user: "alice" },
    ],
  );
});

test("a signature that is wrong or missing, or of another source, is 401, records nothing and is counted", async () => {
  await keyWith("checked", SECRET);
  await keyWith("other", "a-secret-of-another-one");
  await service.key(["writer"], "without");
  const right = await githubHeaders(SECRET, PAYLOAD, "checked-1");
  const signature = right["X-Hub-Signature-256"];
  const before = await size();
  const { "X-Hub-Signature-256": _, ...unsigned } = right;
  const cases: readonly (readonly [string, string, string, Readonly<Record<string, string>>])[] = [
    ["another byte", "checked", PAYLOAD.replace("awesome", "awesomE"), right],
    ["another secret", "checked", PAYLOAD, await githubHeaders("a-secret-of-another-one", PAYLOAD, "checked-1")],
    ["another source", "other", PAYLOAD, right],
    ["no secret", "without", PAYLOAD, right],
    ["no such source", "nobody", PAYLOAD, right],
    ["cut", "checked", PAYLOAD, { ...right, "X-Hub-Signature-256": signature.slice(0, -2) }],
    ["SHA-1", "checked", PAYLOAD, { ...unsigned, "X-Hub-Signature": `sha1=${"0".repeat(40)}` }],
    ["of the decompressed", "checked", PAYLOAD, { ...right, "Content-Encoding": "gzip" }],
  ];
  for (const [about, source, body, headers] of cases) {
    const sent = about === "of the decompressed" ? gzipSync(body) : body;
    assert.equal(codeOf(await post(`${GITHUB}${source}`, sent, headers)), "401 signature_invalid", about);
  }
  assert.equal(codeOf(await post(`${GITHUB}checked`, PAYLOAD, unsigned)), "401 key_missing");
  assert.equal(codeOf(await post(GITHUB.slice(0, -8), PAYLOAD, right)), "401 key_missing");
  assert.equal(await size(), before);
  const { text } = await ask(service, "GET /metrics", { key: admin });
  assert.match(text, /^holdfast_http_problems_total\{code="signature_invalid"\} [1-9]/m);
  assert.equal((await post(`${GITHUB}checked`, PAYLOAD, right)).status, 200);
});

test("the signature is over what was sent, compressed or not", async () => {
  await keyWith("compressed", SECRET);
  const sent = gzipSync(PAYLOAD);
  const signature = `sha256=${createHmac("sha256", SECRET).update(sent).digest("hex")}`;
  const headers = { "X-GitHub-Event": "ping", "X-GitHub-Delivery": "z1", "X-Hub-Signature-256": signature };
  const answer = await post(`${GITHUB}compressed`, sent, { ...headers, "Content-Encoding": "gzip" });
  assert.equal(answer.status, 200);
  assert.equal((await eventAt((await size()) - 1))._raw, PAYLOAD);
});

test("two secrets of a source live beside each other, so that exchanging one drops nothing; what was ended is refused and told", async () => {
  const old = await keyWith("rotated", SECRET);
  const next = await keyWith("rotated", true);
  const made = next.webhookSecret as string;
  assert.match(made, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const send = async (secret: string, id: string) =>
    post(`${GITHUB}rotated`, PAYLOAD, await githubHeaders(secret, PAYLOAD, id));
  for (const [secret, key] of [
    [SECRET, old.id],
    [made, next.id],
  ] as const) {
    assert.equal((await send(secret, `rotated-${key}`)).status, 200);
    assert.equal((await eventAt((await size()) - 1))._source.key, key);
    assert.equal(service.keys.lastUse(key), service.clock.now);
  }
  await ask(service, `DELETE /v1/keys/${old.id}`, { key: admin });
  assert.equal(codeOf(await send(SECRET, "rotated-3")), "401 signature_invalid");
  assert.equal(service.keys.refusals(old.id)?.count, 1);
  assert.equal((await send(made, "rotated-4")).status, 200);
});

test("a request that shows its key is recorded without a signature, and with one only if that is right", async () => {
  const { key } = await keyWith("both", SECRET, { ledgers: ["main"] });
  const right = await githubHeaders(SECRET, PAYLOAD, "both-1");
  const wrong = await githubHeaders("not-this-secret-but-another", PAYLOAD, "both-2");
  const bearer = { Authorization: `Bearer ${key}` };
  const inHeader = "/v1/ledgers/main/ingest/github";
  const inPath = `/in/${key}/github`;
  assert.equal((await post(inPath, PAYLOAD, { "X-GitHub-Event": "ping" })).status, 200);
  assert.equal((await eventAt((await size()) - 1))._source.signature, undefined);
  assert.equal((await post(inPath, PAYLOAD, right)).status, 200);
  assert.equal((await eventAt((await size()) - 1))._source.signature, "verified");
  assert.equal((await post(inHeader, PAYLOAD, { ...bearer, ...right })).status, 200);
  const before = await size();
  assert.equal(codeOf(await post(inPath, PAYLOAD, wrong)), "401 signature_invalid");
  assert.equal(codeOf(await post(inHeader, PAYLOAD, { ...bearer, ...wrong })), "401 signature_invalid");
  assert.equal(await size(), before);
  const without = await service.key(["writer"], "unsigning");
  assert.equal((await post(inHeader, PAYLOAD, { Authorization: `Bearer ${without}`, ...wrong })).status, 200);
});

function standardHeaders(secret: string, body: string, id: string, at: number) {
  const date = new Date(at);
  const signature = new Webhook(secret).sign(id, date, body);
  return { "webhook-id": id, "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
}

test("Standard Webhooks are taken within their time, with several signatures, and known by their id when sent again", async () => {
  const { webhookSecret } = await keyWith("standard", true);
  const secret = webhookSecret as string;
  const { now } = service.clock;
  const body = '{"type":"invoice.paid","timestamp":"2026-11-20T09:30:00.000001Z","data":{"invoice":"in_1"}}';
  const right = standardHeaders(secret, body, "msg_1", now);
  const send = (headers: Readonly<Record<string, string>>) => post(`${STANDARD}standard`, body, headers);
  assert.equal((await send(right)).status, 200);
  const event = await eventAt((await size()) - 1);
  assert.deepEqual(
    [event.id, event.action, event.time, event.metadata, event._source.signature],
    ["msg_1", "invoice.paid", "2026-11-20T09:30:00.000001Z", { invoice: "in_1" }, "verified"],
  );
  const again = standardHeaders(secret, body, "msg_1", now + 60_000);
  assert.equal((await send(again)).as("ForeignReceipts").duplicates, 1, "the time of the attempt is another one");
  const several = `v1a,${"A".repeat(86)}== v1,${"A".repeat(43)}= ${right["webhook-signature"]}`;
  assert.equal((await send({ ...right, "webhook-signature": several })).as("ForeignReceipts").duplicates, 1);
  const svix = { "svix-id": "msg_2", "svix-timestamp": right["webhook-timestamp"] };
  const ofSvix = standardHeaders(secret, body, "msg_2", now)["webhook-signature"];
  assert.equal((await send({ ...svix, "svix-signature": ofSvix })).as("ForeignReceipts").duplicates, 0);
  for (const [about, headers, code] of [
    ["too old", standardHeaders(secret, body, "msg_3", now - 301_000), "signature_expired"],
    ["too new", standardHeaders(secret, body, "msg_3", now + 302_000), "signature_expired"],
    ["another id", { ...right, "webhook-id": "msg_4" }, "signature_invalid"],
    ["another time", { ...right, "webhook-timestamp": String(Math.floor(now / 1000) - 1) }, "signature_invalid"],
    ["no time", { ...right, "webhook-timestamp": "soon" }, "signature_invalid"],
    [
      "of another version",
      { ...right, "webhook-signature": right["webhook-signature"].replace("v1,", "v2,") },
      "signature_invalid",
    ],
    ["empty", { ...right, "webhook-signature": "v1," }, "signature_invalid"],
  ] as const) {
    assert.equal(codeOf(await send(headers)), `401 ${code}`, about);
  }
  assert.equal((await send(standardHeaders(secret, body, "msg_5", now - 299_000))).status, 200);
});

test("GitLab's secret token, its signing token and a key in its place are taken, and a wrong one is not", async () => {
  const { key } = await keyWith("gitlab", SECRET);
  const { webhookSecret } = await keyWith("gitlab", true);
  const body = '{"object_kind":"push","ref":"refs/heads/main","project":{"id":1,"path_with_namespace":"a/b"}}';
  const common = { "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e" };
  const send = (id: string, headers: Readonly<Record<string, string>>, path = `${GITLAB}gitlab`) =>
    post(path, body, { ...common, "Idempotency-Key": id, ...headers });
  const signed = standardHeaders(webhookSecret as string, body, "gl-2", service.clock.now);
  for (const [id, headers, path, signature] of [
    ["gl-1", { "X-Gitlab-Token": SECRET }, undefined, "verified"],
    ["gl-2", signed, undefined, "verified"],
    ["gl-3", { "X-Gitlab-Token": key }, undefined, undefined],
    ["gl-4", { "X-Gitlab-Token": key }, GITLAB.slice(0, -8), undefined],
  ] as const) {
    const answer = await send(id, headers, path);
    assert.equal(answer.as("ForeignReceipts").recorded, 1, id);
    const event = await eventAt((await size()) - 1);
    assert.deepEqual([event.id, event.action, event._source.signature], [id, "com.gitlab.push", signature]);
    assert.equal((await send(id, headers, path)).as("ForeignReceipts").duplicates, 1, id);
  }
  const before = await size();
  assert.equal(codeOf(await send("gl-5", { "X-Gitlab-Token": `${SECRET}1` })), "401 signature_invalid");
  assert.equal(codeOf(await send("gl-5", { "X-Gitlab-Token": "hf_unknown" })), "401 key_invalid");
  assert.equal(codeOf(await send("gl-5", { ...signed, "webhook-id": "gl-5" })), "401 signature_invalid");
  assert.equal(await size(), before);
});

/** GitHub never sends again, and GitLab ends a hook that is answered 4xx: only what says who they are may be. */
test("nothing that is in a signed body is answered 4xx", async () => {
  await keyWith("contents", SECRET);
  for (const [i, body] of ["", "{", "\0", "payload=%", "[1,2]", "null", '{"action":7}', "x".repeat(70_000)].entries()) {
    const github = await post(
      `${GITHUB}contents`,
      body,
      await githubHeaders(SECRET, body || "", `c-${i}`).catch(() => empty()),
    );
    assert.equal(github.status, 200, `github ${i}`);
    const gitlab = await post(`${GITLAB}contents`, body, { "X-Gitlab-Token": SECRET });
    assert.equal(gitlab.status, 200, `gitlab ${i}`);
  }
});

/**
 * What each sender does on a status, by its documentation. "kept" is what comes again, by itself or asked for; "ended" is a
 * hook that sends nothing any more.
 */
const ON_STATUS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  github: { 200: "done", 401: "kept", 403: "kept", 404: "kept", 413: "kept", 503: "kept" },
  gitlab: { 200: "done", 401: "ended", 403: "ended", 404: "ended", 413: "ended", 503: "kept" },
  "standard-webhooks": { 200: "done", 401: "kept", 403: "kept", 404: "kept", 413: "kept", 503: "kept" },
};

test("whatever may pass is 503, which every sender keeps; a hook is ended only for what its owner has to mend", async () => {
  await keyWith("passing", SECRET);
  const body = '{"type":"a"}';
  const standard = standardHeaders(Buffer.from(SECRET).toString("base64"), body, "passing-1", service.clock.now);
  const { ledgers, keys } = service;
  const found = keys.findBySecret.bind(keys);
  const signed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    github: await githubHeaders(SECRET, body, "passing-1"),
    gitlab: { "X-Gitlab-Token": SECRET },
    "standard-webhooks": standard,
  };
  const other = await ledgers.create({ name: "stopped" });
  await other.close();
  for (const [format, headers] of Object.entries(signed)) {
    const target = (ledger: string) => `/v1/ledgers/${ledger}/ingest/${format}?source=passing`;
    const stopped = await post(target("stopped"), body, headers);
    assert.deepEqual([stopped.status, stopped.headers.get("retry-after")], [503, "2"], format);
    keys.findBySecret = () => {
      throw new Error("something of our own");
    };
    const failed = await post(target("main"), body, headers);
    keys.findBySecret = found;
    assert.deepEqual([failed.status, failed.headers.get("retry-after")], [503, "2"], format);
    const unknown = await post(target("none"), body, headers);
    const refused = await post(target("main"), body, {
      ...headers,
      "X-Gitlab-Token": "x",
      "X-Hub-Signature-256": "x",
      "webhook-id": "x",
    });
    const taken = await post(target("main"), body, headers);
    assert.deepEqual([unknown.status, refused.status, taken.status], [404, 401, 200], format);
    for (const { status } of [stopped, failed, unknown, refused, taken]) {
      const outcome = ON_STATUS[format]?.[status];
      assert.ok(
        status < 400 ? outcome === "done" : outcome === "kept" || [401, 404].includes(status),
        `${format} ${status}`,
      );
    }
  }
});

/** The library refuses to sign nothing. */
function empty() {
  const signature = `sha256=${createHmac("sha256", SECRET).update("").digest("hex")}`;
  return { "X-GitHub-Event": "ping", "X-GitHub-Delivery": "c-empty", "X-Hub-Signature-256": signature };
}

test("a secret is shown once, when it was made here, and is nowhere else: not in answers, logs or the store", async () => {
  const given = await ask(service, "POST /v1/keys", {
    key: admin,
    body: { roles: ["writer"], source: "hidden", webhookSecret: "given-secret-that-is-hidden" },
  });
  const made = await keyWith("hidden", true);
  const secrets = ["given-secret-that-is-hidden", made.webhookSecret as string];
  assert.equal(given.as("NewKey").hasWebhookSecret, true);
  assert.equal(given.as("NewKey").webhookSecret, undefined);
  const shown = [given.text, (await ask(service, "GET /v1/keys", { key: admin })).text, JSON.stringify(service.logged)];
  shown.push((await ask(service, `DELETE /v1/keys/${made.id}`, { key: admin })).text);
  for await (const [, value] of service.store.records("keys")) shown.push(value);
  for (const wrong of [
    "short-secret",
    "with space in the secret",
    "whsec_",
    "whsec_c2hvcnQ=",
    "whsec_!!!!!!!!!!!!!!!!!!!!!!!!",
    7,
    false,
  ]) {
    const answer = await ask(service, "POST /v1/keys", {
      key: admin,
      body: { roles: ["writer"], source: "wrong", webhookSecret: wrong },
    });
    assert.equal(codeOf(answer), "400 request_invalid", String(wrong));
    assert.ok(!answer.text.includes(`"${wrong}"`), answer.text);
    shown.push(answer.text);
  }
  for (const secret of secrets) assert.ok(!shown.join("\n").includes(secret));
  const keys = (await ask(service, "GET /v1/keys", { key: admin })).as("Keys").keys;
  assert.equal(keys.filter(({ hasWebhookSecret, source }) => source === "hidden" && hasWebhookSecret).length, 2);
});

test("others have their turn while the signature of a large body is looked at, right or not", async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, "x");
  const hex = createHmac("sha256", SECRET).update(body).digest("hex");
  const clock = { now: service.clock.now, toleranceMs: 300_000 };
  const standard = standardHeaders(Buffer.from(SECRET).toString("base64"), body.toString(), "large-1", clock.now);
  const lower = Object.fromEntries(Object.entries(standard).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [format, headers] of [
    ["github", { "x-hub-signature-256": `sha256=${hex}` }],
    ["standard-webhooks", lower],
  ] as const) {
    for (const [secret, expected] of [
      [SECRET, true],
      [`${SECRET}-other`, false],
    ] as const) {
      let turns = 0;
      let isDone = false;
      const others = (): void => {
        turns++;
        if (!isDone) setImmediate(others);
      };
      setImmediate(others);
      const shown = signatureOf(format, { headers }, clock);
      assert.equal(await shown?.isRight(secret, body), expected, format);
      isDone = true;
      assert.ok(turns >= 7, `expected a turn after each piece, got ${turns}`);
    }
  }
});
