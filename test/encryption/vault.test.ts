/** A key-encryption key in Vault's transit engine: the port's promises against a server like it, and what is Vault's own. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { KekRefusedError, KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import { openVaultKey } from "../../src/encryption/providers/vault.ts";
import { keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";
import { TransitServer } from "./transit-server.ts";

const LIMITS = { deadlineMs: 10_000, attemptMs: 300, attempts: 3, pauseMs: 10, restMs: 50, atOnceMax: 4 };
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

for (const derived of [false, true]) {
  keyEncryptionKeySuite(`a key in the transit engine${derived ? ", derived for each context" : ""}`, async () => {
    const server = await TransitServer.start();
    server.addKey("holdfast", { derived });
    server.addKey("other", { derived });
    const place = { url: server.url, mount: "transit", tokenEnv: "VAULT_TOKEN" };
    const env = { VAULT_TOKEN: server.token };
    return {
      open: () => openVaultKey({ ...place, key: "holdfast" }, env, LIMITS),
      openOther: () => openVaultKey({ ...place, key: "other" }, env, LIMITS),
      renew: async () => server.rotate("holdfast"),
      rotatesWhileOpen: true,
      disable: async (version) => {
        const key = server.keys.get("holdfast");
        if (key !== undefined) key.minimum = Number(version) + 1;
      },
      elsewhere: {
        fail: (how) => {
          server.failing = how;
        },
        failTimes: (times) => {
          server.times = times;
        },
        heal: () => {
          server.failing = undefined;
        },
        atOnce: () => ({ most: server.most, max: LIMITS.atOnceMax }),
      },
      secrets: () => [server.token],
      close: async () => server.close(),
    };
  });
}

async function serverWith(t: TestContext, options: { readonly derived?: boolean; readonly type?: string } = {}) {
  const server = await TransitServer.start();
  t.after(() => server.close());
  server.addKey("holdfast", options);
  const place = { url: server.url, mount: "transit", key: "holdfast", tokenEnv: "T" };
  return { server, place, env: { T: server.token } };
}

test("the context goes as associated data, and to a derived key as its context; the version in force is asked for", async (t) => {
  const { server, place, env } = await serverWith(t, { derived: true });
  const kek = await openVaultKey({ ...place, namespace: "audit" }, env, LIMITS);
  assert.equal(kek.id, "vault:audit/transit/holdfast");
  server.rotate("holdfast");
  const wrapped = await kek.wrap(KEY, "for this");
  assert.match(Buffer.from(wrapped).toString(), /^vault:v1:/, "a rotation there takes effect when it is told here");
  const { namespace, body } = server.seen.at(-1) as (typeof server.seen)[number];
  const context = Buffer.from("context:for this").toString("base64");
  assert.equal(namespace, "audit");
  assert.deepEqual([body.associated_data, body.context, body.key_version], [context, context, 1]);
  await kek.close();
});

test("a token in a file is read anew for each request, as an agent renews it", async (t) => {
  const { server, place } = await serverWith(t);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-vault-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "hvs.expired-and-gone-0000");
  const { tokenEnv: _, ...rest } = place;
  const open = () => openVaultKey({ ...rest, tokenFile }, {}, LIMITS);
  await assert.rejects(open(), (error: Error) => {
    assert.ok(error instanceof KekUnavailableError);
    assert.match(error.message, /HTTP status 403: permission denied; the token is not valid any more, or its policy/);
    return true;
  });
  assert.equal(server.seen.length, 1, "whoever is not let in does not ask again at once");
  writeFileSync(tokenFile, `${server.token}\n`);
  const kek = await open();
  rmSync(tokenFile);
  await assert.rejects(kek.wrap(KEY, "a"), /expected to read a token for Vault in .*, got ENOENT/);
  writeFileSync(tokenFile, "two words");
  await assert.rejects(kek.wrap(KEY, "a"), /got 9 characters that are none/);
  writeFileSync(tokenFile, server.token);
  await kek.wrap(KEY, "a");
  await kek.close();
});

test("a encrypted Vault is unavailable; a key that is not there, or of a type that binds nothing, is refused", async (t) => {
  const { server, place, env } = await serverWith(t);
  server.failing = "is encrypted";
  await assert.rejects(openVaultKey(place, env, LIMITS), (error: Error) => {
    assert.ok(error instanceof KekUnavailableError);
    assert.match(
      error.message,
      /expected Vault at http:\/\/127.0.0.1:\d+ to tell of the key, got: HTTP status 503: Vault is encrypted/,
    );
    return true;
  });
  server.failing = undefined;
  await assert.rejects(openVaultKey({ ...place, key: "misspelt" }, env, LIMITS), (error: Error) => {
    assert.ok(error instanceof KekRefusedError);
    assert.match(error.message, /look at "mount", "key" and "namespace"/);
    return true;
  });
  server.addKey("rsa", { type: "rsa-2048" });
  await assert.rejects(openVaultKey({ ...place, key: "rsa" }, env, LIMITS), /to be of type aes256-gcm96/);
  await assert.rejects(
    openVaultKey(place, {}, LIMITS),
    /expected a token for Vault in the variable T, got 0 characters/,
  );
});

test("without a newer version a rotation says how one is made", async (t) => {
  const { place, env } = await serverWith(t);
  const kek = await openVaultKey(place, env, LIMITS);
  await assert.rejects(kek.rotate(), /vault write -f transit\/keys\/holdfast\/rotate makes one/);
  assert.equal(kek.version, "1");
  await kek.close();
});

test("after a question in vain others are told at once, and a key that is closed asks nobody", async (t) => {
  const { server, place, env } = await serverWith(t);
  const kek = await openVaultKey(place, env, { ...LIMITS, restMs: 60_000 });
  server.failing = "breaks";
  await assert.rejects(kek.wrap(KEY, "a"), KekUnavailableError);
  const asked = server.seen.length;
  assert.equal(asked, 1 + LIMITS.attempts);
  await assert.rejects(kek.wrap(KEY, "a"), /HTTP status 500: internal error/);
  assert.equal(server.seen.length, asked, "nobody was asked");
  const other = await openVaultKey(place, env, LIMITS).catch((error: Error) => error);
  assert.ok(other instanceof KekUnavailableError);
  server.failing = "hangs";
  const hanging = await TransitServer.start();
  t.after(() => hanging.close());
  hanging.addKey("holdfast");
  const waiting = await openVaultKey(
    { ...place, url: hanging.url },
    { T: hanging.token },
    { ...LIMITS, attemptMs: 60_000 },
  );
  hanging.failing = "hangs";
  const ended = assert.rejects(waiting.wrap(KEY, "a"), /the service is ending/);
  await waiting.close();
  await ended;
  await kek.close();
});
