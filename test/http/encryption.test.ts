/** Rotating the key-encryption key and wrapping keys anew, over the API: who may, what is answered and what the log says. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { deferred } from "../../src/deferred.ts";
import { KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import { KeysInMemory } from "../encryption/wrapped-keys.ts";
import { until } from "../until.ts";
import { ask, startService } from "./service.ts";

const KEYS = 10;

async function begin(t: TestContext) {
  const encryption = await KeysInMemory.make(KEYS);
  const service = await startService({ encryption });
  t.after(async () => {
    await service.close();
    encryption.close();
  });
  const key = await service.key(["admin"], "desk");
  const rewrap = async () => (await ask(service, "GET /v1/encryption/rewrap", { key })).as("Rewrap");
  const ended = () => until("the keys to be wrapped", async () => (await rewrap()).state !== "running");
  return { encryption, service, key, rewrap, ended };
}

test("a rotation is told, leaves what is wrapped, and a rewrap wraps it anew", async (t) => {
  const { service, key, rewrap, ended } = await begin(t);
  const status = async () => (await ask(service, "GET /v1/encryption", { key })).as("Encryption");
  const before = await status();
  const id = before.wrappedBy?.id;
  assert.deepEqual(before, {
    isOn: true,
    wrappedBy: { id, version: "1" },
    subjects: KEYS,
    wraps: [{ id, version: "1", keys: KEYS }],
  });
  assert.deepEqual(await rewrap(), { state: "none" });
  const rotated = (await ask(service, "POST /v1/encryption/rotate", { key })).as("Rotation");
  assert.deepEqual(rotated, { wrappedBy: { id, version: "2" }, before: { id, version: "1" } });
  assert.deepEqual((await status()).wraps, [{ id, version: "1", keys: KEYS }]);
  const begun = await ask(service, "POST /v1/encryption/rewrap", { key });
  assert.equal(begun.status, 202);
  await ended();
  const { state, done } = await rewrap();
  assert.deepEqual([state, done], ["done", KEYS]);
  assert.deepEqual((await status()).wraps, [{ id, version: "2", keys: KEYS }]);
  const told = service.logged.map(({ message }) => message);
  for (const expected of [
    "the key-encryption key was rotated",
    "somebody asked for keys to be wrapped anew",
    "all keys are wrapped by the version in force",
  ])
    assert.ok(told.includes(expected), expected);
});

test("while keys are wrapped anew the service says how far it is, and begins nothing else", async (t) => {
  const { encryption, service, key, rewrap, ended } = await begin(t);
  await ask(service, "POST /v1/encryption/rotate", { key });
  const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
  let passed = 0;
  encryption.gate = () => (gates[passed++] as (typeof gates)[number]).promise;
  const first = (await ask(service, "POST /v1/encryption/rewrap", { key })).as("Rewrap");
  gates[0]?.resolve();
  await until("a batch to be wrapped", async () => (await rewrap()).done === 4);
  const second = (await ask(service, "POST /v1/encryption/rewrap", { key })).as("Rewrap");
  assert.deepEqual([second.state, second.startedAt, second.done, second.total], ["running", first.startedAt, 4, KEYS]);
  for (const gate of gates) gate.resolve();
  await ended();
  assert.equal((await rewrap()).done, KEYS);
});

test("a rewrap that fails says why and goes on where it was when it is begun again", async (t) => {
  const { encryption, service, key, rewrap, ended } = await begin(t);
  await ask(service, "POST /v1/encryption/rotate", { key });
  let batches = 0;
  encryption.gate = async () => {
    if (++batches === 2)
      encryption.trouble = new KekUnavailableError("expected Vault to wrap a key, got: no answer in time");
  };
  await ask(service, "POST /v1/encryption/rewrap", { key });
  await ended();
  const failed = await rewrap();
  assert.deepEqual(
    [failed.state, failed.done, failed.reason],
    ["failed", 4, "expected Vault to wrap a key, got: no answer in time"],
  );
  encryption.trouble = undefined;
  await ask(service, "POST /v1/encryption/rewrap", { key });
  await ended();
  assert.deepEqual([(await rewrap()).state, (await rewrap()).done], ["done", KEYS - 4]);
  encryption.trouble = new Error("with something of inside");
  await ask(service, "POST /v1/encryption/rotate", { key });
  await ask(service, "POST /v1/encryption/rewrap", { key });
  await ended();
  assert.equal((await rewrap()).reason, "an internal error; the log has the cause");
});

test("a rotation that is refused says why, and what is in force stays", async (t) => {
  const { encryption, service, key } = await begin(t);
  rmSync(join(encryption.folder, "encryption.key"));
  const refused = await ask(service, "POST /v1/encryption/rotate", { key });
  const { code, detail } = refused.as("Problem");
  assert.deepEqual([refused.status, code], [409, "rotation_refused"]);
  assert.match(detail, /expected to read .*encryption.key, got ENOENT/);
  assert.equal((await ask(service, "GET /v1/encryption", { key })).as("Encryption").wrappedBy?.version, "1");
});

test("only administrators of the whole service may, and a store in clear has nothing to rotate", async (t) => {
  const { service } = await begin(t);
  const clear = await startService();
  t.after(() => clear.close());
  const operations = [
    "GET /v1/encryption",
    "POST /v1/encryption/rotate",
    "GET /v1/encryption/rewrap",
    "POST /v1/encryption/rewrap",
  ];
  const auditor = await service.key(["auditor", "reader", "writer"], "audit");
  const ofLedger = await service.key(["admin"], "payroll", ["main"]);
  for (const operation of operations) {
    assert.equal((await ask(service, operation)).status, 401);
    for (const key of [auditor, ofLedger])
      assert.equal((await ask(service, operation, { key })).status, 403, operation);
  }
  const key = await clear.key(["admin"], "desk");
  assert.deepEqual((await ask(clear, "GET /v1/encryption", { key })).as("Encryption"), { isOn: false });
  for (const path of ["rotate", "rewrap"]) {
    const refused = await ask(clear, `POST /v1/encryption/${path}`, { key });
    assert.deepEqual([refused.status, refused.as("Problem").code], [409, "encryption_off"]);
  }
});
