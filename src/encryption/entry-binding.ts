/** What an encrypted entry is bound to, and opening one with its key: the ledger, the index, the time, the revision and the key's id. */

import type { KeyObject } from "node:crypto";
import type { PackedMembers } from "../entry/packed.ts";
import { fromHex, type Hex, writeUint64 } from "../merkle/bytes.ts";
import type { EntryPlace } from "../store/values/value-cipher.ts";
import { decrypt } from "./aead.ts";

/** Bytes of the key's id, which stands in front of what is encrypted. */
export const KEY_ID_BYTES = 8;
const KEY_ID_AT = 32 + 8 + 8 + 1;
const ABOUT_BYTES = KEY_ID_AT + KEY_ID_BYTES;

export class EntryBinding {
  /** Where it is put together; nothing here waits while it is used. */
  readonly #about = new Uint8Array(ABOUT_BYTES);
  readonly #ledgerBytes = new Map<Hex, Uint8Array>();

  /** @param keyId begins with the id of the key @returns a view that the next call overwrites */
  about({ ledgerId, index, recordedAt, revision }: EntryPlace, keyId: Uint8Array): Uint8Array {
    const about = this.#about;
    let id = this.#ledgerBytes.get(ledgerId);
    if (id === undefined) {
      id = fromHex(ledgerId);
      this.#ledgerBytes.set(ledgerId, id);
    }
    about.set(id, 0);
    writeUint64(about, 32, index);
    writeUint64(about, 40, recordedAt);
    about[48] = revision;
    // By hand: to make a view of so few bytes takes longer.
    for (let i = 0; i < KEY_ID_BYTES; i++) about[KEY_ID_AT + i] = keyId[i] as number;
    return about;
  }

  /** @param encrypted begins with the id of its key @throws DecryptError */
  open(key: KeyObject, place: EntryPlace, encrypted: Uint8Array): PackedMembers {
    return decrypt(key, this.about(place, encrypted), encrypted, KEY_ID_BYTES);
  }
}
