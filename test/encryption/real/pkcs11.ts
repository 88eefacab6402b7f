/** The door to PKCS#11 against a real library: SoftHSM 2, through the package that HOLDFAST_TEST_PKCS11JS names by its path. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { openPkcs11Key } from "../../../src/encryption/providers/pkcs11/pkcs11-key.ts";
import { keyEncryptionKeySuite } from "../key-encryption-key-suite.ts";

const PACKAGE = process.env.HOLDFAST_TEST_PKCS11JS ?? "";
const LIBRARY = process.env.HOLDFAST_TEST_PKCS11_LIBRARY ?? "/usr/lib/softhsm/libsofthsm2.so";
const PIN = "73620418";

type Handle = Buffer;
type Calls = {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(isPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_GenerateKey(session: Handle, mechanism: object, template: readonly object[]): Handle;
  C_FindObjectsInit(session: Handle, template: readonly object[]): void;
  C_FindObjects(session: Handle, max: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_DestroyObject(session: Handle, object: Handle): void;
};
type Package = Readonly<Record<string, number>> & { readonly PKCS11: new () => Calls };

/** A token of SoftHSM in a folder of its own; keys are made and destroyed in sessions that end at once. */
class SoftHsm {
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-softhsm-"));
  readonly #pkcs11 = createRequire(import.meta.url)(PACKAGE) as Package;

  constructor() {
    const tokens = join(this.folder, "tokens");
    mkdirSync(tokens);
    const config = join(this.folder, "softhsm2.conf");
    writeFileSync(config, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
    process.env.SOFTHSM2_CONF = config;
    const args = ["--init-token", "--free", "--label", "audit", "--so-pin", "12345678", "--pin", PIN];
    execFileSync("softhsm2-util", args, { stdio: "ignore" });
  }

  makeKey(label: string, id: string): void {
    const p = this.#pkcs11;
    this.#inSession((calls, session) => {
      calls.C_GenerateKey(session, { mechanism: p.CKM_AES_KEY_GEN }, [
        { type: p.CKA_LABEL, value: label },
        { type: p.CKA_ID, value: Buffer.from(id, "hex") },
        { type: p.CKA_TOKEN, value: true },
        { type: p.CKA_SENSITIVE, value: true },
        { type: p.CKA_EXTRACTABLE, value: false },
        { type: p.CKA_ENCRYPT, value: true },
        { type: p.CKA_DECRYPT, value: true },
        { type: p.CKA_VALUE_LEN, value: 32 },
      ]);
    });
  }

  destroyKey(label: string, id: string): void {
    const p = this.#pkcs11;
    this.#inSession((calls, session) => {
      calls.C_FindObjectsInit(session, [
        { type: p.CKA_LABEL, value: label },
        { type: p.CKA_ID, value: Buffer.from(id, "hex") },
      ]);
      const found = calls.C_FindObjects(session, 10);
      calls.C_FindObjectsFinal(session);
      for (const key of found) calls.C_DestroyObject(session, key);
    });
  }

  open(key: string, pin = PIN) {
    const place = { module: LIBRARY, token: "audit", key, pinEnv: "PIN" };
    return openPkcs11Key(place, { PIN: pin }, { package: createRequire(import.meta.url).resolve(PACKAGE) });
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  #inSession(work: (calls: Calls, session: Handle) => void): void {
    const p = this.#pkcs11;
    const calls = new p.PKCS11();
    calls.load(LIBRARY);
    calls.C_Initialize();
    try {
      const slot = calls.C_GetSlotList(true).find((each) => calls.C_GetTokenInfo(each).label.trim() === "audit");
      const session = calls.C_OpenSession(
        slot as Handle,
        (p.CKF_SERIAL_SESSION as number) | (p.CKF_RW_SESSION as number),
      );
      calls.C_Login(session, p.CKU_USER as number, PIN);
      work(calls, session);
      calls.C_CloseSession(session);
    } finally {
      calls.C_Finalize();
      calls.close();
    }
  }
}

keyEncryptionKeySuite("a key in a token of SoftHSM", async () => {
  const token = new SoftHsm();
  for (const label of ["holdfast", "other"]) token.makeKey(label, "01");
  return {
    open: () => token.open("holdfast"),
    openOther: () => token.open("other"),
    renew: async () => token.makeKey("holdfast", "02"),
    rotatesWhileOpen: true,
    disable: async (version) => token.destroyKey("holdfast", version),
    secrets: () => [PIN],
    close: async () => token.close(),
  };
});

test("a PIN that SoftHSM refuses is told as one", async (t) => {
  const token = new SoftHsm();
  t.after(() => token.close());
  token.makeKey("holdfast", "01");
  await assert.rejects(token.open("holdfast", "00000000"), /CKR_PIN_INCORRECT/);
});
