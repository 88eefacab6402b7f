/** What erasures need of a keyring, in one piece: keys that go, and what is kept of entries for older copies of the store. */

import type { Hex } from "../merkle/bytes.ts";
import type { ErasedEntry } from "../store/values/rewrite-erased.ts";
import type { KeyringCipher } from "./keyring-cipher.ts";
import type { KeySubject } from "./subject.ts";

export class KeyringErasing {
  readonly #cipher: KeyringCipher;

  constructor(cipher: KeyringCipher) {
    this.#cipher = cipher;
  }

  retire(ledgerId: Hex, subject: KeySubject): Promise<Hex[]> {
    return this.#cipher.retireSubject(ledgerId, subject);
  }

  destroy(ledgerId: Hex, ids: readonly Hex[]): Promise<void> {
    return this.#cipher.destroyRetired(ledgerId, ids);
  }

  keep(ledgerId: Hex, entries: readonly ErasedEntry[]): Promise<void> {
    return this.#cipher.keyring.keepErased(ledgerId, entries);
  }

  kept(ledgerId: Hex): AsyncIterable<ErasedEntry> {
    return this.#cipher.keyring.allErased(ledgerId);
  }

  note(ledgerId: Hex, id: string): Promise<void> {
    return this.#cipher.keyring.retired.noteErasure(ledgerId, id);
  }

  noted(ledgerId: Hex): Promise<readonly string[]> {
    return this.#cipher.keyring.retired.erasures(ledgerId);
  }

  compact(): Promise<void> {
    return this.#cipher.keyring.compact();
  }
}
