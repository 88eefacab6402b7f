/**
 * The port to what keeps values encrypted: a store asks it for bytes to write, and gives it what it read. Implemented in
 * encryption/keyring-cipher.ts; a store without one writes in clear.
 * Why: docs/decisions/0204.
 */

import type { PackedEntry, PackedMembers } from "../../entry/packed.ts";
import type { Hex } from "../../merkle/bytes.ts";

/** Where an entry stands and what stands beside it in clear: all of it is bound to the ciphertext. */
export type EntryPlace = {
  readonly ledgerId: Hex;
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** How often it was written again with less in it, 0..255. */
  readonly revision: number;
};

/** A key for entries of one subject, at hand. */
export type CipherKey = object;

/** What is to be encrypted. */
export type PlainEntry = Pick<PackedEntry, "members" | "pruned">;

export interface ValueCipher {
  /** 16 bytes that tell this ring of keys from others; a store keeps them, so that it is not opened with another. */
  readonly ringId: Uint8Array;
  /** Gets the keys of a ledger, and makes them when it has none. */
  openLedger(ledgerId: Hex): Promise<void>;
  /**
   * The key of each entry, by its subject; a promise where one has to be made or unwrapped first.
   * @throws an error with the code `key_unavailable` or `key_refused`
   */
  keysFor(ledgerId: Hex, entries: readonly PlainEntry[]): readonly CipherKey[] | Promise<readonly CipherKey[]>;
  /** The bytes of encrypted members, in parts. */
  encryptEntry(key: CipherKey, place: EntryPlace, members: PackedMembers): readonly Uint8Array[];
  /**
   * Gets the keys of encrypted entries together that `decryptEntry` would get one after the other; undefined where all are at hand.
   * One that cannot be had is left to `decryptEntry`, which says so.
   */
  gatherKeys(ledgerId: Hex, encrypted: readonly Uint8Array[]): Promise<void> | undefined;
  /**
   * What was encrypted; of an entry whose key was destroyed, its members as they were withheld then.
   * @throws DecryptError, or an error with the code `key_unavailable` or `key_refused`
   */
  decryptEntry(place: EntryPlace, encrypted: Uint8Array): PackedMembers | Promise<PackedMembers>;
  /** What stands in keys of the store for the keys of claims, 32 bytes each: whoever reads the store can confirm no guess. */
  claimKeys(ledgerId: Hex, keys: readonly Uint8Array[]): Uint8Array[];
  /** The bytes of a encrypted value, in parts. @param about where it stands, which is bound to it */
  encrypt(about: string, value: Uint8Array): readonly Uint8Array[];
  /** @throws DecryptError */
  decrypt(about: string, encrypted: Uint8Array): Uint8Array;
  /** What stands for a name that people chose. */
  nameDigest(space: string, name: string): string;
}

/** What was read is not what was encrypted there. */
export class DecryptError extends Error {
  override readonly name = "DecryptError";
  readonly code: "decrypt_failed" | "entry_key_missing";

  constructor(message: string, code: DecryptError["code"] = "decrypt_failed") {
    super(message);
    this.code = code;
  }
}

/** The store is encrypted, and there are no keys, or those of another one. */
export class StoreEncryptedError extends Error {
  override readonly name = "StoreEncryptedError";
  readonly code = "store_encrypted";
}
