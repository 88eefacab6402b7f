/**
 * What encrypts the values of a store (the port in store/values/value-cipher.ts), with the keys of a keyring:
 *
 *   entry   key id[8] nonce[12] ciphertext tag[16]       bound to ledger, index, time, revision and key id
 *   value   day[4] nonce[12] ciphertext tag[16]          bound to where it stands; a derived key for each day
 *
 * Why: docs/decisions/0204.
 */

import { createHmac, type KeyObject } from "node:crypto";
import type { PackedMembers } from "../entry/packed.ts";
import { fromHex, type Hex, toHex, utf8 } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import {
  type CipherKey,
  DecryptError,
  type EntryPlace,
  type PlainEntry,
  type ValueCipher,
} from "../store/values/value-cipher.ts";
import { decrypt, deriveKey, encrypt } from "./aead.ts";
import { EntryBinding, KEY_ID_BYTES } from "./entry-binding.ts";
import { claimDigests, type EntryKey, EntryKeys, type LedgerKeys } from "./entry-keys.ts";
import type { Keyring } from "./keyring.ts";
import { type KeySubject, type SubjectMember, spellSubject } from "./subject.ts";

const DAY_BYTES = 4;
const DAY_MS = 86_400_000;
const NAME_DIGITS = 32;

export type KeyringCipherOptions = {
  readonly keyring: Keyring;
  readonly hash: Hash;
  readonly subjectMembers: readonly SubjectMember[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export class KeyringCipher implements ValueCipher {
  readonly keyring: Keyring;
  readonly #keys: EntryKeys;
  readonly #hash: Hash;
  readonly #now: () => number;
  readonly #days = new Map<number, KeyObject>();
  readonly #names: KeyObject;
  readonly #binding = new EntryBinding();

  constructor({ keyring, hash, subjectMembers, now }: KeyringCipherOptions) {
    this.keyring = keyring;
    this.#keys = new EntryKeys({ keyring, subjectMembers });
    this.#hash = hash;
    this.#now = now;
    this.#names = deriveKey(keyring.systemKey, "holdfast names");
  }

  get ringId(): Uint8Array {
    return this.keyring.ringId;
  }

  openLedger(ledgerId: Hex): Promise<void> {
    return this.#keys.openLedger(ledgerId);
  }

  keysFor(ledgerId: Hex, entries: readonly PlainEntry[]): readonly CipherKey[] | Promise<readonly CipherKey[]> {
    return this.#keys.forEntries(ledgerId, entries);
  }

  encryptEntry(key: CipherKey, place: EntryPlace, members: PackedMembers): readonly Uint8Array[] {
    const { id } = key as EntryKey;
    return [id, ...encrypt((key as EntryKey).at(place.index), this.#binding.about(place, id), members)];
  }

  decryptEntry(place: EntryPlace, encrypted: Uint8Array): PackedMembers | Promise<PackedMembers> {
    const key = this.keyOf(place.ledgerId, encrypted);
    if (!(key instanceof Promise)) return this.#decryptWith(key, place, encrypted);
    // What was read is only lent.
    const kept = encrypted.slice();
    return key.then((found) => (found === undefined ? this.#erased(place) : this.#decryptWith(found, place, kept)));
  }

  gatherKeys(ledgerId: Hex, encrypted: readonly Uint8Array[]): Promise<void> | undefined {
    const whole = encrypted.filter(({ length }) => length >= KEY_ID_BYTES);
    return this.#keys.gather(
      ledgerId,
      whole.map((each) => each.subarray(0, KEY_ID_BYTES)),
    );
  }

  /**
   * The key of an encrypted entry; a promise where it has to be got first, of undefined where it was destroyed.
   * @throws DecryptError, or an error with the code `key_unavailable` or `key_refused`
   */
  keyOf(ledgerId: Hex, encrypted: Uint8Array): EntryKey | Promise<EntryKey | undefined> {
    if (encrypted.length < KEY_ID_BYTES)
      throw new DecryptError(`expected a key id of ${KEY_ID_BYTES} bytes, got the end`);
    return this.#keys.byId(ledgerId, encrypted.subarray(0, KEY_ID_BYTES));
  }

  claimKeys(ledgerId: Hex, keys: readonly Uint8Array[]): Uint8Array[] {
    return claimDigests(this.#hash, this.#keys.of(ledgerId).claims, keys);
  }

  encrypt(about: string, value: Uint8Array): readonly Uint8Array[] {
    const day = Math.floor(this.#now() / DAY_MS);
    const head = new Uint8Array(DAY_BYTES);
    new DataView(head.buffer).setUint32(0, day);
    return [head, ...encrypt(this.#dayKey(day), utf8(about), value)];
  }

  decrypt(about: string, encrypted: Uint8Array): Uint8Array {
    if (encrypted.length < DAY_BYTES)
      throw new DecryptError(`expected ${DAY_BYTES} bytes and more, got ${encrypted.length}`);
    const day = new DataView(encrypted.buffer, encrypted.byteOffset, encrypted.length).getUint32(0);
    return decrypt(this.#dayKey(day), utf8(about), encrypted.subarray(DAY_BYTES));
  }

  nameDigest(space: string, name: string): string {
    return createHmac("sha256", this.#names).update(`${space}\0${name}`).digest("hex").slice(0, NAME_DIGITS);
  }

  /** Keys of a ledger that its index and its erasures use. */
  ledgerKeys(ledgerId: Hex): LedgerKeys {
    return this.#keys.of(ledgerId);
  }

  /** Takes its key from a subject, see EntryKeys.retire. */
  retireSubject(ledgerId: Hex, subject: KeySubject): Promise<Hex[]> {
    return this.#keys.retire(ledgerId, this.#keys.digest(ledgerId, spellSubject(subject)));
  }

  /** Destroys keys that were taken from their subjects. */
  async destroyRetired(ledgerId: Hex, ids: readonly Hex[]): Promise<void> {
    await this.keyring.retired.destroy(ledgerId, ids);
    for (const id of ids) this.#keys.forget(fromHex(id));
  }

  #decryptWith(key: EntryKey, place: EntryPlace, encrypted: Uint8Array): PackedMembers {
    return this.#binding.open(key.at(place.index), place, encrypted);
  }

  /** Its key was destroyed: what was withheld then is kept beside the keys. */
  async #erased({ ledgerId, index }: EntryPlace): Promise<PackedMembers> {
    const members = await this.keyring.erased(ledgerId, index);
    if (members !== undefined) return members;
    const message = "its key is not in the keyring, and nothing says that it was erased";
    throw new DecryptError(message, "entry_key_missing");
  }

  #dayKey(day: number): KeyObject {
    let key = this.#days.get(day);
    if (key === undefined) {
      key = deriveKey(this.keyring.systemKey, `holdfast values ${day}`);
      this.#days.set(day, key);
    }
    return key;
  }
}

/** Encrypts values of the search index, which stands beside the store. */
export class SegmentCipher {
  readonly #cipher: KeyringCipher;

  constructor(cipher: KeyringCipher) {
    this.#cipher = cipher;
  }

  /** Tells an index that was encrypted with these keys from others. */
  get id(): string {
    return toHex(this.#cipher.ringId);
  }

  encrypt(key: string, value: Uint8Array): Uint8Array {
    return new Uint8Array(Buffer.concat(encrypt(this.#keyOf(key), utf8(key), value)));
  }

  /** @throws DecryptError */
  decrypt(key: string, encrypted: Uint8Array): Uint8Array {
    return decrypt(this.#keyOf(key), utf8(key), encrypted);
  }

  /** Keys of the index begin with the id of their ledger. */
  #keyOf(key: string): KeyObject {
    return this.#cipher.ledgerKeys(key.slice(0, key.indexOf("/")) as Hex).index;
  }
}
