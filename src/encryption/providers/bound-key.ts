/**
 * What a provider elsewhere is given to encrypt: the key, and a digest of it and of what it is for. Whatever the provider
 * makes of a context, and whether or not it notices a changed ciphertext, what comes back is known again here.
 * Why: docs/decisions/0205.
 */

import { createHash } from "node:crypto";
import { concat, equal, utf8 } from "../../merkle/bytes.ts";
import { KekRefusedError } from "../key-encryption-key.ts";

const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
const CONTEXT_MAX = 256;

/** The key with what binds it, 64 bytes. @throws RangeError for another key or context than the port takes */
export function bindKey(key: Uint8Array, context: string): Uint8Array {
  requireWrappable(key, context);
  return concat(key, digestOf(key, context));
}

/**
 * The key of what {@link bindKey} made.
 * @throws KekRefusedError when it was made of another key or for another context
 */
export function unbindKey(bound: Uint8Array, context: string): Uint8Array {
  const key = bound.subarray(0, KEY_BYTES);
  if (bound.length !== KEY_BYTES + DIGEST_BYTES || !equal(bound.subarray(KEY_BYTES), digestOf(key, context))) {
    throw new KekRefusedError("expected the key that was wrapped for this, got another one, or one for something else");
  }
  return Uint8Array.from(key);
}

/** @throws RangeError */
export function requireWrappable(key: Uint8Array, context: string): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${key.length}`);
  if (context.length > CONTEXT_MAX || !/^[\x20-\x7e]*$/.test(context)) {
    throw new RangeError(`expected a context of at most ${CONTEXT_MAX} characters of ASCII`);
  }
}

function digestOf(key: Uint8Array, context: string): Uint8Array {
  const digest = createHash("sha256").update("holdfast bound key\0").update(key).update(utf8(context)).digest();
  return Uint8Array.from(digest);
}
