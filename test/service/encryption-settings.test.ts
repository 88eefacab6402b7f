/** Settings of encryption at rest: what variables and file say together, and the key that is opened of it. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { KekRefusedError } from "../../src/encryption/key-encryption-key.ts";
import { readConfig } from "../../src/service/config.ts";
import { openKeyEncryptionKeys } from "../../src/service/settings/encryption-settings.ts";
import { ConfigError } from "../../src/service/settings/setting-errors.ts";

const KEY = "5c".repeat(32);

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-encryption-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function read(t: TestContext, encryption: unknown, env: Readonly<Record<string, string>> = {}) {
  const path = join(folderOf(t), "config.json");
  writeFileSync(path, JSON.stringify(encryption === undefined ? {} : { encryption }));
  return readConfig({ ...env, HOLDFAST_CONFIG: path }).encryption;
}

test("encryption is on unless somebody says otherwise, and a variable goes first", (t) => {
  const on = { isOn: true, key: undefined, former: [], subject: ["tenant", "actor"] };
  const off = { ...on, isOn: false };
  assert.deepEqual(read(t, undefined), on);
  assert.deepEqual(read(t, {}), on);
  assert.deepEqual(read(t, "off"), off);
  assert.deepEqual(read(t, "off", { HOLDFAST_ENCRYPTION: "on" }), on);
  assert.deepEqual(read(t, {}, { HOLDFAST_ENCRYPTION: "off" }), off);
  assert.deepEqual(read(t, { subject: ["actor"] }).subject, ["actor"]);
  assert.deepEqual(read(t, {}, { HOLDFAST_ENCRYPTION_KEY_FILE: "/k" }).key, { file: "/k" });
});

test("what would mean nothing, or give away what is encrypted, is refused without repeating it", (t) => {
  const vault = { url: "https://vault.internal:8200", key: "holdfast" };
  const pkcs11 = { module: "/m.so", token: "t", key: "k" };
  const wrong: readonly (readonly [unknown, Readonly<Record<string, string>>, RegExp])[] = [
    [undefined, { HOLDFAST_ENCRYPTION: "yes" }, /expected on or off in HOLDFAST_ENCRYPTION, got "yes"/],
    ["off", { HOLDFAST_ENCRYPTION_KEY_FILE: "/k" }, /got it where it is off/],
    [{ key: { env: "K" } }, { HOLDFAST_ENCRYPTION_KEY_FILE: "/k" }, /or "encryption.key", got both/],
    ["on", {}, /expected "off" or an object with key, former, subject/],
    [{ key: {} }, {}, /"encryption.key": expected one of \{"file"\}, \{"env"\}/],
    [{ key: { env: KEY } }, {}, /expected the name of a variable/],
    [{ key: { env: "K" }, kee: 1 }, {}, /expected only key, former, subject/],
    [{ key: { file: "/k", mode: 1 } }, {}, /expected only file/],
    [{ key: { command: [] } }, {}, /"encryption.key.command": expected a list of at least 1/],
    [
      { key: { vault: { ...vault, url: "http://vault.internal:8200" } } },
      {},
      /expected https, got http, over which keys and token would go in clear/,
    ],
    [
      { key: { vault: { ...vault, url: "https://u:p@vault.internal/v1" } } },
      {},
      /an address such as https:\/\/vault.internal:8200, got more/,
    ],
    [{ key: { vault: { ...vault, tokenFile: "/t", tokenEnv: "T" } } }, {}, /expected tokenFile or tokenEnv, got both/],
    [{ key: { vault: { ...vault, mount: "../sys" } } }, {}, /"encryption.key.vault.mount"/],
    [{ key: { pkcs11 } }, {}, /"encryption.key.pkcs11": expected pinFile or pinEnv, got neither/],
    [
      { former: [{ pkcs11: { ...pkcs11, pinFile: "/p", pinEnv: "P" } }] },
      {},
      /"encryption.former\[0\].pkcs11": .* got both/,
    ],
    [{ subject: ["actor", "actor"] }, {}, /"encryption.subject": expected each member once/],
    [{ subject: [] }, {}, /"encryption.subject": expected a list of at least 1/],
  ];
  for (const [encryption, env, expected] of wrong) {
    assert.throws(
      () => read(t, encryption, env),
      (error: Error) => {
        assert.ok(error instanceof ConfigError, error.message);
        assert.match(error.message, expected);
        assert.equal(error.message.includes(KEY) || error.message.includes("u:p"), false, error.message);
        return true;
      },
    );
  }
  assert.ok(read(t, { key: { vault: { ...vault, url: "http://127.0.0.1:8100" } } }).key, "an agent on this machine");
});

test("a first start makes the key file of the data folder and says so; without the keys that it wraps none is made again", async (t) => {
  const data = folderOf(t);
  const told: string[] = [];
  const log = {
    debug: () => undefined,
    info: (fields: object, message: string) => void told.push(`${JSON.stringify(fields)} ${message}`),
    warn: () => undefined,
    error: () => undefined,
  };
  const config = read(t, {});
  const [kek] = await openKeyEncryptionKeys(config, { data, env: {}, log, mayBegin: true });
  const path = join(data, "keys", "encryption.key");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(told.length, 1);
  assert.ok(told[0]?.includes(path) && told[0].includes("keep a copy of this file apart"), told[0]);
  mkdirSync(join(data, "keyring"));
  const [again] = await openKeyEncryptionKeys(config, { data, env: {}, log, mayBegin: true });
  assert.equal(again.id, kek.id);
  rmSync(path);
  await assert.rejects(openKeyEncryptionKeys(config, { data, env: {}, log, mayBegin: true }), KekRefusedError);
  assert.equal(existsSync(path), false);
  // The keyring is gone as well, of a store that is encrypted.
  rmSync(join(data, "keyring"), { recursive: true });
  await assert.rejects(openKeyEncryptionKeys(config, { data, env: {}, log, mayBegin: false }), KekRefusedError);
  assert.equal(existsSync(path), false);
});

test("former keys are opened behind the one that wraps, and none of them is made", async (t) => {
  const data = folderOf(t);
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const file = join(data, "old.key");
  const config = read(t, { key: { env: "HOLDFAST_ENCRYPTION_KEY" }, former: [{ file }] });
  const env = { HOLDFAST_ENCRYPTION_KEY: KEY };
  await assert.rejects(openKeyEncryptionKeys(config, { data, env, log, mayBegin: true }), /got no file/);
  assert.equal(existsSync(file), false);
  const [old] = await openKeyEncryptionKeys(read(t, { key: { file } }), { data, env, log, mayBegin: true });
  const keks = await openKeyEncryptionKeys(config, { data, env, log, mayBegin: true });
  assert.deepEqual(
    keks.map(({ id }) => id),
    ["env:HOLDFAST_ENCRYPTION_KEY", old.id],
  );
});
