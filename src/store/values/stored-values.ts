/** Values as a store writes and reads them: in clear, or encrypted where it has keys. What is read may be either, in one store. */

import { requireCount } from "../../entry/entry.ts";
import type { PackedEntry } from "../../entry/packed.ts";
import { type Hex, readUtf8, utf8 } from "../../merkle/bytes.ts";
import * as keys from "../key-layout.ts";
import { OrderedReader } from "../leveldb/tables/ordered-reader.ts";
import { DamagedStoreError } from "../store.ts";
import {
  type CipherKey,
  DecryptError,
  type EntryPlace,
  StoreEncryptedError,
  type ValueCipher,
} from "./value-cipher.ts";
import {
  decodeEncryptedEntry,
  decodeEncryptedText,
  decodePackedEntry,
  decodeText,
  decodeTile,
  isEncrypted,
  type Naming,
  RecordEncoder,
  uncheckedEncrypted,
} from "./value-layout.ts";

/** What opens entries that are encrypted. */
export type EntryOpener = Pick<ValueCipher, "decryptEntry">;

/** Which entry of which ledger. */
export type Place = Pick<EntryPlace, "ledgerId" | "index">;

export class StoredValues {
  readonly encoder = new RecordEncoder();
  /** What encrypts; absent while values are written in clear. */
  cipher: ValueCipher | undefined;
  /** Whether some of what is there may have been written before the store was encrypted. */
  isMixed = false;

  /** The bytes of an entry, a view that the next call overwrites. @param key where it is encrypted */
  entry(place: Place, entry: PackedEntry, key: CipherKey | undefined, revision = 0): Uint8Array {
    const { cipher } = this;
    // What stays of it is in the tree for everybody to see.
    if (entry.pruned !== undefined) return this.encoder.entry(entry, revision);
    if (key === undefined || cipher === undefined) return this.encoder.entry(entry, revision);
    const { recordedAt, members } = entry;
    requireCount(members[0] ?? 0);
    const encrypted = cipher.encryptEntry(key, { ...place, recordedAt, revision }, members);
    return this.encoder.encryptedEntry(recordedAt, revision, encrypted);
  }

  /** An entry from its bytes; a promise where its key has to be got first. @throws DamagedStoreError */
  openEntry(place: Place, bytes: Uint8Array, naming: Naming): PackedEntry | Promise<PackedEntry> {
    return openEntry(this.cipher, place, bytes, naming);
  }

  /** Gets the keys of entries together, before they are opened one after the other. */
  gatherKeys(ledgerId: Hex, entries: readonly Uint8Array[]): Promise<void> | undefined {
    return this.cipher?.gatherKeys(ledgerId, entries.filter(isEncrypted).map(uncheckedEncrypted));
  }

  /** The bytes of a text. @param about where it stands */
  text(about: string, text: string): Uint8Array {
    return this.cipher === undefined
      ? this.encoder.text(text)
      : this.encoder.encryptedText(this.cipher.encrypt(about, utf8(text)));
  }

  /** @throws DamagedStoreError */
  openText(about: string, bytes: Uint8Array, naming: Naming): string {
    if (!isEncrypted(bytes)) return decodeText(bytes, naming);
    const encrypted = decodeEncryptedText(bytes, naming);
    return orDamaged(naming, () => readUtf8(required(this.cipher, naming).decrypt(about, encrypted)));
  }
}

/** An entry from its bytes; a promise where its key has to be got first. @throws DamagedStoreError */
export function openEntry(
  opener: EntryOpener | undefined,
  place: Place,
  bytes: Uint8Array,
  naming: Naming,
): PackedEntry | Promise<PackedEntry> {
  if (!isEncrypted(bytes)) return decodePackedEntry(bytes, naming);
  const { recordedAt, revision, encrypted } = decodeEncryptedEntry(bytes, naming);
  const members = orDamaged(naming, () =>
    required(opener, naming).decryptEntry({ ...place, recordedAt, revision }, encrypted),
  );
  if (!(members instanceof Promise)) return { recordedAt, members };
  return members.then(
    (found) => ({ recordedAt, members: found }),
    (error) => {
      throw readable(naming, error);
    },
  );
}

/**
 * Reads tiles of a level that are asked for in their order, in the files of a database to which nobody writes.
 * @param readAlone reads one that is not found so, or not whole, and says what is wrong with it
 */
export function tilesInOrder(
  directory: string,
  ledger: number,
  level: number,
  readAlone: (n: number) => Promise<Uint8Array | undefined>,
): (n: number) => Promise<Uint8Array | undefined> {
  const reader = new OrderedReader(directory, keys.tileRange(ledger, level));
  return async (n) => {
    const bytes = await reader.find(keys.tileKey(ledger, level, n));
    try {
      if (bytes !== undefined) return decodeTile(bytes, () => `tile ${level}/${n}`);
    } catch (error) {
      if (!(error instanceof DamagedStoreError)) throw error;
    }
    return readAlone(n);
  };
}

function required<C>(cipher: C | undefined, naming: Naming): C {
  if (cipher !== undefined) return cipher;
  throw new StoreEncryptedError(`expected the keys with which ${naming()} was encrypted, got none`);
}

function orDamaged<T>(naming: Naming, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw readable(naming, error);
  }
}

/** A encrypt that does not fit is damage; that there is no key now is none. */
function readable(naming: Naming, error: unknown): unknown {
  if (!(error instanceof DecryptError)) return error;
  return new DamagedStoreError(`${naming()} is damaged: ${error.message}`, { cause: error });
}
