/** API keys: shown once, stored as a digest, rotated without a gap, ended for good. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test, { after, before } from "node:test";
import { Health } from "../../../src/health.ts";
import { KeyRing } from "../../../src/http/auth/api-keys.ts";
import { SecretBox } from "../../../src/keys/secret-box.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { ask, codeOf, event, type Running, startService } from "../service.ts";

let service: Running;
let admin: string;

before(async () => {
  service = await startService();
  admin = await service.key(["admin"], "admin");
});
after(() => service.close());

function create(body: object) {
  return ask(service, "POST /v1/keys", { key: admin, body });
}

test("a key is shown once and stored as its SHA-256", async () => {
  const made = (await create({ roles: ["writer"], source: "once", note: "for the tests" })).as("NewKey");
  assert.match(made.key, /^hf_[A-Za-z0-9_-]{43}$/);
  const stored: string[] = [];
  for await (const [, value] of service.store.records("keys")) stored.push(value);
  const digest = createHash("sha256").update(made.key).digest("hex");
  assert.ok(stored.some((value) => value.includes(digest)));
  assert.equal(made.id, digest.slice(0, 16));
  assert.ok(!stored.join().includes(made.key));
  const { text } = await ask(service, "GET /v1/keys", { key: admin });
  assert.ok(!text.includes(made.key) && !text.includes(digest));
});

test("a key tells what it is for, and nothing that the service as a whole is asked where it is for some ledgers", async () => {
  const own = async (key: string) => (await ask(service, "GET /v1/key", { key })).as("OwnKey");
  const made = (await create({ roles: ["reader"], source: "asks", note: "for the desk" })).as("NewKey");
  const { id, source, roles, note, permissions } = await own(made.key);
  assert.deepEqual([id, source, roles, note], [made.id, "asks", ["reader"], "for the desk"]);
  assert.deepEqual([permissions.includes("read"), permissions.includes("rulesWrite")], [true, false]);
  assert.ok((await own(admin)).permissions.includes("keysWrite"));
  const some = (await create({ roles: ["admin"], source: "some", ledgers: ["main"] })).as("NewKey");
  const { permissions: ofSome } = await own(some.key);
  assert.deepEqual([ofSome.includes("rulesWrite"), ofSome.includes("keysWrite")], [true, false]);
  assert.equal(codeOf(await ask(service, "GET /v1/key")), "401 key_missing");
});

test("a source has two live keys at most, so that one can take over from the other", async () => {
  const first = (await create({ roles: ["writer"], source: "rotated" })).as("NewKey");
  const second = (await create({ roles: ["writer"], source: "rotated" })).as("NewKey");
  assert.equal(codeOf(await create({ roles: ["writer"], source: "rotated" })), "409 source_keys_max");
  for (const { key } of [first, second]) {
    assert.equal((await ask(service, "POST /v1/ledgers/main/events", { key, body: event() })).status, 201);
  }
  const revoked = await ask(service, `DELETE /v1/keys/${first.id}`, { key: admin });
  assert.equal(revoked.as("Key").revokedAt, service.clock.now);
  const refused = await ask(service, "POST /v1/ledgers/main/events", { key: first.key, body: event() });
  assert.equal(codeOf(refused), "401 key_invalid");
  assert.equal((await create({ roles: ["writer"], source: "rotated" })).status, 201);
});

test("two requests at once do not get past the limit of two keys", async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => create({ roles: ["reader"], source: "rushed" })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409]);
});

test("a key ends when its time is over", async () => {
  const expiresAt = new Date(service.clock.now + 1000).toISOString();
  const { key } = (await create({ roles: ["reader"], source: "brief", expiresAt })).as("NewKey");
  assert.equal((await ask(service, "GET /v1/ledgers", { key })).status, 200);
  service.clock.now += 1000;
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers", { key })), "401 key_invalid");
});

test("the last key that may administer cannot be ended", async () => {
  const { keys } = (await ask(service, "GET /v1/keys", { key: admin })).as("Keys");
  const id = keys.find(({ source }) => source === "admin")?.id as string;
  assert.equal(codeOf(await ask(service, `DELETE /v1/keys/${id}`, { key: admin })), "409 key_last_admin");
  assert.equal(codeOf(await ask(service, "DELETE /v1/keys/none", { key: admin })), "404 key_unknown");
});

test("what is no request for a key is refused", async () => {
  const wrong = [{}, { roles: [], source: "s" }, { roles: ["root"], source: "s" }, { roles: ["admin"], source: "a b" }];
  const more = [
    { roles: ["admin"], source: "s", ledger: "main" },
    { roles: ["admin"], source: "s", ledgers: ["Main"] },
    { roles: ["admin"], source: "s", expiresAt: "tomorrow" },
  ];
  for (const body of [...wrong, ...more]) assert.equal(codeOf(await create(body)), "400 request_invalid");
});

test("the last use of a key is known, also after a restart", async () => {
  const { key, id } = (await create({ roles: ["reader"], source: "used" })).as("NewKey");
  await ask(service, "GET /v1/ledgers", { key });
  await service.keys.flush();
  const again = await KeyRing.open(service.store);
  assert.equal(again.lastUse(id), service.clock.now);
  await again.close();
});

test("times of last use that cannot be written are kept, told while it lasts, and written when it works again", async (t) => {
  const store = new MemoryStore();
  const health = new Health();
  const ring = await KeyRing.open(store, Date.now, health);
  t.after(() => ring.close());
  const { text, key } = await ring.create({ roles: ["reader"], source: "desk" });
  ring.find(text);
  const { writeRecords } = store;
  store.writeRecords = () => Promise.reject(new Error("ENOSPC"));
  for (let i = 0; i < 2; i++) await ring.keepUses(health);
  assert.deepEqual(
    health.conditions().map(({ code, isNotice }) => [code, isNotice]),
    [["key_uses_unwritten", true]],
  );
  store.writeRecords = writeRecords;
  await ring.keepUses(health);
  assert.deepEqual(health.conditions(), []);
  const again = await KeyRing.open(store);
  t.after(() => again.close());
  assert.equal(again.lastUse(key.id), ring.lastUse(key.id));
});

test("the first key is delivered before it is stored, and made only once", async () => {
  const store = new MemoryStore();
  const ring = await KeyRing.open(store);
  // The delivery fails: nothing is stored, and the next start tries again.
  await assert.rejects(ring.createAdmin(() => Promise.reject(new Error("read-only disk"))));
  assert.deepEqual(ring.list(), []);
  const delivered: string[] = [];
  const deliver = async (text: string) => void delivered.push(text);
  assert.equal(await ring.createAdmin(deliver), true);
  assert.equal(await ring.createAdmin(deliver), false);
  assert.equal(delivered.length, 1);
  await ring.close();
  const again = await KeyRing.open(store);
  assert.equal(await again.createAdmin(deliver), false);
  assert.deepEqual(again.find(delivered[0] as string)?.roles, ["admin"]);
  assert.equal(again.find(`${delivered[0]}x`), undefined);
  await again.close();
});

test("a key that would be dead is not made: seconds, times that are past and what is no time are refused in words", async () => {
  const { now } = service.clock;
  const past = [now, now - 1, 0, -5, "2020-01-31", "2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z"];
  const wrong = [
    Math.floor(now / 1000) + 86_400,
    1796083200,
    "1796083200",
    1.5,
    9e15,
    true,
    null,
    [],
    "tomorrow",
    "",
    {},
  ];
  for (const expiresAt of [...past, ...wrong]) {
    const answer = await create({ roles: ["reader"], source: "brief", expiresAt });
    assert.equal(codeOf(answer), "400 request_invalid", String(expiresAt));
    const { detail, errors } = answer.as("Problem");
    const isPast = past.some((each) => each === expiresAt);
    const told = isPast
      ? /^expected a time to come, after .*, as \/expiresAt, got /
      : /^expected an RFC 3339 time such as .* as \/expiresAt, got /;
    assert.match(detail, told);
    assert.equal(errors?.[0]?.path, "/expiresAt");
  }
  const { keys } = (await ask(service, "GET /v1/keys", { key: admin })).as("Keys");
  const before = keys.length;
  const good: readonly (readonly [unknown, number])[] = [
    [now + 1, now + 1],
    ["2036-01-31", Date.UTC(2036, 0, 31)],
    ["2036-01-31t10:00:00z", Date.UTC(2036, 0, 31, 10)],
    ["2036-01-31T10:00:00.5+01:00", Date.UTC(2036, 0, 31, 9, 0, 0, 500)],
  ];
  for (const [i, [expiresAt, expected]] of good.entries()) {
    const made = (await create({ roles: ["reader"], source: `ends-${i}`, expiresAt })).as("NewKey");
    assert.equal(made.expiresAt, expected);
  }
  assert.equal((await ask(service, "GET /v1/keys", { key: admin })).as("Keys").keys.length, before + good.length);
});

test("a mistake in a request is told in words, not in those of a library", async () => {
  const wrong: readonly unknown[] = [
    7,
    [],
    {},
    { source: 7, roles: ["reader"] },
    { source: "s", roles: "reader" },
    { source: "s", roles: [] },
    { source: "s", roles: ["reader"], ledgers: [] },
    { source: "s", roles: ["reader"], note: "x".repeat(300) },
    { source: "s", roles: ["reader"], note: 7 },
    { source: "", roles: ["reader"] },
  ];
  for (const body of wrong) {
    const answer = await create(body as object);
    const { detail } = answer.as("Problem");
    assert.match(detail, /^expected .* as \/.*, got /, JSON.stringify(body));
    assert.doesNotMatch(detail, /invalid|\ba (array|object|int|string)\b/i);
  }
});

test("a secret that cannot be opened any more is a notice until its key is ended, and signs nothing", async () => {
  const store = new MemoryStore();
  const sealed = await KeyRing.open(store, Date.now, undefined, new SecretBox(new Uint8Array(32), "tests"));
  const { key, webhookSecret } = await sealed.create({ roles: ["writer"], source: "hooks", webhookSecret: true });
  assert.equal(sealed.secretOf(key), webhookSecret);
  await sealed.close();
  const health = new Health();
  const ring = await KeyRing.open(store, Date.now, health, new SecretBox(new Uint8Array(32).fill(1), "tests"));
  const codes = () => health.conditions().map(({ code, isNotice }) => [code, isNotice]);
  assert.deepEqual(codes(), [["webhook_secrets_unreadable", true]]);
  assert.equal(await ring.findBySecret("hooks", () => true), undefined);
  await ring.revoke(key.id);
  assert.deepEqual(codes(), []);
  await ring.close();
});
