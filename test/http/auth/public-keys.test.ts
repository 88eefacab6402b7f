/** Standard Webhooks that are signed with a private key (v1a, ed25519): a key of ours has the public one, with which nobody can sign. */

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import test, { after, before } from "node:test";
import { type Answer, ask, codeOf, type Running, startService } from "../service.ts";

const BODY = '{"type":"invoice.paid","timestamp":"2026-11-20T09:30:00Z","data":{"invoice":"in_1"}}';

let service: Running;
let admin: string;

before(async () => {
  service = await startService();
  admin = await service.key(["admin"], "admin");
});
after(() => service.close());

type Pair = { readonly privateKey: KeyObject; readonly whpk: string };

function pair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, whpk: `whpk_${Buffer.from(x, "base64url").toString("base64")}` };
}

function keyWith(source: string, webhookSecret: string): Promise<Answer> {
  return ask(service, "POST /v1/keys", { key: admin, body: { roles: ["writer"], source, webhookSecret } });
}

let messages = 0;
/** Headers of a message of its own, with what is made of what they sign. */
function headersFor(...signatures: readonly ((signed: string) => string)[]): Readonly<Record<string, string>> {
  const id = `msg_${messages++}`;
  const time = String(Math.floor(service.clock.now / 1000));
  const signed = `${id}.${time}.${BODY}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": signatures.map((make) => make(signed)).join(" "),
  };
}

const ed25519 =
  ({ privateKey }: Pair) =>
  (signed: string): string =>
    `v1a,${sign(null, Buffer.from(signed), privateKey).toString("base64")}`;
const hmac =
  (key: string | Buffer) =>
  (signed: string): string =>
    `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;

function send(source: string, headers: Readonly<Record<string, string>>, body = BODY): Promise<Answer> {
  return ask(service, `POST /v1/ledgers/main/ingest/standard-webhooks?source=${source}`, { body, headers });
}

test("what is signed with the private key of a source is recorded once, and said to be verified under that key", async () => {
  const own = pair();
  const made = (await keyWith("public", own.whpk)).as("NewKey");
  assert.deepEqual([made.hasWebhookSecret, made.webhookSecret], [true, undefined]);
  const headers = headersFor(ed25519(own));
  for (const duplicates of [0, 1]) {
    const answer = await send("public", headers);
    assert.equal(answer.as("ForeignReceipts").duplicates, duplicates, answer.text);
  }
  const size = service.ledgers.get("main")?.size ?? 0;
  const { event } = (await ask(service, `GET /v1/ledgers/main/events/${size - 1}`, { key: admin })).as("StoredEvent");
  const { key, signature } = event._source as { key: string; signature: string };
  assert.deepEqual([key, signature, event.action, event._raw], [made.id, "verified", "invoice.paid", BODY]);
});

test("signatures of both kinds stand in one header, and while a key is exchanged for another, or a secret for a key, both are right", async () => {
  const old = pair();
  const next = pair();
  const stranger = pair();
  const secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
  const bytes = Buffer.from(secret.slice(6), "base64");
  await keyWith("both", secret);
  const { id } = (await keyWith("both", old.whpk)).as("NewKey");
  for (const signatures of [
    [hmac(bytes), ed25519(old)],
    [ed25519(stranger), hmac(bytes)],
    [hmac("another"), ed25519(old)],
    [ed25519(stranger), ed25519(next), ed25519(old)],
  ]) {
    assert.equal((await send("both", headersFor(...signatures))).status, 200);
  }
  await ask(service, `DELETE /v1/keys/${id}`, { key: admin });
  await keyWith("both", next.whpk);
  assert.equal((await send("both", headersFor(ed25519(old), ed25519(next)))).status, 200);
  assert.equal(codeOf(await send("both", headersFor(ed25519(old)))), "401 signature_invalid");
  assert.equal(service.keys.refusals(id)?.count, 1, "what is still signed with a key that ended is counted");
});

test("nothing is taken that was made with the public key alone, in any format and of any kind", async () => {
  const own = pair();
  const { whpk } = own;
  await keyWith("known", whpk);
  const bytes = Buffer.from(whpk.slice(5), "base64");
  const before = service.ledgers.get("main")?.size;
  for (const [about, make] of [
    ["its text as a secret", hmac(whpk)],
    ["its text without the prefix", hmac(whpk.slice(5))],
    ["its bytes", hmac(bytes)],
    ["called the other kind", (signed: string) => `v1a,${hmac(bytes)(signed).slice(3)}`],
    ["the right one, called the other kind", (signed: string) => `v1,${ed25519(own)(signed).slice(4)}`],
    ["too short", (signed: string) => ed25519(own)(signed).slice(0, -8)],
    ["nothing", () => "v1a,"],
    ["of zeros", () => `v1a,${Buffer.alloc(64).toString("base64")}`],
  ] as const) {
    assert.equal(codeOf(await send("known", headersFor(make))), "401 signature_invalid", about);
  }
  assert.equal(codeOf(await send("known", headersFor(ed25519(own)), `${BODY} `)), "401 signature_invalid");
  const github = { "X-Hub-Signature-256": `sha256=${createHmac("sha256", whpk).update(BODY).digest("hex")}` };
  const ofGithub = await ask(service, "POST /v1/ledgers/main/ingest/github?source=known", {
    body: BODY,
    headers: github,
  });
  assert.equal(codeOf(ofGithub), "401 signature_invalid");
  const gitlab = { "X-Gitlab-Token": whpk };
  const ofGitlab = await ask(service, "POST /v1/ledgers/main/ingest/gitlab?source=known", {
    body: BODY,
    headers: gitlab,
  });
  assert.equal(codeOf(ofGitlab), "401 signature_invalid");
  assert.equal(service.ledgers.get("main")?.size, before);
});

test("what only a private key signed is short, for checking it is work that anybody can ask for; with a secret it may be long", async () => {
  const own = pair();
  const secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
  await keyWith("long", own.whpk);
  await keyWith("long", secret);
  const signed = (length: number) => {
    const body = JSON.stringify({ type: "long", text: "x".repeat(length) });
    const of = (make: (text: string) => string) => (text: string) => make(text.slice(0, -BODY.length) + body);
    return { body, own: of(ed25519(own)), byHmac: of(hmac(Buffer.from(secret.slice(6), "base64"))) };
  };
  const short = signed(1_000_000);
  assert.equal((await send("long", headersFor(short.own), short.body)).status, 200);
  const long = signed(1_100_000);
  const refused = await send("long", headersFor(long.own), long.body);
  assert.equal(codeOf(refused), "401 signature_invalid");
  assert.match(refused.text, /at most 1048576 bytes under a signature v1a, got 11000/);
  assert.equal((await send("long", headersFor(long.own, long.byHmac), long.body)).status, 200);
});

test("of signatures with a private key the first four are looked at: each is as much work as its body is long", async () => {
  const own = pair();
  const stranger = pair();
  await keyWith("several", own.whpk);
  const others = (count: number) => Array.from({ length: count }, () => ed25519(stranger));
  assert.equal((await send("several", headersFor(...others(3), ed25519(own)))).status, 200);
  assert.equal(codeOf(await send("several", headersFor(...others(4), ed25519(own)))), "401 signature_invalid");
});

test("what is called a public key and is none is no webhook secret, and a private key is not taken for one", async () => {
  const short = Buffer.alloc(31, 7).toString("base64");
  const long = Buffer.alloc(33, 7).toString("base64");
  for (const wrong of [
    "whpk_",
    `whpk_${short}`,
    `whpk_${long}`,
    "whpk_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
    `whsk_${long}`,
  ]) {
    const answer = await keyWith("wrong", wrong);
    assert.equal(codeOf(answer), "400 request_invalid", wrong);
    assert.match(answer.text, /after whpk_ that of a public key of ed25519, 32 bytes/);
  }
});

test("no key is taken under which anybody could sign: a point of small order, or one beyond the prime", async () => {
  const prime = 2n ** 255n - 19n;
  const order8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
  const ys = [0n, 1n, prime - 1n, order8, prime - order8, prime, prime + 1n, 2n ** 255n - 1n];
  const encodings = ys
    .flatMap((y) => [y, y + 2n ** 255n])
    .map((y) => {
      return Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse();
    });
  for (const bytes of encodings) {
    const refused = await keyWith("weak", `whpk_${bytes.toString("base64")}`);
    assert.equal(codeOf(refused), "400 request_invalid", bytes.toString("hex"));
  }
});
