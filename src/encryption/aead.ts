/**
 * AES-256-GCM (NIST SP 800-38D) as values are encrypted with it: a random nonce of 96 bits in front, the tag behind.
 * Why no faster: docs/decisions/0216.
 */

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from "node:crypto";
import { DecryptError } from "../store/values/value-cipher.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG_OPTIONS = { authTagLength: TAG_BYTES };
const NONCES_AT_ONCE = 1024;
const NO_SALT = new Uint8Array(0);

const nonces = Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE);
let nextNonce = NONCES_AT_ONCE;

/** The nonce in use; to make a view of a place among the others costs as much as to copy it. */
const nonce = Buffer.alloc(NONCE_BYTES);

/** Puts a new nonce there. Random bytes are cheap by the thousand and dear one by one. */
function drawNonce(): Uint8Array {
  if (nextNonce === NONCES_AT_ONCE) {
    randomFillSync(nonces);
    nextNonce = 0;
  }
  const at = NONCE_BYTES * nextNonce++;
  for (let i = 0; i < NONCE_BYTES; i++) nonce[i] = nonces[at + i] as number;
  return nonce;
}

/** A key of 32 bytes derived from another for one purpose: HKDF with SHA-256 (RFC 5869), no salt. */
export function deriveKey(root: Uint8Array | KeyObject, purpose: string): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync("sha256", root, NO_SALT, purpose, 32)));
}

/** Nonce, ciphertext and tag; the nonce is a view that later calls overwrite. */
export function encrypt(key: KeyObject, about: Uint8Array, value: Uint8Array): readonly Uint8Array[] {
  const used = drawNonce();
  const cipher = createCipheriv(CIPHER, key, used).setAAD(about);
  const encrypted = cipher.update(value);
  cipher.final();
  return [used, encrypted, cipher.getAuthTag()];
}

/** @param start where in `encrypted` it begins @throws DecryptError unless it was encrypted so */
export function decrypt(key: KeyObject, about: Uint8Array, encrypted: Uint8Array, start = 0): Uint8Array {
  const from = start + NONCE_BYTES;
  const end = encrypted.length - TAG_BYTES;
  if (end < from)
    throw new DecryptError(
      `expected at least ${NONCE_BYTES + TAG_BYTES} encrypted bytes, got ${encrypted.length - start}`,
    );
  const decipher = createDecipheriv(CIPHER, key, encrypted.subarray(start, from), TAG_OPTIONS);
  decipher.setAAD(about).setAuthTag(encrypted.subarray(end));
  const value = decipher.update(encrypted.subarray(from, end));
  try {
    decipher.final();
  } catch {
    // The tag is not right; there is no other way to be told.
    throw new DecryptError("it does not decrypt, so it is not what was written there");
  }
  return value;
}
