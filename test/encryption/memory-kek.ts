/** A key-encryption key in memory, whose failures are ordered. */

import { randomBytes } from "node:crypto";
import { decrypt, deriveKey, encrypt } from "../../src/encryption/aead.ts";
import {
  KekRefusedError,
  KekUnavailableError,
  type KeyEncryptionKey,
  type WrapContext,
} from "../../src/encryption/key-encryption-key.ts";

export class MemoryKek implements KeyEncryptionKey {
  readonly id: string;
  readonly #versions = new Map<string, Uint8Array>();
  #version = 1;
  isAway = false;
  /** How often it was asked. */
  wraps = 0;
  unwraps = 0;
  /** How many keys it unwrapped at the same time at most. */
  unwrapsAtOnce = 0;
  /** What every answer waits for. */
  held: Promise<void> | undefined;
  #unwrapping = 0;

  constructor(id = "memory:1") {
    this.id = id;
    this.#versions.set("1", Uint8Array.from(randomBytes(32)));
  }

  get version(): string {
    return String(this.#version);
  }

  async wrap(key: Uint8Array, context: string): Promise<Uint8Array> {
    this.wraps++;
    return Uint8Array.from(Buffer.concat(encrypt(this.#key(this.version), Buffer.from(context), key)));
  }

  async unwrap(wrapped: Uint8Array, { version, context }: WrapContext): Promise<Uint8Array> {
    this.unwraps++;
    this.#unwrapping++;
    this.unwrapsAtOnce = Math.max(this.unwrapsAtOnce, this.#unwrapping);
    await this.held;
    this.#unwrapping--;
    const key = this.#key(version);
    try {
      return decrypt(key, Buffer.from(context), wrapped);
    } catch (cause) {
      throw new KekRefusedError("expected what this key wrapped, got something else", { cause });
    }
  }

  async rotate(): Promise<void> {
    this.#version++;
    this.#versions.set(this.version, Uint8Array.from(randomBytes(32)));
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #key(version: string) {
    if (this.isAway) throw new KekUnavailableError("the key-encryption key is away");
    const key = this.#versions.get(version);
    if (key === undefined) throw new KekRefusedError(`there is no version ${version}`);
    return deriveKey(key, "test");
  }
}
