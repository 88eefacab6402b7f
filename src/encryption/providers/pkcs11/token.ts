/**
 * A token of PKCS#11 with its session: finds keys by their label, and encrypts with CKM_AES_GCM, whose additional data is the
 * context. What is wrapped is `nonce[12] ciphertext tag[16]`. A version is the CKA_ID of a key, in hex.
 */

import { randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEYS_MAX = 1000;

/** Whether what is wrong passes, is a refusal, has to be mended by somebody, or is a PIN, which must not be said again. */
export type TokenFault = "passes" | "refused" | "mend" | "pin";

/** Where a key is, and what opens it. */
export type TokenPlace = {
  /** The package that speaks to the library, or a path to it. */
  readonly package: string;
  readonly module: string;
  readonly token: string;
  readonly key: string;
  readonly pin: string;
};

/** What of the package pkcs11js is used. */
export type Pkcs11Package = { readonly PKCS11: new () => Pkcs11Calls } & Readonly<
  Record<
    | "CKA_CLASS"
    | "CKA_ID"
    | "CKA_KEY_TYPE"
    | "CKA_LABEL"
    | "CKF_SERIAL_SESSION"
    | "CKK_AES"
    | "CKM_AES_GCM"
    | "CKO_SECRET_KEY"
    | "CKU_USER"
    | "CK_PARAMS_AES_GCM",
    number
  >
>;
type Template = readonly { readonly type: number; readonly value?: number | string }[];
type Mechanism = { readonly mechanism: number; readonly parameter: object };
type Pkcs11Calls = {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(isPresent: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): { readonly label: string };
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_Login(session: Buffer, user: number, pin: string): void;
  C_FindObjectsInit(session: Buffer, template: Template): void;
  C_FindObjects(session: Buffer, max: number): Buffer[];
  C_FindObjectsFinal(session: Buffer): void;
  C_GetAttributeValue(session: Buffer, key: Buffer, template: Template): readonly { readonly value: Buffer }[];
  C_EncryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
  C_Encrypt(session: Buffer, input: Buffer, output: Buffer): Buffer;
  C_DecryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
  C_Decrypt(session: Buffer, input: Buffer, output: Buffer): Buffer;
};

/** What a token says of a key, a PIN or what it is given; all others pass. */
const FAULTS: Readonly<Record<string, TokenFault>> = {
  CKR_AEAD_DECRYPT_FAILED: "refused",
  CKR_ATTRIBUTE_TYPE_INVALID: "refused",
  CKR_DATA_INVALID: "refused",
  CKR_DATA_LEN_RANGE: "refused",
  CKR_ENCRYPTED_DATA_INVALID: "refused",
  CKR_ENCRYPTED_DATA_LEN_RANGE: "refused",
  CKR_KEY_FUNCTION_NOT_PERMITTED: "refused",
  CKR_KEY_TYPE_INCONSISTENT: "refused",
  CKR_MECHANISM_INVALID: "refused",
  CKR_MECHANISM_PARAM_INVALID: "refused",
  CKR_SIGNATURE_INVALID: "refused",
  CKR_PIN_EXPIRED: "pin",
  CKR_PIN_INCORRECT: "pin",
  CKR_PIN_INVALID: "pin",
  CKR_PIN_LEN_RANGE: "pin",
  CKR_PIN_LOCKED: "pin",
  CKR_USER_PIN_NOT_INITIALIZED: "pin",
};

const VAGUE = ["CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED"];

export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly fault: TokenFault;

  constructor(fault: TokenFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

type About = { readonly version: string; readonly context: string };

export class Token {
  readonly #pkcs11: Pkcs11Package;
  readonly #calls: Pkcs11Calls;
  readonly #session: Buffer;
  readonly #label: string;

  /** Loads the library and logs in. @throws TokenError */
  static open(pkcs11: Pkcs11Package, { module, token, key, pin }: TokenPlace): Token {
    const calls = new pkcs11.PKCS11();
    try {
      calls.load(module);
    } catch {
      throw new TokenError("mend", `no library of PKCS#11 that can be loaded at ${module}`);
    }
    return told(() => {
      calls.C_Initialize();
      const slots = calls.C_GetSlotList(true);
      // Labels are filled up with spaces.
      const slot = slots.find((each) => calls.C_GetTokenInfo(each).label.replace(/[ \0]+$/, "") === token);
      if (slot === undefined) throw new TokenError("passes", `no token ${token} among ${slots.length} that are there`);
      const session = calls.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION);
      calls.C_Login(session, pkcs11.CKU_USER, pin);
      return new Token(pkcs11, calls, session, key);
    });
  }

  private constructor(pkcs11: Pkcs11Package, calls: Pkcs11Calls, session: Buffer, label: string) {
    this.#pkcs11 = pkcs11;
    this.#calls = calls;
    this.#session = session;
    this.#label = label;
  }

  /** The version in force. @throws TokenError */
  look(): string {
    const [newest] = [...this.#keys().keys()].sort((a, b) => (numberOf(a) < numberOf(b) ? 1 : -1));
    if (newest !== undefined) return newest;
    throw new TokenError(
      "refused",
      `no key with the label ${this.#label}; make one, such as with pkcs11-tool --keygen --key-type AES:32 --label ${this.#label} --id 01 --sensitive`,
    );
  }

  /** @throws TokenError */
  wrap(plain: Uint8Array, { version, context }: About): Uint8Array {
    const key = this.#keyOf(version);
    const nonce = randomBytes(NONCE_BYTES);
    return told(() => {
      this.#calls.C_EncryptInit(this.#session, this.#gcm(nonce, context), key);
      const sealed = this.#calls.C_Encrypt(this.#session, Buffer.from(plain), Buffer.alloc(plain.length + TAG_BYTES));
      return Buffer.concat([nonce, sealed]);
    });
  }

  /** @throws TokenError */
  unwrap(wrapped: Uint8Array, { version, context }: About): Uint8Array {
    const key = this.#keyOf(version);
    if (wrapped.length <= NONCE_BYTES + TAG_BYTES) throw new TokenError("refused", "bytes that are too few");
    try {
      return this.#decrypt(key, wrapped, context);
    } catch (error) {
      // Some libraries say the same of a tag that is not right as of a token that is broken: one that works tells them apart.
      if (!(error instanceof TokenError) || !VAGUE.includes(error.message) || !this.#works(version)) throw error;
      throw new TokenError("refused", error.message);
    }
  }

  close(): void {
    try {
      this.#calls.C_Finalize();
      this.#calls.close();
    } catch {
      // The process ends now, and with it what the library holds.
    }
  }

  #decrypt(key: Buffer, wrapped: Uint8Array, context: string): Uint8Array {
    const nonce = Buffer.from(wrapped.subarray(0, NONCE_BYTES));
    const sealed = Buffer.from(wrapped.subarray(NONCE_BYTES));
    return told(() => {
      this.#calls.C_DecryptInit(this.#session, this.#gcm(nonce, context), key);
      return this.#calls.C_Decrypt(this.#session, sealed, Buffer.alloc(sealed.length));
    });
  }

  /** Whether it opens what it wraps now. */
  #works(version: string): boolean {
    try {
      const probe = randomBytes(TAG_BYTES);
      const wrapped = this.wrap(probe, { version, context: "probe" });
      return probe.equals(this.#decrypt(this.#keyOf(version), wrapped, "probe"));
    } catch {
      return false;
    }
  }

  #gcm(nonce: Buffer, context: string): Mechanism {
    const parameter = {
      type: this.#pkcs11.CK_PARAMS_AES_GCM,
      iv: nonce,
      aad: Buffer.from(`context:${context}`),
      ivBits: NONCE_BYTES * 8,
      tagBits: TAG_BYTES * 8,
    };
    return { mechanism: this.#pkcs11.CKM_AES_GCM, parameter };
  }

  #keyOf(version: string): Buffer {
    const key = this.#keys().get(version);
    if (key !== undefined) return key;
    throw new TokenError("refused", `no key with the label ${this.#label} and the CKA_ID ${version}`);
  }

  /** Looked for each time: one may be made or destroyed meanwhile. */
  #keys(): Map<string, Buffer> {
    const { CKA_CLASS, CKO_SECRET_KEY, CKA_KEY_TYPE, CKK_AES, CKA_LABEL, CKA_ID } = this.#pkcs11;
    const template = [
      { type: CKA_CLASS, value: CKO_SECRET_KEY },
      { type: CKA_KEY_TYPE, value: CKK_AES },
      { type: CKA_LABEL, value: this.#label },
    ];
    return told(() => {
      this.#calls.C_FindObjectsInit(this.#session, template);
      const found = this.#calls.C_FindObjects(this.#session, KEYS_MAX);
      this.#calls.C_FindObjectsFinal(this.#session);
      const keys = new Map<string, Buffer>();
      for (const key of found) {
        const [id] = this.#calls.C_GetAttributeValue(this.#session, key, [{ type: CKA_ID }]);
        const version = id?.value.toString("hex") ?? "";
        if (version === "")
          throw new TokenError("refused", `a key with the label ${this.#label} and no CKA_ID; give it one`);
        if (keys.has(version))
          throw new TokenError("refused", `two keys with the label ${this.#label} and the CKA_ID ${version}`);
        keys.set(version, key);
      }
      return keys;
    });
  }
}

function numberOf(version: string): bigint {
  return BigInt(`0x${version}`);
}

/** @throws TokenError for what the library says */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TokenError) throw error;
    // Whatever else stands there, such as where in the library it was.
    const name = /CKR_[A-Z0-9_]+/.exec((error as Error).message)?.[0];
    if (name === undefined) throw new TokenError("passes", "an error without a name");
    throw new TokenError(FAULTS[name] ?? "passes", name);
  }
}
