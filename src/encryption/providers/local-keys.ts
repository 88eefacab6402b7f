/**
 * Key-encryption keys that are in this process, from a file, a variable or a command: AES-256-GCM (NIST SP 800-38D) with a
 * random nonce, `01 nonce[12] ciphertext[32] tag[16]`; id, version and context are the additional data.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { concat, utf8 } from "../../merkle/bytes.ts";
import { KekRefusedError, type WrapContext } from "../key-encryption-key.ts";
import { requireWrappable } from "./bound-key.ts";

const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const VERSIONS_MAX = 1000;

export type KeyVersion = { readonly version: string; readonly key: Uint8Array };

/** Wraps under one version of a key; whoever calls it says which. */
export function wrapLocally({ version, key }: KeyVersion, id: string, plain: Uint8Array, context: string): Uint8Array {
  requireWrappable(plain, context);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(additional(id, version, context));
  const sealed = concat(cipher.update(plain), cipher.final());
  return concat(Uint8Array.of(FORM), nonce, sealed, cipher.getAuthTag());
}

/**
 * @param keys the versions that there are
 * @throws KekRefusedError
 */
export function unwrapLocally(
  keys: readonly KeyVersion[],
  id: string,
  wrapped: Uint8Array,
  { version, context }: WrapContext,
): Uint8Array {
  const found = keys.find((each) => each.version === version);
  if (found === undefined) {
    const known = keys.map((each) => each.version).join(", ");
    throw new KekRefusedError(
      `expected version ${version} of the key-encryption key ${id}, got ${known} alone; bring that version back from a backup`,
    );
  }
  if (wrapped.length !== WRAPPED_BYTES || wrapped[0] !== FORM) {
    throw new KekRefusedError(`expected a key wrapped by ${id}, got ${wrapped.length} other bytes`);
  }
  const end = wrapped.length - TAG_BYTES;
  const nonce = wrapped.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", found.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additional(id, version, context)).setAuthTag(wrapped.subarray(end));
  try {
    return concat(decipher.update(wrapped.subarray(1 + NONCE_BYTES, end)), decipher.final());
  } catch {
    // The tag is not right; there is no other way to be told.
    throw new KekRefusedError(
      `expected a key that version ${version} of ${id} wrapped for this, got one that it did not, or that was changed`,
    );
  }
}

/**
 * Reads keys that people write: one or several of 32 bytes, in hex or base64, parted by commas or white space, the one in
 * force first. A version is named by what it is, so that the others may go, and a wrong one is noticed.
 * @param where as messages name it
 * @throws KekRefusedError that shows none of it
 */
export function readKeyList(text: string, where: string): readonly [KeyVersion, ...KeyVersion[]] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const keys = parts.map((part, place) => {
    const key = readKey(part);
    if (key !== undefined) return { version: nameOf(key), key };
    const form = "32 bytes as 64 hex digits or 44 characters of base64 (openssl rand -hex 32 makes some)";
    throw new KekRefusedError(
      `expected keys of ${form} in ${where}, got ${part.length} other characters at place ${place + 1}`,
    );
  });
  const [first, ...others] = keys;
  if (first === undefined) throw new KekRefusedError(`expected a key of 32 bytes in ${where}, got nothing`);
  if (keys.length > VERSIONS_MAX)
    throw new KekRefusedError(`expected at most ${VERSIONS_MAX} keys in ${where}, got ${keys.length}`);
  if (new Set(keys.map(({ version }) => version)).size < keys.length)
    throw new KekRefusedError(`expected different keys in ${where}, got one of them twice`);
  return [first, ...others];
}

function readKey(text: string): Uint8Array | undefined {
  if (/^(0x)?[0-9a-f]{64}$/i.test(text)) return Uint8Array.from(Buffer.from(text.slice(-64), "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  // Bits behind the last byte would make two spellings of one key.
  const isCanonical = bytes.toString("base64url") === text.replace("=", "").replaceAll("+", "-").replaceAll("/", "_");
  return bytes.length === KEY_BYTES && isCanonical ? Uint8Array.from(bytes) : undefined;
}

/** By 48 bits of a digest, which tell nothing of 256 random ones. */
function nameOf(key: Uint8Array): string {
  return createHash("sha256").update("holdfast key-encryption key\0").update(key).digest("hex").slice(0, 12);
}

function additional(id: string, version: string, context: string): Uint8Array {
  return utf8(`holdfast wrapped key\0${id}\0${version}\0${context}`);
}
