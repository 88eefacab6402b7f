/**
 * The port to a key-encryption key: it wraps the keys that events are encrypted with, and lives outside the store, in a
 * file, a variable, an HSM or a key management service. What an implementation promises, and
 * test/encryption/key-encryption-key-suite.ts proves:
 *
 * - What one version wrapped, every later one unwraps, until the operator destroys the former.
 * - A wrapped key is opened under the context that it was wrapped under and no other, and a changed one not at all.
 * - It says whether it could not be asked, which passes, or whether it refused, which does not.
 *
 * Why: docs/decisions/0204.
 */

/** What a key was wrapped by. */
export type WrappedBy = {
  /** Names the key at its provider, without a secret: `file:3f9c02d1`, `vault:transit/holdfast`. */
  readonly id: string;
  /** Which version of it; providers count or name them. */
  readonly version: string;
};

/** Of a key to be wrapped or unwrapped: the version it was wrapped by, and what it is for. */
export type WrapContext = { readonly version: string; readonly context: string };

export interface KeyEncryptionKey extends WrappedBy {
  /**
   * Wraps a key of 32 bytes under the version in force.
   * @param context what the key is for, at most 256 characters of ASCII; goes in as additional data
   */
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>;
  /** @throws KekUnavailableError, KekRefusedError */
  unwrap(wrapped: Uint8Array, about: WrapContext): Promise<Uint8Array>;
  /**
   * Goes on with a newer version, which `version` then names: made here, or where the provider makes them, looked for.
   * @throws KekRefusedError when there is none, and it has to be made elsewhere
   */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** The key-encryption key cannot be asked now; nothing was lost. */
export class KekUnavailableError extends Error {
  override readonly name = "KekUnavailableError";
  readonly code = "key_unavailable";
}

/** The key-encryption key does not do what it was asked for: it did not wrap this, or may not be used so. */
export class KekRefusedError extends Error {
  override readonly name = "KekRefusedError";
  readonly code = "key_refused";
}
