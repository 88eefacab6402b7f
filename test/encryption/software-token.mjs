/**
 * What the package pkcs11js is to a token, for tests: a token in a JSON file, which is the library that is loaded. Calls hang and
 * break as the file says; a hanging one holds its thread, as a library of a vendor does.
 */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const CONSTANTS = {
  CKA_CLASS: 0,
  CKA_ID: 0x102,
  CKA_KEY_TYPE: 0x100,
  CKA_LABEL: 3,
  CKF_SERIAL_SESSION: 4,
  CKK_AES: 0x1f,
  CKM_AES_GCM: 0x1087,
  CKO_SECRET_KEY: 4,
  CKU_USER: 1,
  CK_PARAMS_AES_GCM: 6,
};
const TAG_BYTES = 16;

function fail(name) {
  throw new Error(`${name}:5\n    at PKCS11.something (pkcs11.cpp:1)`);
}

class PKCS11 {
  #path = "";
  #found = [];
  #running = undefined;

  load(path) {
    this.#path = path;
    this.#state();
  }

  close() {
    this.#running = undefined;
  }

  C_Initialize() {
    this.#found = [];
  }

  C_Finalize() {
    this.#found = [];
  }

  C_GetSlotList() {
    return [Buffer.from([0]), Buffer.from([1])];
  }

  C_GetTokenInfo(slot) {
    return { label: (slot[0] === 1 ? this.#state().token : "").padEnd(32) };
  }

  C_OpenSession(slot) {
    return slot;
  }

  C_Login(_session, _user, pin) {
    const state = this.#state();
    if (state.pin === pin) return;
    const wrongPins = (state.wrongPins ?? 0) + 1;
    writeFileSync(this.#path, JSON.stringify({ ...state, wrongPins, wrongPinsFrom: process.pid }));
    fail("CKR_PIN_INCORRECT");
  }

  C_FindObjectsInit(_session, template) {
    const label = template.find(({ type }) => type === CONSTANTS.CKA_LABEL).value;
    this.#found = this.#state().keys.filter((key) => key.label === label);
  }

  C_FindObjects(_session, max) {
    return this.#found.slice(0, max).map((key) => Buffer.from(JSON.stringify(key)));
  }

  C_FindObjectsFinal() {
    this.#found = [];
  }

  C_GetAttributeValue(_session, key) {
    return [{ value: Buffer.from(JSON.parse(key.toString()).id, "hex") }];
  }

  C_EncryptInit(_session, mechanism, key) {
    this.#running = { ...mechanism.parameter, key: Buffer.from(JSON.parse(key.toString()).value, "hex") };
  }

  C_Encrypt(_session, input, output) {
    return this.#work(() => {
      const { iv, aad, key } = this.#running;
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(aad);
      const sealed = Buffer.concat([cipher.update(input), cipher.final(), cipher.getAuthTag()]);
      sealed.copy(output);
      return output.subarray(0, sealed.length);
    });
  }

  C_DecryptInit(session, mechanism, key) {
    this.C_EncryptInit(session, mechanism, key);
  }

  C_Decrypt(_session, input, output) {
    return this.#work((state) => {
      if (state.failing === "gives another key") return randomBytes(64);
      const { iv, aad, key } = this.#running;
      const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES }).setAAD(aad);
      decipher.setAuthTag(input.subarray(-TAG_BYTES));
      const plain = decipher.update(input.subarray(0, -TAG_BYTES));
      try {
        decipher.final();
      } catch {
        // As SoftHSM says it, which says the same of much else.
        fail("CKR_GENERAL_ERROR");
      }
      plain.copy(output);
      return output.subarray(0, plain.length);
    });
  }

  /** Counts who works at the same time, and fails as the file says. */
  #work(work) {
    const folder = dirname(this.#path);
    const own = join(folder, `running-${process.pid}`);
    writeFileSync(own, "");
    const count = readdirSync(folder).filter((name) => name.startsWith("running-")).length;
    const most = join(folder, "most");
    if (count > Number(readFileSync(most, "utf8"))) writeFileSync(most, String(count));
    try {
      const state = this.#state();
      if (state.failing === "hangs") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      if (state.failing === "says nonsense") process.abort();
      if (state.failing === "breaks") fail("CKR_DEVICE_ERROR");
      if (state.times > 0) {
        writeFileSync(this.#path, JSON.stringify({ ...state, times: state.times - 1 }));
        fail("CKR_SESSION_HANDLE_INVALID");
      }
      return work(state);
    } finally {
      rmSync(own, { force: true });
    }
  }

  #state() {
    return JSON.parse(readFileSync(this.#path, "utf8"));
  }
}

export default { ...CONSTANTS, PKCS11 };
