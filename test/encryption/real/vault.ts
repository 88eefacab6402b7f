/** The door to Vault against the real thing: the program that HOLDFAST_TEST_VAULT names, `vault` or `bao`, as a development server. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import test from "node:test";
import { openVaultKey } from "../../../src/encryption/providers/vault.ts";
import { until } from "../../until.ts";
import { keyEncryptionKeySuite } from "../key-encryption-key-suite.ts";
import { TransitServer } from "../transit-server.ts";

const PROGRAM = process.env.HOLDFAST_TEST_VAULT ?? "";
const TOKEN = "only-for-this-test-4711";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

class DevelopmentServer {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<DevelopmentServer> {
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      "server",
      "-dev",
      "-dev-no-store-token",
      `-dev-root-token-id=${TOKEN}`,
      `-dev-listen-address=${address}`,
    ];
    const server = new DevelopmentServer(`http://${address}`, spawn(PROGRAM, args, { stdio: "ignore" }));
    await until(
      "Vault to be there",
      async () => (await fetch(`${server.url}/v1/sys/health`).catch(() => undefined))?.ok === true,
    );
    await server.write("sys/mounts/transit", { type: "transit" });
    return server;
  }

  async write(
    path: string,
    body: object = {},
  ): Promise<{ readonly status: number; readonly errors: readonly string[] }> {
    const headers = { "X-Vault-Token": TOKEN };
    const response = await fetch(`${this.url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, errors: text === "" ? [] : (JSON.parse(text).errors ?? []) };
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}

for (const derived of [false, true]) {
  keyEncryptionKeySuite(`a key in the real transit engine${derived ? ", derived for each context" : ""}`, async () => {
    const server = await DevelopmentServer.start();
    for (const name of ["holdfast", "other"])
      await server.write(`transit/keys/${name}`, { derived, type: "aes256-gcm96" });
    const place = { url: server.url, mount: "transit", tokenEnv: "T" };
    return {
      open: () => openVaultKey({ ...place, key: "holdfast" }, { T: TOKEN }),
      openOther: () => openVaultKey({ ...place, key: "other" }, { T: TOKEN }),
      renew: async () => void (await server.write("transit/keys/holdfast/rotate")),
      rotatesWhileOpen: true,
      disable: async (version) =>
        void (await server.write("transit/keys/holdfast/config", { min_decryption_version: Number(version) + 1 })),
      secrets: () => [TOKEN],
      close: async () => server.close(),
    };
  });
}

test("the server of the tests refuses as the real one does", async (t) => {
  const real = await DevelopmentServer.start();
  const own = await TransitServer.start();
  t.after(() => {
    real.close();
    own.close();
  });
  await real.write("transit/keys/plain", { type: "aes256-gcm96" });
  await real.write("transit/keys/derived", { type: "aes256-gcm96", derived: true });
  own.addKey("plain");
  own.addKey("derived", { derived: true });
  const ask = async (url: string, token: string, path: string, body: object) => {
    const headers = { "X-Vault-Token": token, "Content-Type": "application/json" };
    const response = await fetch(`${url}/v1/transit/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const { errors } = JSON.parse((await response.text()) || "{}") as { readonly errors?: readonly string[] };
    return { status: response.status, errors };
  };
  const plaintext = Buffer.alloc(64).toString("base64");
  const made = `vault:v1:${Buffer.alloc(92).toString("base64")}`;
  const questions: readonly (readonly [string, object])[] = [
    ["encrypt/plain", { plaintext, key_version: 2 }],
    ["encrypt/derived", { plaintext }],
    ["decrypt/plain", { ciphertext: "nonsense" }],
    ["decrypt/plain", { ciphertext: made }],
    ["decrypt/plain", { ciphertext: made.replace("v1", "v7") }],
    ["decrypt/plain", { ciphertext: "vault:v1:AAAA" }],
    ["decrypt/missing", { ciphertext: made }],
  ];
  for (const [path, body] of questions) {
    const expected = await ask(real.url, TOKEN, path, body);
    assert.deepEqual(await ask(own.url, own.token, path, body), expected, `${path} ${JSON.stringify(body)}`);
  }
  assert.equal((await ask(own.url, "another", "encrypt/plain", { plaintext })).status, 403);
  assert.equal((await ask(real.url, "another", "encrypt/plain", { plaintext })).status, 403);
});
