/**
 * Secrets that others gave us, kept so that whoever reads the store cannot read them: AES-256-GCM (NIST SP 800-38D) under a key
 * derived by HKDF (RFC 5869) from a secret of the data folder. What each is about is sealed in with it.
 * Why: docs/decisions/0147.
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals texts and opens them again. */
export class SecretBox {
  readonly #key: Buffer;

  /**
   * @param root 32 random bytes, the same at every start
   * @param purpose tells keys of one root apart
   */
  constructor(root: Uint8Array, purpose: string) {
    this.#key = Buffer.from(hkdfSync("sha256", root, new Uint8Array(0), purpose, KEY_BYTES));
  }

  /** A text as base64url, another one each time. @param about what it belongs to; under nothing else it is opened */
  seal(text: string, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
  }

  /** The text; undefined when it was sealed under another key or about something else, or is not whole. */
  open(sealed: string, about: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(end));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]).toString();
    } catch {
      // The tag is not right; there is no other way to be told.
      return undefined;
    }
  }
}
