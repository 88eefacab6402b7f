/** A key-encryption key in a token: the port's promises against a token in a file, and what is PKCS#11's own. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { KekRefusedError, KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import { openPkcs11Key } from "../../src/encryption/providers/pkcs11/pkcs11-key.ts";
import { type Failing, keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";

const PACKAGE = new URL("./software-token.mjs", import.meta.url).href;
const PIN = "918273";
/** A process has to start within an attempt. */
const LIMITS = { deadlineMs: 15_000, attemptMs: 800, attempts: 3, pauseMs: 10, restMs: 50, atOnceMax: 4 };

type TokenKey = { readonly id: string; readonly label: string; readonly value: string };
type TokenState = {
  readonly token: string;
  readonly pin: string;
  readonly keys: readonly TokenKey[];
  readonly failing?: Failing;
  readonly times: number;
  readonly wrongPins?: number;
  /** Process that said the last one. */
  readonly wrongPinsFrom?: number;
};

class SoftwareToken {
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-token-"));
  readonly path = join(this.folder, "token.json");

  constructor() {
    writeFileSync(join(this.folder, "most"), "0");
    this.write({ token: "audit", pin: PIN, keys: [], times: 0 });
  }

  read(): TokenState {
    return JSON.parse(readFileSync(this.path, "utf8")) as TokenState;
  }

  write(state: TokenState): void {
    writeFileSync(this.path, JSON.stringify(state));
  }

  addKey(label: string, id: string): void {
    const state = this.read();
    this.write({ ...state, keys: [...state.keys, { id, label, value: randomBytes(32).toString("hex") }] });
  }

  open(key: string, env: Readonly<Record<string, string>> = { PIN }) {
    const place = { module: this.path, token: "audit", key, pinEnv: "PIN" };
    return openPkcs11Key(place, env, { package: PACKAGE, limits: LIMITS });
  }
}

keyEncryptionKeySuite("a key in a token", async () => {
  const token = new SoftwareToken();
  token.addKey("holdfast", "01");
  token.addKey("other", "01");
  return {
    open: () => token.open("holdfast"),
    openOther: () => token.open("other"),
    renew: async () => token.addKey("holdfast", "02"),
    rotatesWhileOpen: true,
    disable: async (version) => {
      const { keys, ...rest } = token.read();
      token.write({ ...rest, keys: keys.filter(({ id }) => id !== version) });
    },
    isSlow: true,
    elsewhere: {
      fail: (failing) => token.write({ ...token.read(), failing }),
      failTimes: (times) => token.write({ ...token.read(), times }),
      heal: () => {
        const { failing: _, ...well } = token.read();
        token.write(well);
      },
      atOnce: () => ({ most: Number(readFileSync(join(token.folder, "most"), "utf8")), max: 1 }),
    },
    secrets: () => [PIN, ...token.read().keys.map(({ value }) => value)],
    close: async () => rmSync(token.folder, { recursive: true }),
  };
});

function tokenOf(t: TestContext): SoftwareToken {
  const token = new SoftwareToken();
  t.after(() => rmSync(token.folder, { recursive: true }));
  return token;
}

test("a PIN that was refused is said once, and never again: a token locks itself", async (t) => {
  const token = tokenOf(t);
  token.addKey("holdfast", "01");
  await assert.rejects(token.open("holdfast", { PIN: "000000" }), (error: Error) => {
    assert.ok(error instanceof KekUnavailableError);
    assert.match(error.message, /expected pkcs11:audit\/holdfast to tell of the key, got CKR_PIN_INCORRECT/);
    assert.equal(error.message.includes("000000"), false);
    return true;
  });
  assert.equal(token.read().wrongPins, 1);
  const kek = await token.open("holdfast");
  t.after(() => kek.close());
  // The token is given another PIN, and its session is lost: whoever logs in again has the old one.
  token.write({ ...token.read(), pin: "changed", times: 1, wrongPins: 0 });
  for (let i = 0; i < 3; i++)
    await assert.rejects(kek.wrap(randomBytes(32), "a"), /CKR_PIN_INCORRECT/, "it is said why each time");
  assert.equal(token.read().wrongPins, 1);
  // Another process in its place would begin with a login.
  process.kill(token.read().wrongPinsFrom as number, "SIGKILL");
  await assert.rejects(kek.wrap(randomBytes(32), "a"), /CKR_PIN_INCORRECT/);
  assert.equal(token.read().wrongPins, 1);
});

test("keys are told apart by their ids, and the highest is in force", async (t) => {
  const token = tokenOf(t);
  await assert.rejects(token.open("holdfast"), (error: Error) => {
    assert.ok(error instanceof KekRefusedError);
    assert.match(error.message, /no key with the label holdfast; make one, such as with pkcs11-tool --keygen/);
    return true;
  });
  for (const id of ["09", "0100", "10"]) token.addKey("holdfast", id);
  const kek = await token.open("holdfast");
  assert.equal(kek.version, "0100");
  await kek.close();
  token.addKey("holdfast", "10");
  await assert.rejects(token.open("holdfast"), /two keys with the label holdfast and the CKA_ID 10/);
  token.addKey("nameless", "");
  await assert.rejects(token.open("nameless"), /a key with the label nameless and no CKA_ID/);
});

test("what is missing is said: the package, the library, the token, the PIN", async (t) => {
  const token = tokenOf(t);
  const place = { module: token.path, token: "audit", key: "holdfast", pinEnv: "PIN" };
  const open = (changed: Partial<typeof place>, name: string, env = { PIN }) =>
    openPkcs11Key({ ...place, ...changed }, env, { package: name, limits: LIMITS });
  await assert.rejects(open({}, "pkcs11js-missing"), (error: Error) => {
    assert.match(error.message, /needs the package pkcs11js-missing, which is not installed; npm install/);
    return true;
  });
  await assert.rejects(
    open({ module: "/nowhere.so" }, PACKAGE),
    /no library of PKCS#11 that can be loaded at \/nowhere.so/,
  );
  await assert.rejects(open({ token: "another" }, PACKAGE), (error: Error) => {
    assert.ok(error instanceof KekUnavailableError, "somebody may put it in");
    assert.match(error.message, /no token another among 2 that are there/);
    return true;
  });
  await assert.rejects(open({}, PACKAGE, { PIN: " " }), /expected a PIN in the variable PIN, got nothing/);
});
