/**
 * Keys of an encrypted store: each that the keyring has can be read and unwrapped, and no entry names one that is not there. What
 * was erased has no key any more, and is right so.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { AuditCheck, Ground, Stretch } from "./check.ts";
import { isOfKey } from "./entries.ts";

/** The keys of a store. */
export interface AuditedKeys {
  /** Tries every key of a ledger: what is wrong with it, in words, and undefined of each that is right. */
  tryKeys(ledgerId: Hex): AsyncIterable<string | undefined>;
}

export class KeysCheck implements AuditCheck {
  readonly name = "keys";
  readonly #ground: Ground;
  readonly #keys: AuditedKeys;
  readonly #size: number;
  readonly #rest: (() => Promise<void>) | undefined;
  #looked = 0;
  #skipped: string | undefined;

  constructor(ground: Ground, keys: AuditedKeys, size: number, rest?: () => Promise<void>) {
    this.#ground = ground;
    this.#keys = keys;
    this.#size = size;
    this.#rest = rest;
  }

  get looked(): number {
    return this.#looked;
  }

  get skipped(): string | undefined {
    return this.#skipped;
  }

  look({ start, entries }: Stretch): void {
    for (const [i, found] of entries.entries()) {
      if (!(found instanceof Error) || !isOfKey(found)) continue;
      this.#ground.add("key_missing", start + i, start + i + 1, `the key of entry ${start + i}: ${found.message}`);
    }
  }

  async finish(): Promise<void> {
    try {
      for await (const problem of this.#keys.tryKeys(this.#ground.record.id)) {
        this.#looked++;
        if (problem !== undefined) this.#ground.add("key_damaged", 0, this.#size, problem);
        await this.#rest?.();
      }
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "key_unavailable") throw error;
      this.#skipped = "whoever wraps the keys could not be asked";
    }
  }

  keep(): unknown {
    return null;
  }
}
